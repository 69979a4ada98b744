//! Which ideas a list shows, and in which order; which ones a selection means.

use contracts::planner::v1 as pb;
use contracts::planner::v1::{ContentIdeaStatus, ContentStructure, ContentType};
use db::{AccountConn, Stored, contains_pattern, order_keys};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::owned_by;
use crate::clusters::{ids, unchanged};
use crate::schema::{igny8_content_ideas, igny8_idea_collisions};

type Query = igny8_content_ideas::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
pub(super) struct Filter {
    site: Option<Uuid>,
    sector: Option<Uuid>,
    cluster: Option<Uuid>,
    task: Option<Uuid>,
    status: Option<ContentIdeaStatus>,
    content_type: Option<ContentType>,
    structure: Option<ContentStructure>,
    collides: Option<bool>,
    search: Option<String>,
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::ContentIdeaFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let id = |field: &str, text: &Option<String>| text.as_deref().map(|id| rpc::id(field, id)).transpose();
        Ok(Self {
            site: id("site_id", &filter.site_id)?,
            sector: id("sector_id", &filter.sector_id)?,
            cluster: id("cluster_id", &filter.cluster_id)?,
            task: id("task_id", &filter.task_id)?,
            status: filter.status.map(|_| filter.status()),
            content_type: filter.content_type.map(|_| filter.content_type()),
            structure: filter.structure.map(|_| filter.structure()),
            collides: filter.has_collisions,
            search: Some(&filter.search).filter(|search| !search.is_empty()).map(|search| contains_pattern(search)),
        })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_content_ideas::deleted_at.is_null();
        let mut query = igny8_content_ideas::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_content_ideas::site_id.eq(site));
        }
        if let Some(sector) = self.sector {
            query = query.filter(igny8_content_ideas::sector_id.eq(sector));
        }
        if let Some(cluster) = self.cluster {
            query = query.filter(igny8_content_ideas::cluster_id.eq(cluster));
        }
        if let Some(task) = self.task {
            query = query.filter(igny8_content_ideas::request_id.eq(task));
        }
        if let Some(pattern) = &self.search {
            let title = igny8_content_ideas::title.ilike(pattern.clone());
            query = query.filter(title.or(igny8_content_ideas::primary_keyword.ilike(pattern.clone())));
        }
        self.of_kind(query, conn)
    }

    fn of_kind(&self, mut query: Query, conn: &AccountConn) -> Query {
        if let Some(status) = self.status {
            query = query.filter(igny8_content_ideas::status.eq(Stored(status)));
        }
        if let Some(content_type) = self.content_type {
            query = query.filter(igny8_content_ideas::content_type.eq(Stored(content_type)));
        }
        if let Some(structure) = self.structure {
            query = query.filter(igny8_content_ideas::structure.eq(Stored(structure)));
        }
        if let Some(collides) = self.collides {
            let collisions = igny8_idea_collisions::table
                .filter(igny8_idea_collisions::account_id.eq(conn.account().uuid()))
                .filter(igny8_idea_collisions::idea_id.eq(igny8_content_ideas::id));
            query = if collides {
                query.filter(exists(collisions))
            } else {
                query.filter(diesel::dsl::not(exists(collisions)))
            };
        }
        query
    }
}

/// In the order asked for, and the newest first where that leaves it open.
pub(super) fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("title", false) => query.then_order_by(igny8_content_ideas::title.asc()),
            ("title", true) => query.then_order_by(igny8_content_ideas::title.desc()),
            ("status", false) => query.then_order_by(igny8_content_ideas::status.asc()),
            ("status", true) => query.then_order_by(igny8_content_ideas::status.desc()),
            ("word_count", false) => query.then_order_by(igny8_content_ideas::word_count.asc()),
            ("word_count", true) => query.then_order_by(igny8_content_ideas::word_count.desc()),
            ("created_at", false) => query.then_order_by(igny8_content_ideas::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_content_ideas::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_content_ideas::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_content_ideas::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by(igny8_content_ideas::id.desc())
}

/// The ids that a selection means now, in their order.
pub(super) async fn selected(conn: &mut AccountConn, selection: &pb::ContentIdeaSelection) -> Result<Vec<Uuid>> {
    let except = ids("except_ids", &selection.except_ids)?;
    let query = match (selection.ids.as_slice(), &selection.filter) {
        ([], None) => return Err(Error::invalid("ids", "Nothing is selected. Name ids or a filter.")),
        ([], Some(filter)) => Filter::read(Some(filter))?.query(conn),
        (named, filter) => {
            let named = ids("ids", named)?;
            Filter::read(filter.as_ref())?.query(conn).filter(igny8_content_ideas::id.eq_any(named))
        }
    };
    let query = query.filter(igny8_content_ideas::id.ne_all(except)).order_by(igny8_content_ideas::id);
    let found: Vec<Uuid> = query.select(igny8_content_ideas::id).load(conn).await?;
    unchanged(selection.expected_count, found.len())?;
    Ok(found)
}
