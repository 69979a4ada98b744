//! How many requests are in hand at once. What does not fit is refused at once: a queue would only make everybody late.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clap::Args;
use contracts::Rest;
use contracts::rest::v1::{RatePolicy, Shape};
use hyper::body::{Frame, SizeHint};
use rpc::{Error, Kind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::target;
use crate::failure::Failure;

/// The most requests in hand at once, for each class.
#[derive(Debug, Clone, Args)]
#[group(skip)] // flattened blocks of one name would share a group
pub struct Config {
    /// Ordinary requests in hand at once
    #[arg(long = "admission-unary", env = "IGNY8_ADMISSION_UNARY", default_value = "512")]
    pub unary: usize,
    /// Requests in hand at once that start work which costs credits
    #[arg(long = "admission-ai", env = "IGNY8_ADMISSION_AI", default_value = "64")]
    pub ai: usize,
    /// Event streams open at once
    #[arg(long = "admission-stream", env = "IGNY8_ADMISSION_STREAM", default_value = "256")]
    pub stream: usize,
    /// Large bodies in hand at once, in or out
    #[arg(long = "admission-export", env = "IGNY8_ADMISSION_EXPORT", default_value = "16")]
    pub export: usize,
}

/// The places of each class, so that one class cannot starve the others.
#[derive(Debug)]
pub(crate) struct Admission {
    unary: Arc<Semaphore>,
    ai: Arc<Semaphore>,
    stream: Arc<Semaphore>,
    export: Arc<Semaphore>,
}

impl Admission {
    pub(crate) fn new(config: &Config) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            unary: places(config.unary),
            ai: places(config.ai),
            stream: places(config.stream),
            export: places(config.export),
        }
    }

    fn class(&self, rest: &Rest) -> &Arc<Semaphore> {
        match (rest.shape, rest.rate_policy) {
            (Shape::Sse, _) => &self.stream,
            (Shape::Raw, _) | (_, RatePolicy::Bulk) => &self.export,
            _ if rest.upload => &self.export,
            (_, RatePolicy::Ai) => &self.ai,
            _ => &self.unary,
        }
    }
}

/// Layer: 503 when the class of the request is full.
pub(crate) async fn admit(State(admission): State<Arc<Admission>>, request: Request, next: Next) -> Response {
    let Some(operation) = target::operation(&request) else { return next.run(request).await };
    let Ok(place) = Arc::clone(admission.class(operation.rest)).try_acquire_owned() else {
        let message = "Too many requests are in hand at the moment. Try again in a second.";
        return Failure::from(Error::new(Kind::Unavailable, "OVERLOADED", message)).into_response();
    };
    next.run(request).await.map(|body| Body::new(Held { body, _place: place }))
}

/// A body that keeps its place until it is sent or dropped. A place given back with the headers would not count a stream at all.
struct Held {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
