//! The log of requests to providers: what was asked, what came back, what it took. Kept for 30 days.

mod mask;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::request_log_service_server::RequestLogService;
use contracts::ai_processor::v1::{JobAction, RequestOutcome};
use db::{AccountConn, Db, Page, Stored};
use diesel::dsl::Eq;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::provider::{Failure, Task, Usage};
use crate::schema::igny8_ai_request_logs;

#[derive(Debug)]
pub struct RequestLogs(pub Arc<App>);

#[tonic::async_trait]
impl RequestLogService for RequestLogs {
    async fn list_request_logs(
        &self,
        request: Request<pb::ListRequestLogsRequest>,
    ) -> Result<Response<pb::ListRequestLogsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.unwrap_or_default())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<RequestLog> = filter
                .query(conn)
                .order_by(igny8_ai_request_logs::id.desc())
                .limit(page.limit)
                .offset(page.offset)
                .select(RequestLog::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::RequestLog::from).collect();
            Ok(pb::ListRequestLogsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_request_log(
        &self,
        request: Request<pb::GetRequestLogRequest>,
    ) -> Result<Response<pb::RequestLog>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let log = self.0.db.transaction(&caller, async |conn| {
            let log = RequestLog::query().filter(owned_by(conn)).filter(igny8_ai_request_logs::id.eq(id));
            let log: Option<RequestLog> = log.first(conn).await.optional()?;
            log.ok_or_else(|| Error::not_found("request log"))
        });
        Ok(Response::new(log.await?.into()))
    }
}

/// One row of `igny8_ai_request_logs`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_ai_request_logs)]
pub struct RequestLog {
    pub id: Uuid,
    pub job_id: Uuid,
    pub action: Stored<JobAction>,
    pub site_id: Option<Uuid>,
    pub provider: String,
    pub model: String,
    pub tier: String,
    pub prompt_version: Option<String>,
    pub tokens_in: i64,
    pub tokens_out: i64,
    pub cost_microusd: i64,
    pub latency_ms: i64,
    pub outcome: Stored<RequestOutcome>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub request_excerpt: String,
    pub response_excerpt: String,
    pub created_at: DateTime<Utc>,
}

impl From<RequestLog> for pb::RequestLog {
    fn from(log: RequestLog) -> Self {
        let RequestLog {
            id,
            job_id,
            action,
            site_id,
            provider,
            model,
            tier,
            prompt_version,
            tokens_in,
            tokens_out,
            cost_microusd,
            latency_ms,
            outcome,
            error_code,
            error_message,
            request_excerpt,
            response_excerpt,
            created_at,
        } = log;
        Self {
            id: id.to_string(),
            job_id: job_id.to_string(),
            action: action.0.into(),
            site_id: site_id.map(|id| id.to_string()),
            provider,
            model,
            tier,
            prompt_version,
            tokens_in,
            tokens_out,
            cost_microusd,
            latency_ms,
            outcome: outcome.0.into(),
            error_code,
            error_message,
            request_excerpt,
            response_excerpt,
            created_at: Some(timestamp::of(created_at)),
        }
    }
}

/// Which job a request was made for.
#[derive(Debug, Clone, Copy)]
pub struct For {
    account: AccountId,
    job: Uuid,
    action: JobAction,
    site: Option<Uuid>,
}

impl From<&Task> for For {
    fn from(task: &Task) -> Self {
        Self { account: task.account, job: task.job, action: task.action, site: task.site }
    }
}

/// One request to a provider and its end. Texts are masked and cut when they are written.
#[derive(Debug)]
pub struct Call<'c> {
    pub usage: &'c Usage,
    pub latency: Duration,
    pub request: &'c str,
    pub response: &'c str,
    pub failure: Option<&'c Failure>,
}

