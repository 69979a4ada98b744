//! Progress as a stream, each time it moves, until it ends.

use std::pin::Pin;
use std::time::Duration;

use contracts::ai_processor::v1::WatchJobRequest;
use contracts::progress::v1::{Progress, ProgressEvent, TaskState};
use futures_util::{Stream, stream};
use rpc::{Caller, Error, Result};
use tokio::time::Instant;
use tonic::{Status, Streaming};
use uuid::Uuid;

use crate::jobs::unattended;
use crate::progress::{joined, of};
use crate::{JobRequest, Jobs, Step};

/// What a method that streams progress answers.
pub type ProgressStream = Pin<Box<dyn Stream<Item = Result<ProgressEvent, Status>> + Send>>;

/// How often the own row is read while the service that watches may not be the one that writes it.
const EVERY: Duration = Duration::from_millis(300);

struct Watch {
    jobs: Jobs,
    caller: Caller,
    /// As it was read last.
    request: JobRequest,
    last: Option<Progress>,
    job: Option<Streaming<Progress>>,
    ask_again: Instant,
    over: bool,
}

impl Jobs {
    /// The progress of a request of the caller's sites as events: `progress` each time it moves, then `done` or `error`. `None` when it is not
    /// one of this service.
    pub async fn watch(&self, caller: &Caller, id: Uuid) -> Result<Option<ProgressStream>> {
        let find = async |conn: &mut db::AccountConn| JobRequest::find(conn, id).await;
        let Some(request) = self.db().transaction(caller, find).await? else { return Ok(None) };
        let (jobs, caller, ask_again) = (self.clone(), caller.clone(), Instant::now());
        let watch = Watch { jobs, caller, request, last: None, job: None, ask_again, over: false };
        let events = stream::unfold(watch, |mut watch| async move {
            if watch.over {
                return None;
            }
            let event = watch.next().await.map_err(Status::from);
            watch.over |= event.is_err();
            Some((event, watch))
        });
        Ok(Some(Box::pin(events)))
    }
}

impl Watch {
    /// The next progress that is not the last one.
    async fn next(&mut self) -> Result<ProgressEvent> {
        loop {
            let progress = self.look().await?;
            if same(self.last.as_ref(), &progress) {
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

    /// Waits a moment, or for the job to move, and looks.
    async fn look(&mut self) -> Result<Progress> {
        if self.last.is_some()
            && let Some(progress) = self.moved().await
        {
            return Ok(progress);
        }
        let id = self.request.id;
        let find = async |conn: &mut db::AccountConn| JobRequest::find(conn, id).await;
        let found = self.jobs.db().transaction(&self.caller, find).await?;
        self.request = found.ok_or_else(|| Error::not_found("task"))?;
        if self.request.step != Step::Submitted {
            self.job = None;
            return Ok(of(&self.request));
        }
        self.listen().await;
        // Until the job says more, what was said last still holds.
        let said = self.last.clone().filter(|last| last.percent > 1);
        Ok(said.unwrap_or_else(|| of(&self.request)))
    }

    /// What the job says within a moment. Its end is no news: the own row tells of that.
    async fn moved(&mut self) -> Option<Progress> {
        let Some(job) = &mut self.job else {
            tokio::time::sleep(EVERY).await;
            return None;
        };
        let theirs = match tokio::time::timeout(EVERY, job.message()).await {
            Ok(Ok(Some(theirs))) => theirs,
            Ok(Ok(None) | Err(_)) => {
                self.job = None;
                self.ask_again = Instant::now() + Duration::from_secs(2);
                return None;
            }
            Err(_) => return None,
        };
        Some(joined(&self.request, theirs))
    }

    /// Listens to the job, unless it does already.
    async fn listen(&mut self) {
        if self.job.is_some() || Instant::now() < self.ask_again {
            return;
        }
        let message = WatchJobRequest { job_id: self.request.id.to_string() };
        match self.jobs.ai(unattended(self.caller.account())).watch_job(message).await {
            Ok(job) => self.job = Some(job.into_inner()),
            Err(_) => self.ask_again = Instant::now() + Duration::from_secs(2),
        }
    }
}

/// Whether nobody would see a difference.
fn same(last: Option<&Progress>, progress: &Progress) -> bool {
    last.is_some_and(|last| *last == Progress { updated_at: last.updated_at, ..progress.clone() })
}
