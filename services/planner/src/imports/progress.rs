//! How far an import is, as all tasks tell it.

use std::collections::HashMap;

use contracts::planner::v1::ImportState;
use contracts::progress::v1::{Phase, Progress, TaskState};
use db::AccountConn;
use rpc::{Result, timestamp};
use uuid::Uuid;

use super::row::Import;

/// The progress of a started import; `None` where the id is none.
pub async fn progress(conn: &mut AccountConn, task: Uuid) -> Result<Option<Progress>> {
    Ok(Import::find(conn, task).await?.and_then(of))
}

fn of(import: Import) -> Option<Progress> {
    let (state, phase, message) = match import.state.0 {
        ImportState::Unspecified | ImportState::Reading | ImportState::Previewed => return None,
        ImportState::Pending => (TaskState::Pending, Phase::Init, "Waiting for its turn.".to_owned()),
        ImportState::Running => {
            (TaskState::Running, Phase::Save, format!("Storing {} keywords.", import.keyword_count))
        }
        ImportState::Succeeded => {
            (TaskState::Succeeded, Phase::Done, format!("{} keywords are new.", import.new_count))
        }
        ImportState::Failed => (TaskState::Failed, Phase::Save, import.message.clone()),
        ImportState::Cancelled => (TaskState::Cancelled, Phase::Save, "Cancelled: nothing was stored.".to_owned()),
    };
    let figures = [
        ("rows", import.row_count),
        ("new", import.new_count),
        ("duplicate", import.duplicate_count),
        ("updated", import.updated_count),
        ("rejected", import.rejected_count),
    ];
    Some(Progress {
        task_id: import.id.to_string(),
        action: "import_keywords".to_owned(),
        state: state.into(),
        phase: phase.into(),
        percent: import.percent.into(),
        message,
        reason: import.reason,
        credits: None,
        figures: HashMap::from(figures.map(|(name, figure)| (name.to_owned(), figure.to_string()))),
        created_at: Some(timestamp::of(import.created_at)),
        updated_at: Some(timestamp::of(import.updated_at)),
        finished_at: import.finished_at.map(timestamp::of),
    })
}
