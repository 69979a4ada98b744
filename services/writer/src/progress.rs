//! How far the writer's tasks are: all of them are AI actions.

use std::sync::Arc;

use contracts::progress::v1::progress_service_server::ProgressService;
use contracts::progress::v1::{GetProgressRequest, Progress};
use jobs::ProgressStream;
use rpc::{Error, Result};
use tonic::{Request, Response, Status};

use crate::App;

#[derive(Debug)]
pub struct Progresses(pub Arc<App>);

#[tonic::async_trait]
impl ProgressService for Progresses {
    type WatchProgressStream = ProgressStream;

    async fn get_progress(&self, request: Request<GetProgressRequest>) -> Result<Response<Progress>, Status> {
        let (caller, request) = rpc::open(request)?;
        let task = rpc::id("task_id", &request.task_id)?;
        let found = self.0.jobs.progress(&caller, task).await?;
        Ok(Response::new(found.ok_or_else(|| Error::not_found("task"))?))
    }

    async fn watch_progress(
        &self,
        request: Request<GetProgressRequest>,
    ) -> Result<Response<Self::WatchProgressStream>, Status> {
        let (caller, request) = rpc::open(request)?;
        let task = rpc::id("task_id", &request.task_id)?;
        let events = self.0.jobs.watch(&caller, task).await?;
        Ok(Response::new(events.ok_or_else(|| Error::not_found("task"))?))
    }
}
