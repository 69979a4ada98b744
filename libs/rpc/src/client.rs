//! Calls to another service: mutual TLS, a deadline on every call, and balancing over all its addresses.
//!
//! tonic's own balancer keeps picking endpoints that are dead. Here the name is resolved every ten seconds, each address has one HTTP/2
//! connection, they are taken in turn, and one that could not be connected to rests for five seconds. A call is only sent on a connection
//! that stands, so that a dead address costs no call; a call that was sent is not repeated.
//!
//! ```no_run
//! # async fn example(identity: rpc::tls::Identity, caller: rpc::Caller) -> anyhow::Result<()> {
//! use contracts::auth::v1::{GetSiteRequest, site_service_client::SiteServiceClient};
//!
//! let auth = rpc::client::Channel::new(&rpc::client::Target::new("auth", "https://127.0.0.1:7001")?, &identity);
//! let mut sites = SiteServiceClient::new(auth.with(&caller));          // in the caller's name, until the caller's deadline
//! let site = sites.get_site(GetSiteRequest::default()).await?;
//! # Ok(()) }
//! ```

mod balance;
mod connect;
mod context;
mod deadline;
mod endpoint;
mod raw;

use std::sync::Arc;
use std::task::{self, Poll};

use anyhow::Context as _;
use futures_util::future::BoxFuture;
use http::Uri;
use tonic::Status;
use tonic::body::Body;

pub use context::Context;
pub use raw::{server_streaming, unary};

use self::balance::Balance;
use self::deadline::Deadline;
use crate::tls::Identity;
use crate::{Error, Result};

/// A connection may turn out to be closed just when a call is given to it; this often the call looks for another one.
const ATTEMPTS: usize = 3;

/// A service and where it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    service: String,
    host_and_port: String,
}

impl Target {
    /// The service of this name at a URL such as `https://auth.igny8.svc:7001`. Its host may resolve to many addresses.
    pub fn new(service: impl Into<String>, url: &str) -> anyhow::Result<Self> {
        let service = service.into();
        let uri: Uri = url.parse().with_context(|| format!("read the address of {service}"))?;
        let (host, port) = (uri.host(), uri.port_u16());
        let (Some(host), Some(port)) = (host, port) else {
            anyhow::bail!("the address of {service} needs a host and a port: {url}")
        };
        Ok(Self { service, host_and_port: format!("{host}:{port}") })
    }

    /// The name that the certificate at the other end must carry.
    pub fn service(&self) -> &str {
        &self.service
    }
}

/// A channel to all addresses of a service, for the generated clients. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Channel {
    balance: Arc<Balance>,
    context: Context,
}

impl Channel {
    /// A channel that connects when it is used. It shows the certificate that `identity` has at that time.
    pub fn new(target: &Target, identity: &Identity) -> Self {
        Self { balance: Arc::new(Balance::new(target.clone(), identity.clone())), context: Context::default() }
    }

    /// The same channel, for calls on behalf of a [`crate::Caller`], [`crate::Peer`] or [`crate::Service`], or in a [`Context`].
    pub fn with(&self, context: impl Into<Context>) -> Self {
        Self { balance: Arc::clone(&self.balance), context: context.into() }
    }

    async fn send(self, request: http::Request<Body>, deadline: Deadline) -> Result<http::Response<Body>> {
        let answer = tokio::time::timeout_at(deadline.at(), self.balance.send(request, ATTEMPTS)).await;
        let answer = answer.map_err(|_| deadline.exceeded(self.balance.service()))??;
        Ok(deadline.guard(answer))
    }
}

impl tower::Service<http::Request<Body>> for Channel {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        self.context.apply(request.headers_mut());
        let deadline = Deadline::of(&request, self.context.deadline());
        deadline.apply(request.headers_mut());
        let sending = self.clone().send(request, deadline);
        Box::pin(async move { sending.await.map_err(Error::into) })
    }
}
