//! Which other sites may read our answers in a browser: the configured origins, exactly as written, and nobody else.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method};
use tower::{Layer, ServiceExt};
use tower_http::cors::CorsLayer;

use super::limits;

/// The headers that CORS puts on answers.
pub(super) fn layer(origins: impl IntoIterator<Item = HeaderValue>) -> CorsLayer {
    let header = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(Vec::from_iter(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, header(rpc::metadata::IDEMPOTENCY_KEY)])
        .expose_headers([header(rpc::metadata::REQUEST_ID), limits::RATE_LIMIT, limits::RATE_LIMIT_POLICY, RETRY_AFTER])
        .max_age(Duration::from_mins(10))
}

/// Layer: CORS, but for an `OPTIONS` that is no preflight: that one asks what the address can do.
pub(super) async fn share(State(cors): State<CorsLayer>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS && !request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return next.run(request).await;
    }
    cors.layer(next).oneshot(request).await.into_response()
}
