//! How far the planner's tasks are: AI actions by their job requests, imports and runs of automation by their own rows.

use std::sync::Arc;
use std::time::Duration;

use contracts::progress::v1::progress_service_server::ProgressService;
use contracts::progress::v1::{GetProgressRequest, Progress, ProgressEvent, TaskState};
use futures_util::stream;
use jobs::ProgressStream;
use rpc::{Caller, Error, Result};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{App, automation, imports};

/// How often such a row is read for somebody who watches it.
const EVERY: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub struct Tasks(pub Arc<App>);

#[tonic::async_trait]
impl ProgressService for Tasks {
    type WatchProgressStream = ProgressStream;

    async fn get_progress(&self, request: Request<GetProgressRequest>) -> Result<Response<Progress>, Status> {
        let (caller, request) = rpc::open(request)?;
        let task = rpc::id("task_id", &request.task_id)?;
        let progress = match self.0.jobs.progress(&caller, task).await? {
            Some(progress) => progress,
            None => own(&self.0, &caller, task).await?,
        };
        Ok(Response::new(progress))
    }

    async fn watch_progress(
        &self,
        request: Request<GetProgressRequest>,
    ) -> Result<Response<Self::WatchProgressStream>, Status> {
        let (caller, request) = rpc::open(request)?;
        let task = rpc::id("task_id", &request.task_id)?;
        if let Some(events) = self.0.jobs.watch(&caller, task).await? {
            return Ok(Response::new(events));
        }
        own(&self.0, &caller, task).await?;
        let watch = Watch { app: Arc::clone(&self.0), caller, task, last: None, over: false };
        let events = stream::unfold(watch, |mut watch| async move {
            if watch.over {
                return None;
            }
            let event = watch.next().await.map_err(Status::from);
            watch.over |= event.is_err();
            Some((event, watch))
        });
        Ok(Response::new(Box::pin(events)))
    }
}

/// Of an import or a run of automation.
async fn own(app: &App, caller: &Caller, task: Uuid) -> Result<Progress> {
    let find = async |conn: &mut db::AccountConn| match imports::progress(conn, task).await? {
        Some(progress) => Ok(Some(progress)),
        None => automation::progress(conn, task).await,
    };
    let found = app.db.transaction(caller, find).await?;
    found.ok_or_else(|| Error::not_found("task"))
}

struct Watch {
    app: Arc<App>,
    caller: Caller,
    task: Uuid,
    last: Option<Progress>,
    over: bool,
}

impl Watch {
    /// The next progress that differs from the last one.
    async fn next(&mut self) -> Result<ProgressEvent> {
        loop {
            if self.last.is_some() {
                tokio::time::sleep(EVERY).await;
            }
            let progress = own(&self.app, &self.caller, self.task).await?;
            if self.last.as_ref() == Some(&progress) {
                continue;
            }
            self.last = Some(progress.clone());
            let event = match progress.state() {
                TaskState::Succeeded => "done",
                TaskState::Failed | TaskState::Cancelled => "error",
                _ => "progress",
            };
            self.over = event != "progress";
            return Ok(ProgressEvent { event: event.to_owned(), data: Some(progress) });
        }
    }
}
