//! A job as its owner and people see it from outside: state and progress, with what the lease knows of the present.

use chrono::{DateTime, Utc};
use contracts::ai_processor::v1::{self as pb, JobAction, JobState};
use contracts::progress::v1::{Phase, Progress, TaskState};
use db::{AccountConn, Stored, SystemConn};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result, timestamp};
use uuid::Uuid;

const SEEN: &str = "
    SELECT j.account_id, j.id, j.requester, j.action, j.state, j.cancel_requested_at IS NOT NULL AS cancelling,
        coalesce(l.phase, j.phase) AS phase, coalesce(l.percent, j.percent) AS percent, coalesce(l.message, '') AS message,
        j.error_code, j.error_message, j.charge, j.created_at, j.finished_at,
        coalesce(j.finished_at, l.updated_at, j.started_at, j.created_at) AS updated_at
    FROM unnest($1::uuid[], $2::uuid[]) wanted (account_id, id)
    JOIN igny8_jobs j ON j.account_id = wanted.account_id AND j.id = wanted.id
    LEFT JOIN igny8_job_leases l ON l.account_id = j.account_id AND l.job_id = j.id";

/// What is shown of a job and changes while it lives.
#[derive(Debug, Clone, PartialEq, QueryableByName)]
pub struct Seen {
    #[diesel(sql_type = SqlUuid)]
    pub account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub requester: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub action: Option<Stored<JobAction>>,
    #[diesel(sql_type = Text)]
    pub state: Stored<JobState>,
    #[diesel(sql_type = Bool)]
    pub cancelling: bool,
    #[diesel(sql_type = Text)]
    pub phase: Stored<Phase>,
    #[diesel(sql_type = Integer)]
    pub percent: i32,
    #[diesel(sql_type = Text)]
    pub message: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub error_message: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub charge: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// The jobs of these ids that there are, tombstones too.
pub async fn seen(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Seen>> {
    let accounts = vec![conn.account().uuid(); ids.len()];
    let statement = db::statement(SEEN).bind::<Array<SqlUuid>, _>(accounts).bind::<Array<SqlUuid>, _>(ids);
    Ok(statement.load(conn).await?)
}

/// The same across accounts, for all who watch at once.
pub async fn seen_across_accounts(conn: &mut SystemConn, jobs: &[(AccountId, Uuid)]) -> Result<Vec<Seen>> {
    let (accounts, ids): (Vec<Uuid>, Vec<Uuid>) = jobs.iter().map(|(account, id)| (account.uuid(), *id)).unzip();
    let statement = db::statement(SEEN).bind::<Array<SqlUuid>, _>(accounts).bind::<Array<SqlUuid>, _>(ids);
    Ok(statement.load(conn).await?)
}

impl Seen {
    /// Whether a service may ask for it: its requester, and billing for what it holds credits for.
    pub fn is_for(&self, service: &str) -> bool {
        service == "billing" || self.requester == service || self.is_tombstone()
    }

    /// Cancelled before it came.
    pub fn is_tombstone(&self) -> bool {
        self.action.is_none()
    }

    /// Whether it has reached its last state.
    pub fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }

    /// What people are told.
    pub fn progress(&self) -> Progress {
        let state = task_state(self.state.0);
        Progress {
            task_id: self.id.to_string(),
            action: action_name(self.action.map(|action| action.0)).to_owned(),
            state: state.into(),
            phase: if state == TaskState::Succeeded { Phase::Done } else { self.phase.0 }.into(),
            percent: if state == TaskState::Succeeded { 100 } else { self.percent },
            message: self.sentence(),
            reason: self.error_code.clone(),
            credits: self.charge,
            figures: std::collections::HashMap::new().into_iter().collect(),
            created_at: Some(timestamp::of(self.created_at)),
            updated_at: Some(timestamp::of(self.updated_at)),
            finished_at: self.finished_at.map(timestamp::of),
        }
    }

    fn sentence(&self) -> String {
        let text = match (self.state.0, &self.error_message) {
            (_, Some(message)) => message,
            (JobState::Running, _) if self.cancelling => "Stopping.",
            (JobState::Running, _) if !self.message.is_empty() => &self.message,
            (JobState::Running, _) => "Working on it.",
            (JobState::Waiting, _) => "The last try did not come through. The next one follows shortly.",
            (JobState::Succeeded, _) => "Done.",
            (JobState::Cancelled, _) => "This was cancelled.",
            _ => "Waiting for its turn.",
        };
        text.to_owned()
    }
}

impl From<Seen> for pb::JobStatus {
    fn from(job: Seen) -> Self {
        Self {
            progress: Some(job.progress()),
            job_id: job.id.to_string(),
            state: job.state.0.into(),
            charge: job.charge,
            error_code: job.error_code,
            error_message: job.error_message,
        }
    }
}

fn task_state(state: JobState) -> TaskState {
    match state {
        JobState::Unspecified | JobState::Waiting | JobState::Queued | JobState::Dispatched => TaskState::Pending,
        JobState::Running => TaskState::Running,
        JobState::Succeeded => TaskState::Succeeded,
        JobState::Failed | JobState::Expired => TaskState::Failed,
        JobState::Cancelled => TaskState::Cancelled,
    }
}

fn action_name(action: Option<JobAction>) -> &'static str {
    match action {
        Some(JobAction::Clustering) => "auto_cluster",
        Some(JobAction::Ideas) => "auto_generate_ideas",
        Some(JobAction::Content) => "generate_content",
        Some(JobAction::ImagePrompts) => "generate_image_prompts",
        Some(JobAction::Image) => "generate_images",
        Some(JobAction::Unspecified) | None => "cancelled",
    }
}
