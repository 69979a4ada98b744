//! The audit log: who did what in an account. `db::audit` writes it, in the transaction of each deed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::auth::v1 as pb;
use contracts::auth::v1::audit_service_server::AuditService;
use db::{AccountConn, Page};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use prost_types::FieldMask;
use rpc::timestamp;
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_audit_log;

#[derive(Debug)]
pub struct Audit(pub Arc<App>);

#[tonic::async_trait]
impl AuditService for Audit {
    async fn list_audit_entries(
        &self,
        request: Request<pb::ListAuditEntriesRequest>,
    ) -> Result<Response<pb::ListAuditEntriesResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.unwrap_or_default())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<Entry> = filter
                .query(conn)
                .order_by(igny8_audit_log::id.desc())
                .limit(page.limit)
                .offset(page.offset)
                .select(Entry::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::AuditEntry::from).collect();
            Ok(pb::ListAuditEntriesResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }
}

/// One row of `igny8_audit_log`. Ids are made in the order of time.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_audit_log)]
struct Entry {
    id: Uuid,
    user_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    entered_by: Option<Uuid>,
    action: String,
    object: String,
    object_id: Option<Uuid>,
    details: Value,
    request_id: String,
    created_at: DateTime<Utc>,
}

impl From<Entry> for pb::AuditEntry {
    fn from(entry: Entry) -> Self {
        let Entry { id, user_id, api_key_id, entered_by, action, object, object_id, details, request_id, created_at } =
            entry;
        let id_text = |id: Uuid| id.to_string();
        Self {
            id: id_text(id),
            user_id: user_id.map(id_text),
            api_key_id: api_key_id.map(id_text),
            entered_by: entered_by.map(id_text),
            action,
            object,
            object_id: object_id.map(id_text),
            details: serde_json::from_value(details).unwrap_or_default(),
            request_id,
            created_at: Some(timestamp::of(created_at)),
        }
    }
}

#[derive(Debug)]
struct Filter {
    user: Option<Uuid>,
    action: String,
    object: String,
    object_id: Option<Uuid>,
}

impl Filter {
    fn read(filter: pb::AuditFilter) -> rpc::Result<Self> {
        let pb::AuditFilter { user_id, action, object, object_id } = filter;
        let user = user_id.map(|id| rpc::id("user_id", &id)).transpose()?;
        let object_id = object_id.map(|id| rpc::id("object_id", &id)).transpose()?;
        Ok(Self { user, action, object, object_id })
    }

    fn query(&self, conn: &AccountConn) -> igny8_audit_log::BoxedQuery<'static, Pg> {
        let mut query = igny8_audit_log::table.filter(owned_by(conn)).into_boxed();
        if let Some(user) = self.user {
            query = query.filter(igny8_audit_log::user_id.eq(user));
        }
        if !self.action.is_empty() {
            query = query.filter(igny8_audit_log::action.eq(self.action.clone()));
        }
        if !self.object.is_empty() {
            query = query.filter(igny8_audit_log::object.eq(self.object.clone()));
        }
        if let Some(object) = self.object_id {
            query = query.filter(igny8_audit_log::object_id.eq(object));
        }
        query
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> diesel::dsl::Eq<igny8_audit_log::account_id, Uuid> {
    igny8_audit_log::account_id.eq(conn.account().uuid())
}

/// What an entry says of a change: the names of its fields, and no values, which may be long or private.
pub fn fields(mask: &Option<FieldMask>) -> [(&'static str, String); 1] {
    let fields = mask.as_ref().map_or_else(|| "all".to_owned(), |mask| mask.paths.join(", "));
    [("fields", fields)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_its_fields() {
        let mask = FieldMask { paths: vec!["name".into(), "facts".into()] };
        assert_eq!(fields(&Some(mask)), [("fields", "name, facts".to_owned())]);
        assert_eq!(fields(&None), [("fields", "all".to_owned())]);
    }
}
