//! A stream of messages as server-sent events.
//!
//! `event: progress`, `data: {…}`, an empty line; a comment now and then, so that nobody on the way takes the silence for the end. A
//! stream that broke ends with `event: error` and the envelope of the error; one that was cut off (the gateway stops, the token is spent,
//! the deadline of the contract has come) ends without a last event, and the reader opens it again.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use contracts::{Decode, Event};
use futures_util::stream::unfold;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use rpc::{Error, Kind};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use tracing::Span;

use crate::backends::Stream;
use crate::edge::request_id::RequestId;
use crate::edge::trace;
use crate::failure::Failure;

/// What ends a stream from our side.
#[derive(Debug)]
pub(super) struct End {
    pub shutdown: CancellationToken,
    /// The end of the token that it was opened with: nobody listens longer than they may.
    pub until: Option<Instant>,
}

/// nginx keeps a stream to itself until it is told not to.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(super) fn respond(
    stream: Stream,
    read: Decode<Event>,
    keep_alive: Duration,
    end: End,
    request_id: RequestId,
) -> Response {
    let Stream { first, rest } = stream;
    let events =
        Events { first: Some(first), rest, read, keep_alive, end, request_id, span: Span::current(), over: false };
    let body = unfold(events, async |mut events| {
        let text = events.next().await?;
        Some((Ok::<_, Infallible>(text), events))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

struct Events {
    first: Option<Bytes>,
    rest: Streaming<Bytes>,
    read: Decode<Event>,
    keep_alive: Duration,
    end: End,
    request_id: RequestId,
    span: Span,
    over: bool,
}

impl Events {
    /// The next part of the body; none at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let message = match self.first.take() {
            Some(first) => first,
            None => match self.wait().await {
                Waited::Message(message) => message,
                Waited::Silence => return Some(Bytes::from_static(b": still here\n\n")),
                Waited::Broken(error) => return self.broken(error),
                Waited::End => return None,
            },
        };
        match (self.read)(&message) {
            Ok(event) => Some(written(&event.name, &event.data)),
            Err(error) => self.broken(Error::internal(error)),
        }
    }

    async fn wait(&mut self) -> Waited {
        let until = self.end.until;
        let spent = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = self.rest.message() => match message {
                Ok(Some(message)) => Waited::Message(message),
                Ok(None) => Waited::End,
                Err(status) => Waited::Broken(status.into()),
            },
            () = self.end.shutdown.cancelled() => Waited::End,
            () = spent => Waited::End,
            () = sleep(self.keep_alive) => Waited::Silence,
        }
    }

    /// The last event of a stream that broke. Its deadline is no failure: there is only more to hear.
    fn broken(&mut self, error: Error) -> Option<Bytes> {
        self.over = true;
        if error.kind() == Kind::DeadlineExceeded {
            return None;
        }
        let failure = Failure::from(error);
        self.span.in_scope(|| trace::log(&failure, failure.status()));
        Some(written("error", &failure.body(&self.request_id)))
    }
}

enum Waited {
    Message(Bytes),
    Silence,
    Broken(Error),
    End,
}

fn written(name: &str, data: &[u8]) -> Bytes {
    [b"event: ", name.as_bytes(), b"\ndata: ", data, b"\n\n"].concat().into()
}
