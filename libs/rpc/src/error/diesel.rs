//! What a failed statement means to the caller.

use diesel::result::{DatabaseErrorKind, Error as QueryError};

use super::{Error, Kind};

/// Where PostgreSQL or the way to it is the trouble, and the same statement may pass later.
///
/// diesel does not hand out the SQLSTATE of an error that it has no name for, only PostgreSQL's text (in English: `lc_messages` of our
/// servers is `C`).
const UNAVAILABLE: &[&str] = &[
    "terminating connection",                   // 57P01, 57P02, 25P03
    "the database system is",                   // 57P03: starting up, shutting down, in recovery mode
    "too many clients already",                 // 53300
    "too many connections for",                 // 53300, of a role or a database
    "remaining connection slots",               // 53300
    "out of memory",                            // 53200
    "out of shared memory",                     // 53200
    "no space left on device",                  // 53100
    "deadlock detected",                        // 40P01
    "canceling statement due to lock timeout",  // 55P03
    "canceling statement due to conflict with", // 40001, on a standby
];

const STATEMENT_TIMEOUT: &str = "canceling statement due to"; // 57014: a timeout, or a request to cancel

/// What the driver says when a value does not fit its column: the connection is sound and the fault ours.
const MISFIT: &[&str] = &["error serializing", "error deserializing"];

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        match kind(&error) {
            Kind::Unavailable => Self::unavailable(error),
            Kind::DeadlineExceeded => Self::deadline_exceeded(error),
            _ => Self::internal(error),
        }
    }
}

fn kind(error: &QueryError) -> Kind {
    match error {
        QueryError::DatabaseError(kind, information) => database_kind(*kind, &information.message().to_lowercase()),
        QueryError::BrokenTransactionManager => Kind::Unavailable,
        QueryError::RollbackErrorOnCommit { commit_error, .. } => self::kind(commit_error),
        _ => Kind::Internal,
    }
}

fn database_kind(kind: DatabaseErrorKind, message: &str) -> Kind {
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match kind {
        DatabaseErrorKind::UnableToSendCommand if says(MISFIT) => Kind::Internal,
        DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::SerializationFailure => Kind::Unavailable,
        _ if says(UNAVAILABLE) => Kind::Unavailable,
        DatabaseErrorKind::Unknown if message.starts_with(STATEMENT_TIMEOUT) => Kind::DeadlineExceeded,
        _ => Kind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(kind: DatabaseErrorKind, message: &str) -> Kind {
        Error::from(QueryError::DatabaseError(kind, Box::new(message.to_owned()))).kind()
    }

    #[test]
    fn a_lost_connection_is_worth_another_try() {
        use DatabaseErrorKind::{ClosedConnection, SerializationFailure, UnableToSendCommand, Unknown};
        for (kind, message) in [
            (UnableToSendCommand, "connection closed"),
            (UnableToSendCommand, "error communicating with the server: Broken pipe (os error 32)"),
            (ClosedConnection, ""),
            (SerializationFailure, "could not serialize access due to concurrent update"),
            (Unknown, "terminating connection due to administrator command"),
            (Unknown, "the database system is starting up"),
            (Unknown, "sorry, too many clients already"),
            (Unknown, "could not extend file \"base/1/2\": No space left on device"),
            (Unknown, "canceling statement due to lock timeout"),
        ] {
            assert_eq!(kind_of(kind, message), Kind::Unavailable, "{message}");
        }
    }

    #[test]
    fn a_statement_that_took_too_long_is_a_deadline() {
        let kind = kind_of(DatabaseErrorKind::Unknown, "canceling statement due to statement timeout");
        assert_eq!(kind, Kind::DeadlineExceeded);
    }

    #[test]
    fn everything_else_is_our_fault_and_its_text_stays_here() {
        let error = Error::from(QueryError::NotFound);
        assert_eq!((error.kind(), error.reason()), (Kind::Internal, "INTERNAL"));
        assert!(!error.message().contains("not found"));
        assert_eq!(kind_of(DatabaseErrorKind::UniqueViolation, "duplicate key value"), Kind::Internal);
        let misfit = "error serializing parameter 0: out of range";
        assert_eq!(kind_of(DatabaseErrorKind::UnableToSendCommand, misfit), Kind::Internal);
    }
}
