use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use rpc::{Error, Kind, Result};

/// What a violated constraint of the database means to the client. Name every constraint of a table that a request can violate:
///
/// ```
/// use db::Constraint;
///
/// const NAMES: &[Constraint] = &[Constraint {
///     field: Some("domain"),
///     ..Constraint::new(
///         "igny8_sites_account_id_domain_key",
///         "SITE_DOMAIN_TAKEN",
///         "Another site of this account has this domain. Choose another one.",
///     )
/// }];
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Constraint {
    /// As in the schema: `<table>_<columns>_{key,fkey,check,excl}`, or the name of a unique index.
    pub name: &'static str,
    /// The stable reason of the answer, `SCREAMING_SNAKE`.
    pub reason: &'static str,
    /// The field of the request that is to blame.
    pub field: Option<&'static str>,
    /// A plain sentence: what happened, and what to do.
    pub message: &'static str,
    /// Instead of `AlreadyExists` for a unique constraint and `InvalidArgument` for any other.
    pub kind: Option<Kind>,
}

impl Constraint {
    /// A constraint that no single field is to blame for, with the kind that follows from its sort.
    pub const fn new(name: &'static str, reason: &'static str, message: &'static str) -> Self {
        Self { name, reason, field: None, message, kind: None }
    }

    fn error(&self, sort: Kind) -> Error {
        let error = Error::new(self.kind.unwrap_or(sort), self.reason, self.message);
        match self.field {
            Some(field) => error.with_violation(field, self.message),
            None => error,
        }
    }
}

/// Turns violated constraints into answers, at the query.
pub trait OnConstraint<T> {
    /// A violation of one of `constraints` becomes its error; anything else becomes what it would have become with `?`.
    fn constraints(self, constraints: &[Constraint]) -> Result<T>;
}

impl<T> OnConstraint<T> for QueryResult<T> {
    fn constraints(self, constraints: &[Constraint]) -> Result<T> {
        self.map_err(|error| match violation(&error, constraints) {
            Some(violation) => violation.with_cause(error),
            None => error.into(),
        })
    }
}

fn violation(error: &QueryError, constraints: &[Constraint]) -> Option<Error> {
    let QueryError::DatabaseError(sort, information) = error else { return None };
    let sort = match sort {
        DatabaseErrorKind::UniqueViolation => Kind::AlreadyExists,
        DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::ExclusionViolation
        | DatabaseErrorKind::RestrictViolation => Kind::InvalidArgument,
        _ => return None,
    };
    let name = information.constraint_name()?;
    constraints.iter().find(|constraint| constraint.name == name).map(|constraint| constraint.error(sort))
}
