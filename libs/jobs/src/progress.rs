//! How far a request is, in the words of `igny8.progress.v1`.

use contracts::ai_processor::v1::GetJobStatesRequest;
use contracts::progress::v1::{Phase, Progress, TaskState};
use db::AccountConn;
use rpc::{Caller, Result, timestamp};
use uuid::Uuid;

use crate::jobs::unattended;
use crate::{JobRequest, Jobs, Step};

impl Jobs {
    /// How far a request of the caller's sites is; `None` when it is not one of this service.
    ///
    /// While the job is ai-processor's, its own progress is asked for. When it cannot be, the request's is answered.
    pub async fn progress(&self, caller: &Caller, id: Uuid) -> Result<Option<Progress>> {
        let find = async |conn: &mut AccountConn| JobRequest::find(conn, id).await;
        let Some(request) = self.db().transaction(caller, find).await? else { return Ok(None) };
        if request.step != Step::Submitted {
            return Ok(Some(of(&request)));
        }
        let message = GetJobStatesRequest { job_ids: vec![id.to_string()] };
        let asked = self.ai(unattended(caller.account())).get_job_states(message).await;
        let theirs = asked.ok().and_then(|states| states.into_inner().jobs.into_iter().next()?.progress);
        Ok(Some(theirs.map_or_else(|| of(&request), |theirs| joined(&request, theirs))))
    }
}

/// The request's own progress.
pub(crate) fn of(request: &JobRequest) -> Progress {
    let (state, phase, percent, message) = match request.step {
        Step::New | Step::Reserved => (TaskState::Pending, Phase::Init, 0, "Getting ready."),
        Step::Submitted => (TaskState::Pending, Phase::Init, 1, "Waiting for its turn."),
        Step::Finished => (TaskState::Running, Phase::Save, 95, "Saving the result."),
        Step::Applied => (TaskState::Succeeded, Phase::Done, 100, "Done."),
        Step::Abandoned | Step::Failed => (TaskState::Failed, Phase::Done, 100, "This failed."),
        Step::Cancelled => (TaskState::Cancelled, Phase::Done, 100, "This was cancelled."),
    };
    let why = request.error_message.clone().filter(|why| !why.is_empty());
    Progress {
        task_id: request.id.to_string(),
        action: request.action.clone(),
        state: state.into(),
        phase: phase.into(),
        percent,
        message: why.unwrap_or_else(|| message.to_owned()),
        reason: request.error_code.clone(),
        credits: request.charge,
        figures: figures(request),
        created_at: Some(timestamp::of(request.created_at)),
        updated_at: Some(timestamp::of(request.updated_at)),
        finished_at: request.ended_at.map(timestamp::of),
    }
}

/// What ai-processor says of a request's job, under the request's name. The request has not ended before its result is applied.
pub(crate) fn joined(request: &JobRequest, theirs: Progress) -> Progress {
    let own = of(request);
    let (state, phase, percent) = match theirs.state() {
        TaskState::Succeeded => (TaskState::Running, Phase::Save, 95),
        TaskState::Failed | TaskState::Cancelled => (TaskState::Running, theirs.phase(), theirs.percent.min(99)),
        TaskState::Unspecified => (own.state(), own.phase(), own.percent),
        state => (state, theirs.phase(), theirs.percent.clamp(1, 95)),
    };
    let message = if phase == Phase::Save { "Saving the result.".to_owned() } else { theirs.message };
    Progress {
        state: state.into(),
        phase: phase.into(),
        percent,
        message: if message.is_empty() { own.message } else { message },
        updated_at: theirs.updated_at.or(own.updated_at),
        task_id: own.task_id,
        action: own.action,
        reason: None,
        credits: None,
        figures: theirs.figures,
        created_at: own.created_at,
        finished_at: None,
    }
}

fn figures(request: &JobRequest) -> crate::Figures {
    let figures = request.figures.as_object().into_iter().flatten();
    figures.filter_map(|(name, figure)| Some((name.clone(), figure.as_str()?.to_owned()))).collect()
}
