//! One id for everything that follows from a request. It is made here: one that a client sends is only a claim.

use std::fmt;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static(rpc::metadata::REQUEST_ID);

/// A UUIDv7 in text.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Layer: gives the request its id, and the answer too.
pub(crate) async fn assign(mut request: Request, next: Next) -> Response {
    let id = RequestId(Uuid::now_v7().to_string());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    // The digits of a UUID always make a header.
    if let Ok(value) = HeaderValue::try_from(id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
