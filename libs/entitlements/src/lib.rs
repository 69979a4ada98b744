//! What the plan of an account allows, for services other than billing: `CreditService.GetLimits` with a memory.

#![warn(missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use contracts::billing::v1::credit_service_client::CreditServiceClient;
use contracts::billing::v1::{GetLimitsRequest, Limits};
use moka::future::Cache;
use rpc::client::{Channel, Context};
use rpc::{AccountId, Error, Kind, Result};

const ACCOUNTS: u64 = 10_000;
const FRESH: Duration = Duration::from_mins(1);
const LAST_RESORT: Duration = Duration::from_hours(1);

/// The limits of accounts, each asked for at most once a minute. Clones share what they know.
///
/// ```no_run
/// # async fn f(billing: rpc::client::Channel, caller: rpc::Caller) -> rpc::Result<()> {
/// let entitlements = entitlements::Entitlements::new(billing); // `cx.client("billing")?` in a service
/// let limits = entitlements.limits(caller.account()).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Entitlements {
    billing: Channel,
    fresh: Cache<AccountId, Arc<Limits>>,
    /// For when billing cannot be reached.
    last: Cache<AccountId, Arc<Limits>>,
}

impl Entitlements {
    /// Nothing known yet; `billing` is the way to the billing service.
    pub fn new(billing: Channel) -> Self {
        let cache = |lifetime| Cache::builder().max_capacity(ACCOUNTS).time_to_live(lifetime).build();
        Self { billing, fresh: cache(FRESH), last: cache(LAST_RESORT) }
    }

    /// What the account's plan allows, at most a minute old; at most an hour while billing cannot be reached.
    ///
    /// It may call billing: ask before a transaction begins, not within one.
    pub async fn limits(&self, account: AccountId) -> Result<Arc<Limits>> {
        match self.fresh.try_get_with(account, self.ask(account)).await {
            Ok(limits) => Ok(limits),
            Err(error) => self.fall_back(account, &error).await,
        }
    }

    /// Asks billing the next time, as after a change of the plan that must count at once.
    pub async fn forget(&self, account: AccountId) {
        self.fresh.invalidate(&account).await;
    }

    async fn ask(&self, account: AccountId) -> Result<Arc<Limits>> {
        let channel = self.billing.with(Context::default().account(account));
        let answer = CreditServiceClient::new(channel).get_limits(GetLimitsRequest {}).await?;
        let limits = Arc::new(answer.into_inner());
        self.last.insert(account, Arc::clone(&limits)).await;
        Ok(limits)
    }

    /// The error is shared by all who waited for the same answer, so that each makes one of its own.
    async fn fall_back(&self, account: AccountId, error: &Arc<Error>) -> Result<Arc<Limits>> {
        if !matches!(error.kind(), Kind::Unavailable | Kind::DeadlineExceeded) {
            return Err(Error::internal(Arc::clone(error)));
        }
        let last = self.last.get(&account).await;
        last.ok_or_else(|| Error::unavailable(Arc::clone(error)))
    }
}
