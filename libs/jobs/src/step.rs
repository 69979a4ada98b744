use std::io::Write;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum Step {
    /// Committed, nothing asked for yet.
    New,
    /// Its credits are held.
    Reserved,
    /// ai-processor has accepted the job.
    Submitted,
    /// The job succeeded; its result is not applied yet.
    Finished,
    /// The result is in the service's tables.
    Applied,
    /// Given up before ai-processor was known to have accepted it; what may be held is not released yet.
    Abandoned,
    /// Ended without a result.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

impl Step {
    const ALL: [Self; 8] = [
        Self::New,
        Self::Reserved,
        Self::Submitted,
        Self::Finished,
        Self::Applied,
        Self::Abandoned,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reserved => "reserved",
            Self::Submitted => "submitted",
            Self::Finished => "finished",
            Self::Applied => "applied",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen.
    pub fn is_last(self) -> bool {
        matches!(self, Self::Applied | Self::Failed | Self::Cancelled)
    }
}

impl ToSql<Text, Pg> for Step {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.name().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Pg> for Step {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let name = <String as FromSql<Text, Pg>>::from_sql(value)?;
        let known = Self::ALL.into_iter().find(|step| step.name() == name);
        known.ok_or_else(|| format!("{name:?} is no step of a job request").into())
    }
}
