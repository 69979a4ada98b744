//! How far a publication is, as all tasks tell it.

use std::collections::HashMap;

use contracts::JsonEnum;
use contracts::progress::v1::{Phase, Progress, TaskState};
use contracts::publisher::v1::{PublicationState, PublicationWork};
use db::AccountConn;
use rpc::{Result, timestamp};
use uuid::Uuid;

use super::Publication;

/// The progress of a publication; `None` where the id is none.
pub async fn progress(conn: &mut AccountConn, task: Uuid) -> Result<Option<Progress>> {
    Ok(Publication::find(conn, task).await?.map(|publication| of(&publication)))
}

fn of(publication: &Publication) -> Progress {
    let (state, phase, percent, message) = stage(publication);
    let message = publication.error_message.clone().unwrap_or_else(|| message.to_owned());
    let url = publication.url.clone().filter(|_| publication.is_live());
    let figures = url.map(|url| HashMap::from([("url".to_owned(), url)]));
    let over = !matches!(state, TaskState::Pending | TaskState::Running);
    Progress {
        task_id: publication.id.to_string(),
        action: action(publication).to_owned(),
        state: state.into(),
        phase: phase.into(),
        percent,
        message,
        reason: publication.reason.clone(),
        credits: None,
        figures: figures.unwrap_or_default(),
        created_at: Some(timestamp::of(publication.created_at)),
        updated_at: Some(timestamp::of(publication.updated_at)),
        finished_at: over.then(|| timestamp::of(publication.updated_at)),
    }
}

fn action(publication: &Publication) -> &'static str {
    let work = publication.work().filter(|work| *work != PublicationWork::Tidy);
    work.and_then(JsonEnum::json_name).unwrap_or("publish")
}

fn stage(publication: &Publication) -> (TaskState, Phase, i32, &'static str) {
    use PublicationState as State;
    match (publication.state(), publication.is_at_work()) {
        (State::Scheduled, _) => (TaskState::Pending, Phase::Init, 0, "Waiting for its time."),
        (State::Creating, true) => (TaskState::Running, Phase::Prep, 30, "Bringing pictures and text to the site."),
        (State::Drafted, true) => (TaskState::Running, Phase::Save, 80, "The draft is on the site and goes live."),
        (State::Published | State::Drifted, true) => (TaskState::Running, Phase::Save, 50, "Writing to the page."),
        (_, true) => (TaskState::Pending, Phase::Init, 0, "Waiting for its turn."),
        (State::Failed, false) => (TaskState::Failed, Phase::Save, 100, "It failed."),
        (State::Cancelled, false) => (TaskState::Cancelled, Phase::Done, 100, "Cancelled."),
        (State::Unpublished, false) => (TaskState::Succeeded, Phase::Done, 100, "The page was taken down."),
        (State::Drifted, false) => {
            (TaskState::Failed, Phase::Save, 100, "The page was changed on the site and was not overwritten.")
        }
        (_, false) if publication.reason.is_some() => (TaskState::Failed, Phase::Save, 100, "It failed."),
        (_, false) => (TaskState::Succeeded, Phase::Done, 100, "The page is live."),
    }
}
