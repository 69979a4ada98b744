use std::fmt::Debug;
use std::io::Write;

use contracts::JsonEnum;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;

/// An enum of the contracts in a text column, under the name that it has in JSON. The zero value is not a name and cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Stored<E: Debug>(pub E);

impl<E: JsonEnum + Debug + Copy> ToSql<Text, Pg> for Stored<E> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let name = self.0.json_name().ok_or_else(|| format!("{:?} has no name to store", self.0))?;
        out.write_all(name.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<E: JsonEnum + Debug> FromSql<Text, Pg> for Stored<E> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let name = <String as FromSql<Text, Pg>>::from_sql(value)?;
        let known = E::from_json_name(&name);
        known.map(Self).ok_or_else(|| format!("{name:?} is not a {}", std::any::type_name::<E>()).into())
    }
}
