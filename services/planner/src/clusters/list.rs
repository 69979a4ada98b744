//! Which clusters a list shows, and in which order; which ones a selection means.

use contracts::JsonEnum;
use contracts::planner::v1::{self as pb, ClusterStatus};
use db::{AccountConn, Stored, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind, Result};
use uuid::Uuid;

use super::{ids, owned_by};
use crate::schema::igny8_clusters;

type Query = igny8_clusters::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
pub(super) struct Filter {
    site: Option<Uuid>,
    sector: Option<Uuid>,
    status: Option<ClusterStatus>,
    intent: Option<String>,
    topic: Option<String>,
    search: Option<String>,
    keywords: (Option<i64>, Option<i64>),
    volume: (Option<i64>, Option<i64>),
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::ClusterFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(Self {
            site: filter.site_id.as_deref().map(|id| rpc::id("site_id", id)).transpose()?,
            sector: filter.sector_id.as_deref().map(|id| rpc::id("sector_id", id)).transpose()?,
            status: filter.status.map(|_| filter.status()),
            intent: filter.intent.and_then(|_| filter.intent().json_name()).map(str::to_owned),
            topic: text(&filter.topic),
            search: text(&filter.search).map(|search| contains_pattern(&search)),
            keywords: (filter.keyword_count_gte, filter.keyword_count_lte),
            volume: (filter.volume_gte, filter.volume_lte),
        })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_clusters::deleted_at.is_null();
        let mut query = igny8_clusters::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_clusters::site_id.eq(site));
        }
        if let Some(sector) = self.sector {
            query = query.filter(igny8_clusters::sector_id.eq(sector));
        }
        if let Some(status) = self.status {
            query = query.filter(igny8_clusters::status.eq(Stored(status)));
        }
        if let Some(intent) = &self.intent {
            query = query.filter(igny8_clusters::intents.contains(vec![intent.clone()]));
        }
        if let Some(topic) = &self.topic {
            query = query.filter(igny8_clusters::topic.eq(topic.clone()));
        }
        if let Some(pattern) = &self.search {
            let name = igny8_clusters::name.ilike(pattern.clone());
            query = query.filter(name.or(igny8_clusters::topic.ilike(pattern.clone())));
        }
        self.in_ranges(query)
    }

    fn in_ranges(&self, mut query: Query) -> Query {
        if let Some(least) = self.keywords.0 {
            query = query.filter(igny8_clusters::keyword_count.ge(least));
        }
        if let Some(most) = self.keywords.1 {
            query = query.filter(igny8_clusters::keyword_count.le(most));
        }
        if let Some(least) = self.volume.0 {
            query = query.filter(igny8_clusters::volume.ge(least));
        }
        if let Some(most) = self.volume.1 {
            query = query.filter(igny8_clusters::volume.le(most));
        }
        query
    }
}

/// In the order asked for, and the most wanted first where that leaves it open.
pub(super) fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("name", false) => query.then_order_by(igny8_clusters::name.asc()),
            ("name", true) => query.then_order_by(igny8_clusters::name.desc()),
            ("topic", false) => query.then_order_by(igny8_clusters::topic.asc()),
            ("topic", true) => query.then_order_by(igny8_clusters::topic.desc()),
            ("keyword_count", false) => query.then_order_by(igny8_clusters::keyword_count.asc()),
            ("keyword_count", true) => query.then_order_by(igny8_clusters::keyword_count.desc()),
            ("volume", false) => query.then_order_by(igny8_clusters::volume.asc()),
            ("volume", true) => query.then_order_by(igny8_clusters::volume.desc()),
            ("status", false) => query.then_order_by(igny8_clusters::status.asc()),
            ("status", true) => query.then_order_by(igny8_clusters::status.desc()),
            ("created_at", false) => query.then_order_by(igny8_clusters::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_clusters::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_clusters::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_clusters::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by((igny8_clusters::volume.desc(), igny8_clusters::id.desc()))
}

/// The ids that a selection means now, in their order.
pub(crate) async fn selected(conn: &mut AccountConn, selection: &pb::ClusterSelection) -> Result<Vec<Uuid>> {
    let except = ids("except_ids", &selection.except_ids)?;
    let query = match (selection.ids.as_slice(), &selection.filter) {
        ([], None) => return Err(Error::invalid("ids", "Nothing is selected. Name ids or a filter.")),
        ([], Some(filter)) => Filter::read(Some(filter))?.query(conn),
        (named, filter) => {
            let named = ids("ids", named)?;
            Filter::read(filter.as_ref())?.query(conn).filter(igny8_clusters::id.eq_any(named))
        }
    };
    let query = query.filter(igny8_clusters::id.ne_all(except)).order_by(igny8_clusters::id);
    let found: Vec<Uuid> = query.select(igny8_clusters::id).load(conn).await?;
    unchanged(selection.expected_count, found.len())?;
    Ok(found)
}

/// A selection by filter means what the caller was shown, give or take a twentieth.
pub(crate) fn unchanged(expected: Option<i64>, found: usize) -> Result<()> {
    let found = i64::try_from(found).unwrap_or(i64::MAX);
    let Some(expected) = expected else { return Ok(()) };
    if found.abs_diff(expected).saturating_mul(20) <= expected.unsigned_abs() {
        return Ok(());
    }
    let message = format!("This selects {found} now and not {expected}. Look at the list again and repeat it.");
    Err(Error::new(Kind::Aborted, "SELECTION_CHANGED", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_may_change_by_a_twentieth() {
        assert!(unchanged(None, 7).is_ok());
        assert!(unchanged(Some(100), 105).is_ok() && unchanged(Some(100), 95).is_ok());
        assert_eq!(unchanged(Some(100), 106).unwrap_err().reason(), "SELECTION_CHANGED");
        assert!(unchanged(Some(0), 1).is_err());
    }
}
