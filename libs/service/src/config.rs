//! The settings that every process shares, as blocks for `clap`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use crate::{Addresses, registry, telemetry};

/// Settings of a service that is called over gRPC. Flatten it into the service's own struct.
#[derive(Debug, Clone, Args)]
#[group(skip)] // flattened blocks of one name would share a group
pub struct Config {
    /// Address of the gRPC server [default: 127.0.0.1 with the registry's port]
    #[arg(long, env = "IGNY8_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// What is not about gRPC.
    #[command(flatten)]
    pub process: ProcessConfig,
}

/// Settings of every process, also of one that serves no gRPC.
#[derive(Debug, Clone, Args)]
#[group(skip)] // flattened blocks of one name would share a group
pub struct ProcessConfig {
    /// Address of /healthz, /readyz and /metrics [default: 127.0.0.1 with the registry's port]
    #[arg(long, env = "IGNY8_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// Directory with ca.pem, cert.pem and key.pem, the identity among the services; read again when they change
    #[arg(long, env = "IGNY8_TLS_DIR")]
    pub tls_dir: PathBuf,
    /// Seconds between the signal to stop and the end of accepting calls, so that callers see that it is no longer ready
    #[arg(long, env = "IGNY8_SHUTDOWN_DELAY_SECONDS", default_value = "1")]
    pub shutdown_delay_seconds: u64,
    /// Seconds that running calls and background tasks get to end after that
    #[arg(long, env = "IGNY8_SHUTDOWN_GRACE_SECONDS", default_value = "20")]
    pub shutdown_grace_seconds: u64,
    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: telemetry::Config,
    /// Where the other services are.
    #[command(flatten)]
    pub addresses: Addresses,
}

impl Config {
    /// The address of the gRPC server of this service.
    ///
    /// # Errors
    /// Neither the setting nor the registry names one.
    pub fn listen_of(&self, service: &str) -> anyhow::Result<SocketAddr> {
        let port = registry::service(service).and_then(|service| service.grpc_port);
        local_unless_set(self.listen, port, service, "gRPC")
    }
}

impl ProcessConfig {
    /// The address of the admin server of this service.
    ///
    /// # Errors
    /// Neither the setting nor the registry names one.
    pub fn admin_listen_of(&self, service: &str) -> anyhow::Result<SocketAddr> {
        let port = registry::service(service).map(|service| service.admin_port);
        local_unless_set(self.admin_listen, port, service, "admin")
    }

    pub(crate) fn shutdown_delay(&self) -> Duration {
        Duration::from_secs(self.shutdown_delay_seconds)
    }

    pub(crate) fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_seconds)
    }
}

fn local_unless_set(
    set: Option<SocketAddr>,
    port: Option<u16>,
    service: &str,
    what: &str,
) -> anyhow::Result<SocketAddr> {
    set.or(port.map(|port| SocketAddr::from(([127, 0, 0, 1], port))))
        .ok_or_else(|| anyhow::anyhow!("no {what} address for {service}: it is not in the registry and none is set"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        config: Config,
    }

    fn parse(arguments: &[&str]) -> Config {
        Cli::parse_from(["x", "--tls-dir", "/tls"].iter().chain(arguments)).config
    }

    #[test]
    fn ports_come_from_the_registry_unless_set() {
        let config = parse(&[]);
        assert_eq!(config.listen_of("auth").unwrap().to_string(), "127.0.0.1:7001");
        assert_eq!(config.process.admin_listen_of("auth").unwrap().to_string(), "127.0.0.1:7101");
        let config = parse(&["--listen", "0.0.0.0:9000", "--admin-listen", "0.0.0.0:9001"]);
        assert_eq!(config.listen_of("auth").unwrap().to_string(), "0.0.0.0:9000");
        assert_eq!(config.process.admin_listen_of("auth").unwrap().to_string(), "0.0.0.0:9001");
    }

    #[test]
    fn a_service_without_a_grpc_port_has_no_default_address() {
        let error = parse(&[]).listen_of("gateway").unwrap_err().to_string();
        assert_eq!(error, "no gRPC address for gateway: it is not in the registry and none is set");
    }
}
