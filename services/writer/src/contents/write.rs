//! An article comes to be: written by a job or by a person.

use contracts::writer::v1 as pb;
use db::{AccountConn, Constraint, OnConstraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Result};
use uuid::Uuid;

use super::revisions::{self, Why};
use super::{Content, Texts, free_slug};
use crate::schema::igny8_content;
use crate::selection::optional_id;
use crate::tasks::{self, Task};
use crate::{images, site_copies};

pub(super) const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("task_id"),
        ..Constraint::new(
            "igny8_content_account_id_task_id_key",
            "CONTENT_EXISTS",
            "This task has an article already. Change that one, or delete it first.",
        )
    },
    Constraint {
        field: Some("slug"),
        ..Constraint::new(
            "igny8_content_account_id_site_id_slug_key",
            "SLUG_TAKEN",
            "Another article of this site has this slug. Choose another one.",
        )
    },
];

/// A new article.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Chosen by the caller, so that what belongs to it can name it.
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    /// The task that it is written for, held by the caller.
    pub task: Option<Task>,
    /// Cleaned and counted when it is stored. The slug is to be free ([`free_slug`]), or as a person chose it.
    pub texts: Texts,
    /// What a person should check.
    pub claims: Vec<String>,
    /// Whether rules wrote it, and no model.
    pub built_in_draft: bool,
}

/// Stores a new article as its first revision; its task is written then. Nobody is told yet: do that with [`tell`] when all that belongs to
/// it is there. `CONTENT_EXISTS` where the task has one, `SLUG_TAKEN` where another one of the site has its slug.
pub async fn write(conn: &mut AccountConn, draft: Draft, why: &Why) -> Result<Content> {
    let Draft { id, site_id, sector_id, task, texts, claims, built_in_draft } = draft;
    let content: Content = diesel::insert_into(igny8_content::table)
        .values((
            igny8_content::account_id.eq(conn.account().uuid()),
            igny8_content::id.eq(id),
            igny8_content::site_id.eq(site_id),
            igny8_content::sector_id.eq(sector_id),
            igny8_content::task_id.eq(task.as_ref().map(|task| task.id)),
            igny8_content::content_idea_id.eq(task.as_ref().and_then(|task| task.content_idea_id)),
            igny8_content::cluster_id.eq(task.as_ref().and_then(|task| task.cluster_id)),
            igny8_content::cluster_name.eq(task.as_ref().map(|task| task.cluster_name.as_str()).unwrap_or_default()),
            igny8_content::claims.eq(claims),
            igny8_content::built_in_draft.eq(built_in_draft),
            texts.settled(),
        ))
        .returning(Content::as_returning())
        .get_result(conn)
        .await
        .constraints(CONSTRAINTS)?;
    revisions::append(conn, id, why).await?;
    if let Some(task) = task {
        tasks::written(conn, task.id).await?;
    }
    Ok(content)
}

/// Tells the other services how an article is now. Call it in the transaction of the change, at its end.
pub async fn tell(conn: &mut AccountConn, content: &Content) -> Result<()> {
    let ready = images::ready(conn, content.id).await?;
    bus::push(conn, content.id, &content.changed(ready)).await
}

/// What a person writes.
pub(super) async fn by_hand(
    conn: &mut AccountConn,
    caller: &Caller,
    (site_id, sector_id): (Uuid, Uuid),
    request: &pb::CreateContentRequest,
) -> Result<Content> {
    site_copies::writable(conn, site_id, sector_id).await?;
    let task = match optional_id("task_id", request.task_id.as_deref())? {
        Some(id) => Some(task_of(conn, id, sector_id).await?),
        None => None,
    };
    let (id, mut texts) = (Uuid::now_v7(), Texts::from(request));
    if texts.slug.trim().is_empty() {
        texts.slug = free_slug(conn, site_id, id, &texts.title).await?;
    }
    let draft = Draft { id, site_id, sector_id, task, texts, claims: Vec::new(), built_in_draft: false };
    let content = write(conn, draft, &Why::of(caller, "Written by hand.")).await?;
    tell(conn, &content).await?;
    Ok(content)
}

async fn task_of(conn: &mut AccountConn, id: Uuid, sector: Uuid) -> Result<Task> {
    let task = Task::lock(conn, id).await?;
    if task.sector_id == sector {
        return Ok(task);
    }
    Err(rpc::Error::invalid("task_id", "This task is in another sector. Choose one of the same sector."))
}
