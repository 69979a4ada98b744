//! How far the writing of a task is.

use contracts::writer::v1::TaskStatus;
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::owned_by;
use crate::schema::igny8_tasks;

/// A job begins to write its article.
pub async fn begin(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    if set(conn, id, (&[TaskStatus::Queued], TaskStatus::Writing), None).await? {
        return Ok(());
    }
    let message = "This task cannot be written now: it has an article, one is being written, or it was put aside.";
    Err(Error::precondition("TASK_STATUS", message))
}

/// The job ended without an article.
pub async fn failed(conn: &mut AccountConn, id: Uuid, why: &str) -> Result<()> {
    set(conn, id, (&[TaskStatus::Writing], TaskStatus::Queued), Some(why)).await?;
    Ok(())
}

/// It has an article.
pub async fn written(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let from = [TaskStatus::Queued, TaskStatus::Writing, TaskStatus::Archived];
    set(conn, id, (&from, TaskStatus::Written), None).await?;
    Ok(())
}

/// Its article was deleted.
pub async fn unwritten(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    set(conn, id, (&[TaskStatus::Written], TaskStatus::Queued), None).await?;
    Ok(())
}

/// Whether it was in one of these. One that was deleted meanwhile goes on as well, for when it comes back.
async fn set(
    conn: &mut AccountConn,
    id: Uuid,
    (from, to): (&[TaskStatus], TaskStatus),
    error: Option<&str>,
) -> Result<bool> {
    let from: Vec<_> = from.iter().map(|status| Stored(*status)).collect();
    let task = igny8_tasks::table.filter(owned_by(conn)).filter(igny8_tasks::id.eq(id));
    let changed = diesel::update(task.filter(igny8_tasks::status.eq_any(from)))
        .set((
            igny8_tasks::status.eq(Stored(to)),
            igny8_tasks::error_message.eq(error),
            igny8_tasks::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}
