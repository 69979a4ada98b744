//! The reference of the API: the OpenAPI document, and a page that shows it.

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use contracts::OPENAPI;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::edge::headers;

const HTML: &str = include_str!("../docs/index.html");
const SCRIPT: &str = include_str!("../docs/docs.js");
const STYLE: &str = include_str!("../docs/docs.css");

pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/v1/openapi.json", get(async || file("application/json", OPENAPI)))
        .route("/api/docs", get(async || Redirect::permanent("/api/docs/")))
        .route("/api/docs/", get(async || file("text/html; charset=utf-8", HTML)))
        .route("/api/docs/docs.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/api/docs/docs.css", get(async || file("text/css; charset=utf-8", STYLE)))
}

/// The files change with the binary, and their names do not.
fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, headers::PAGE)], content)
}
