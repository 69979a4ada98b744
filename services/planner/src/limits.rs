//! What the account's plan allows, as billing says.
//!
//! A limit is no credit: while billing is away, the last answer stands, and without one everything is allowed. Work goes on, and the next
//! check after billing is back is right again. For the same reason a few requests at once may pass a limit by as much as they add.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use contracts::billing::v1 as billing;
use contracts::billing::v1::credit_service_client::CreditServiceClient;
use moka::future::Cache;
use rpc::client::{Channel, Context};
use rpc::{AccountId, Caller, Error, Result};

use crate::{App, keywords};

const KEPT_FOR: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Limits {
    billing: Channel,
    fresh: Cache<AccountId, i64>,
    last: Cache<AccountId, i64>,
    /// About how many keywords an account has: counted, and what this process added since.
    used: Cache<AccountId, Arc<AtomicI64>>,
}

impl Limits {
    pub fn new(billing: Channel) -> Self {
        let cache = || Cache::builder().max_capacity(100_000);
        Self {
            billing,
            fresh: cache().time_to_live(KEPT_FOR).build(),
            last: cache().build(),
            used: Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(10)).build(),
        }
    }

    /// How many keywords the account may have; `i64::MAX` where nobody knows.
    pub async fn max_keywords(&self, account: AccountId) -> i64 {
        self.fresh.get_with(account, self.ask(account)).await
    }

    async fn ask(&self, account: AccountId) -> i64 {
        let mut client = CreditServiceClient::new(self.billing.with(Context::default().account(account)));
        let asked = tokio::time::timeout(PATIENCE, client.get_limits(billing::GetLimitsRequest {})).await;
        match asked {
            Ok(Ok(limits)) => {
                let limit = limits.into_inner().max_keywords;
                self.last.insert(account, limit).await;
                limit
            }
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("billing does not say what the plan allows: the last answer stands");
                self.last.get(&account).await.unwrap_or(i64::MAX)
            }
        }
    }
}

impl App {
    /// Refuses to add `wanted` keywords where the plan does not allow as many. Call it before the transaction that adds them.
    pub async fn room(&self, caller: &Caller, wanted: i64) -> Result<()> {
        let account = caller.account();
        let max = self.limits.max_keywords(account).await;
        // Far from the limit the rows need not be counted for every keyword.
        let near = max.saturating_sub((max / 100).max(1000));
        if let Some(used) = self.limits.used.get(&account).await
            && used.fetch_add(wanted, Ordering::Relaxed).saturating_add(wanted) < near
        {
            return Ok(());
        }
        // All of the account's, whatever sites the caller sees.
        let used = self.db.account(account, async |conn| keywords::counts::all(conn).await).await?;
        if used.saturating_add(wanted) > max {
            return Err(full(max, used));
        }
        self.limits.used.insert(account, Arc::new(AtomicI64::new(used.saturating_add(wanted)))).await;
        Ok(())
    }
}

fn full(max: i64, used: i64) -> Error {
    let message = format!(
        "Your plan allows {max} keywords and you have {used}. Delete some that you do not need, or choose a larger plan."
    );
    Error::precondition("KEYWORD_LIMIT", message)
}