/// Writes one request down.
pub async fn write(db: &Db, of: For, call: Call<'_>) -> rpc::Result<()> {
    let Call { usage, latency, request, response, failure } = call;
    let (outcome, code, message) = match failure {
        None => (RequestOutcome::Succeeded, None, None),
        Some(Failure::Permanent { code, message }) => (RequestOutcome::Failed, Some(*code), Some(message)),
        Some(Failure::Transient { code, message, .. }) => (RequestOutcome::Postponed, Some(*code), Some(message)),
        Some(Failure::Snooze { message, .. }) => (RequestOutcome::Postponed, None, Some(message)),
    };
    db.account(of.account, async |conn| {
        diesel::insert_into(igny8_ai_request_logs::table)
            .values((
                (
                    igny8_ai_request_logs::account_id.eq(conn.account().uuid()),
                    igny8_ai_request_logs::id.eq(Uuid::now_v7()),
                    igny8_ai_request_logs::job_id.eq(of.job),
                    igny8_ai_request_logs::action.eq(Stored(of.action)),
                    igny8_ai_request_logs::site_id.eq(of.site),
                    igny8_ai_request_logs::latency_ms.eq(i64::try_from(latency.as_millis()).unwrap_or(i64::MAX)),
                    igny8_ai_request_logs::outcome.eq(Stored(outcome)),
                    igny8_ai_request_logs::error_code.eq(code),
                    igny8_ai_request_logs::error_message.eq(message.map(|text| mask::excerpt(text))),
                    igny8_ai_request_logs::request_excerpt.eq(mask::excerpt(request)),
                    igny8_ai_request_logs::response_excerpt.eq(mask::excerpt(response)),
                ),
                (
                    igny8_ai_request_logs::provider.eq(&usage.provider),
                    igny8_ai_request_logs::model.eq(&usage.model),
                    igny8_ai_request_logs::tier.eq(&usage.tier),
                    igny8_ai_request_logs::prompt_version.eq(&usage.prompt_version),
                    igny8_ai_request_logs::tokens_in.eq(usage.tokens_in),
                    igny8_ai_request_logs::tokens_out.eq(usage.tokens_out),
                    igny8_ai_request_logs::cost_microusd.eq(usage.cost_microusd),
                ),
            ))
            .execute(conn)
            .await?;
        Ok(())
    })
    .await
}

#[derive(Debug)]
struct Filter {
    job: Option<Uuid>,
    action: Option<JobAction>,
    outcome: Option<RequestOutcome>,
    provider: String,
    model: String,
}

impl Filter {
    fn read(filter: pb::RequestLogFilter) -> rpc::Result<Self> {
        let (action, outcome) = (filter.action.map(|_| filter.action()), filter.outcome.map(|_| filter.outcome()));
        let pb::RequestLogFilter { job_id, action: _, outcome: _, provider, model } = filter;
        let job = job_id.map(|id| rpc::id("job_id", &id)).transpose()?;
        Ok(Self { job, action, outcome, provider, model })
    }

    fn query(&self, conn: &AccountConn) -> igny8_ai_request_logs::BoxedQuery<'static, Pg> {
        let mut query = igny8_ai_request_logs::table.filter(owned_by(conn)).into_boxed();
        if let Some(job) = self.job {
            query = query.filter(igny8_ai_request_logs::job_id.eq(job));
        }
        if let Some(action) = self.action {
            query = query.filter(igny8_ai_request_logs::action.eq(Stored(action)));
        }
        if let Some(outcome) = self.outcome {
            query = query.filter(igny8_ai_request_logs::outcome.eq(Stored(outcome)));
        }
        if !self.provider.is_empty() {
            query = query.filter(igny8_ai_request_logs::provider.eq(self.provider.clone()));
        }
        if !self.model.is_empty() {
            query = query.filter(igny8_ai_request_logs::model.eq(self.model.clone()));
        }
        query
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_ai_request_logs::account_id, Uuid> {
    igny8_ai_request_logs::account_id.eq(conn.account().uuid())
}
