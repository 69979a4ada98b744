//! HEAD: the headers of GET and nothing after them.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method};

/// Layer: takes the body off, and leaves the length that it had. Errors have their body by now, so that they are treated alike.
pub(crate) async fn strip(request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    if is_head {
        if let Some(length) = response.body().size_hint().exact() {
            response.headers_mut().entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
        }
        *response.body_mut() = Body::empty();
    }
    response
}
