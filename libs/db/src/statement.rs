use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};

/// A statement written by hand, prepared once for each connection. `diesel::sql_query` is parsed and planned anew at every use, which a
/// busy statement feels.
///
/// The text names its values `$1`, `$2`, … in the order in which they are bound. Rows are read by name (`QueryableByName`).
///
/// ```
/// # use diesel::sql_types::{BigInt, Uuid};
/// # use diesel_async::RunQueryDsl;
/// # async fn f(conn: &mut db::AccountConn, id: uuid::Uuid) -> rpc::Result<()> {
/// let statement = db::statement("UPDATE igny8_wallets SET held = held + $2 WHERE account_id = $1");
/// statement.bind::<Uuid, _>(id).bind::<BigInt, _>(5).execute(conn).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a statement does nothing until it is run"]
pub fn statement(sql: &'static str) -> Statement {
    Statement { sql }
}

/// See [`statement`].
#[derive(Debug, Clone, Copy)]
#[must_use = "a statement does nothing until it is run"]
pub struct Statement {
    sql: &'static str,
}

/// A [`Statement`] with one more value.
#[derive(Debug, Clone, Copy)]
#[must_use = "a statement does nothing until it is run"]
pub struct Bound<Earlier, Value, Type> {
    earlier: Earlier,
    value: Value,
    of_type: PhantomData<Type>,
}

impl Statement {
    /// Gives the value of `$1`.
    pub fn bind<Type, Value>(self, value: Value) -> Bound<Self, Value, Type> {
        Bound { earlier: self, value, of_type: PhantomData }
    }
}

impl<Earlier, Value, Type> Bound<Earlier, Value, Type> {
    /// Gives the next value.
    pub fn bind<NextType, Next>(self, value: Next) -> Bound<Self, Next, NextType> {
        Bound { earlier: self, value, of_type: PhantomData }
    }
}

/// Diesel writes a placeholder where a value is bound, and the text has its own: those of diesel end up in a comment.
impl QueryFragment<Pg> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.sql);
        out.push_sql("\n-- ");
        Ok(())
    }
}

impl<Earlier, Value, Type> QueryFragment<Pg> for Bound<Earlier, Value, Type>
where
    Pg: HasSqlType<Type>,
    Earlier: QueryFragment<Pg>,
    Value: ToSql<Type, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.earlier.walk_ast(out.reborrow())?;
        out.push_bind_param::<Type, Value>(&self.value)
    }
}

impl QueryId for Statement {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Earlier, Value, Type> QueryId for Bound<Earlier, Value, Type> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<Earlier, Value, Type> Query for Bound<Earlier, Value, Type> {
    type SqlType = Untyped;
}
