//! The list of connections: filters and orders.

use contracts::publisher::v1 as pb;
use db::{AccountConn, Page, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::row::{Connection, owned_by};
use crate::schema::igny8_connections;

pub(super) async fn list(
    conn: &mut AccountConn,
    request: pb::ListConnectionsRequest,
) -> rpc::Result<pb::ListConnectionsResponse> {
    let filter = Filter::read(request.filter.unwrap_or_default())?;
    let page = Page::of(request.page, request.page_size);
    let count = filter.query(conn).count().get_result(conn).await?;
    let rows: Vec<Connection> = ordered(filter.query(conn), &request.ordering)
        .limit(page.limit)
        .offset(page.offset)
        .select(Connection::as_select())
        .load(conn)
        .await?;
    let results = rows.into_iter().map(pb::Connection::from).collect();
    Ok(pb::ListConnectionsResponse { results, count, count_is_exact: true })
}

#[derive(Debug)]
struct Filter {
    site: Option<Uuid>,
    is_default: Option<bool>,
    search: Option<String>,
}

type Query = igny8_connections::BoxedQuery<'static, Pg>;

impl Filter {
    fn read(filter: pb::ConnectionFilter) -> rpc::Result<Self> {
        let pb::ConnectionFilter { site_id, is_default, search } = filter;
        let site = site_id.map(|site| rpc::id("site_id", &site)).transpose()?;
        let search = Some(search).filter(|search| !search.is_empty()).map(|search| contains_pattern(&search));
        Ok(Self { site, is_default, search })
    }

    fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_connections::deleted_at.is_null();
        let mut query = igny8_connections::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_connections::site_id.eq(site));
        }
        if let Some(is_default) = self.is_default {
            query = query.filter(igny8_connections::is_default.eq(is_default));
        }
        if let Some(pattern) = &self.search {
            let found = igny8_connections::url.ilike(pattern.clone());
            query = query.filter(found.or(igny8_connections::username.ilike(pattern.clone())));
        }
        query
    }
}

fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("url", false) => query.then_order_by(igny8_connections::url.asc()),
            ("url", true) => query.then_order_by(igny8_connections::url.desc()),
            ("created_at", false) => query.then_order_by(igny8_connections::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_connections::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_connections::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_connections::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by((igny8_connections::url.asc(), igny8_connections::id.asc()))
}
