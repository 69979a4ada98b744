use std::fmt;
use std::sync::Arc;

use anyhow::anyhow;
use contracts::ai_processor::v1::job_service_client::JobServiceClient;
use contracts::billing::v1::credit_service_client::CreditServiceClient;
use db::Db;
use rpc::client::{Channel, Context};
use rpc::{AccountId, Error, Result};
use tokio::sync::Notify;

use crate::{Action, JobRequest};

/// The requests of one service. Clones are the same.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    service: &'static str,
    db: Db,
    billing: Channel,
    ai_processor: Channel,
    actions: Vec<Box<dyn Action>>,
    due: Notify,
}

impl Jobs {
    /// The requests of `service`, in a database with the tables of `migrations/job_requests`, for these actions.
    pub fn new(
        service: &'static str,
        db: Db,
        (billing, ai_processor): (Channel, Channel),
        actions: Vec<Box<dyn Action>>,
    ) -> Self {
        Self(Arc::new(Inner { service, db, billing, ai_processor, actions, due: Notify::new() }))
    }

    /// Starts the driver.
    pub fn attach(&self, cx: &service::Context) {
        cx.spawn("job requests", crate::driver::run(self.clone()));
    }

    pub(crate) fn service(&self) -> &'static str {
        self.0.service
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn credits(&self, context: Context) -> CreditServiceClient<Channel> {
        CreditServiceClient::new(self.0.billing.with(context))
    }

    pub(crate) fn ai(&self, context: Context) -> JobServiceClient<Channel> {
        JobServiceClient::new(self.0.ai_processor.with(context))
    }

    pub(crate) fn action(&self, name: &str) -> Result<&dyn Action> {
        let found = self.0.actions.iter().find(|action| action.spec().name == name);
        found.map(|action| &**action).ok_or_else(|| Error::internal(anyhow!("this service has no action {name}")))
    }

    pub(crate) fn action_of(&self, request: &JobRequest) -> Result<&dyn Action> {
        self.action(&request.action)
    }

    /// Tells the driver that something is due.
    pub(crate) fn wake(&self) {
        self.0.due.notify_one();
    }

    pub(crate) async fn due(&self) {
        self.0.due.notified().await;
    }
}

/// What the driver calls with: nobody waits for it.
pub(crate) fn unattended(account: AccountId) -> Context {
    Context::default().account(account)
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").field("service", &self.0.service).finish_non_exhaustive()
    }
}
