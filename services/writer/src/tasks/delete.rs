//! Deleting tasks, and taking that back. Their articles stay.

use contracts::writer::v1 as pb;
use db::{AccountConn, undo};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Task;
use super::list::selected;
use crate::selection::{count, deleted};
use crate::site_copies;

const DELETE: &str =
    "UPDATE igny8_tasks SET deleted_at = now() WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NULL";
const RESTORE: &str =
    "UPDATE igny8_tasks SET deleted_at = NULL WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NOT NULL";

/// Deletes tasks that are locked.
pub(super) async fn delete(conn: &mut AccountConn, tasks: &[Uuid]) -> Result<usize> {
    run(conn, DELETE, tasks).await
}

/// Deletes what a selection means.
pub(super) async fn many(
    conn: &mut AccountConn,
    caller: &Caller,
    selection: &pb::TaskSelection,
) -> Result<pb::DeletedTasks> {
    let found = selected(conn, selection).await?;
    let locked = Task::lock_all(conn, &found).await?;
    site_copies::active(conn, locked.iter().map(|task| task.site_id)).await?;
    let tasks: Vec<Uuid> = locked.iter().map(|task| task.id).collect();
    delete(conn, &tasks).await?;
    db::audit::record(conn, caller, "tasks.deleted", None, [("count", tasks.len().to_string())]).await?;
    let token = undo::push(conn, "tasks", Uuid::nil(), &json!({ "ids": tasks })).await?;
    let count = count(tasks.len())?;
    Ok(pb::DeletedTasks { count, undo_token: token.undo_token, undo_until: token.undo_until })
}

/// Takes the deletion of a task, or of those in `payload`, back, and answers how many came back.
pub async fn restore(conn: &mut AccountConn, id: Uuid, payload: &Value) -> Result<i64> {
    match run(conn, RESTORE, &deleted(id, payload)?).await? {
        0 => Err(Error::not_found("task")),
        restored => count(restored),
    }
}

async fn run(conn: &mut AccountConn, statement: &'static str, tasks: &[Uuid]) -> Result<usize> {
    let statement = db::statement(statement).bind::<SqlUuid, _>(conn.account().uuid()).bind::<Array<SqlUuid>, _>(tasks);
    Ok(statement.execute(conn).await?)
}
