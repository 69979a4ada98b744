//! Deleting articles, and taking that back. A page that is live stays: taking it down is the publisher's.

use contracts::rest::v1::Deleted;
use contracts::writer::v1 as pb;
use db::{AccountConn, undo};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use super::list::selected;
use super::{Content, owned_by, write};
use crate::schema::igny8_content;
use crate::selection::{count, deleted};
use crate::tasks::{self, Task};
use crate::{patience, site_copies};

pub(super) async fn one(conn: &mut AccountConn, caller: &Caller, id: Uuid) -> Result<Deleted> {
    let content = Content::lock(conn, id).await?;
    site_copies::active(conn, [content.site_id]).await?;
    delete(conn, &[id]).await?;
    db::audit::record(conn, caller, "content.deleted", Some(id), [("title", content.title)]).await?;
    undo::push(conn, "content", id, &Value::Null).await
}

/// Deletes what a selection means.
pub(super) async fn many(
    conn: &mut AccountConn,
    caller: &Caller,
    selection: &pb::ContentSelection,
) -> Result<pb::DeletedContents> {
    patience::take(conn).await?;
    let found = selected(conn, selection).await?;
    let locked = Content::lock_all(conn, &found).await?;
    site_copies::active(conn, locked.iter().map(|content| content.site_id)).await?;
    let ids: Vec<Uuid> = locked.iter().map(|content| content.id).collect();
    delete(conn, &ids).await?;
    db::audit::record(conn, caller, "contents.deleted", None, [("count", ids.len().to_string())]).await?;
    let token = undo::push(conn, "contents", Uuid::nil(), &json!({ "ids": ids })).await?;
    let count = count(ids.len())?;
    Ok(pb::DeletedContents { count, undo_token: token.undo_token, undo_until: token.undo_until })
}

/// Deletes articles that are locked. Their tasks can be written again.
async fn delete(conn: &mut AccountConn, ids: &[Uuid]) -> Result<()> {
    let rows = igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq_any(ids));
    let gone: Vec<Content> = diesel::update(rows)
        .set(igny8_content::deleted_at.eq(now))
        .returning(Content::as_returning())
        .get_results(conn)
        .await?;
    for content in gone {
        if let Some(task) = content.task_id {
            tasks::unwritten(conn, task).await?;
        }
        write::tell(conn, &content).await?;
    }
    Ok(())
}

/// An article whose task has another one by now stays deleted; one whose slug is taken by now gets another one.
const RESTORE: &str = "
    UPDATE igny8_content c SET deleted_at = NULL, slug = app.free_slug(c.account_id, c.site_id, c.slug, c.id) WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM igny8_content o
                       WHERE o.account_id = c.account_id AND o.task_id = c.task_id AND o.deleted_at IS NULL)";

/// Takes the deletion of an article, or of those in `payload`, back, and answers how many came back.
pub async fn restore(conn: &mut AccountConn, id: Uuid, payload: &Value) -> Result<i64> {
    let ids = deleted(id, payload)?;
    patience::take(conn).await?;
    // Tasks before slugs, as whoever writes an article does.
    let tasks = igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq_any(&ids));
    let tasks: Vec<Option<Uuid>> = tasks.select(igny8_content::task_id).load(conn).await?;
    Task::lock_all(conn, &tasks.into_iter().flatten().collect::<Vec<_>>()).await?;
    let restored = db::statement(RESTORE)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<Array<SqlUuid>, _>(&ids)
        .execute(conn)
        .await?;
    if restored == 0 {
        return Err(Error::not_found("article"));
    }
    for content in Content::lock_all(conn, &ids).await? {
        if let Some(task) = content.task_id {
            tasks::written(conn, task).await?;
        }
        write::tell(conn, &content).await?;
    }
    count(restored)
}
