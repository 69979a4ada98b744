//! A service in process.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use rpc::{
    client::{Channel, Target},
    token::{Keys, Verifier},
};
use service::{Readiness, Server, readiness::Phase};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tonic::service::Routes;

use crate::{or_fail, tls, trusted_keys};

/// A service on a port of this machine, until it is dropped.
#[derive(Debug)]
pub struct Served {
    service: String,
    address: SocketAddr,
    readiness: Readiness,
    _server: AbortOnDropHandle<Result<()>>,
}

/// Serves the routes as `service` with the layers of the real one. It trusts the tokens of [`crate::Actor`].
///
/// # Panics
/// It could not listen.
pub async fn serve(service: &str, routes: Routes) -> Served {
    serve_with(service, routes, trusted_keys()).await
}

/// [`serve`], but it trusts the tokens of these keys. Add [`crate::public_key`] to them where actors call too.
///
/// # Panics
/// It could not listen.
pub async fn serve_with(service: &str, routes: Routes, keys: Keys) -> Served {
    or_fail(start(service, routes, keys).await.with_context(|| format!("could not serve {service}")))
}

async fn start(service: &str, routes: Routes, keys: Keys) -> Result<Served> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let readiness = Readiness::new();
    readiness.enter(Phase::Running);
    let server = Server::new(tls().identity(service), Verifier::new(keys), readiness.clone());
    let server = tokio::spawn(server.serve(listener, routes, CancellationToken::new()));
    Ok(Served { service: service.to_owned(), address, readiness, _server: AbortOnDropHandle::new(server) })
}

impl Served {
    /// A channel to it for another service: `gateway` for what people call.
    ///
    /// # Panics
    /// The caller's certificate could not be made.
    pub fn channel(&self, caller: &str) -> Channel {
        Channel::new(&self.target(), &tls().identity(caller))
    }

    /// Where it is.
    ///
    /// # Panics
    /// Never: the address is one of this machine.
    pub fn target(&self) -> Target {
        or_fail(Target::new(&self.service, &self.url()))
    }

    /// Where it is, as `IGNY8_<SERVICE>_URL` wants it.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// What its health follows.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }
}
