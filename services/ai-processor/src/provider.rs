//! Who does the work of an action: the seam between the workers, which know jobs, and the providers, which know how to answer.
//!
//! A family of providers is a variant of [`Provider`]. The built-in one is there on every installation; those that need a key are chosen
//! where an account has set one up. What they have in common in writing an article is in [`article`].

pub mod article;

use std::time::Duration;

use contracts::ai_processor::v1::JobAction;
use rpc::AccountId;
use uuid::Uuid;

use self::article::Desk;
use crate::worker::{Reporter, Steps};
use crate::{App, built_in};

/// One job, as a worker holds it.
#[derive(Debug, Clone)]
pub struct Task {
    pub account: AccountId,
    pub job: Uuid,
    pub action: JobAction,
    /// The action's input message, encoded.
    pub input: Vec<u8>,
    pub site: Option<Uuid>,
    /// Units of the price list that were quoted for.
    pub units: i64,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The action's result message, encoded.
    pub result: Vec<u8>,
    /// Units of the price list that were done.
    pub units: i64,
    pub usage: Usage,
}

/// Who answered, and at what expense.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// As `built-in`.
    pub provider: String,
    pub model: String,
    /// Of the price list, as `economy`.
    pub tier: String,
    /// As `ideas@3`; absent where no prompt was used.
    pub prompt_version: Option<String>,
    pub tokens_in: i64,
    pub tokens_out: i64,
    pub cost_microusd: i64,
}

/// Why there is no outcome, and whether there may be one later. Messages are sentences for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The same again would fail again.
    Permanent { code: &'static str, message: String },
    /// Another attempt may pass. `retry_after` is the provider's wish.
    Transient { code: &'static str, message: String, retry_after: Option<Duration> },
    /// Not now, and not this job's fault: it counts as no attempt.
    Snooze { after: Duration, message: String },
}

/// A family of providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    BuiltIn,
}

impl Provider {
    /// Who does this task.
    fn of(_task: &Task) -> Self {
        Self::BuiltIn
    }

    /// Whether it wants to be paid for each answer.
    fn is_paid(self) -> bool {
        match self {
            Self::BuiltIn => false,
        }
    }
}

/// Does the work of one job. What is sent to a provider is written into the request log here; `steps` keep what a provider was paid for,
/// so that the next attempt need not pay again.
pub async fn run(app: &App, task: Task, reporter: &Reporter, steps: &Steps) -> Result<Outcome, Failure> {
    let provider = Provider::of(&task);
    let desk = Desk { reporter, steps: provider.is_paid().then_some(steps) };
    match provider {
        Provider::BuiltIn => built_in::run(app, task, desk).await,
    }
}
