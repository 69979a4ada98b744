//! The edge: everything that happens to a request before it is anybody's business what it asks for.
//!
//! [`Edge::around`] and [`Edge::guard`] are the policy of the gateway in the order in which a request meets it. Each layer is its own
//! file; a layer that must know the contract of the method finds it in the request ([`target`]).

pub(crate) mod admission;
pub(crate) mod authenticate;
pub(crate) mod body;
pub(crate) mod client_address;
mod cors;
mod csrf;
mod head;
pub(crate) mod headers;
pub(crate) mod limits;
mod panic;
pub(crate) mod request_id;
mod role;
pub(crate) mod session;
pub(crate) mod target;
pub(crate) mod trace;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use http::HeaderValue;
use ipnet::IpNet;
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;

use self::admission::Admission;
use self::authenticate::Authenticator;
use self::limits::Limits;
use self::target::Addresses;
use crate::Config;
use crate::failure;

/// What the layers need.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    addresses: Arc<Addresses>,
    trusted_proxies: Arc<[IpNet]>,
    headers: headers::Policy,
    cors: CorsLayer,
    admission: Arc<Admission>,
    pub(crate) body: body::Policy,
    limits: Arc<Limits>,
    authenticator: Arc<Authenticator>,
    csrf: csrf::Check,
}

impl Edge {
    pub(crate) fn new(
        config: &Config,
        addresses: Arc<Addresses>,
        authenticator: Arc<Authenticator>,
    ) -> anyhow::Result<Self> {
        trace::describe();
        let ours = config.public_url.origin().ascii_serialization();
        let others = config.cors_origins.iter().map(String::as_str);
        Ok(Self {
            addresses,
            trusted_proxies: config.trusted_proxies.clone().into(),
            headers: headers::Policy::new(&config.public_url),
            cors: cors::layer(others.clone().map(HeaderValue::try_from).collect::<Result<Vec<_>, _>>()?),
            admission: Arc::new(Admission::new(&config.admission)),
            body: body::Policy {
                patience: Duration::from_secs(config.body_timeout_seconds),
                upload: config.upload_limit_bytes,
            },
            limits: Arc::new(Limits::new(&config.limits)),
            authenticator,
            csrf: csrf::check(others.chain([ours.as_str()]))?,
        })
    }

    /// What every request meets, from outside in. A panic is caught inside the first four, so that its answer, too, has an id, a body
    /// and a place in the metrics.
    pub(crate) fn around(&self, router: Router) -> Router {
        router.layer(
            ServiceBuilder::new()
                .layer(from_fn(request_id::assign))
                .layer(from_fn(head::strip))
                .layer(from_fn(failure::render))
                .layer(from_fn(trace::record))
                .layer(panic::catch())
                .layer(from_fn_with_state(self.headers.clone(), headers::secure))
                .layer(from_fn_with_state(Arc::clone(&self.trusted_proxies), client_address::find))
                .layer(from_fn_with_state(Arc::clone(&self.addresses), target::find)),
        )
    }

    /// What a request to the API meets after that. Then the handler decodes it, the service validates it, and the answer is shaped.
    pub(crate) fn guard(&self, api: Router) -> Router {
        api.layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(self.cors.clone(), cors::share))
                .layer(from_fn_with_state(Arc::clone(&self.admission), admission::admit))
                .layer(from_fn_with_state(self.body, body::limit))
                .layer(from_fn_with_state(Arc::clone(&self.limits), limits::per_address))
                .layer(from_fn_with_state(Arc::clone(&self.authenticator), authenticate::identify))
                .layer(from_fn_with_state(self.csrf.clone(), csrf::refuse))
                .layer(from_fn_with_state(Arc::clone(&self.limits), limits::per_account))
                .layer(from_fn(role::check)),
        )
    }

    /// The limits, for the task that tidies them.
    pub(crate) fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.limits)
    }
}
