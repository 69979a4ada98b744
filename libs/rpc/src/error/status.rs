//! [`Error`] on the wire: the details of `google.rpc` beside a gRPC code.

use std::collections::HashMap;
use std::error::Error as _;

use contracts::Violation;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::{Error, Inner, Kind};

/// Marks the details as ours: only such a status has a reason and a message that may reach people.
const DOMAIN: &str = "igny8";

/// A status travels in HTTP/2 headers, of which a peer accepts 16 KiB in all. Violations past this size are left out: who has
/// corrected the first fifty will hear of the others.
const MAX_VIOLATION_BYTES: usize = 4096;

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let Inner { kind, reason, message, violations, retry_after, cause } = *error.0;
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, DOMAIN, HashMap::new());
        if !violations.is_empty() {
            details.set_bad_request(sendable(violations));
        }
        if retry_after.is_some() {
            details.set_retry_info(retry_after);
        }
        let mut status = Self::with_error_details(code(kind), message, details);
        if let Some(cause) = cause {
            let cause: Box<dyn std::error::Error + Send + Sync> = cause.into();
            status.set_source(cause.into());
        }
        status
    }
}

fn sendable(violations: Vec<Violation>) -> Vec<FieldViolation> {
    let mut bytes = 0;
    let fits = |violation: &Violation| {
        bytes += violation.field.len() + violation.message.len();
        bytes <= MAX_VIOLATION_BYTES
    };
    violations.into_iter().take_while(fits).map(|v| FieldViolation::new(v.field, v.message)).collect()
}

/// Total: what is not ours keeps its kind and loses its text, which is a library's and not for people.
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let error = match details.error_info().filter(|info| info.domain == DOMAIN) {
            Some(info) => ours(&status, info.reason.clone()),
            None => foreign(&status),
        };
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        let error = violations.into_iter().fold(error, |error, v| error.with_violation(v.field, v.description));
        match details.retry_info().and_then(|retry| retry.retry_delay) {
            Some(delay) => error.with_retry_after(delay),
            None => error,
        }
    }
}

fn ours(status: &Status, reason: String) -> Error {
    let kind = kind(status);
    let mut error = Error::plain(kind, reason).with_cause(chain(status));
    if kind != Kind::Internal {
        error.0.message = status.message().to_owned().into();
    }
    error
}

fn foreign(status: &Status) -> Error {
    match kind(status) {
        Kind::Unavailable => Error::unavailable(chain(status)),
        kind => Error::plain(kind, kind.name()).with_cause(chain(status)),
    }
}

/// A status with its sources as one error. The sources themselves cannot be taken out of it.
fn chain(status: &Status) -> anyhow::Error {
    let mut text = format!("the call was answered {:?}", status.code());
    if !status.message().is_empty() {
        text = format!("{text}: {}", status.message());
    }
    let mut source = status.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    anyhow::Error::msg(text)
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::Aborted => Code::Aborted,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Unimplemented => Code::Unimplemented,
        Kind::Unavailable => Code::Unavailable,
        Kind::DeadlineExceeded => Code::DeadlineExceeded,
        Kind::Internal => Code::Internal,
    }
}

fn kind(status: &Status) -> Kind {
    match status.code() {
        Code::InvalidArgument => Kind::InvalidArgument,
        Code::OutOfRange => Kind::OutOfRange,
        Code::Unauthenticated => Kind::Unauthenticated,
        Code::PermissionDenied => Kind::PermissionDenied,
        Code::NotFound => Kind::NotFound,
        Code::AlreadyExists => Kind::AlreadyExists,
        Code::Aborted => Kind::Aborted,
        Code::FailedPrecondition => Kind::FailedPrecondition,
        Code::ResourceExhausted => Kind::Exhausted,
        Code::Unimplemented => Kind::Unimplemented,
        Code::DeadlineExceeded => Kind::DeadlineExceeded,
        // tonic's server ends a call at its deadline with this text, and a call whose connection broke without it.
        Code::Cancelled if status.message() == "Timeout expired" => Kind::DeadlineExceeded,
        Code::Unavailable | Code::Cancelled => Kind::Unavailable,
        Code::Unknown | Code::Internal if is_transport(status) => Kind::Unavailable,
        Code::Ok | Code::Unknown | Code::DataLoss | Code::Internal => Kind::Internal,
    }
}

