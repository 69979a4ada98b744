//! Spending caps: the most that may be spent in a day (UTC). `app.reserve` holds every hold against them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::billing::v1::spending_cap_service_server::SpendingCapService;
use contracts::billing::v1::{self as pb, SpendingCapScope};
use contracts::rest::v1::Empty;
use db::{AccountConn, Constraint, OnConstraint, Page, Stored};
use diesel::dsl::{Eq, now};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Uuid as Id};
use diesel_async::RunQueryDsl;
use rpc::{Error, Mask, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_spending_caps;

const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("subject_id"),
        ..Constraint::new(
            "igny8_spending_caps_account_id_scope_subject_id_key",
            "SPENDING_CAP_EXISTS",
            "There is a cap for this already. Change that one.",
        )
    },
    Constraint {
        field: Some("subject_id"),
        ..Constraint::new(
            "igny8_spending_caps_subject_id_check",
            "INVALID_FIELD",
            "A cap of a site or an API key names it, and a cap of the account names nothing.",
        )
    },
];

#[derive(Debug)]
pub struct SpendingCaps(pub Arc<App>);

#[tonic::async_trait]
impl SpendingCapService for SpendingCaps {
    async fn list_spending_caps(
        &self,
        request: Request<pb::ListSpendingCapsRequest>,
    ) -> Result<Response<pb::ListSpendingCapsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = igny8_spending_caps::table.filter(owned_by(conn)).count().get_result(conn).await?;
            let rows: Vec<SpendingCap> = SpendingCap::query()
                .filter(owned_by(conn))
                .order_by((igny8_spending_caps::scope, igny8_spending_caps::id))
                .limit(page.limit)
                .offset(page.offset)
                .load(conn)
                .await?;
            let results = with_usage(conn, rows).await?;
            Ok(pb::ListSpendingCapsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_spending_cap(
        &self,
        request: Request<pb::GetSpendingCapRequest>,
    ) -> Result<Response<pb::SpendingCap>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let cap = self.0.db.transaction(&caller, async |conn| {
            let row = SpendingCap::query().filter(owned_by(conn)).filter(igny8_spending_caps::id.eq(id));
            let row = row.first(conn).await.optional()?;
            one(conn, row).await
        });
        Ok(Response::new(cap.await?))
    }

    async fn create_spending_cap(
        &self,
        request: Request<pb::CreateSpendingCapRequest>,
    ) -> Result<Response<pb::SpendingCap>, Status> {
        let (caller, request) = rpc::open(request)?;
        let subject = request.subject_id.as_deref().map(|id| rpc::id("subject_id", id)).transpose()?;
        let scope = request.scope();
        let scope_name = scope.json_name().ok_or_else(|| Error::invalid("scope", "This value is not known."))?;
        let cap = self.0.db.transaction(&caller, async |conn| {
            let values = (
                owned_by(conn),
                igny8_spending_caps::id.eq(Uuid::now_v7()),
                igny8_spending_caps::scope.eq(Stored(scope)),
                igny8_spending_caps::subject_id.eq(subject),
                igny8_spending_caps::daily_credits.eq(request.daily_credits),
            );
            let insert = diesel::insert_into(igny8_spending_caps::table).values(values);
            let row: SpendingCap =
                insert.returning(SpendingCap::as_returning()).get_result(conn).await.constraints(CONSTRAINTS)?;
            let details = [("scope", scope_name.to_owned()), ("daily_credits", row.daily_credits.to_string())];
            db::audit::record(conn, &caller, "spending_cap.created", Some(row.id), details).await?;
            one(conn, Some(row)).await
        });
        Ok(Response::new(cap.await?))
    }

    async fn update_spending_cap(
        &self,
        request: Request<pb::UpdateSpendingCapRequest>,
    ) -> Result<Response<pb::SpendingCap>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let daily_credits = Mask::of(&request.update_mask).when("daily_credits", request.daily_credits);
        let cap = self.0.db.transaction(&caller, async |conn| {
            let row = igny8_spending_caps::table.filter(owned_by(conn)).filter(igny8_spending_caps::id.eq(id));
            let update = diesel::update(row).set((
                daily_credits.map(|credits| igny8_spending_caps::daily_credits.eq(credits)),
                igny8_spending_caps::updated_at.eq(now),
            ));
            let row = update.returning(SpendingCap::as_returning()).get_result(conn).await.optional()?;
            let cap = one(conn, row).await?;
            let details = [("daily_credits", cap.daily_credits.to_string())];
            db::audit::record(conn, &caller, "spending_cap.updated", Some(id), details).await?;
            Ok(cap)
        });
        Ok(Response::new(cap.await?))
    }

    async fn delete_spending_cap(
        &self,
        request: Request<pb::DeleteSpendingCapRequest>,
    ) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let row = igny8_spending_caps::table.filter(owned_by(conn)).filter(igny8_spending_caps::id.eq(id));
            if diesel::delete(row).execute(conn).await? == 0 {
                return Err(Error::not_found("spending cap"));
            }
            db::audit::record(conn, &caller, "spending_cap.deleted", Some(id), []).await
        });
        deleted.await?;
        Ok(Response::new(Empty {}))
    }
}

/// One row of `igny8_spending_caps`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_spending_caps)]
struct SpendingCap {
    id: Uuid,
    scope: Stored<SpendingCapScope>,
    subject_id: Option<Uuid>,
    daily_credits: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SpendingCap {
    fn with(self, used_today: i64) -> pb::SpendingCap {
        let Self { id, scope, subject_id, daily_credits, created_at, updated_at } = self;
        pb::SpendingCap {
            id: id.to_string(),
            scope: scope.0.into(),
            subject_id: subject_id.map(|id| id.to_string()),
            daily_credits,
            used_today,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_spending_caps::account_id, Uuid> {
    igny8_spending_caps::account_id.eq(conn.account().uuid())
}

async fn one(conn: &mut AccountConn, row: Option<SpendingCap>) -> rpc::Result<pb::SpendingCap> {
    let caps = with_usage(conn, row.into_iter().collect()).await?;
    caps.into_iter().next().ok_or_else(|| Error::not_found("spending cap"))
}

/// What is spent or held today of a cap.
#[derive(Debug, QueryableByName)]
struct Used {
    #[diesel(sql_type = Id)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    used: i64,
}

async fn with_usage(conn: &mut AccountConn, rows: Vec<SpendingCap>) -> rpc::Result<Vec<pb::SpendingCap>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let query = diesel::sql_query(
        "SELECT cap.id, spending.used FROM igny8_spending_caps cap,
            LATERAL app.spending(app.today(), cap.subject_id, cap.subject_id) spending
         WHERE cap.account_id = $1 AND cap.id = ANY ($2) AND spending.scope = cap.scope",
    );
    let used: Vec<Used> = query.bind::<Id, _>(conn.account().uuid()).bind::<Array<Id>, _>(ids).load(conn).await?;
    let of = |id: Uuid| used.iter().find(|used| used.id == id).map_or(0, |used| used.used);
    Ok(rows.into_iter().map(|row| (of(row.id), row)).map(|(used, row)| row.with(used)).collect())
}
