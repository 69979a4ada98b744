//! All accounts, on the columns that the system role may read.

use contracts::auth::v1 as pb;
use db::{Page, Stored, SystemConn, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;

use super::Account;
use crate::App;
use crate::schema::igny8_accounts::{self, dsl};

type Query<'q> = igny8_accounts::BoxedQuery<'q, Pg>;

pub(super) async fn list(app: &App, request: &pb::ListAccountsRequest) -> Result<pb::ListAccountsResponse> {
    let page = Page::of(request.page, request.page_size);
    let filter = request.filter.clone().unwrap_or_default();
    app.db
        .system(async |conn: &mut SystemConn| {
            let count = filtered(&filter).count().get_result(conn).await?;
            let rows: Vec<Account> = ordered(filtered(&filter), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(Account::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Account::from).collect();
            Ok(pb::ListAccountsResponse { results, count, count_is_exact: true })
        })
        .await
}

fn filtered(filter: &pb::AccountFilter) -> Query<'static> {
    let mut query = dsl::igny8_accounts.into_boxed();
    if !filter.search.is_empty() {
        query = query.filter(dsl::name.ilike(contains_pattern(&filter.search)));
    }
    let statuses: Vec<_> = filter.status().map(Stored).collect();
    if !statuses.is_empty() {
        query = query.filter(dsl::status.eq_any(statuses));
    }
    query
}

fn ordered<'q>(mut query: Query<'q>, ordering: &str) -> Query<'q> {
    for (key, descends) in order_keys(ordering) {
        query = match (key, descends) {
            ("name", false) => query.then_order_by(dsl::name),
            ("name", true) => query.then_order_by(dsl::name.desc()),
            ("created_at", false) => query.then_order_by(dsl::created_at),
            ("created_at", true) => query.then_order_by(dsl::created_at.desc()),
            _ => query,
        };
    }
    query.then_order_by(dsl::id)
}
