//! One span, one measurement and, when it fails, one log line for every call that a server answers.
//!
//! The span continues the caller's trace. The line carries the request id and the whole chain of causes, which the client never sees:
//! faults of ours at `error`, trouble on the way at `warn`, faults of the client at `debug`. The measurement is the histogram
//! `rpc.server.call.duration` in seconds, by `rpc.service`, `rpc.method` and `rpc.status`. A call lasts until the last byte of its answer.

mod call;

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use opentelemetry::propagation::Extractor;
use tonic::Status;
use tonic::body::Body;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::call::Call;
use crate::Peer;

/// The outermost layer of a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceLayer;

impl<S> tower::Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> TraceService<S> {
        TraceService { inner }
    }
}

/// A server's services behind a [`TraceLayer`].
#[derive(Debug, Clone)]
pub struct TraceService<S> {
    inner: S,
}

impl<S> tower::Service<http::Request<Body>> for TraceService<S>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let peer = Peer::of(request.headers());
        let (service, method) = names(request.uri().path());
        let span = span(service, method, &peer, request.headers());
        let call = Call::begin(service, method, span.clone(), peer.deadline);
        request.extensions_mut().insert(peer);
        let answer = span.in_scope(|| self.inner.call(request)).instrument(span);
        Box::pin(async move { Ok(observe(call, answer.await?)) })
    }
}

/// An answer without a body has its status in the headers; any other one has it in the trailers.
fn observe(mut call: Call, response: http::Response<Body>) -> http::Response<Body> {
    let (mut head, body) = response.into_parts();
    match head.extensions.remove::<Status>().or_else(|| Status::from_header_map(&head.headers)) {
        Some(status) => {
            call.end(&status);
            http::Response::from_parts(head, body)
        }
        None => http::Response::from_parts(head, Body::new(Observed { body, call })),
    }
}

fn span(service: &'static str, method: &'static str, peer: &Peer, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "rpc",
        otel.name = format!("{service}/{method}"),
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.caller = Empty,
        rpc.status = Empty,
        request_id = peer.request_id,
        account = Empty,
    );
    continue_trace(&span, headers);
    span
}

/// Makes a span that has not been entered yet a part of the trace that `headers` name, if they do.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&Carrier(headers)));
    // It fails when traces are not collected.
    let _ = span.set_parent(parent);
}

/// The current span as W3C trace context writes it, for a message that is read when the span has ended. Nothing where traces are not
/// collected.
pub fn traceparent() -> Option<String> {
    let context = Span::current().context();
    let mut fields = HashMap::new();
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut fields));
    fields.remove("traceparent")
}

/// The names of what the contracts and gRPC's health service know. Any other path is one name, so that nobody fills the metrics.
fn names(path: &str) -> (&'static str, &'static str) {
    let known = contracts::method(path).map(|method| method.path);
    let known = known.or_else(|| HEALTH.iter().find(|health| **health == path).copied());
    known.and_then(|path| path.strip_prefix('/')?.split_once('/')).unwrap_or(("unknown", "unknown"))
}

const HEALTH: &[&str] = &["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];

struct Carrier<'h>(&'h HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// The body of an answer, watched for its status.
struct Observed {
    body: Body,
    call: Call,
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let span = this.call.span().clone();
        let frame = span.in_scope(|| Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(status) = frame.trailers_ref().and_then(Status::from_header_map) {
                    this.call.end(&status);
                }
            }
            Poll::Ready(Some(Err(status))) => this.call.end(status),
            Poll::Ready(None) => this.call.end(&Status::ok("")),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_anyone_could_make_up_gets_no_name_of_its_own() {
        assert_eq!(names("/igny8.auth.v1.SiteService/GetSite"), ("igny8.auth.v1.SiteService", "GetSite"));
        assert_eq!(names("/grpc.health.v1.Health/Check"), ("grpc.health.v1.Health", "Check"));
        assert_eq!(names("/grpc.health.v1.Health/x4711"), ("unknown", "unknown"));
        assert_eq!(names("/a/b"), ("unknown", "unknown"));
    }
}
