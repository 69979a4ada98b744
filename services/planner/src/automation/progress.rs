//! How far a run is, as all tasks tell it.

use std::collections::HashMap;

use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{AutomationItemState, AutomationRunState, AutomationStage};
use contracts::progress::v1::{Phase, Progress, TaskState};
use db::AccountConn;
use rpc::Result;
use uuid::Uuid;

use super::runs::{self, Run, STAGES, Standing};

/// The progress of a run; `None` where the id is none.
pub async fn progress(conn: &mut AccountConn, task: Uuid) -> Result<Option<Progress>> {
    let Some(run) = Run::find(conn, task).await? else { return Ok(None) };
    let rows = runs::standing(conn, &[task]).await?;
    let run = runs::message(conn, run).await?;
    Ok(Some(of(run, &rows)))
}

fn of(run: pb::AutomationRun, rows: &[Standing]) -> Progress {
    let (state, phase) = match run.state() {
        AutomationRunState::Done => (TaskState::Succeeded, Phase::Done),
        AutomationRunState::Cancelled => (TaskState::Cancelled, Phase::Done),
        _ => (TaskState::Running, Phase::AiCall),
    };
    let percent = if phase == Phase::Done { 100 } else { percent(rows) };
    let articles = |wanted: &[AutomationItemState]| -> i64 {
        let of_state = rows.iter().filter(|row| row.article && wanted.contains(&row.state.0));
        of_state.map(|row| row.items).sum()
    };
    let (done, open) = (
        articles(&[AutomationItemState::Done]),
        articles(&[AutomationItemState::Pending, AutomationItemState::Running]),
    );
    let told = format!("{done} articles are done, {open} are in the making.");
    let message = if run.message.is_empty() || run.state() == AutomationRunState::Done { told } else { run.message };
    let mut figures: HashMap<String, String> = HashMap::new();
    for count in &run.stages {
        figures.insert(count.stage().json_name().unwrap_or_default().to_owned(), count.done.to_string());
    }
    figures.insert("skipped".to_owned(), articles(&[AutomationItemState::Skipped]).to_string());
    figures.insert("failed".to_owned(), articles(&[AutomationItemState::Failed]).to_string());
    Progress {
        task_id: run.id,
        action: "automation".to_owned(),
        state: state.into(),
        phase: phase.into(),
        percent,
        message,
        reason: run.reason,
        credits: Some(run.credits),
        figures,
        created_at: run.created_at,
        updated_at: run.updated_at,
        finished_at: run.finished_at,
    }
}

/// The share of stages that items have behind them, those of sectors and of articles alike; never more than 99.
fn percent(rows: &[Standing]) -> i32 {
    let (mut behind, mut all) = (0_i64, 0_i64);
    for row in rows {
        let stages = if row.article { STAGES.len() - 1 } else { 1 };
        let stages = i64::try_from(stages).unwrap_or_default();
        let first = if row.article { AutomationStage::Idea } else { AutomationStage::Cluster };
        let open = matches!(row.state.0, AutomationItemState::Pending | AutomationItemState::Running);
        let passed = if open { i64::from(i32::from(row.stage.0) - i32::from(first)) } else { stages };
        behind += passed * row.items;
        all += stages * row.items;
    }
    i32::try_from(behind * 100 / all.max(1)).unwrap_or_default().clamp(0, 99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_as_far_as_its_items_and_not_done_before_its_end() {
        assert_eq!(percent(&[]), 0);
        let row = |article, stage, state| Standing::of(article, stage, state, 2);
        let clustered = row(false, AutomationStage::Cluster, AutomationItemState::Done);
        let written = row(true, AutomationStage::Images, AutomationItemState::Pending);
        assert_eq!(percent(&[clustered.clone(), written]), 66);
        assert_eq!(percent(&[clustered, row(true, AutomationStage::Publish, AutomationItemState::Done)]), 99);
    }
}
