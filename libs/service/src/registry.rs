//! The fleet's registry: which services exist, their ports, databases and egress. Parsed from `registry.toml`, which is
//! part of every binary.

mod bootstrap;
mod parse;

use std::sync::LazyLock;

pub use bootstrap::{Database, Passwords, quote_identifier, quote_literal};
pub use parse::{Invalid, parse};

/// One row of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `auth`, `ai-processor`: lower-case letters and hyphens; the name in certificates.
    pub name: String,
    /// Port of the gRPC server (mutual TLS). Absent: nobody calls this service.
    pub grpc_port: Option<u16>,
    /// Port of plain HTTP, for the edge.
    pub http_port: Option<u16>,
    /// Port of `/healthz`, `/readyz` and `/metrics`.
    pub admin_port: u16,
    /// The database and its roles, when the service has one.
    pub database: Option<Database>,
    /// What the service may reach outside of the fleet.
    pub egress: Vec<Egress>,
}

/// A kind of traffic that may leave the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Egress {
    /// Mail to the configured relay.
    Smtp,
    /// HTTPS to providers and to sites of users.
    Https,
}

impl Service {
    /// The service's name inside SQL and environment names: `ai_processor`.
    pub fn snake_name(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The variable that names the address of this service to the others: `IGNY8_AI_PROCESSOR_URL`.
    pub fn url_variable(&self) -> String {
        format!("IGNY8_{}_URL", self.snake_name().to_ascii_uppercase())
    }

    /// Where the service answers gRPC when all run on one machine.
    pub fn local_url(&self) -> Option<String> {
        self.grpc_port.map(|port| format!("https://127.0.0.1:{port}"))
    }
}

/// All services, in the order of the file.
pub fn services() -> &'static [Service] {
    static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the file is compiled in and a test parses it")]
        parse(include_str!("../registry.toml")).expect("registry.toml is valid")
    });
    &SERVICES
}

/// The service of this name.
pub fn service(name: &str) -> Option<&'static Service> {
    services().iter().find(|service| service.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_of_the_fleet_is_valid() {
        let auth = service("auth").unwrap();
        assert_eq!((auth.grpc_port, auth.admin_port), (Some(7001), 7101));
        assert_eq!(auth.local_url().unwrap(), "https://127.0.0.1:7001");
        assert_eq!(auth.url_variable(), "IGNY8_AUTH_URL");
        assert_eq!(service("gateway").unwrap().local_url(), None);
        assert_eq!(service("unknown"), None);
    }

    #[test]
    fn every_method_of_the_contracts_belongs_to_a_service_that_serves_grpc() {
        for method in contracts::METHODS {
            let served = |name: &&str| service(name).is_some_and(|service| service.grpc_port.is_some());
            assert!(method.owners.iter().all(served), "the registry does not know an owner: {method:?}");
        }
    }
}
