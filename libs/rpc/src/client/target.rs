use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use http::Uri;
use tokio::time::timeout;

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);

/// A service and where it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    service: String,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// `host:port`
    Name(String),
    Addresses(Vec<SocketAddr>),
}

impl Target {
    /// The service of this name at a URL such as `https://auth.igny8.svc:7001`. Its host may resolve to many addresses.
    pub fn new(service: impl Into<String>, url: &str) -> anyhow::Result<Self> {
        let service = service.into();
        let uri: Uri = url.parse().with_context(|| format!("read the address of {service}: {url}"))?;
        let (Some(host), Some(port)) = (uri.host().filter(|host| !host.is_empty()), uri.port_u16()) else {
            anyhow::bail!("the address of {service} needs a host and a port: {url}");
        };
        let place = Place::Name(format!("{host}:{port}"));
        Ok(Self { service, place })
    }

    /// The service of this name at addresses that stay.
    pub fn at(service: impl Into<String>, addresses: impl Into<Vec<SocketAddr>>) -> Self {
        Self { service: service.into(), place: Place::Addresses(addresses.into()) }
    }

    /// The name that the certificate at the other end must carry.
    pub fn service(&self) -> &str {
        &self.service
    }

    pub(super) async fn resolve(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let name = match &self.place {
            Place::Addresses(addresses) => return Ok(addresses.clone()),
            Place::Name(name) => name,
        };
        let found = timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host(name)).await;
        let found = found.context("no answer in time").and_then(|found| Ok(found?));
        Ok(found.with_context(|| format!("resolve {name}"))?.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_a_host_and_a_port() {
        assert_eq!(Target::new("auth", "https://[::1]:7001").unwrap().place, Place::Name("[::1]:7001".into()));
        for wrong in ["", "auth", "https://auth", "/auth:7001", "https://:7001"] {
            assert!(Target::new("auth", wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_to_its_addresses() {
        let addresses = Target::new("auth", "https://127.0.0.1:7001").unwrap().resolve().await.unwrap();
        assert_eq!(addresses, ["127.0.0.1:7001".parse().unwrap()]);
    }
}
