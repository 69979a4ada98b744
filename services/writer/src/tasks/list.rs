//! Which tasks a list shows, and in which order; which ones a selection means.

use chrono::{DateTime, Utc};
use contracts::planner::v1::{ContentStructure, ContentType};
use contracts::writer::v1 as pb;
use contracts::writer::v1::TaskStatus;
use db::{AccountConn, Stored, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Result, timestamp};
use uuid::Uuid;

use super::owned_by;
use crate::schema::igny8_tasks;
use crate::selection::{ids, nothing, optional_id, unchanged};

type Query = igny8_tasks::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
pub(super) struct Filter {
    site: Option<Uuid>,
    sector: Option<Uuid>,
    cluster: Option<Uuid>,
    idea: Option<Uuid>,
    author_profile: Option<Uuid>,
    statuses: Vec<TaskStatus>,
    content_type: Option<ContentType>,
    structure: Option<ContentStructure>,
    due_from: Option<DateTime<Utc>>,
    due_to: Option<DateTime<Utc>>,
    search: Option<String>,
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::TaskFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        Ok(Self {
            site: optional_id("site_id", filter.site_id.as_deref())?,
            sector: optional_id("sector_id", filter.sector_id.as_deref())?,
            cluster: optional_id("cluster_id", filter.cluster_id.as_deref())?,
            idea: optional_id("content_idea_id", filter.content_idea_id.as_deref())?,
            author_profile: optional_id("author_profile_id", filter.author_profile_id.as_deref())?,
            statuses: filter.status().collect(),
            content_type: filter.content_type.map(|_| filter.content_type()),
            structure: filter.structure.map(|_| filter.structure()),
            due_from: timestamp::of_text("due_at__gte", &filter.due_at_gte)?,
            due_to: timestamp::of_text("due_at__lte", &filter.due_at_lte)?,
            search: Some(&filter.search).filter(|search| !search.is_empty()).map(|search| contains_pattern(search)),
        })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_tasks::deleted_at.is_null();
        let mut query = igny8_tasks::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_tasks::site_id.eq(site));
        }
        if let Some(sector) = self.sector {
            query = query.filter(igny8_tasks::sector_id.eq(sector));
        }
        if let Some(cluster) = self.cluster {
            query = query.filter(igny8_tasks::cluster_id.eq(cluster));
        }
        if let Some(idea) = self.idea {
            query = query.filter(igny8_tasks::content_idea_id.eq(idea));
        }
        if let Some(profile) = self.author_profile {
            query = query.filter(igny8_tasks::author_profile_id.eq(profile));
        }
        if let Some(pattern) = &self.search {
            let title = igny8_tasks::title.ilike(pattern.clone());
            query = query.filter(title.or(igny8_tasks::primary_keyword.ilike(pattern.clone())));
        }
        self.of_kind(query)
    }

    fn of_kind(&self, mut query: Query) -> Query {
        if !self.statuses.is_empty() {
            let statuses: Vec<_> = self.statuses.iter().map(|status| Stored(*status)).collect();
            query = query.filter(igny8_tasks::status.eq_any(statuses));
        }
        if let Some(content_type) = self.content_type {
            query = query.filter(igny8_tasks::content_type.eq(Stored(content_type)));
        }
        if let Some(structure) = self.structure {
            query = query.filter(igny8_tasks::structure.eq(Stored(structure)));
        }
        if let Some(from) = self.due_from {
            query = query.filter(igny8_tasks::due_at.ge(from));
        }
        if let Some(to) = self.due_to {
            query = query.filter(igny8_tasks::due_at.le(to));
        }
        query
    }
}

/// In the order asked for, and the newest first where that leaves it open. What is not due at any time comes last.
pub(super) fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("title", false) => query.then_order_by(igny8_tasks::title.asc()),
            ("title", true) => query.then_order_by(igny8_tasks::title.desc()),
            ("status", false) => query.then_order_by(igny8_tasks::status.asc()),
            ("status", true) => query.then_order_by(igny8_tasks::status.desc()),
            ("word_count", false) => query.then_order_by(igny8_tasks::word_count.asc()),
            ("word_count", true) => query.then_order_by(igny8_tasks::word_count.desc()),
            ("due_at", false) => query.then_order_by(igny8_tasks::due_at.asc().nulls_last()),
            ("due_at", true) => query.then_order_by(igny8_tasks::due_at.desc().nulls_last()),
            ("created_at", false) => query.then_order_by(igny8_tasks::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_tasks::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_tasks::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_tasks::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by(igny8_tasks::id.desc())
}

/// The ids that a selection means now, in their order.
pub async fn selected(conn: &mut AccountConn, selection: &pb::TaskSelection) -> Result<Vec<Uuid>> {
    let except = ids("except_ids", &selection.except_ids)?;
    let query = match (selection.ids.as_slice(), &selection.filter) {
        ([], None) => return Err(nothing()),
        ([], Some(filter)) => Filter::read(Some(filter))?.query(conn),
        (named, filter) => {
            let named = ids("ids", named)?;
            Filter::read(filter.as_ref())?.query(conn).filter(igny8_tasks::id.eq_any(named))
        }
    };
    let query = query.filter(igny8_tasks::id.ne_all(except)).order_by(igny8_tasks::id);
    let found: Vec<Uuid> = query.select(igny8_tasks::id).load(conn).await?;
    unchanged(selection.expected_count, found.len())?;
    Ok(found)
}
