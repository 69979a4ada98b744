//! The table that the tests write to.

use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

diesel::table! {
    igny8_pages (account_id, id) {
        account_id -> Uuid,
        id -> Uuid,
        site_id -> Uuid,
        parent_id -> Nullable<Uuid>,
        name -> Text,
        role -> Text,
    }
}

pub(crate) use igny8_pages::dsl;

pub(crate) async fn insert(conn: &mut AccountConn, name: &str) -> QueryResult<Uuid> {
    let page = (dsl::account_id.eq(conn.account().uuid()), dsl::name.eq(name));
    diesel::insert_into(dsl::igny8_pages).values(page).returning(dsl::id).get_result(conn).await
}

pub(crate) async fn insert_on(conn: &mut AccountConn, site: Uuid, name: &str) -> QueryResult<usize> {
    let page = (dsl::account_id.eq(conn.account().uuid()), dsl::site_id.eq(site), dsl::name.eq(name));
    diesel::insert_into(dsl::igny8_pages).values(page).execute(conn).await
}

/// Deliberately without a filter: what keeps accounts apart here is the database.
pub(crate) async fn names(conn: &mut AccountConn) -> Result<Vec<String>> {
    Ok(dsl::igny8_pages.select(dsl::name).order(dsl::name).load(conn).await?)
}

pub(crate) async fn backend<C: diesel_async::AsyncConnection<Backend = diesel::pg::Pg>>(conn: &mut C) -> Result<i32> {
    Ok(diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("pg_backend_pid()")).get_result(conn).await?)
}
