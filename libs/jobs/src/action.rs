use std::collections::HashMap;

use chrono::TimeDelta;
use contracts::ai_processor::v1::{JobAction, JobClass, JobReceipt};
use contracts::billing::v1::SpendAction;
use db::AccountConn;
use rpc::{AccountId, Result};
use serde_json::Value;
use uuid::Uuid;

use crate::JobRequest;

/// What came of a piece of work, for people: `clusters: 12`.
pub type Figures = HashMap<String, String>;

/// What an action is to the services that it needs.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// As people call it, as `auto_cluster`.
    pub name: &'static str,
    /// What ai-processor is to do.
    pub job: JobAction,
    /// What billing charges.
    pub spend: SpendAction,
    /// The queue of its jobs.
    pub queue: JobClass,
    /// How long after the request the job must have begun.
    pub time_limit: TimeDelta,
    /// Where a target takes one request at a time: the reason and the sentence for a second one.
    pub busy: Option<(&'static str, &'static str)>,
}

/// An AI action of a service: what it is, and what is done with its result.
#[tonic::async_trait]
pub trait Action: Send + Sync + 'static {
    /// What it is; always the same.
    fn spec(&self) -> Spec;

    /// Does with the result of a job that succeeded what [`Action::apply`] must not do in its transaction, as putting bytes where they are kept.
    /// It runs before each try of `apply`, whose transaction may come to nothing: doing it again, or for nothing, must be harmless.
    async fn prepare(&self, account: AccountId, request: &JobRequest, outcome: &Outcome) -> Result<()> {
        let _ = (account, request, outcome);
        Ok(())
    }

    /// Writes the result of a job that succeeded into the service's tables, in the transaction that ends the request. It runs once; when it
    /// fails, it is tried again later.
    ///
    /// The transaction may take two minutes. Nobody but this service is to be called from it.
    async fn apply(&self, conn: &mut AccountConn, request: &JobRequest, outcome: Outcome) -> Result<Figures>;

    /// Undoes what the request has marked in the service's tables, in the transaction that ends it without a result.
    async fn ended(&self, conn: &mut AccountConn, request: &JobRequest) -> Result<()> {
        let _ = (conn, request);
        Ok(())
    }
}

/// What came of a job.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The action's result message, encoded.
    pub body: Vec<u8>,
    /// What made it, and what it took beside credits.
    pub receipt: JobReceipt,
}

/// What a piece of work works on, as it was when it was asked for.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// The site that it belongs to.
    pub site: Uuid,
    /// What the result goes to, as a sector.
    pub target: Uuid,
    /// What [`Action::apply`] needs to know besides the result.
    pub params: Value,
    /// What is paid for, as keywords.
    pub units: i64,
    /// The action's input message, encoded.
    pub input: Vec<u8>,
}
