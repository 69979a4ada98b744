//! Which users a list shows, and in which order.

use contracts::JsonEnum;
use contracts::auth::v1 as pb;
use contracts::rest::v1::Role;
use db::{AccountConn, contains_pattern, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use rpc::Error;

use super::owned_by;
use crate::schema::igny8_users;

type Query = igny8_users::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
pub(super) struct Filter {
    search: Option<String>,
    roles: Vec<&'static str>,
    active: Option<bool>,
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::UserFilter>) -> rpc::Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let search = Some(&filter.search).filter(|search| !search.is_empty()).map(|search| contains_pattern(search));
        let roles = filter.role.iter().map(|&role| role_name(role)).collect::<rpc::Result<_>>()?;
        Ok(Self { search, roles, active: filter.active })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_users::deleted_at.is_null();
        let mut query = igny8_users::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(pattern) = &self.search {
            let name = igny8_users::name.ilike(pattern.clone());
            query = query.filter(name.or(igny8_users::email.ilike(pattern.clone())));
        }
        if !self.roles.is_empty() {
            query = query.filter(igny8_users::role.eq_any(self.roles.clone()));
        }
        if let Some(active) = self.active {
            query = query.filter(igny8_users::active.eq(active));
        }
        query
    }
}

fn role_name(role: i32) -> rpc::Result<&'static str> {
    let name = Role::try_from(role).ok().and_then(JsonEnum::json_name);
    name.ok_or_else(|| Error::invalid("role", "This is not a role. Choose viewer, editor, admin or owner."))
}

/// In the order asked for, and by name where that leaves it open. Who never signed in comes last.
pub(super) fn ordered(mut query: Query, ordering: &str) -> Query {
    for key in order_keys(ordering) {
        query = match key {
            ("name", false) => query.then_order_by(igny8_users::name.asc()),
            ("name", true) => query.then_order_by(igny8_users::name.desc()),
            ("email", false) => query.then_order_by(igny8_users::email.asc()),
            ("email", true) => query.then_order_by(igny8_users::email.desc()),
            ("created_at", false) => query.then_order_by(igny8_users::created_at.asc()),
            ("created_at", true) => query.then_order_by(igny8_users::created_at.desc()),
            ("last_sign_in_at", false) => query.then_order_by(igny8_users::last_sign_in_at.asc().nulls_last()),
            ("last_sign_in_at", true) => query.then_order_by(igny8_users::last_sign_in_at.desc().nulls_last()),
            _ => query,
        };
    }
    query.then_order_by((igny8_users::name.asc(), igny8_users::id.asc()))
}
