//! Jobs: one call of an AI action each, from the moment it is accepted to its one last state.

use std::sync::Arc;

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::job_service_server::JobService;
use contracts::progress::v1::Progress;
use futures_util::stream::BoxStream;
use rpc::Error;
use tonic::{Request, Response, Status};

use crate::App;

mod cancel;
mod end;
mod input;
mod list;
mod result;
mod seen;
mod submit;
mod transition;

pub use end::{End, end};
pub use input::read as read_input;
pub use seen::{Seen, seen, seen_across_accounts};
pub use transition::{Move, shift};

/// Tries of a job, those that were put off not counted.
pub const MAX_ATTEMPTS: i32 = 5;

#[derive(Debug)]
pub struct Jobs(pub Arc<App>);

#[tonic::async_trait]
impl JobService for Jobs {
    type ReadJobResultStream = BoxStream<'static, Result<pb::JobResultPiece, Status>>;
    type WatchJobStream = BoxStream<'static, Result<Progress, Status>>;

    async fn list_jobs(&self, request: Request<pb::ListJobsRequest>) -> Result<Response<pb::ListJobsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let page = self.0.db.transaction(&caller, async |conn| list::page(conn, &request).await);
        Ok(Response::new(page.await?))
    }

    async fn get_job(&self, request: Request<pb::GetJobRequest>) -> Result<Response<pb::Job>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let job = self.0.db.transaction(&caller, async |conn| list::one(conn, id).await);
        Ok(Response::new(job.await?))
    }

    async fn cancel_job(&self, request: Request<pb::CancelJobRequest>) -> Result<Response<pb::Job>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let job = self.0.db.transaction(&caller, async |conn| {
            list::one(conn, id).await?;
            if cancel::cancel(conn, id).await? {
                db::audit::record(conn, &caller, "job.cancelled", Some(id), []).await?;
            }
            list::one(conn, id).await
        });
        let job = job.await?;
        self.0.held.cancel(caller.account(), id);
        Ok(Response::new(job))
    }

    async fn submit_job(
        &self,
        request: Request<pb::SubmitJobRequest>,
    ) -> Result<Response<pb::SubmitJobResponse>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let job = submit::New::read(service.name(), &request)?;
        let account = service.account_required()?;
        let places = self.0.limits.running_jobs(account, job.class).await;
        let answer = self.0.db.account(account, async |conn| submit::submit(conn, &job, places).await).await?;
        self.0.dispatcher.wake(job.class);
        Ok(Response::new(answer))
    }

    async fn put_job_input(
        &self,
        request: Request<pb::PutJobInputRequest>,
    ) -> Result<Response<pb::PutJobInputResponse>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("job_id", &request.job_id)?;
        let put = async |conn: &mut db::AccountConn| input::put(conn, id, request.part, &request.body).await;
        self.0.db.account(service.account_required()?, put).await?;
        Ok(Response::new(pb::PutJobInputResponse {}))
    }

    async fn get_job_states(
        &self,
        request: Request<pb::GetJobStatesRequest>,
    ) -> Result<Response<pb::GetJobStatesResponse>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let ids = request.job_ids.iter().enumerate().map(|(at, id)| rpc::id(&format!("job_ids.{at}"), id));
        let ids: Vec<_> = ids.collect::<rpc::Result<_>>()?;
        let found = self.0.db.account(service.account_required()?, async |conn| seen(conn, &ids).await).await?;
        let found = found.into_iter().filter(|job| job.is_for(service.name()));
        Ok(Response::new(pb::GetJobStatesResponse { jobs: found.map(pb::JobStatus::from).collect() }))
    }

    async fn read_job_result(
        &self,
        request: Request<pb::ReadJobResultRequest>,
    ) -> Result<Response<Self::ReadJobResultStream>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("job_id", &request.job_id)?;
        let pieces = result::read(&self.0.db, service.account_required()?, service.name(), id).await?;
        Ok(Response::new(pieces))
    }

    async fn watch_job(&self, request: Request<pb::WatchJobRequest>) -> Result<Response<Self::WatchJobStream>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("job_id", &request.job_id)?;
        let account = service.account_required()?;
        let job = self.0.db.account(account, async |conn| seen(conn, &[id]).await).await?.pop();
        let job = job.filter(|job| job.is_for(service.name())).ok_or_else(|| Error::not_found("job"))?;
        Ok(Response::new(self.0.watches.stream(account, job)))
    }

    async fn cancel_own_job(
        &self,
        request: Request<pb::CancelOwnJobRequest>,
    ) -> Result<Response<pb::JobStatus>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("job_id", &request.job_id)?;
        let account = service.account_required()?;
        let status = self.0.db.account(account, async |conn| {
            cancel::bury(conn, id, service.name()).await?;
            cancel::status(conn, id, service.name()).await?;
            cancel::cancel(conn, id).await?;
            cancel::status(conn, id, service.name()).await
        });
        let status = status.await?;
        self.0.held.cancel(account, id);
        Ok(Response::new(status))
    }

    async fn cancel_if_absent(
        &self,
        request: Request<pb::CancelIfAbsentRequest>,
    ) -> Result<Response<pb::JobStatus>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("job_id", &request.job_id)?;
        let status = self.0.db.account(service.account_required()?, async |conn| {
            cancel::bury(conn, id, service.name()).await?;
            cancel::status(conn, id, service.name()).await
        });
        Ok(Response::new(status.await?))
    }
}
