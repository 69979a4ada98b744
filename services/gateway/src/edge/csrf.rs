//! A browser sends our cookie with requests that another site made it send. Those must not change anything.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use rpc::Error;
use tower::{Layer, ServiceExt};
use tower_http::csrf::{ConfigError, CsrfLayer, ProtectionError};

use crate::failure::Failure;

/// The check, by `Sec-Fetch-Site` and `Origin`, with the response of a refusal.
pub(super) type Check = CsrfLayer<fn(ProtectionError) -> Response>;

/// Trusts our own origin and those that CORS admits.
pub(super) fn check<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Check, ConfigError> {
    let layer = origins.into_iter().try_fold(CsrfLayer::new(), CsrfLayer::add_trusted_origin)?;
    let refusal: fn(ProtectionError) -> Response = refusal;
    Ok(layer.with_rejection_response(refusal))
}

fn refusal(_: ProtectionError) -> Response {
    let message =
        "This request comes from another site, and a session is only good for our own. Use an API key instead.";
    Failure::from(Error::denied("CROSS_ORIGIN", message)).into_response()
}

/// Layer: the check for whatever brings no `Authorization`, which no other site can make a browser send. Requests without any
/// credential are checked too: else another site could sign its visitors in as somebody of its choice.
pub(super) async fn refuse(State(check): State<Check>, request: Request, next: Next) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        return next.run(request).await;
    }
    check.layer(next).oneshot(request).await.into_response()
}
