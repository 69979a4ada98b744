//! How large a body may be, and how long it may take to arrive.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, timeout_at};

use super::target;
use crate::failure::Failure;

/// The most bytes in a body that is no upload.
const MOST: u32 = 1 << 20;

/// How much is accepted, and how slowly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// In which a body must have arrived; of an upload, its next part.
    pub patience: Duration,
    /// The most bytes in an upload.
    pub upload: u64,
}

/// When the whole body must have arrived.
#[derive(Debug, Clone, Copy)]
struct Deadline(Instant);

/// Layer: refuses a body that announces itself as too large, and starts the clock for the others.
pub(crate) async fn limit(State(policy): State<Policy>, mut request: Request, next: Next) -> Response {
    let upload = target::operation(&request).is_some_and(|operation| operation.rest.upload);
    let most = if upload { policy.upload } else { MOST.into() };
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most) {
        return too_large(most).into_response();
    }
    request.extensions_mut().insert(Deadline(Instant::now() + policy.patience));
    next.run(request).await
}

/// The whole body. Read only when the caller is known and may do what they ask for.
pub(crate) async fn read(head: &Parts, body: Body) -> Result<Bytes, Failure> {
    let deadline = head.extensions.get().map_or_else(Instant::now, |Deadline(deadline)| *deadline);
    match timeout_at(deadline, Limited::new(body, usize::try_from(MOST).unwrap_or(usize::MAX)).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(MOST.into())),
        Ok(Err(_)) => Err(broken()),
        Err(_) => Err(late()),
    }
}

pub(crate) fn broken() -> Failure {
    Failure::edge(StatusCode::BAD_REQUEST, "BODY_BROKEN", "The body broke off. Send it again.")
}

pub(crate) fn late() -> Failure {
    Failure::edge(
        StatusCode::REQUEST_TIMEOUT,
        "BODY_TIMEOUT",
        "The body did not arrive in time. Try again over a faster connection, or send less at once.",
    )
}

pub(crate) fn too_large(most: u64) -> Failure {
    let message = format!("The body is too large: at most {most} bytes are accepted. Send less at once.");
    Failure::edge(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
}
