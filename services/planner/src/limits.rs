//! What the account's plan allows, as billing says.
//!
//! A limit is no credit: while billing is away, the last answer stands, and without one everything is allowed. Work goes on, and the next
//! check after billing is back is right again. For the same reason a few requests at once may pass a limit by as much as they add.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use entitlements::Entitlements;
use moka::future::Cache;
use rpc::client::Channel;
use rpc::{AccountId, Caller, Error, Result};

use crate::{App, keywords};

/// How long a count of an account's keywords is gone on from.
const COUNTED_FOR: Duration = Duration::from_secs(10);

/// How long billing may think about it.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Limits {
    plans: Entitlements,
    /// About how many keywords an account has: counted, and what this process added since.
    used: Cache<AccountId, Arc<AtomicI64>>,
}

impl Limits {
    pub fn new(billing: Channel) -> Self {
        Self {
            plans: Entitlements::new(billing),
            used: Cache::builder().max_capacity(100_000).time_to_live(COUNTED_FOR).build(),
        }
    }

    /// How many keywords the account may have; `i64::MAX` where nobody knows.
    pub async fn max_keywords(&self, account: AccountId) -> i64 {
        match tokio::time::timeout(PATIENCE, self.plans.limits(account)).await {
            Ok(Ok(limits)) => limits.max_keywords,
            Ok(Err(error)) => {
                tracing::warn!(error = ?error, "nobody says what the plan allows: everything is allowed");
                i64::MAX
            }
            Err(_) => i64::MAX,
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

/// The plan allows no more.
pub(crate) fn full(max: i64, used: i64) -> Error {
    let message = format!(
        "Your plan allows {max} keywords and you have {used}. Delete some that you do not need, or choose a larger plan."
    );
    Error::precondition("KEYWORD_LIMIT", message)
}
