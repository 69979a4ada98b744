//! Progress of jobs, for people and for the services that watch in their name.

use std::sync::Arc;

use contracts::progress::v1::progress_service_server::ProgressService;
use contracts::progress::v1::{GetProgressRequest, Progress, ProgressEvent, TaskState};
use futures_util::stream::{BoxStream, StreamExt};
use rpc::{Caller, Error};
use tonic::{Request, Response, Status};

use crate::App;
use crate::jobs::{Seen, seen};

mod watches;

pub use watches::{Watches, run};

#[derive(Debug)]
pub struct ProgressOfJobs(pub Arc<App>);

#[tonic::async_trait]
impl ProgressService for ProgressOfJobs {
    type WatchProgressStream = BoxStream<'static, Result<ProgressEvent, Status>>;

    async fn get_progress(&self, request: Request<GetProgressRequest>) -> Result<Response<Progress>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.job(&caller, &request).await?.progress()))
    }

    async fn watch_progress(
        &self,
        request: Request<GetProgressRequest>,
    ) -> Result<Response<Self::WatchProgressStream>, Status> {
        let (caller, request) = rpc::open(request)?;
        let job = self.job(&caller, &request).await?;
        let progress = self.0.watches.stream(caller.account(), job);
        Ok(Response::new(progress.map(|progress| progress.map(event)).boxed()))
    }
}

impl ProgressOfJobs {
    /// The job behind a task, if the caller may see its site.
    async fn job(&self, caller: &Caller, request: &GetProgressRequest) -> rpc::Result<Seen> {
        let id = rpc::id("task_id", &request.task_id)?;
        let job = self.0.db.transaction(caller, async |conn| Ok(seen(conn, &[id]).await?.pop())).await?;
        job.filter(|job| !job.is_tombstone()).ok_or_else(|| Error::not_found("task"))
    }
}

fn event(progress: Progress) -> ProgressEvent {
    let event = match progress.state() {
        TaskState::Succeeded => "done",
        TaskState::Failed | TaskState::Cancelled => "error",
        TaskState::Unspecified | TaskState::Pending | TaskState::Running => "progress",
    };
    ProgressEvent { event: event.to_owned(), data: Some(progress) }
}
