//! How many jobs of one account may be out at once: what billing says of its plan.

use std::time::Duration;

use contracts::ai_processor::v1::JobClass;
use entitlements::Entitlements;
use rpc::AccountId;
use rpc::client::Channel;

/// A job is not kept waiting for billing: without an answer the setting holds, and the next job asks again.
const PATIENCE: Duration = Duration::from_millis(500);

/// Asked with every job, answered from memory for a minute.
#[derive(Debug, Clone)]
pub struct Limits {
    entitlements: Entitlements,
    fallback: i32,
}

impl Limits {
    pub fn new(billing: Channel, fallback: i32) -> Self {
        Self { entitlements: Entitlements::new(billing), fallback }
    }

    /// How many jobs of this class the account may have dispatched and running. The plan's number holds for each class by itself, so that
    /// a long batch does not keep people waiting.
    pub async fn running_jobs(&self, account: AccountId, _class: JobClass) -> i32 {
        match tokio::time::timeout(PATIENCE, self.entitlements.limits(account)).await {
            Ok(Ok(limits)) if limits.max_running_jobs > 0 => limits.max_running_jobs,
            _ => self.fallback,
        }
    }
}
