//! A multipart body, read part by part as it arrives, and never held whole.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use futures_util::Stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use tokio::time::timeout;

use crate::edge::body::{self, Policy};
use crate::failure::Failure;

/// The most bytes that the reader may take in without giving a part of the form out: the head of a part says no length.
const MOST_HELD: u64 = 2 << 20;

/// A form, while it arrives.
pub(super) struct Form {
    parts: Multipart,
    policy: Policy,
    held: Arc<AtomicU64>,
}

/// One part of a form, while it arrives.
pub(super) struct Part<'f> {
    field: Field<'f>,
    policy: Policy,
    held: Arc<AtomicU64>,
}

impl Form {
    /// Begins to read a body; 415 when it is no form.
    pub(super) async fn open(head: &Parts, body: Body, policy: Policy) -> Result<Self, Failure> {
        let waiting = Arc::new(AtomicU64::new(0));
        let paced = Paced { body, taken: 0, most: policy.upload, held: Arc::clone(&waiting), rests: false };
        let mut request = Request::new(Body::from_stream(paced));
        request.headers_mut().extend(head.headers.get(CONTENT_TYPE).map(|kind| (CONTENT_TYPE, kind.clone())));
        DefaultBodyLimit::disable().apply(&mut request); // ours counts on the way
        let parts = Multipart::from_request(request, &()).await.map_err(|_| no_form())?;
        Ok(Self { parts, policy, held: waiting })
    }

    /// The next part; none at the end of the form.
    pub(super) async fn next(&mut self) -> Result<Option<Part<'_>>, Failure> {
        let policy = self.policy;
        self.held.store(0, Ordering::Relaxed);
        let next = timeout(policy.patience, self.parts.next_field());
        let field = next.await.map_err(|_| body::late())?.map_err(|error| failure(&error, policy))?;
        Ok(field.map(|field| Part { field, policy, held: Arc::clone(&self.held) }))
    }
}

impl Part<'_> {
    pub(super) fn name(&self) -> String {
        self.field.name().unwrap_or_default().to_owned()
    }

    /// As the sender's disk has it, without the folders that some browsers tell.
    pub(super) fn file_name(&self) -> String {
        let name = self.field.file_name().unwrap_or_default();
        name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    }

    /// The next bytes; none at the end of the part.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let policy = self.policy;
        self.held.store(0, Ordering::Relaxed);
        let chunk = timeout(policy.patience, self.field.chunk());
        chunk.await.map_err(|_| body::late())?.map_err(|error| failure(&error, policy))
    }

    /// All of it, when it has at most so many bytes.
    pub(super) async fn text(mut self, most: usize) -> Result<String, Failure> {
        let mut text = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            text.extend_from_slice(&chunk);
            if text.len() > most {
                return Err(Failure::edge(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "BODY_TOO_LARGE",
                    format!("The fields before the file are too large: together at most {most} bytes are accepted."),
                ));
            }
        }
        String::from_utf8(text).map_err(|_| malformed("A field is not UTF-8."))
    }
}

/// The bytes of the body, counted, one frame at a time: the reader of the form takes in all that it is offered before it gives anything
/// out, so that a fast sender and a slow service would fill the memory.
struct Paced {
    body: Body,
    taken: u64,
    most: u64,
    held: Arc<AtomicU64>,
    rests: bool,
}

impl Stream for Paced {
    type Item = Result<Bytes, Cut>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rests) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(_)) => return Poll::Ready(Some(Err(Cut::Broken))),
            None => return Poll::Ready(None),
        };
        self.rests = true;
        let length = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        self.taken = self.taken.saturating_add(length);
        let held = self.held.fetch_add(length, Ordering::Relaxed);
        Poll::Ready(Some(match () {
            () if self.taken > self.most => Err(Cut::TooLarge),
            () if held > MOST_HELD => Err(Cut::Endless),
            () => Ok(frame),
        }))
    }
}

/// Why a body was read no further.
#[derive(Debug, Clone, Copy)]
enum Cut {
    TooLarge,
    Broken,
    /// The head of a part does not end.
    Endless,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body was cut: {self:?}")
    }
}

impl std::error::Error for Cut {}

fn failure(error: &MultipartError, policy: Policy) -> Failure {
    match anyhow::Chain::new(error).find_map(|cause| cause.downcast_ref::<Cut>()) {
        Some(Cut::TooLarge) => body::too_large(policy.upload),
        Some(Cut::Broken) => body::broken(),
        Some(Cut::Endless) | None => malformed("The form is malformed or incomplete."),
    }
}

fn malformed(what: &str) -> Failure {
    Failure::edge(StatusCode::BAD_REQUEST, "MALFORMED_FORM", format!("{what} Send it as multipart/form-data."))
}

fn no_form() -> Failure {
    Failure::edge(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "The body must be a form with a file. Send it as multipart/form-data with a boundary.",
    )
}
