//! A panic costs its request and nothing else.

use std::any::Any;

use axum::response::{IntoResponse, Response};
use rpc::Error;
use tower_http::catch_panic::CatchPanicLayer;

use crate::failure::Failure;

/// Layer: 500 for a request whose handling panicked.
pub(super) fn catch() -> CatchPanicLayer<fn(Box<dyn Any + Send>) -> Response> {
    let answer: fn(Box<dyn Any + Send>) -> Response = answer;
    CatchPanicLayer::custom(answer)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn answer(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
    Failure::from(Error::internal(anyhow::anyhow!("panic: {}", text.unwrap_or("without a message")))).into_response()
}
