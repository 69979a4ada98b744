use std::fmt;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use uuid::Uuid;

/// The account whose data a piece of code may touch.
///
/// It cannot be made by hand. It comes from a verified token, from the metadata of an internal call whose mTLS caller the contract
/// allows, from the envelope of a message, or from a row that a system role has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Uuid)]
pub struct AccountId(Uuid);

impl AccountId {
    /// For an id whose origin was checked: the two callers are `token::Verified` and the access layer.
    pub(crate) fn checked(id: Uuid) -> Self {
        Self(id)
    }

    /// The account in the envelope of a message from the broker, for the bus alone.
    ///
    /// Nobody but services of the fleet can publish there, and the relay of each takes the account from the row that was written in a
    /// transaction of that account: the envelope says what a verified token said before.
    pub fn of_message(id: Uuid) -> Self {
        Self(id)
    }

    /// The id itself, for a statement or a message.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromSql<diesel::sql_types::Uuid, Pg> for AccountId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<diesel::sql_types::Uuid, Pg>::from_sql(value).map(Self)
    }
}
