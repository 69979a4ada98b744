//! The console's files. Every address that is not a file belongs to its router, which runs in the browser.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::edge::headers;
use crate::failure::Failure;

/// Where the build puts the files that carry a hash of their content in their name.
const HASHED: &str = "/assets/";

/// A directory with an `index.html`.
#[derive(Debug, Clone)]
pub(crate) struct Console(PathBuf);

impl Console {
    /// The console in this directory, if it has been built.
    pub(crate) fn find(directory: &Path) -> Option<Self> {
        let built = directory.join("index.html").is_file();
        if !built {
            tracing::warn!(directory = %directory.display(), "there is no console to serve: no index.html");
        }
        built.then(|| Self(directory.to_owned()))
    }

    async fn serve(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let is_page = is_page(&path, request.headers());
        let file = self.file(request).await;
        match file.status() {
            StatusCode::NOT_FOUND if path.starts_with(HASHED) || !is_page => Failure::nothing_here().into_response(),
            StatusCode::NOT_FOUND => with_headers(self.index().await, "no-cache"),
            _ if path.starts_with(HASHED) => with_headers(file, "public, max-age=31536000, immutable"),
            _ => with_headers(file, "no-cache"),
        }
    }

    async fn file(&self, request: Request) -> Response {
        let answer = ServeDir::new(&self.0).oneshot(request).await;
        answer.unwrap_or_else(|never| match never {}).map(Body::new)
    }

    async fn index(&self) -> Response {
        self.file(Request::new(Body::empty())).await
    }
}

/// A browser that opens an address asks for HTML; names with an ending are files unless it does.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let wants_html = headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    wants_html || !path.rsplit('/').next().unwrap_or_default().contains('.')
}

fn with_headers(mut response: Response, cache: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(headers::PAGE));
    response
}

/// Handler of every address that is nothing else: the console's, except under `/api`.
pub(crate) async fn fallback(State(console): State<Option<Console>>, request: Request) -> Response {
    let is_api = request.uri().path().strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match console {
        Some(console) if !is_api => match *request.method() {
            Method::GET | Method::HEAD => console.serve(request).await,
            _ => Failure::other_verb(HeaderValue::from_static("GET, HEAD")).into_response(),
        },
        _ => Failure::nothing_here().into_response(),
    }
}
