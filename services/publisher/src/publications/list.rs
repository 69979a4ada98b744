//! Which publications a list shows, and in which order.

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::PublicationState;
use db::{AccountConn, Page, Stored, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use super::{Publication, owned_by};
use crate::schema::igny8_publications;

type Query = igny8_publications::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
struct Filter {
    site: Option<Uuid>,
    content: Option<Uuid>,
    connection: Option<Uuid>,
    state: Option<PublicationState>,
    search: Option<String>,
}

impl Filter {
    fn read(filter: Option<&pb::PublicationFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let id = |field: &str, text: &Option<String>| text.as_deref().map(|id| rpc::id(field, id)).transpose();
        Ok(Self {
            site: id("site_id", &filter.site_id)?,
            content: id("content_id", &filter.content_id)?,
            connection: id("connection_id", &filter.connection_id)?,
            state: filter.state.map(|_| filter.state()),
            search: Some(&filter.search).filter(|search| !search.is_empty()).map(|search| contains_pattern(search)),
        })
    }

    fn query(&self, conn: &AccountConn) -> Query {
        let mut query = igny8_publications::table.filter(owned_by(conn)).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_publications::site_id.eq(site));
        }
        if let Some(content) = self.content {
            query = query.filter(igny8_publications::content_id.eq(content));
        }
        if let Some(connection) = self.connection {
            query = query.filter(igny8_publications::connection_id.eq(connection));
        }
        if let Some(state) = self.state {
            query = query.filter(igny8_publications::state.eq(Stored(state)));
        }
        if let Some(pattern) = &self.search {
            query = query.filter(igny8_publications::title.ilike(pattern.clone()));
        }
        query
    }
}

pub(super) async fn list(
    conn: &mut AccountConn,
    request: &pb::ListPublicationsRequest,
) -> Result<pb::ListPublicationsResponse> {
    let filter = Filter::read(request.filter.as_ref())?;
    let page = Page::of(request.page, request.page_size);
    let count = filter.query(conn).count().get_result(conn).await?;
    let query = ordered(filter.query(conn), &request.ordering).limit(page.limit).offset(page.offset);
    let rows: Vec<Publication> = query.select(Publication::as_select()).load(conn).await?;
    let results = rows.into_iter().map(pb::Publication::from).collect();
    Ok(pb::ListPublicationsResponse { results, count, count_is_exact: true })
}

/// In the order asked for, and the newest first where that leaves it open.
fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("title", false) => query.then_order_by(igny8_publications::title.asc()),
            ("title", true) => query.then_order_by(igny8_publications::title.desc()),
            ("state", false) => query.then_order_by(igny8_publications::state.asc()),
            ("state", true) => query.then_order_by(igny8_publications::state.desc()),
            ("scheduled_for", false) => query.then_order_by(igny8_publications::scheduled_for.asc()),
            ("scheduled_for", true) => query.then_order_by(igny8_publications::scheduled_for.desc().nulls_last()),
            ("published_at", false) => query.then_order_by(igny8_publications::published_at.asc()),
            ("published_at", true) => query.then_order_by(igny8_publications::published_at.desc().nulls_last()),
            ("created_at", false) => query.then_order_by(igny8_publications::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_publications::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_publications::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_publications::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by(igny8_publications::id.desc())
}
