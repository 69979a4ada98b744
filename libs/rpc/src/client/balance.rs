use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::body::Body;

use super::Target;
use super::endpoint::Endpoint;
use crate::tls::Identity;
use crate::{Error, Result};

const RESOLVE_EVERY: Duration = Duration::from_secs(10);
/// A connection may turn out to be closed just when a call is given to it; this often the call looks for another one.
const ATTEMPTS: usize = 3;

/// All addresses of one service, taken in turn.
#[derive(Debug)]
pub(super) struct Balance {
    target: Target,
    identity: Identity,
    endpoints: ArcSwap<Vec<Arc<Endpoint>>>,
    next: AtomicUsize,
    resolved: Mutex<Option<Instant>>,
}

impl Balance {
    pub(super) fn new(target: Target, identity: Identity) -> Self {
        let (endpoints, next, resolved) = (ArcSwap::default(), AtomicUsize::new(0), Mutex::new(None));
        Self { target, identity, endpoints, next, resolved }
    }

    pub(super) fn service(&self) -> &str {
        self.target.service()
    }

    /// Sends a request on a connection that stands. A request that could not be sent goes to the next one; one that was is never repeated.
    pub(super) async fn send(self: &Arc<Self>, request: http::Request<Body>) -> Result<http::Response<Incoming>> {
        let mut request = self.address(request)?;
        let mut left = ATTEMPTS;
        loop {
            left = left.saturating_sub(1);
            let mut failed = match self.connection().await?.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            match failed.take_message() {
                Some(unsent) if left > 0 => request = unsent,
                _ => {
                    let error = anyhow::Error::new(failed.into_error());
                    return Err(Error::unavailable(error.context(format!("call {}", self.service()))));
                }
            }
        }
    }

    /// HTTP/2 wants scheme and authority, which a gRPC client leaves to its channel.
    fn address(&self, mut request: http::Request<Body>) -> Result<http::Request<Body>> {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(Authority::try_from(self.service()).map_err(Error::internal)?);
        parts.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from_parts(parts).map_err(Error::internal)?;
        Ok(request)
    }

    /// The next connection in turn. Addresses without one are connected to meanwhile; a call only waits for that when no connection stands,
    /// and then for the first that does.
    async fn connection(self: &Arc<Self>) -> Result<SendRequest<Body>> {
        let mut endpoints = self.endpoints().await?;
        let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(endpoints.len()).unwrap_or_default();
        endpoints.rotate_left(turn);
        let (resting, ready): (Vec<_>, Vec<_>) = endpoints.into_iter().partition(|endpoint| endpoint.rests());
        for endpoint in &ready {
            match endpoint.open() {
                Some(connection) => return Ok(connection),
                None => endpoint.connect_meanwhile(),
            }
        }
        match first(&ready).await {
            Ok(connection) => Ok(connection),
            // All addresses are dead or were a moment ago: they get another chance, the fleet may just have come back.
            Err(error) if resting.is_empty() => Err(error),
            Err(_) => first(&resting).await,
        }
    }

    /// The addresses, resolved anew every ten seconds. Only the first call waits for it.
    async fn endpoints(self: &Arc<Self>) -> Result<Vec<Arc<Endpoint>>> {
        if self.endpoints.load().is_empty() {
            self.resolve().await?;
        } else if self.resolved.try_lock().is_ok_and(|resolved| is_stale(*resolved)) {
            let balance = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(error) = balance.resolve().await {
                    let error = format!("{:#}", anyhow::Error::new(error));
                    tracing::warn!(error, "could not resolve, the known addresses stay");
                }
            });
        }
        Ok(self.endpoints.load().to_vec())
    }

    async fn resolve(&self) -> Result<()> {
        let mut resolved = self.resolved.lock().await;
        if !is_stale(*resolved) && !self.endpoints.load().is_empty() {
            return Ok(());
        }
        let addresses = self.target.resolve().await;
        *resolved = Some(Instant::now());
        let addresses = addresses.map_err(Error::unavailable)?;
        let known = self.endpoints.load();
        let endpoint = |address| match known.iter().find(|endpoint| endpoint.address() == address) {
            Some(endpoint) => Arc::clone(endpoint),
            None => Arc::new(Endpoint::new(self.service(), address, self.identity.clone())),
        };
        self.endpoints.store(Arc::new(addresses.into_iter().map(endpoint).collect()));
        Ok(())
    }
}

async fn first(endpoints: &[Arc<Endpoint>]) -> Result<SendRequest<Body>> {
    if endpoints.is_empty() {
        return Err(Error::unavailable(anyhow::anyhow!("there is no address to call")));
    }
    let connecting = endpoints.iter().map(|endpoint| Box::pin(endpoint.connection()));
    futures_util::future::select_ok(connecting).await.map(|(connection, _)| connection)
}

fn is_stale(resolved: Option<Instant>) -> bool {
    resolved.is_none_or(|at| at.elapsed() >= RESOLVE_EVERY)
}
