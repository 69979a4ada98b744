//! A person changes tasks.

use chrono::{DateTime, Utc};
use contracts::planner::v1::{ContentStructure, ContentType};
use contracts::writer::v1 as pb;
use contracts::writer::v1::TaskStatus;
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Mask, Result, timestamp};
use uuid::Uuid;

use super::list::selected;
use super::{Task, owned_by};
use crate::schema::igny8_tasks;
use crate::selection::{count, optional_id};
use crate::site_copies;

#[expect(clippy::option_option, reason = "diesel's form: None leaves a value, Some(None) clears it")]
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = igny8_tasks)]
struct Change {
    title: Option<String>,
    description: Option<String>,
    content_type: Option<Stored<ContentType>>,
    structure: Option<Stored<ContentStructure>>,
    primary_keyword: Option<String>,
    secondary_keywords: Option<Vec<String>>,
    outline: Option<Vec<String>>,
    word_count: Option<i32>,
    author_profile_id: Option<Option<Uuid>>,
    due_at: Option<Option<DateTime<Utc>>>,
    status: Option<Stored<TaskStatus>>,
}

impl Change {
    fn read(request: &pb::UpdateTaskRequest) -> Result<Self> {
        let mask = Mask::of(&request.update_mask);
        let profile = optional_id("author_profile_id", request.author_profile_id.as_deref())?;
        let due = timestamp::optional("due_at", request.due_at.as_ref())?;
        let status = mask.when("status", request.status());
        Ok(Self {
            title: mask.when("title", request.title.trim().to_owned()),
            description: mask.when("description", request.description.clone()),
            content_type: mask.when("content_type", Stored(request.content_type())),
            structure: mask.when("structure", Stored(request.structure())),
            primary_keyword: mask.when("primary_keyword", request.primary_keyword.trim().to_owned()),
            secondary_keywords: mask.when("secondary_keywords", request.secondary_keywords.clone()),
            outline: mask.when("outline", request.outline.clone()),
            word_count: mask.when("word_count", request.word_count),
            author_profile_id: mask.when("author_profile_id", profile),
            due_at: mask.when("due_at", due),
            status: status.map(aside).transpose()?.map(Stored),
        })
    }
}

/// What a person may set: the others are set by the writing.
fn aside(status: TaskStatus) -> Result<TaskStatus> {
    match status {
        TaskStatus::Archived | TaskStatus::Queued => Ok(status),
        _ => Err(Error::invalid("status", "A task can be archived, or queued again. The rest is done by writing it.")),
    }
}

fn allowed(from: TaskStatus, to: TaskStatus) -> bool {
    from == to
        || matches!((from, to), (TaskStatus::Queued, TaskStatus::Archived) | (TaskStatus::Archived, TaskStatus::Queued))
}

pub(super) async fn one(conn: &mut AccountConn, id: Uuid, request: &pb::UpdateTaskRequest) -> Result<Task> {
    let change = Change::read(request)?;
    let task = Task::lock(conn, id).await?;
    site_copies::active(conn, [task.site_id]).await?;
    if let Some(Stored(status)) = change.status
        && !allowed(task.status.0, status)
    {
        let message = "This task has an article, or one is being written, so that it cannot be put aside or queued.";
        return Err(Error::precondition("TASK_STATUS", message));
    }
    let changed = diesel::update(igny8_tasks::table.filter(owned_by(conn)).filter(igny8_tasks::id.eq(id)))
        .set((change, igny8_tasks::updated_at.eq(now)))
        .returning(Task::as_returning())
        .get_result(conn)
        .await?;
    Ok(changed)
}

/// Changes what a selection means, as far as the status of each allows it.
pub(super) async fn many(conn: &mut AccountConn, request: &pb::BulkUpdateTasksRequest) -> Result<pb::UpdatedTasks> {
    let status = request.status.map(|_| aside(request.status())).transpose()?;
    let change = Change {
        status: status.map(Stored),
        author_profile_id: optional_id("author_profile_id", request.author_profile_id.as_deref())?.map(Some),
        due_at: timestamp::optional("due_at", request.due_at.as_ref())?.map(Some),
        ..Change::default()
    };
    if change.status.is_none() && change.author_profile_id.is_none() && change.due_at.is_none() {
        let message = "Nothing is to be changed. Send a status, an author profile or a due date.";
        return Err(Error::invalid("status", message));
    }
    let found = selected(conn, &request.selection.clone().unwrap_or_default()).await?;
    let locked = Task::lock_all(conn, &found).await?;
    site_copies::active(conn, locked.iter().map(|task| task.site_id)).await?;
    let (yes, no): (Vec<_>, Vec<_>) =
        locked.iter().partition(|task| status.is_none_or(|status| allowed(task.status.0, status)));
    let ids: Vec<Uuid> = yes.iter().map(|task| task.id).collect();
    let rows = igny8_tasks::table.filter(owned_by(conn)).filter(igny8_tasks::id.eq_any(ids));
    diesel::update(rows).set((change, igny8_tasks::updated_at.eq(now))).execute(conn).await?;
    Ok(pb::UpdatedTasks { count: count(yes.len())?, skipped: count(no.len())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_not_put_aside() {
        use TaskStatus::{Archived, Queued, Writing, Written};
        let all = [Queued, Writing, Written, Archived];
        let from = |to| all.into_iter().filter(|from| allowed(*from, to)).collect::<Vec<_>>();
        assert_eq!((from(Archived), from(Queued)), (vec![Queued, Archived], vec![Queued, Archived]));
        assert!(aside(Written).is_err());
    }
}
