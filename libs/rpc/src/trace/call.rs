use std::error::Error;
use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tracing::Span;

/// tonic's server drops a call at its deadline by a timer that may run a little ahead of ours.
const TIMER_STEP: Duration = Duration::from_millis(5);

/// One call from its first to its last byte. Dropped before [`Call::end`], it was given up: by the client, by its deadline or by a panic.
pub(super) struct Call {
    service: &'static str,
    method: &'static str,
    span: Span,
    begun: Instant,
    deadline: Option<Instant>,
    ended: bool,
}

impl Call {
    pub(super) fn begin(service: &'static str, method: &'static str, span: Span, deadline: Option<Instant>) -> Self {
        Self { service, method, span, begun: Instant::now(), deadline, ended: false }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Measures and logs. Only the first end counts: a body may be polled after its trailers.
    pub(super) fn end(&mut self, status: &Status) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let code = name(status.code());
        let labels = [("rpc.service", self.service), ("rpc.method", self.method), ("rpc.status", code)];
        metrics::histogram!("rpc.server.call.duration", &labels).record(self.begun.elapsed());
        self.span.record("rpc.status", code);
        self.span.in_scope(|| log(status, code));
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let late = self.deadline.is_some_and(|deadline| Instant::now() + TIMER_STEP >= deadline);
        self.end(&match (std::thread::panicking(), late) {
            (true, _) => Status::internal("the handler panicked"),
            (false, true) => Status::deadline_exceeded("the caller waits no longer"),
            (false, false) => Status::cancelled("the caller went away"),
        });
    }
}

fn log(status: &Status, code: &'static str) {
    let error = chain(status);
    match status.code() {
        Code::Ok => {}
        Code::Internal | Code::Unknown | Code::DataLoss => tracing::error!(code, error, "call failed"),
        Code::Unavailable | Code::DeadlineExceeded => tracing::warn!(code, error, "call failed"),
        _ => tracing::debug!(code, error, "call failed"),
    }
}

/// The message and all its causes in one line.
fn chain(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut source = status.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
