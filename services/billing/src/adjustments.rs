//! Credits that staff give to an account or take from it, each with a reason.
//!
//! Staff act from their own account: the one that they adjust is named in the path, and known once a row of it is found.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::billing::v1::adjustment_service_server::AdjustmentService;
use contracts::billing::v1::{self as pb, CreditTransactionKind};
use db::audit::Actor;
use db::{AccountConn, Db, OnConstraint, Page, Stored, SystemConn, idempotency};
use diesel::dsl::{And, Eq};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Caller, Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::ledger::{self, PLATFORM};
use crate::schema::{igny8_transfers, igny8_wallets};

const CREATE: &str = "/igny8.billing.v1.AdjustmentService/CreateAdjustment";

#[derive(Debug)]
pub struct Adjustments(pub Arc<App>);

#[tonic::async_trait]
impl AdjustmentService for Adjustments {
    async fn list_adjustments(
        &self,
        request: Request<pb::ListAdjustmentsRequest>,
    ) -> Result<Response<pb::ListAdjustmentsResponse>, Status> {
        let (_, request) = rpc::open(request)?;
        let account = account(&self.0.db, rpc::id("id", &request.id)?).await?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.account(account, async |conn| {
            let count = igny8_transfers::table.filter(adjustments(conn)).count().get_result(conn).await?;
            let rows: Vec<Adjustment> = Adjustment::query()
                .filter(adjustments(conn))
                .order_by((igny8_transfers::created_at.desc(), igny8_transfers::id))
                .limit(page.limit)
                .offset(page.offset)
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Adjustment::from).collect();
            Ok(pb::ListAdjustmentsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn create_adjustment(
        &self,
        request: Request<pb::CreateAdjustmentRequest>,
    ) -> Result<Response<pb::Adjustment>, Status> {
        let (caller, request) = rpc::open(request)?;
        let account = account(&self.0.db, rpc::id("id", &request.id)?).await?;
        if request.reason.trim().is_empty() {
            return Err(Error::invalid("reason", "Say why, for the account to read.").into());
        }
        let adjustment = self.0.db.account(account, async |conn| {
            let adjust = async |conn: &mut AccountConn| adjust(conn, &caller, &request).await;
            idempotency::run(conn, caller.idempotency_key(), CREATE, &request, adjust).await
        });
        Ok(Response::new(adjustment.await?))
    }
}

async fn account(db: &Db, id: Uuid) -> rpc::Result<AccountId> {
    let wallet = igny8_wallets::table.find((id, id)).select(igny8_wallets::account_id);
    let found = db.system(async |conn: &mut SystemConn| Ok(wallet.first(conn).await.optional()?)).await?;
    found.ok_or_else(|| Error::not_found("account"))
}

async fn adjust(
    conn: &mut AccountConn,
    caller: &Caller,
    request: &pb::CreateAdjustmentRequest,
) -> rpc::Result<pb::Adjustment> {
    let account = conn.account().uuid();
    let (debit, credit) = if request.credits > 0 { (PLATFORM, account) } else { (account, PLATFORM) };
    let values = (
        igny8_transfers::account_id.eq(account),
        igny8_transfers::id.eq(Uuid::now_v7()),
        igny8_transfers::kind.eq(Stored(CreditTransactionKind::Adjustment)),
        igny8_transfers::note.eq(request.reason.trim()),
        igny8_transfers::made_by.eq(caller.user()),
        igny8_transfers::debit.eq(debit),
        igny8_transfers::credit.eq(credit),
        igny8_transfers::amount.eq(request.credits.abs()),
    );
    let insert = diesel::insert_into(igny8_transfers::table).values(values).returning(Adjustment::as_returning());
    let row: Adjustment = insert.get_result(conn).await.constraints(ledger::CONSTRAINTS)?;
    let actor = Actor { entered_by: caller.user(), request_id: caller.request_id().to_owned(), ..Actor::default() };
    let details = [("credits", request.credits.to_string()), ("reason", row.note.clone())];
    db::audit::record(conn, actor, "credits.adjusted", Some(row.id), details).await?;
    Ok(row.into())
}

/// One row of `igny8_transfers` that staff made.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_transfers)]
struct Adjustment {
    id: Uuid,
    account_id: Uuid,
    credit: Uuid,
    amount: i64,
    note: String,
    made_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<Adjustment> for pb::Adjustment {
    fn from(adjustment: Adjustment) -> Self {
        let Adjustment { id, account_id, credit, amount, note, made_by, created_at } = adjustment;
        Self {
            id: id.to_string(),
            credits: if credit == account_id { amount } else { -amount },
            reason: note,
            made_by: made_by.map(|id| id.to_string()),
            created_at: Some(timestamp::of(created_at)),
        }
    }
}

type Adjusted = And<Eq<igny8_transfers::account_id, Uuid>, Eq<igny8_transfers::kind, Stored<CreditTransactionKind>>>;

/// Every statement on this table names its account through here.
fn adjustments(conn: &AccountConn) -> Adjusted {
    let owned = igny8_transfers::account_id.eq(conn.account().uuid());
    owned.and(igny8_transfers::kind.eq(Stored(CreditTransactionKind::Adjustment)))
}
