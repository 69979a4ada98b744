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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn;
    use axum::routing::get;
    use http::Request;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::{edge::request_id, failure};

    async fn panics() -> &'static str {
        panic!("the password is hunter2")
    }

    #[tokio::test]
    async fn whoever_meets_a_panic_gets_an_error_with_an_id_and_not_its_text() {
        let router = Router::new().route("/", get(panics));
        let router = router.layer(catch()).layer(from_fn(failure::render)).layer(from_fn(request_id::assign));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["reason"], &body["request_id"]), (&"INTERNAL".into(), &Value::from(id)));
        assert!(!body.to_string().contains("hunter2"));
    }
}
