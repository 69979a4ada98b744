//! Every change of the account's credits: the entries of the ledger, as people read them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::billing::v1::credit_transaction_service_server::CreditTransactionService;
use contracts::billing::v1::{self as pb, CreditTransactionKind};
use db::{AccountConn, Page, Stored};
use diesel::dsl::Eq;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_transfers;

#[derive(Debug)]
pub struct CreditTransactions(pub Arc<App>);

#[tonic::async_trait]
impl CreditTransactionService for CreditTransactions {
    async fn list_credit_transactions(
        &self,
        request: Request<pb::ListCreditTransactionsRequest>,
    ) -> Result<Response<pb::ListCreditTransactionsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(&request.filter.unwrap_or_default())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<Transfer> = filter
                .query(conn)
                .order_by((igny8_transfers::created_at.desc(), igny8_transfers::id))
                .limit(page.limit)
                .offset(page.offset)
                .select(Transfer::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::CreditTransaction::from).collect();
            Ok(pb::ListCreditTransactionsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }
}

/// One row of `igny8_transfers`, without its other side.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = igny8_transfers)]
struct Transfer {
    id: Uuid,
    kind: Stored<CreditTransactionKind>,
    account_id: Uuid,
    credit: Uuid,
    amount: i64,
    pending_amount: Option<i64>,
    reservation_id: Option<Uuid>,
    note: String,
    created_at: DateTime<Utc>,
}

impl From<Transfer> for pb::CreditTransaction {
    fn from(transfer: Transfer) -> Self {
        let Transfer { id, kind, account_id, credit, amount, pending_amount, reservation_id, note, created_at } =
            transfer;
        let freed = -pending_amount.unwrap_or_default();
        let (amount, held) = match kind.0 {
            CreditTransactionKind::Held => (0, amount),
            CreditTransactionKind::Released => (0, freed),
            CreditTransactionKind::Spent => (-amount, freed),
            _ if credit == account_id => (amount, 0),
            _ => (-amount, 0),
        };
        Self {
            id: id.to_string(),
            kind: kind.0.into(),
            amount,
            held,
            note,
            reservation_id: reservation_id.map(|id| id.to_string()),
            created_at: Some(timestamp::of(created_at)),
        }
    }
}

#[derive(Debug)]
struct Filter {
    kinds: Vec<Stored<CreditTransactionKind>>,
    after: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
}

impl Filter {
    fn read(filter: &pb::CreditTransactionFilter) -> rpc::Result<Self> {
        let time = |field: &str, time: Option<&prost_types::Timestamp>| {
            let read = |time| timestamp::read(time).ok_or_else(|| Error::invalid(field, "This is not a time."));
            time.map(read).transpose()
        };
        Ok(Self {
            kinds: filter.kind().map(Stored).collect(),
            after: time("created_after", filter.created_after.as_ref())?,
            before: time("created_before", filter.created_before.as_ref())?,
        })
    }

    fn query(&self, conn: &AccountConn) -> igny8_transfers::BoxedQuery<'static, Pg> {
        let mut query = igny8_transfers::table.filter(owned_by(conn)).into_boxed();
        if !self.kinds.is_empty() {
            query = query.filter(igny8_transfers::kind.eq_any(self.kinds.clone()));
        }
        if let Some(after) = self.after {
            query = query.filter(igny8_transfers::created_at.gt(after));
        }
        if let Some(before) = self.before {
            query = query.filter(igny8_transfers::created_at.lt(before));
        }
        query
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_transfers::account_id, Uuid> {
    igny8_transfers::account_id.eq(conn.account().uuid())
}
