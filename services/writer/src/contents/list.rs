//! Which articles a list shows, and in which order; which ones a selection means.

use contracts::writer::v1 as pb;
use contracts::writer::v1::ContentStatus;
use db::{AccountConn, Stored, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use super::owned_by;
use crate::schema::igny8_content;
use crate::selection::{ids, nothing, optional_id, unchanged};

type Query = igny8_content::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
pub(super) struct Filter {
    site: Option<Uuid>,
    sector: Option<Uuid>,
    cluster: Option<Uuid>,
    idea: Option<Uuid>,
    task: Option<Uuid>,
    statuses: Vec<ContentStatus>,
    tag: Option<String>,
    category: Option<String>,
    search: Option<String>,
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::ContentFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        Ok(Self {
            site: optional_id("site_id", filter.site_id.as_deref())?,
            sector: optional_id("sector_id", filter.sector_id.as_deref())?,
            cluster: optional_id("cluster_id", filter.cluster_id.as_deref())?,
            idea: optional_id("content_idea_id", filter.content_idea_id.as_deref())?,
            task: optional_id("task_id", filter.task_id.as_deref())?,
            statuses: filter.status().collect(),
            tag: Some(filter.tag.clone()).filter(|tag| !tag.is_empty()),
            category: Some(filter.category.clone()).filter(|category| !category.is_empty()),
            search: Some(&filter.search).filter(|search| !search.is_empty()).map(|search| contains_pattern(search)),
        })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_content::deleted_at.is_null();
        let mut query = igny8_content::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_content::site_id.eq(site));
        }
        if let Some(sector) = self.sector {
            query = query.filter(igny8_content::sector_id.eq(sector));
        }
        if let Some(cluster) = self.cluster {
            query = query.filter(igny8_content::cluster_id.eq(cluster));
        }
        if let Some(idea) = self.idea {
            query = query.filter(igny8_content::content_idea_id.eq(idea));
        }
        if let Some(task) = self.task {
            query = query.filter(igny8_content::task_id.eq(task));
        }
        if let Some(pattern) = &self.search {
            let title = igny8_content::title.ilike(pattern.clone());
            query = query.filter(title.or(igny8_content::primary_keyword.ilike(pattern.clone())));
        }
        self.of_kind(query)
    }

    fn of_kind(&self, mut query: Query) -> Query {
        if !self.statuses.is_empty() {
            let statuses: Vec<_> = self.statuses.iter().map(|status| Stored(*status)).collect();
            query = query.filter(igny8_content::status.eq_any(statuses));
        }
        if let Some(tag) = &self.tag {
            query = query.filter(igny8_content::tags.contains(vec![tag.clone()]));
        }
        if let Some(category) = &self.category {
            query = query.filter(igny8_content::categories.contains(vec![category.clone()]));
        }
        query
    }
}

/// In the order asked for, and the newest first where that leaves it open. What was never live comes last.
pub(super) fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("title", false) => query.then_order_by(igny8_content::title.asc()),
            ("title", true) => query.then_order_by(igny8_content::title.desc()),
            ("status", false) => query.then_order_by(igny8_content::status.asc()),
            ("status", true) => query.then_order_by(igny8_content::status.desc()),
            ("word_count", false) => query.then_order_by(igny8_content::word_count.asc()),
            ("word_count", true) => query.then_order_by(igny8_content::word_count.desc()),
            ("published_at", false) => query.then_order_by(igny8_content::published_at.asc().nulls_last()),
            ("published_at", true) => query.then_order_by(igny8_content::published_at.desc().nulls_last()),
            ("created_at", false) => query.then_order_by(igny8_content::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_content::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_content::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_content::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by(igny8_content::id.desc())
}

/// The ids that a selection means now, in their order.
pub(super) async fn selected(conn: &mut AccountConn, selection: &pb::ContentSelection) -> Result<Vec<Uuid>> {
    let except = ids("except_ids", &selection.except_ids)?;
    let query = match (selection.ids.as_slice(), &selection.filter) {
        ([], None) => return Err(nothing()),
        ([], Some(filter)) => Filter::read(Some(filter))?.query(conn),
        (named, filter) => {
            let named = ids("ids", named)?;
            Filter::read(filter.as_ref())?.query(conn).filter(igny8_content::id.eq_any(named))
        }
    };
    let query = query.filter(igny8_content::id.ne_all(except)).order_by(igny8_content::id);
    let found: Vec<Uuid> = query.select(igny8_content::id).load(conn).await?;
    unchanged(selection.expected_count, found.len())?;
    Ok(found)
}
