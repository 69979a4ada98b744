//! What each task cost: the hold it began with and what was charged in the end.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::billing::v1::receipt_service_server::ReceiptService;
use contracts::billing::v1::{self as pb, ModelTier, ReservationState, SpendAction};
use db::{AccountConn, Page, Stored};
use diesel::dsl::Eq;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_reservations;

#[derive(Debug)]
pub struct Receipts(pub Arc<App>);

#[tonic::async_trait]
impl ReceiptService for Receipts {
    async fn list_receipts(
        &self,
        request: Request<pb::ListReceiptsRequest>,
    ) -> Result<Response<pb::ListReceiptsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = request.filter.unwrap_or_default();
        let site = filter.site_id.as_deref().map(|id| rpc::id("site_id", id)).transpose()?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filtered(conn, &filter, site).count().get_result(conn).await?;
            let rows: Vec<Receipt> = filtered(conn, &filter, site)
                .order_by((igny8_reservations::created_at.desc(), igny8_reservations::id))
                .limit(page.limit)
                .offset(page.offset)
                .select(Receipt::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Receipt::from).collect();
            Ok(pb::ListReceiptsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_receipt(&self, request: Request<pb::GetReceiptRequest>) -> Result<Response<pb::Receipt>, Status> {
        let (caller, request) = rpc::open(request)?;
        let task = rpc::id("task_id", &request.task_id)?;
        let receipt = self.0.db.transaction(&caller, async |conn| {
            let row = Receipt::query().filter(owned_by(conn)).filter(igny8_reservations::job_id.eq(task));
            row.first(conn).await.optional()?.ok_or_else(|| Error::not_found("receipt"))
        });
        Ok(Response::new(receipt.await?.into()))
    }
}

fn filtered(
    conn: &AccountConn,
    filter: &pb::ReceiptFilter,
    site: Option<Uuid>,
) -> igny8_reservations::BoxedQuery<'static, Pg> {
    let mut query = igny8_reservations::table.filter(owned_by(conn)).into_boxed();
    let actions: Vec<_> = filter.action().map(Stored).collect();
    if !actions.is_empty() {
        query = query.filter(igny8_reservations::action.eq_any(actions));
    }
    let states: Vec<_> = filter.state().map(Stored).collect();
    if !states.is_empty() {
        query = query.filter(igny8_reservations::state.eq_any(states));
    }
    if let Some(site) = site {
        query = query.filter(igny8_reservations::site_id.eq(site));
    }
    query
}

/// One row of `igny8_reservations`, as people see it. The job is the task.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_reservations)]
struct Receipt {
    job_id: Uuid,
    action: Stored<SpendAction>,
    tier: Stored<ModelTier>,
    units: i64,
    credits: i64,
    state: Stored<ReservationState>,
    charge: Option<i64>,
    site_id: Option<Uuid>,
    user_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
}

impl From<Receipt> for pb::Receipt {
    fn from(receipt: Receipt) -> Self {
        let Receipt {
            job_id,
            action,
            tier,
            units,
            credits,
            state,
            charge,
            site_id,
            user_id,
            api_key_id,
            created_at,
            resolved_at,
        } = receipt;
        let id_text = |id: Uuid| id.to_string();
        Self {
            task_id: id_text(job_id),
            action: action.0.into(),
            tier: tier.0.into(),
            units,
            held: credits,
            state: state.0.into(),
            charge,
            site_id: site_id.map(id_text),
            user_id: user_id.map(id_text),
            api_key_id: api_key_id.map(id_text),
            held_at: Some(timestamp::of(created_at)),
            resolved_at: resolved_at.map(timestamp::of),
        }
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_reservations::account_id, Uuid> {
    igny8_reservations::account_id.eq(conn.account().uuid())
}
