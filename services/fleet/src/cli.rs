//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::state::ports::Explicit;

/// The IGNY8 fleet on this machine: one command, no containers.
#[derive(Debug, Parser)]
#[command(name = "igny8", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Args)]
pub struct Global {
    /// Use this PostgreSQL, as superuser, instead of a private one.
    #[arg(long, global = true, env = "IGNY8_FLEET_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<Url>,
    /// Use this RabbitMQ instead of a private one.
    #[arg(long, global = true, env = "IGNY8_FLEET_AMQP_URL", hide_env_values = true, value_name = "URL")]
    pub amqp_url: Option<Url>,
    /// Where data, secrets and logs are kept [default: .igny8 in the checkout].
    #[arg(long, global = true, env = "IGNY8_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Plain lines instead of spinners, as without a terminal.
    #[arg(long, global = true, env = "CI", value_parser = clap::builder::FalseyValueParser::new())]
    pub plain: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start everything and stay until Ctrl-C.
    Up(Up),
    /// Start everything and do the main job once: from keyword files to a published article with pictures.
    Demo(Demo),
    /// Stop everything.
    Down,
    /// Show what runs.
    Status {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Show what a service wrote, or all of them.
    Logs {
        service: Option<String>,
        /// Stay and show what comes.
        #[arg(long, short)]
        follow: bool,
        /// How many last lines.
        #[arg(long, short = 'n', default_value_t = 50)]
        lines: usize,
    },
    /// Open psql as superuser, in the database of a service if one is named.
    Psql {
        service: Option<String>,
        /// Further arguments of psql.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Stop everything and erase the fleet's data.
    Reset,
    /// Check whether this machine can run the fleet.
    Doctor,
    /// Run every check of the project.
    Test {
        /// Only this step; may be repeated.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Only what is killed and lost, in its long form: the step `faults` and two hundred publications, for about twenty-five minutes.
        #[arg(long, conflicts_with = "only")]
        faults: bool,
        /// Show the steps.
        #[arg(long)]
        list: bool,
    },
    /// Measure an optimised fleet of its own; all of it takes about ten minutes.
    Bench(Bench),
    /// Start PostgreSQL and RabbitMQ for tests in the background; print their addresses as JSON.
    Servers {
        /// Stop them.
        #[arg(long, conflicts_with = "supervise")]
        stop: bool,
        /// Be the process in the background.
        #[arg(long, hide = true)]
        supervise: bool,
    },
    /// Make a person a developer, who may enter every account.
    Developer { email: String },
    /// Write the committed files that follow from the protos.
    Generate,
}

/// `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// What to measure [default: all]
    #[arg(value_enum)]
    pub which: Vec<Which>,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Which {
    /// Lists of keywords through the gateway, beside the bare query.
    List,
    /// An import, beside `COPY` into the same table.
    Import,
    /// Clustering of large sectors.
    Cluster,
    /// Articles with pictures by the built-in provider.
    Articles,
    /// Jobs of many accounts from being submitted to being settled.
    Jobs,
}

/// `up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Run in the background; return when ready.
    #[arg(long)]
    pub detach: bool,
    /// Use exactly this port, such as `gateway=8080`; may be repeated.
    #[arg(long, value_name = "NAME=NUMBER")]
    pub port: Vec<Explicit>,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Do without the private WordPress: the job ends with an approved article.
    #[arg(long)]
    pub no_wordpress: bool,
    /// Stop everything when the job is done, instead of staying until Ctrl-C.
    #[arg(long)]
    pub once: bool,
    /// Use exactly this port, such as `gateway=8080`; may be repeated.
    #[arg(long, value_name = "NAME=NUMBER")]
    pub port: Vec<Explicit>,
}
