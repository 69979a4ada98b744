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

use crate::failure::Failure;

/// The most bytes in a body.
pub(crate) const MOST: usize = 1 << 20;

/// When the whole body must have arrived.
#[derive(Debug, Clone, Copy)]
struct Deadline(Instant);

/// Layer: refuses a body that announces itself as too large, and starts the clock for the others.
pub(crate) async fn limit(State(patience): State<Duration>, mut request: Request, next: Next) -> Response {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MOST) {
        return too_large().into_response();
    }
    request.extensions_mut().insert(Deadline(Instant::now() + patience));
    next.run(request).await
}

/// The whole body. Read only when the caller is known and may do what they ask for.
pub(crate) async fn read(head: &Parts, body: Body) -> Result<Bytes, Failure> {
    let deadline = head.extensions.get().map_or_else(Instant::now, |Deadline(deadline)| *deadline);
    match timeout_at(deadline, Limited::new(body, MOST).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Failure::edge(StatusCode::BAD_REQUEST, "BODY_BROKEN", "The body broke off. Send it again.")),
        Err(_) => Err(Failure::edge(
            StatusCode::REQUEST_TIMEOUT,
            "BODY_TIMEOUT",
            "The body did not arrive in time. Try again over a faster connection, or send less at once.",
        )),
    }
}

fn too_large() -> Failure {
    let message = format!("The body is too large: at most {MOST} bytes are accepted. Send less at once.");
    Failure::edge(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
}
