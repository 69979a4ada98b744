//! One span, one measurement and at most one log line for each request. Routes are named by their template: paths hold ids.

use std::error::Error as _;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use metrics::Unit;
use rpc::Kind;
use tracing::{Instrument, Span, field};

use super::request_id::RequestId;
use crate::failure::Failure;

/// nginx's number for a client that left before the answer.
const CLIENT_LEFT: u16 = 499;

const DURATION: &str = "http.server.request.duration";

/// Tells the recorder what the measurements are.
pub(crate) fn describe() {
    metrics::describe_histogram!(DURATION, Unit::Seconds, "From the head of a request to the head of its answer");
}

/// Layer: observes the request.
pub(super) async fn record(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| template(path.as_str()).to_owned());
    let mut measurement = Measurement::start(verb(request.method()), route.unwrap_or_default());
    let span = span(&request, &measurement);
    let response = next.run(request).instrument(span.clone()).await;
    measurement.status = response.status().as_u16();
    span.record("http.response.status_code", measurement.status);
    if let Some(failure) = response.extensions().get::<Failure>() {
        span.in_scope(|| log(failure, response.status()));
    }
    response
}

fn span(request: &Request, measurement: &Measurement) -> Span {
    let id = request.extensions().get::<RequestId>().map(field::display);
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {}", measurement.verb, measurement.route).trim_end(),
        otel.kind = "server",
        http.request.method = measurement.verb,
        http.route = measurement.route,
        http.response.status_code = field::Empty,
        request_id = id,
    );
    rpc::trace::continue_trace(&span, request.headers());
    span
}

/// The names that may be labels. Anybody can invent another one.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

/// With and without the final slash is one route.
fn template(path: &str) -> &str {
    match path.strip_suffix('/') {
        None | Some("") => path,
        Some(path) => path,
    }
}

/// What is our fault is an error; trouble on the way to a service is a warning; what the client got wrong, and what we refuse because we
/// are full, is for whoever looks for it.
pub(crate) fn log(failure: &Failure, status: StatusCode) {
    let error = failure.error();
    let (status, reason) = (status.as_u16(), error.reason());
    let cause = error.source().map(chain);
    match error.kind() {
        Kind::Internal => tracing::error!(status, reason, error = cause, "the request failed"),
        Kind::Unavailable | Kind::DeadlineExceeded if cause.is_some() => {
            tracing::warn!(status, reason, error = cause, "the request failed");
        }
        _ => tracing::debug!(status, reason, error = cause, "the request was refused"),
    }
}

fn chain(cause: &(dyn std::error::Error + 'static)) -> String {
    anyhow::Chain::new(cause).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Measures until it is dropped, so that a client who leaves is counted too.
struct Measurement {
    begin: Instant,
    verb: &'static str,
    route: String,
    status: u16,
}

impl Measurement {
    fn start(verb: &'static str, route: String) -> Self {
        Self { begin: Instant::now(), verb, route, status: CLIENT_LEFT }
    }
}

impl Drop for Measurement {
    fn drop(&mut self) {
        let labels = [
            ("http.request.method", self.verb.to_owned()),
            ("http.route", std::mem::take(&mut self.route)),
            ("http.response.status_code", self.status.to_string()),
        ];
        metrics::histogram!(DURATION, &labels).record(self.begin.elapsed());
    }
}
