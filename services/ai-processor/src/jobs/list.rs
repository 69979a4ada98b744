//! What people see of their jobs.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::ai_processor::v1::{self as pb, JobAction, JobState};
use contracts::progress::v1::Phase;
use db::{AccountConn, Page, Stored, order_keys};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::seen;
use crate::schema::igny8_jobs;

type Query = igny8_jobs::BoxedQuery<'static, Pg>;

/// One row of `igny8_jobs`, as far as people see it.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_jobs)]
struct Job {
    id: Uuid,
    requester: String,
    action: Option<Stored<JobAction>>,
    state: Stored<JobState>,
    site_id: Option<Uuid>,
    attempt: i32,
    phase: Stored<Phase>,
    percent: i32,
    error_code: Option<String>,
    error_message: Option<String>,
    max_charge: i64,
    charge: Option<i64>,
    receipt: Option<Value>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// A page of the account's jobs, the newest first unless asked for otherwise.
pub(super) async fn page(conn: &mut AccountConn, request: &pb::ListJobsRequest) -> Result<pb::ListJobsResponse> {
    let page = Page::of(request.page, request.page_size);
    let count = filtered(conn, request.filter.as_ref())?.count().get_result(conn).await?;
    let rows = ordered(filtered(conn, request.filter.as_ref())?, &request.ordering);
    let rows = rows.limit(page.limit).offset(page.offset).select(Job::as_select()).load(conn).await?;
    Ok(pb::ListJobsResponse { results: with_progress(conn, rows).await?, count, count_is_exact: true })
}

/// One job; a tombstone is none.
pub(super) async fn one(conn: &mut AccountConn, id: Uuid) -> Result<pb::Job> {
    let job = jobs(conn).filter(igny8_jobs::id.eq(id)).select(Job::as_select()).first(conn).await.optional()?;
    let job = job.ok_or_else(|| Error::not_found("job"))?;
    with_progress(conn, vec![job]).await?.pop().ok_or_else(|| Error::not_found("job"))
}

/// Every statement of this file names its account through here.
fn jobs(conn: &AccountConn) -> Query {
    let own = igny8_jobs::table.filter(igny8_jobs::account_id.eq(conn.account().uuid()));
    own.filter(igny8_jobs::action.is_not_null()).into_boxed()
}

fn filtered(conn: &AccountConn, filter: Option<&pb::JobFilter>) -> Result<Query> {
    let mut query = jobs(conn);
    let Some(filter) = filter else { return Ok(query) };
    if let Some(action) = filter.action.and_then(|_| filter.action().json_name()) {
        query = query.filter(igny8_jobs::action.eq(action));
    }
    if let Some(state) = filter.state.and_then(|_| filter.state().json_name()) {
        query = query.filter(igny8_jobs::state.eq(state));
    }
    if let Some(site) = &filter.site_id {
        query = query.filter(igny8_jobs::site_id.eq(rpc::id("site_id", site)?));
    }
    Ok(query)
}

fn ordered(query: Query, ordering: &str) -> Query {
    match order_keys(ordering).next() {
        Some(("created_at", false)) => query.order_by((igny8_jobs::created_at.asc(), igny8_jobs::id.asc())),
        _ => query.order_by((igny8_jobs::created_at.desc(), igny8_jobs::id.desc())),
    }
}

/// Where a job runs, its lease knows more than its row.
async fn with_progress(conn: &mut AccountConn, jobs: Vec<Job>) -> Result<Vec<pb::Job>> {
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.id).collect();
    let mut present = seen(conn, &ids).await?;
    present.sort_unstable_by_key(|job| job.id);
    let with = |job: Job| {
        let found = present.binary_search_by_key(&job.id, |job| job.id).ok().and_then(|at| present.get(at));
        let progress = found.map(super::Seen::progress);
        let mut job = pb::Job::from(job);
        if let Some(progress) = progress {
            (job.phase, job.percent, job.message) = (progress.phase, progress.percent, progress.message);
        }
        job
    };
    Ok(jobs.into_iter().map(with).collect())
}

impl From<Job> for pb::Job {
    fn from(job: Job) -> Self {
        let Job {
            id,
            requester,
            action,
            state,
            site_id,
            attempt,
            phase,
            percent,
            error_code,
            error_message,
            max_charge,
            charge,
            receipt,
            created_at,
            started_at,
            finished_at,
        } = job;
        let text = |name| receipt.as_ref().and_then(|receipt| receipt.get(name)?.as_str().map(ToOwned::to_owned));
        let number = |name| receipt.as_ref().and_then(|receipt| receipt.get(name)?.as_i64()).unwrap_or_default();
        Self {
            id: id.to_string(),
            requester,
            action: action.map_or(JobAction::Unspecified, |action| action.0).into(),
            state: state.0.into(),
            site_id: site_id.map(|id| id.to_string()),
            attempt,
            phase: phase.0.into(),
            percent,
            message: String::new(),
            error_code,
            error_message,
            provider: text("provider"),
            model: text("model"),
            prompt_version: text("prompt_version"),
            tokens_in: number("tokens_in"),
            tokens_out: number("tokens_out"),
            cost_microusd: number("cost_microusd"),
            reserved: max_charge,
            charge,
            created_at: Some(timestamp::of(created_at)),
            started_at: started_at.map(timestamp::of),
            finished_at: finished_at.map(timestamp::of),
        }
    }
}
