//! Automation: runs that take the new keywords of a site through all stages within a budget, and the schedules that start them.
//!
//! A run works on items ([`items`]): each sector is one to cluster, and each cluster without an idea becomes one that goes on to its
//! article and page. An item moves by itself. The driver ([`driver`]) begins what is due, at most one thing of a run at a time, so that the
//! budget is kept; [`stages`] say what each stage does, and [`events`] hear how it ended.

mod control;
mod driver;
mod events;
mod items;
mod progress;
mod runs;
mod schedules;
mod spending;
mod stages;

use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::automation_service_server::AutomationService;
use db::{AccountConn, Page, idempotency};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::{igny8_automation_items, igny8_automation_runs};

pub use driver::{drive, run};
pub(crate) use events::job_ended;
pub use events::{content_changed, job_finished, publication_changed, task_created};
pub use progress::progress;
pub use schedules::fire;

use control::Start;
use items::Item;
use runs::Run;

#[derive(Debug)]
pub struct Automation(pub Arc<App>);

#[tonic::async_trait]
impl AutomationService for Automation {
    async fn list_runs(
        &self,
        request: Request<pb::ListAutomationRunsRequest>,
    ) -> Result<Response<pb::ListAutomationRunsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = runs::Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let newest = filter.query(conn).order(igny8_automation_runs::id.desc()).limit(page.limit);
            let rows = newest.offset(page.offset).select(Run::as_select()).load(conn).await?;
            Ok(pb::ListAutomationRunsResponse {
                results: runs::messages(conn, rows).await?,
                count,
                count_is_exact: true,
            })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_run(&self, request: Request<pb::AutomationRunId>) -> Result<Response<pb::AutomationRun>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let run = self.0.db.transaction(&caller, async |conn| {
            let run = Run::get(conn, id).await?;
            runs::message(conn, run).await
        });
        Ok(Response::new(run.await?))
    }

    async fn start_run(
        &self,
        request: Request<pb::StartAutomationRunRequest>,
    ) -> Result<Response<pb::AutomationRun>, Status> {
        let (caller, request) = rpc::open(request)?;
        let start = Start::read(&request, &caller)?;
        self.0.sites.ensure_site(&caller, start.site).await?;
        let run = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "automation_start_run", &request, async |conn| {
                let run = control::start(conn, &start).await?;
                runs::message(conn, run).await
            })
            .await
        });
        Ok(Response::new(run.await?))
    }

    async fn pause_run(&self, request: Request<pb::AutomationRunId>) -> Result<Response<pb::AutomationRun>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let run = self.0.db.transaction(&caller, async |conn| {
            let run = control::pause(conn, id, "PAUSED", "Paused. Resume it to go on.").await?;
            runs::message(conn, run).await
        });
        Ok(Response::new(run.await?))
    }

    async fn resume_run(
        &self,
        request: Request<pb::ResumeAutomationRunRequest>,
    ) -> Result<Response<pb::AutomationRun>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let run = self.0.db.transaction(&caller, async |conn| {
            let run = control::resume(conn, id, request.credit_limit).await?;
            runs::message(conn, run).await
        });
        Ok(Response::new(run.await?))
    }

    async fn cancel_run(&self, request: Request<pb::AutomationRunId>) -> Result<Response<pb::AutomationRun>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let run = self.0.db.transaction(&caller, async |conn| {
            let run = control::cancel(conn, id).await?;
            runs::message(conn, run).await
        });
        Ok(Response::new(run.await?))
    }

    async fn list_run_items(
        &self,
        request: Request<pb::ListAutomationItemsRequest>,
    ) -> Result<Response<pb::ListAutomationItemsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let run = rpc::id("run_id", &request.run_id)?;
        let filter = request.filter.unwrap_or_default();
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            Run::get(conn, run).await?;
            let count = items::query(conn, run, &filter).count().get_result(conn).await?;
            let rows = items::query(conn, run, &filter).order(igny8_automation_items::id.asc()).limit(page.limit);
            let rows: Vec<Item> = rows.offset(page.offset).select(Item::as_select()).load(conn).await?;
            Ok(pb::ListAutomationItemsResponse {
                results: items::messages(conn, rows).await?,
                count,
                count_is_exact: true,
            })
        });
        Ok(Response::new(response.await?))
    }

    async fn list_schedules(
        &self,
        request: Request<pb::ListAutomationSchedulesRequest>,
    ) -> Result<Response<pb::ListAutomationSchedulesResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| schedules::list(conn, page).await);
        Ok(Response::new(response.await?))
    }

    async fn set_schedule(
        &self,
        request: Request<pb::SetAutomationScheduleRequest>,
    ) -> Result<Response<pb::AutomationSchedule>, Status> {
        let (caller, request) = rpc::open(request)?;
        let site = rpc::id("site_id", &request.site_id)?;
        self.0.sites.ensure_site(&caller, site).await?;
        let schedule = self.0.db.transaction(&caller, async |conn| schedules::set(conn, &caller, site, &request).await);
        Ok(Response::new(schedule.await?))
    }

    async fn delete_schedule(
        &self,
        request: Request<pb::DeleteAutomationScheduleRequest>,
    ) -> Result<Response<pb::DeletedAutomationSchedule>, Status> {
        let (caller, request) = rpc::open(request)?;
        let site = rpc::id("site_id", &request.site_id)?;
        if !self.0.db.transaction(&caller, async |conn| schedules::delete(conn, site).await).await? {
            return Err(Error::not_found("schedule").into());
        }
        Ok(Response::new(pb::DeletedAutomationSchedule { site_id: site.to_string() }))
    }
}

/// The account of a transaction, which every statement here names.
fn account(conn: &AccountConn) -> Uuid {
    conn.account().uuid()
}
