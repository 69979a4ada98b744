//! The gateway: the one way in from outside. It speaks REST to browsers and programs and gRPC to the services, and owns nothing.
//!
//! `edge` holds a request against the policy, `rest` translates it by the table of the contracts, `backends` calls the service.
//! Beside the API it serves the reference (`docs`) and the console's files (`console`).

mod backends;
mod config;
mod console;
mod docs;
mod edge;
mod failure;
mod health;
mod rest;
mod server;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::routing::any;
use rpc::token::Verifier;
use service::{Readiness, Signals};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

pub use crate::backends::Backends;
pub use crate::config::Config;
pub use crate::server::serve;

use crate::console::Console;
use crate::edge::Edge;
use crate::edge::authenticate::Authenticator;
use crate::edge::target::Addresses;
use crate::rest::Api;

/// The name in the registry.
pub const NAME: &str = "gateway";

/// Runs the gateway until SIGTERM or SIGINT.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let listen = config.listen()?;
    service::run_process(NAME, &config.process, Signals::of_process()?, async |cx: &service::Context| {
        let backends = Backends::new(|service| cx.client(service))?;
        let life = Life { readiness: cx.readiness().clone(), shutdown: cx.shutdown().clone() };
        let gateway = Gateway::new(&config, backends, cx.verifier()?.clone(), life)?;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen}"))?;
        cx.spawn("rate limits", gateway.edge.limits().forget_idle());
        Ok(serve(listener, gateway.router, cx.shutdown().clone()))
    })
    .await
}

/// Everything that the gateway answers.
#[derive(Debug)]
pub struct Gateway {
    pub router: Router,
    edge: Edge,
}

/// Whether it may get traffic, and when it stops.
#[derive(Debug, Clone)]
pub struct Life {
    pub readiness: Readiness,
    /// Event streams have no end of their own: this ends them.
    pub shutdown: CancellationToken,
}

impl Gateway {
    pub fn new(config: &Config, backends: Backends, verifier: Verifier, life: Life) -> anyhow::Result<Self> {
        let backends = Arc::new(backends);
        let addresses = Arc::new(Addresses::from_contracts());
        let authenticator = Arc::new(Authenticator::new(Arc::clone(&backends), verifier));
        let edge = Edge::new(config, Arc::clone(&addresses), Arc::clone(&authenticator))?;
        let api = Api {
            backends,
            authenticator,
            public_url: Arc::new(config.public_url.clone()),
            body: edge.body,
            keep_alive: Duration::from_secs(config.keep_alive_seconds),
            shutdown: life.shutdown,
        };
        let router = edge.guard(api_router(&addresses, api)).merge(pages(config)).merge(health::router(life.readiness));
        Ok(Self { router: edge.around(router), edge })
    }
}

/// Each address of the contract, with and without the final slash.
fn api_router(addresses: &Addresses, api: Api) -> Router {
    let routes = addresses.templates().fold(Router::new(), |router, template| {
        router.route(template, any(rest::handle)).route(&format!("{template}/"), any(rest::handle))
    });
    routes.with_state(api)
}

/// What is the same for everybody, and so may be compressed: an attacker learns nothing from its length.
fn pages(config: &Config) -> Router {
    let console = config.web_dir.as_deref().and_then(Console::find);
    let fallback = Router::new().fallback(console::fallback).with_state(console);
    docs::router().merge(fallback).layer(CompressionLayer::new())
}
