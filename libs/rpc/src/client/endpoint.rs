use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use hyper::client::conn::http2::SendRequest;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::body::Body;

use super::connect::connect;
use crate::tls::Identity;
use crate::{Error, Result};

const REST: Duration = Duration::from_secs(5);

/// One address of a service, with at most one connection.
#[derive(Debug)]
pub(super) struct Endpoint {
    service: String,
    address: SocketAddr,
    identity: Identity,
    connection: ArcSwapOption<SendRequest<Body>>,
    failure: ArcSwapOption<Failure>,
    connecting: Mutex<()>,
}

#[derive(Debug)]
struct Failure {
    at: Instant,
    error: String,
}

impl Endpoint {
    pub(super) fn new(service: &str, address: SocketAddr, identity: Identity) -> Self {
        Self {
            service: service.to_owned(),
            address,
            identity,
            connection: ArcSwapOption::empty(),
            failure: ArcSwapOption::empty(),
            connecting: Mutex::new(()),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it could not be connected to a moment ago.
    pub(super) fn rests(&self) -> bool {
        self.failure.load().as_ref().is_some_and(|failure| failure.at.elapsed() < REST)
    }

    /// The connection, made if there is none. However many calls wait for it, it is tried once; and it is tried to the end, so that a
    /// caller in a hurry still lets the others know that the address is dead.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<SendRequest<Body>> {
        match self.open() {
            Some(connection) => Ok(connection),
            None => tokio::spawn(Arc::clone(self).connect(Instant::now())).await.map_err(Error::internal)?,
        }
    }

    /// Begins to connect, if nobody does, for the calls to come.
    pub(super) fn connect_meanwhile(self: &Arc<Self>) {
        if self.connecting.try_lock().is_ok() {
            tokio::spawn(Arc::clone(self).connect(Instant::now()));
        }
    }

    /// The connection that stands, if one does.
    pub(super) fn open(&self) -> Option<SendRequest<Body>> {
        let connection = self.connection.load();
        connection.as_deref().filter(|connection| !connection.is_closed()).cloned()
    }

    async fn connect(self: Arc<Self>, asked: Instant) -> Result<SendRequest<Body>> {
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(connection) = self.open() {
            return Ok(connection);
        }
        if let Some(failure) = self.failure.load().as_ref().filter(|failure| failure.at > asked) {
            return Err(Error::unavailable(anyhow::anyhow!("{}", failure.error)));
        }
        match connect(&self.service, self.address, &self.identity).await {
            Ok(connection) => {
                self.failure.store(None);
                self.connection.store(Some(Arc::new(connection.clone())));
                Ok(connection)
            }
            Err(error) => {
                let text = format!("{error:#}");
                if !self.rests() {
                    tracing::warn!(error = text, "the address rests");
                }
                self.failure.store(Some(Arc::new(Failure { at: Instant::now(), error: text })));
                self.connection.store(None);
                Err(Error::unavailable(error))
            }
        }
    }
}
