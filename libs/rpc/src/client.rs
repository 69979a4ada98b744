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
mod target;

use std::sync::Arc;
use std::task::{self, Poll};

use futures_util::future::BoxFuture;
use tonic::Status;
use tonic::body::Body;

pub use context::Context;
pub use raw::{Outgoing, client_streaming, server_streaming, unary};
pub use target::Target;

use self::balance::Balance;
use self::deadline::Deadline;
use crate::tls::Identity;
use crate::{Error, Result};

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
        let balance = Arc::clone(&self.balance);
        Box::pin(async move { send(&balance, request, deadline).await.map_err(Error::into) })
    }
}

async fn send(
    balance: &Arc<Balance>,
    request: http::Request<Body>,
    deadline: Deadline,
) -> Result<http::Response<Body>> {
    match tokio::time::timeout_at(deadline.at(), balance.send(request)).await {
        Ok(answer) => Ok(deadline.guard(answer?)),
        Err(_) => Err(Error::deadline_exceeded(anyhow::anyhow!("{} did not answer in time", balance.service()))),
    }
}
