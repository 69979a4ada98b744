//! The client itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use ipnet::IpNet;
use reqwest::{Body, redirect};
use url::{Host, Url};

use crate::address::Allowed;
use crate::resolve::{Guard, Lookup, system};
use crate::{Config, Error};

const CONNECT: Duration = Duration::from_secs(5);
const HTTPS_PORT: u16 = 443;

/// How long, and how much.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the start to the last byte of the answer.
    pub total: Duration,
    /// Bytes of the answer's body, after decompression.
    pub body: usize,
}

impl Default for Limits {
    /// 30 seconds, 2 MiB.
    fn default() -> Self {
        Self { total: Duration::from_secs(30), body: 2 << 20 }
    }
}

/// An HTTP client that goes only where it may. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    /// For HTTPS on its own port: to public addresses and allowed networks.
    outside: Door,
    /// For everything else: to allowed networks only.
    inside: Door,
}

#[derive(Debug, Clone)]
struct Door {
    http: reqwest::Client,
    allowed: Allowed,
}

impl Client {
    /// Connects to nothing yet.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Self::with_lookup(config, &system())
    }

    /// As [`new`](Self::new), with another way from names to addresses than the machine's own: for tests of what names do.
    pub fn with_lookup(config: &Config, lookup: &Lookup) -> anyhow::Result<Self> {
        // Another part of the process may have installed it already: the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let networks: &[IpNet] = &config.outbound_allow;
        Ok(Self { outside: Door::new(networks, true, lookup)?, inside: Door::new(networks, false, lookup)? })
    }

    /// Sends the request once and reads the whole answer, whatever its status: a redirect is an answer like others.
    pub async fn send<B: Into<Body>>(&self, request: Request<B>, limits: Limits) -> Result<Response<Bytes>, Error> {
        let url = url(request.uri())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let door = if url.scheme() == "https" && url.port_or_known_default() == Some(HTTPS_PORT) {
            &self.outside
        } else {
            &self.inside
        };
        door.check(&url)?;
        let mut request = reqwest::Request::try_from(request).map_err(|error| Error::of(&host, error))?;
        *request.timeout_mut() = Some(limits.total);
        let answer = door.http.execute(request).await.map_err(|error| Error::of(&host, error))?;
        read(answer, &host, limits.body).await
    }
}

fn url(uri: &Uri) -> Result<Url, Error> {
    let refused = || Error::Refused(uri.host().unwrap_or_default().to_owned());
    let url = Url::parse(&uri.to_string()).map_err(|_| refused())?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    if usable && url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(refused()) }
}

impl Door {
    fn new(networks: &[IpNet], public: bool, lookup: &Lookup) -> anyhow::Result<Self> {
        let allowed = Allowed::new(networks, public);
        let guard = Guard { allowed: allowed.clone(), lookup: Arc::clone(lookup) };
        let http = reqwest::Client::builder()
            .dns_resolver(Arc::new(guard))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent(concat!("IGNY8/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { http: http.context("could not set up the client for user-given addresses")?, allowed })
    }

    /// An address instead of a name never reaches the resolver.
    fn check(&self, url: &Url) -> Result<(), Error> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            _ => return Ok(()),
        };
        if self.allowed.holds(address) { Ok(()) } else { Err(Error::Refused(address.to_string())) }
    }
}

async fn read(mut answer: reqwest::Response, host: &str, limit: usize) -> Result<Response<Bytes>, Error> {
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        *headers = std::mem::take(answer.headers_mut());
    }
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| Error::of(host, error))? {
        if body.len() + piece.len() > limit {
            return Err(Error::TooLarge(host.to_owned(), limit));
        }
        body.extend_from_slice(&piece);
    }
    // Status and headers are those of an answer that was read.
    response.body(body.freeze()).map_err(|_| Error::Refused(host.to_owned()))
}

#[cfg(test)]
mod tests;
