mod diesel;
mod status;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use contracts::Violation;

/// A result whose error is the fleet's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for people (`message`), for programs (`kind`, `reason`, `violations`) and for us (the cause).
///
/// The first three reach the client. The cause never does: it stays in this process, as the source of the error and then of the
/// [`tonic::Status`], where the trace layer logs it once with its chain. So nobody logs an error and returns it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    reason: Cow<'static, str>,
    message: Cow<'static, str>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    cause: Option<anyhow::Error>,
}

/// The closed list of what can go wrong. Each is one gRPC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is wrong, whatever the state of things.
    InvalidArgument,
    /// A page or range outside what exists.
    OutOfRange,
    /// Nobody, or nobody we can verify.
    Unauthenticated,
    /// Somebody who may not.
    PermissionDenied,
    /// No such thing, or a thing of another account.
    NotFound,
    /// The name or key is taken.
    AlreadyExists,
    /// Another request was in the way: the same one may pass later.
    Aborted,
    /// The state of things does not allow it; `reason` says which.
    FailedPrecondition,
    /// A limit or quota is used up.
    Exhausted,
    /// No such method.
    Unimplemented,
    /// Something we need cannot be reached; try again.
    Unavailable,
    /// It took longer than the caller waits.
    DeadlineExceeded,
    /// Our fault. Its text is always the same.
    Internal,
}

impl Kind {
    /// The name as gRPC and our REST answers write it, for example `RESOURCE_EXHAUSTED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::Aborted => "ABORTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Exhausted => "RESOURCE_EXHAUSTED",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Unavailable => "UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Internal => "INTERNAL",
        }
    }

    /// What people read when nobody wrote a better sentence.
    fn sentence(self) -> &'static str {
        match self {
            Self::InvalidArgument => "The request is not valid. Check it against the API reference.",
            Self::OutOfRange => "The range asked for lies outside what exists. Ask for a smaller one.",
            Self::Unauthenticated => "You are not signed in. Sign in and try again.",
            Self::PermissionDenied => "You may not do this. Ask an administrator of your account.",
            Self::NotFound => "There is no such thing here. It may have been deleted.",
            Self::AlreadyExists => "This exists already. Choose another name.",
            Self::Aborted => "Another request was in the way. Try again.",
            Self::FailedPrecondition => "This cannot be done in the present state.",
            Self::Exhausted => "A limit is reached. Try again later.",
            Self::Unimplemented => "There is no such method. Check the address against the API reference.",
            Self::Unavailable => "The service cannot be reached at the moment. Try again in a few seconds.",
            Self::DeadlineExceeded => "This took too long and was stopped. Try again, or ask for less at once.",
            Self::Internal => {
                "Something went wrong on our side. Try again; if it stays, write to support with the request id."
            }
        }
    }
}

impl Error {
    /// An error with a stable `reason` (`SCREAMING_SNAKE`) and a sentence for people. The text of [`Kind::Internal`] is fixed: there
    /// the message becomes the cause.
    pub fn new(kind: Kind, reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        match kind {
            Kind::Internal => Self::plain(kind, reason).with_cause(anyhow::Error::msg(message)),
            _ => Self(Box::new(Inner { message: message.into(), ..*Self::plain(kind, reason).0 })),
        }
    }

    /// An error with the sentence of its kind.
    fn plain(kind: Kind, reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            reason: reason.into(),
            message: kind.sentence().into(),
            violations: Vec::new(),
            retry_after: None,
            cause: None,
        }))
    }

    /// One field of the request is wrong: `INVALID_FIELD`.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(Kind::InvalidArgument, "INVALID_FIELD", message.clone()).with_violation(field, message)
    }

    /// Several fields of the request are wrong: `INVALID_FIELD`.
    pub fn invalid_fields(mut violations: Vec<Violation>) -> Self {
        match (violations.len(), violations.pop()) {
            (1, Some(only)) => Self::invalid(only.field, only.message),
            (count, last) => {
                let message = format!("{count} fields are not valid. Correct them and try again.");
                let mut error = Self::new(Kind::InvalidArgument, "INVALID_FIELD", message);
                error.0.violations = violations;
                error.0.violations.extend(last);
                error
            }
        }
    }

    /// There is no such thing for this caller: `NOT_FOUND`. `what` is its name (`site`).
    pub fn not_found(what: &'static str) -> Self {
        Self::new(Kind::NotFound, "NOT_FOUND", format!("There is no such {what}. It may have been deleted."))
    }

    /// Our fault: `INTERNAL`.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::plain(Kind::Internal, "INTERNAL").with_cause(cause)
    }

    /// Something we need cannot be reached: `UNAVAILABLE`, to be tried again in a second.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self::plain(Kind::Unavailable, "UNAVAILABLE").with_retry_after(Duration::from_secs(1)).with_cause(cause)
    }

    /// It took longer than the caller waits: `DEADLINE_EXCEEDED`.
    pub fn deadline_exceeded(cause: impl Into<anyhow::Error>) -> Self {
        Self::plain(Kind::DeadlineExceeded, "DEADLINE_EXCEEDED").with_cause(cause)
    }

    /// The state of things does not allow it.
    pub fn precondition(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::FailedPrecondition, reason, message)
    }

    /// The value of `field`, or the thing as a whole, is taken.
    pub fn conflict(reason: &'static str, field: Option<&str>, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = Self::new(Kind::AlreadyExists, reason, message.clone());
        match field {
            Some(field) => error.with_violation(field, message),
            None => error,
        }
    }

    /// A verified caller who may not.
    pub fn denied(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::PermissionDenied, reason, message)
    }

    /// Nobody, or nobody we can verify.
    pub fn unauthenticated(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, reason, message)
    }

    /// A limit is used up until `retry_after` has passed.
    pub fn exhausted(reason: &'static str, message: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(Kind::Exhausted, reason, message).with_retry_after(retry_after)
    }

    /// Adds what is logged and never sent. A cause that is there already becomes the cause of this one.
    pub fn with_cause(mut self, cause: impl Into<anyhow::Error>) -> Self {
        let cause = cause.into();
        self.0.cause = Some(match self.0.cause.take() {
            Some(earlier) => earlier.context(format!("{cause:#}")),
            None => cause,
        });
        self
    }

    /// Adds a wrong field, by its JSON path (`sectors.0.name`).
    pub fn with_violation(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.violations.push(Violation { field: field.into(), message: message.into() });
        self
    }

    /// Says when to try again.
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// What went wrong, in one word.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable word for programs, for example `CLUSTER_NAME_TAKEN`.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields that are wrong.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// When to try again, if that was said.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.reason, self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(AsRef::as_ref)
    }
}
