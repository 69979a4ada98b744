//! The binary of the gateway.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "gateway", version, about = "The REST edge of IGNY8")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: gateway::Config,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Serve until SIGTERM (the default)
    Serve,
    /// Ask a running gateway whether it is ready
    Healthcheck,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    service::main(async move {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => gateway::run(cli.config).await,
            Command::Healthcheck => service::healthcheck_admin(gateway::NAME, &cli.config.process).await,
        }
    })
}
