//! Which sites a list shows, and in which order.

use contracts::auth::v1 as pb;
use db::{AccountConn, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use super::owned_by;
use crate::schema::igny8_sites;

type Query = igny8_sites::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
pub(super) struct Filter {
    search: Option<String>,
    active: Option<bool>,
    industry: Option<Uuid>,
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::SiteFilter>) -> rpc::Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let industry = filter.industry_id.as_deref().map(|id| rpc::id("industry_id", id)).transpose()?;
        let search = Some(&filter.search).filter(|search| !search.is_empty()).map(|search| contains_pattern(search));
        Ok(Self { search, active: filter.active, industry })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> Query {
        let mut query =
            igny8_sites::table.filter(owned_by(conn)).filter(igny8_sites::deleted_at.is_null()).into_boxed();
        if let Some(pattern) = &self.search {
            let name = igny8_sites::name.ilike(pattern.clone());
            query = query.filter(name.or(igny8_sites::domain.ilike(pattern.clone())));
        }
        if let Some(active) = self.active {
            query = query.filter(igny8_sites::active.eq(active));
        }
        if let Some(industry) = self.industry {
            query = query.filter(igny8_sites::industry_id.eq(industry));
        }
        query
    }
}

/// In the order asked for, and by name where that leaves it open.
pub(super) fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("name", false) => query.then_order_by(igny8_sites::name.asc()),
            ("name", true) => query.then_order_by(igny8_sites::name.desc()),
            ("domain", false) => query.then_order_by(igny8_sites::domain.asc()),
            ("domain", true) => query.then_order_by(igny8_sites::domain.desc()),
            ("created_at", false) => query.then_order_by(igny8_sites::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_sites::created_at.desc()),
            ("updated_at", false) => query.then_order_by(igny8_sites::updated_at.asc()),
            ("updated_at", true) => query.then_order_by(igny8_sites::updated_at.desc()),
            _ => query,
        };
    }
    query.then_order_by((igny8_sites::name.asc(), igny8_sites::id.asc()))
}
