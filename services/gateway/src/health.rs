//! Whether this replica lives and may get traffic, for whoever stands in front of it. The admin port says more.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use service::Readiness;

pub(crate) fn router(readiness: Readiness) -> Router {
    Router::new().route("/healthz", get(async || "alive\n")).route("/readyz", get(ready).with_state(readiness))
}

async fn ready(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if readiness.report().await.ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
