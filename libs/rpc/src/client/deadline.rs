use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;

use crate::{Error, caller, metadata};

/// For methods that are not in the contracts: gRPC's own, as the health check.
const DEFAULT: Duration = Duration::from_secs(5);
/// What eight digits of milliseconds can say in `grpc-timeout`.
const MAX_MILLISECONDS: u128 = 99_999_999;

/// When a call ends, whatever the server does: its own timeout, the contract's, or the end of the request that it serves, whichever
/// comes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn of(request: &http::Request<Body>, inherited: Option<std::time::Instant>) -> Self {
        let contract = contracts::method(request.uri().path()).map_or(DEFAULT, |method| method.timeout);
        let latest = Instant::now() + contract;
        let earlier = [caller::deadline(request.headers()), inherited].into_iter().flatten().map(Instant::from_std);
        Self(earlier.fold(latest, Instant::min))
    }

    pub(super) fn at(self) -> Instant {
        self.0
    }

    /// Tells the server.
    pub(super) fn apply(self, headers: &mut HeaderMap) {
        let left = self.0.saturating_duration_since(Instant::now()).as_millis().clamp(1, MAX_MILLISECONDS);
        if let Ok(value) = HeaderValue::try_from(format!("{left}m")) {
            headers.insert(metadata::TIMEOUT, value);
        }
    }

    /// Ends the body at the deadline too: a server may hang after its first byte.
    pub(super) fn guard(self, response: http::Response<Incoming>) -> http::Response<Body> {
        response.map(|body| Body::new(Guarded { body, end: Box::pin(sleep_until(self.0)) }))
    }
}

struct Guarded {
    body: Incoming,
    end: Pin<Box<Sleep>>,
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = tonic::codegen::StdError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.end.as_mut().poll(cx).is_ready() {
            let error = Error::deadline_exceeded(anyhow::anyhow!("the answer did not end in time"));
            return Poll::Ready(Some(Err(Status::from(error).into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
