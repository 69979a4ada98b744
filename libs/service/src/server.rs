//! The gRPC server of a service: mutual TLS, the tracing and access layers, and gRPC's health service.

use std::time::Duration;

use anyhow::Context as _;
use rpc::{access::AccessLayer, tls::Identity, token::Verifier, trace::TraceLayer};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tonic::service::Routes;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

use crate::Readiness;

/// Dead peers are noticed after this and [`KEEPALIVE_TIMEOUT`].
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Callers connect anew after this, with the certificate of that time.
const CONNECTION_AGE: Duration = Duration::from_mins(30);
/// Calls at once on one connection; more wait at the caller.
const MAX_STREAMS: u32 = 1024;
/// How often the health service asks the readiness checks.
const HEALTH_INTERVAL: Duration = Duration::from_secs(2);

/// What a server needs besides its routes.
#[derive(Debug, Clone)]
pub struct Server {
    identity: Identity,
    verifier: Verifier,
    readiness: Readiness,
}

impl Server {
    /// A server with this certificate, that trusts tokens as `verifier` does and whose health follows `readiness`.
    pub fn new(identity: Identity, verifier: Verifier, readiness: Readiness) -> Self {
        Self { identity, verifier, readiness }
    }

    /// Serves until `stop` is cancelled and the calls that run then have ended.
    ///
    /// # Errors
    /// The transport failed.
    pub async fn serve(self, listener: TcpListener, routes: Routes, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { identity, verifier, readiness } = self;
        let reporter = HealthReporter::new();
        let health = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
        let _follow = AbortOnDropHandle::new(tokio::spawn(follow(readiness, reporter)));
        tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .max_connection_age(CONNECTION_AGE)
            .max_concurrent_streams(MAX_STREAMS)
            .layer(TraceLayer)
            .layer(AccessLayer::new(verifier))
            .add_routes(routes)
            .add_service(health)
            .serve_with_incoming_shutdown(rpc::tls::accept(listener, &identity), stop.cancelled_owned())
            .await
            .context("the gRPC server failed")
    }
}

/// Keeps the serving status of the whole server (the empty name) equal to the readiness.
async fn follow(readiness: Readiness, reporter: HealthReporter) {
    let mut phases = readiness.phases();
    loop {
        let ready = readiness.report().await.ready;
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        reporter.set_service_status("", status).await;
        let changed = tokio::time::timeout(HEALTH_INTERVAL, phases.changed()).await;
        if matches!(changed, Ok(Err(_))) {
            return;
        }
    }
}
