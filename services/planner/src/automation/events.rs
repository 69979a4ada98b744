//! How items move by what other services tell.

use bus::Delivery;
use contracts::ai_processor::v1::{JobFinished, JobState};
use contracts::planner::v1::AutomationStage;
use contracts::publisher::v1::PublicationChanged;
use contracts::writer::v1::{ContentChanged, TaskCreated};
use db::AccountConn;
use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use jobs::JobRequest;
use rpc::Result;
use uuid::Uuid;

use super::{account, driver, spending};
use crate::App;

#[derive(Debug, diesel::QueryableByName)]
struct Moved {
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
}

async fn wake(conn: &mut AccountConn, moved: Vec<Moved>) -> Result<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let runs: Vec<Uuid> = moved.into_iter().map(|moved| moved.run_id).collect();
    driver::wake(conn, &runs).await
}

const JOB: &str = "
    UPDATE igny8_automation_items SET next_at = now()
    WHERE account_id = $1 AND job_id = $2 AND state IN ('pending', 'running') RETURNING run_id";

/// A job of this service has ended; its result, if any, is in the tables. What it took counts also where its run was cancelled meanwhile.
pub(crate) async fn job_ended(conn: &mut AccountConn, job: Uuid) -> Result<()> {
    if let Some(request) = JobRequest::find(conn, job).await? {
        spending::took_by(conn, &request).await?;
    }
    let moved = db::statement(JOB).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(job).load(conn).await?;
    wake(conn, moved).await
}

const FAILED: &str = "
    UPDATE igny8_automation_items SET state = 'failed', reason = $3, message = $4, updated_at = now()
    WHERE account_id = $1 AND job_id = $2 AND stage IN ('content', 'images') AND state IN ('pending', 'running') RETURNING run_id";

/// A job of the writer has ended: what it took is known, and that no article will come when it failed. A repetition changes nothing.
pub async fn job_finished(app: &App, delivery: &Delivery<JobFinished>) -> Result<()> {
    let event = &delivery.message;
    if event.requester != "writer" {
        return Ok(());
    }
    let job = rpc::id("job_id", &event.job_id)?;
    let heard = async |conn: &mut AccountConn| {
        // Images are made by several jobs: what they took is asked for when all are ready.
        spending::took_in(conn, job, AutomationStage::Content, event.charge).await?;
        if event.state() == JobState::Succeeded {
            return Ok(());
        }
        let moved = db::statement(FAILED)
            .bind::<SqlUuid, _>(account(conn))
            .bind::<SqlUuid, _>(job)
            .bind::<Text, _>(event.error_code.as_deref().unwrap_or("FAILED"))
            .bind::<Text, _>(event.error_message.as_deref().unwrap_or("This failed."))
            .load(conn)
            .await?;
        wake(conn, moved).await
    };
    app.db.account(delivery.account(), heard).await
}

const WRITTEN: &str = "UPDATE igny8_content_ideas SET status = 'written', updated_at = now()
    WHERE account_id = $1 AND id = $2 AND status = 'queued'";
const TASK: &str = "
    UPDATE igny8_automation_items SET task_id = $3, stage = 'content', state = 'pending', attempt = 0, tries = 0, job_id = NULL,
        next_at = now(), stage_at = now(), updated_at = now()
    WHERE account_id = $1 AND content_idea_id = $2 AND stage = 'task' AND state IN ('pending', 'running') RETURNING run_id";

/// The writer has made a task of an idea.
pub async fn task_created(conn: &mut AccountConn, event: &TaskCreated) -> Result<()> {
    let Some(idea) = event.content_idea_id.as_deref() else { return Ok(()) };
    let idea = rpc::id("content_idea_id", idea)?;
    let task = rpc::id("task_id", &event.task_id)?;
    db::statement(WRITTEN).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(idea).execute(conn).await?;
    let moved = db::statement(TASK).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(idea);
    let moved = moved.bind::<SqlUuid, _>(task).load(conn).await?;
    wake(conn, moved).await
}

const DELETED: &str = "
    UPDATE igny8_automation_items SET state = 'skipped', reason = 'DELETED', message = 'The article was deleted.', updated_at = now()
    WHERE account_id = $1 AND content_id = $2 AND state IN ('pending', 'running') RETURNING run_id";
const CONTENT: &str = "
    UPDATE igny8_automation_items SET content_id = $3, images_ready = $4, stage = 'images', state = 'pending', attempt = 0, tries = 0,
        job_id = NULL, next_at = now(), stage_at = now(), updated_at = now()
    WHERE account_id = $1 AND task_id = $2 AND stage = 'content' AND state IN ('pending', 'running') RETURNING run_id";
const IMAGES: &str = "
    UPDATE igny8_automation_items SET images_ready = $3, next_at = now(), updated_at = now()
    WHERE account_id = $1 AND content_id = $2 AND stage = 'images' AND state IN ('pending', 'running') AND images_ready <> $3
    RETURNING run_id";

/// An article was written, has its images, or is gone.
pub async fn content_changed(conn: &mut AccountConn, event: &ContentChanged) -> Result<()> {
    let content = rpc::id("content_id", &event.content_id)?;
    if event.deleted {
        let moved = db::statement(DELETED).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(content);
        let moved = moved.load(conn).await?;
        return wake(conn, moved).await;
    }
    if let Some(task) = &event.task_id {
        let task = rpc::id("task_id", task)?;
        let moved = db::statement(CONTENT).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(task);
        let moved = moved.bind::<SqlUuid, _>(content).bind::<Bool, _>(event.images_ready).load(conn).await?;
        wake(conn, moved).await?;
    }
    let moved = db::statement(IMAGES).bind::<SqlUuid, _>(account(conn)).bind::<SqlUuid, _>(content);
    let moved = moved.bind::<Bool, _>(event.images_ready).load(conn).await?;
    wake(conn, moved).await
}

const PUBLICATION: &str = "
    UPDATE igny8_automation_items SET state = $3, reason = $4, message = $5, updated_at = now()
    WHERE account_id = $1 AND content_id = $2 AND stage = 'publish' AND state IN ('pending', 'running') RETURNING run_id";

/// A page went live or is to, or will not.
pub async fn publication_changed(conn: &mut AccountConn, event: &PublicationChanged) -> Result<()> {
    let (state, reason, message) = match event.state.as_str() {
        "published" | "drifted" => ("done", None, event.url.as_deref().unwrap_or("Published.")),
        "scheduled" => ("done", None, "Scheduled: the publisher has it."),
        "failed" => {
            ("failed", Some("PUBLISHING_FAILED"), event.error_message.as_deref().unwrap_or("Publishing failed."))
        }
        "cancelled" => ("skipped", Some("PUBLISHING_CANCELLED"), "The publication was cancelled."),
        _ => return Ok(()),
    };
    let moved = db::statement(PUBLICATION)
        .bind::<SqlUuid, _>(account(conn))
        .bind::<SqlUuid, _>(rpc::id("content_id", &event.content_id)?)
        .bind::<Text, _>(state)
        .bind::<Nullable<Text>, _>(reason)
        .bind::<Text, _>(message)
        .load(conn)
        .await?;
    wake(conn, moved).await
}