/// Whether the connection failed, not the call.
fn is_transport(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<tonic::transport::Error>() || error.is::<hyper::Error>() || error.is::<std::io::Error>() {
            return true;
        }
        source = error.source();
    }
    status.code() == Code::Unknown && status.message() == "transport error"
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const KINDS: [Kind; 13] = [
        Kind::InvalidArgument,
        Kind::OutOfRange,
        Kind::Unauthenticated,
        Kind::PermissionDenied,
        Kind::NotFound,
        Kind::AlreadyExists,
        Kind::Aborted,
        Kind::FailedPrecondition,
        Kind::Exhausted,
        Kind::Unimplemented,
        Kind::Unavailable,
        Kind::DeadlineExceeded,
        Kind::Internal,
    ];

    #[test]
    fn every_kind_comes_back_with_its_reason_violations_and_delay() {
        for kind in KINDS {
            let sent = Error::new(kind, "CLUSTER_NAME_TAKEN", "The name „Größe“ is taken.\nChoose another.")
                .with_violation("sectors.0.name", "is taken")
                .with_retry_after(Duration::from_millis(1500));
            let back = Error::from(Status::from(sent));
            assert_eq!(back.kind(), kind);
            assert_eq!(back.reason(), "CLUSTER_NAME_TAKEN");
            assert_eq!(back.retry_after(), Some(Duration::from_millis(1500)));
            assert_eq!(back.violations().len(), 1);
            assert_eq!(back.violations()[0].field, "sectors.0.name");
            assert_eq!(back.violations()[0].message, "is taken");
            if kind != Kind::Internal {
                assert_eq!(back.message(), "The name „Größe“ is taken.\nChoose another.");
            }
        }
    }

    #[test]
    fn nothing_of_the_cause_is_sent() {
        let secret = "password authentication failed for user igny8_auth";
        for error in [
            Error::internal(anyhow::Error::msg(secret)),
            Error::unavailable(anyhow::Error::msg(secret)),
            Error::new(Kind::Internal, "INTERNAL", secret),
            Error::not_found("site").with_cause(anyhow::Error::msg(secret)),
        ] {
            let status = Status::from(error);
            assert!(
                status.source().is_some_and(|source| source.to_string() == secret),
                "the trace layer logs the cause"
            );
            let response = status.into_http::<()>();
            assert!(!format!("{:?}", response.headers()).contains("password"));
        }
    }

    #[test]
    fn the_text_of_an_internal_error_is_always_the_same() {
        let told = Error::internal(anyhow::anyhow!("disk full"));
        let from_another = Error::from(Status::internal("index out of bounds"));
        assert_eq!(told.message(), Kind::Internal.sentence());
        assert_eq!(from_another.message(), Kind::Internal.sentence());
    }

    #[test]
    fn a_librarys_text_does_not_reach_people_but_its_log_line_keeps_it() {
        let error = Error::from(Status::invalid_argument("invalid wire type: Varint (expected LengthDelimited)"));
        assert_eq!((error.kind(), error.reason()), (Kind::InvalidArgument, "INVALID_ARGUMENT"));
        assert!(!error.message().contains("Varint"));
        assert!(error.source().is_some_and(|cause| cause.to_string().contains("Varint")));
    }

    #[test]
    fn a_broken_connection_is_unavailable_whatever_its_code() {
        let mut broken = Status::unknown("transport error");
        assert_eq!(Error::from(broken.clone()).kind(), Kind::Unavailable);
        broken = Status::internal("h2 protocol error");
        broken.set_source(std::sync::Arc::new(std::io::Error::other("connection reset")));
        let error = Error::from(broken);
        assert_eq!(error.kind(), Kind::Unavailable);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
        assert_eq!(Error::from(Status::cancelled("operation was canceled")).kind(), Kind::Unavailable);
        assert_eq!(Error::from(Status::cancelled("Timeout expired")).kind(), Kind::DeadlineExceeded);
        assert_eq!(Error::from(Status::unknown("")).kind(), Kind::Internal);
    }

    #[test]
    fn a_thousand_violations_still_fit_into_the_headers() {
        let fields = (0..1000).map(|n| Violation { field: format!("items.{n}.name"), message: "is too long".into() });
        let status = Status::from(Error::invalid_fields(fields.collect()));
        assert!(status.details().len() < 8192);
        let error = Error::from(status);
        assert!(error.violations().len() > 50);
        assert_eq!(error.message(), "1000 fields are not valid. Correct them and try again.");
    }
}
