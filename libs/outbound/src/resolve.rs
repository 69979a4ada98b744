//! Names to the addresses that may be connected to. The client connects to what comes out here and asks nobody again.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::Allowed;

/// A name to its addresses, asked for every new connection.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The machine's own resolver.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Every address of a name is one that may not be connected to.
#[derive(Debug, thiserror::Error)]
#[error("{name} has no address that may be connected to")]
pub(crate) struct Inside {
    name: String,
}

/// The name has no address.
#[derive(Debug, thiserror::Error)]
#[error("could not resolve {name}")]
pub(crate) struct Unresolved {
    name: String,
    source: io::Error,
}

#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) allowed: Allowed,
    pub(crate) lookup: Lookup,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { allowed, lookup } = self.clone();
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let found = lookup(name.clone()).await.map_err(|source| Unresolved { name: name.clone(), source })?;
            let usable: Vec<_> = found
                .into_iter()
                .filter(|address| allowed.holds(*address))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if usable.is_empty() {
                return Err(Inside { name }.into());
            }
            let usable: Addrs = Box::new(usable.into_iter());
            Ok(usable)
        })
    }
}
