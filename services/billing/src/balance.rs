//! The credits of the account, in one glance.

use std::sync::Arc;

use contracts::billing::v1 as pb;
use contracts::billing::v1::balance_service_server::BalanceService;
use db::AccountConn;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as Id};
use diesel_async::RunQueryDsl;
use rpc::Error;
use tonic::{Request, Response, Status};

use crate::{App, ledger};

#[derive(Debug)]
pub struct Balances(pub Arc<App>);

#[tonic::async_trait]
impl BalanceService for Balances {
    async fn get_balance(&self, request: Request<pb::GetBalanceRequest>) -> Result<Response<pb::Balance>, Status> {
        let (caller, pb::GetBalanceRequest {}) = rpc::open(request)?;
        // Not the caller's sites: the credits are the account's.
        let balance = self.0.db.account(caller.account(), async |conn| {
            if let Some(wallet) = Wallet::read(conn).await? {
                return Ok(wallet);
            }
            ledger::open(conn).await?;
            Wallet::read(conn).await?.ok_or_else(|| Error::not_found("wallet"))
        });
        Ok(Response::new(balance.await?.into()))
    }
}

/// The row of `igny8_wallets` that is the account's, with what was spent today.
#[derive(Debug, QueryableByName)]
struct Wallet {
    #[diesel(sql_type = BigInt)]
    posted: i64,
    #[diesel(sql_type = BigInt)]
    pending: i64,
    #[diesel(sql_type = BigInt)]
    spent_today: i64,
}

impl Wallet {
    async fn read(conn: &mut AccountConn) -> rpc::Result<Option<Self>> {
        let query = diesel::sql_query(
            "SELECT posted, pending, (
                SELECT coalesce(sum(spent), 0)::bigint FROM igny8_usage_logs WHERE account_id = $1 AND day = app.today()) AS spent_today
             FROM igny8_wallets WHERE account_id = $1 AND id = $1",
        );
        Ok(query.bind::<Id, _>(conn.account().uuid()).get_result(conn).await.optional()?)
    }
}

impl From<Wallet> for pb::Balance {
    fn from(Wallet { posted, pending, spent_today }: Wallet) -> Self {
        Self { balance: posted, held: pending, available: posted - pending, spent_today }
    }
}
