//! A person changes an article. Each change is a revision, and says which one it was made of.

use contracts::writer::v1 as pb;
use contracts::writer::v1::ContentStatus;
use db::{AccountConn, OnConstraint, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Kind, Mask, Result};
use uuid::Uuid;

use super::revisions::{self, Why};
use super::{Content, Texts, owned_by, write};
use crate::schema::igny8_content;
use crate::site_copies;

/// Changes what the mask names. What is the same afterwards is no revision.
pub(super) async fn update(
    conn: &mut AccountConn,
    caller: &Caller,
    id: Uuid,
    request: &pb::UpdateContentRequest,
) -> Result<Content> {
    if !Mask::of(&request.update_mask).has("revision") {
        let message = "Send the revision that your change was made of, so that it undoes nobody else's.";
        return Err(Error::invalid("revision", message));
    }
    let content = Content::lock(conn, id).await?;
    site_copies::active(conn, [content.site_id]).await?;
    if content.revision != request.revision {
        return Err(stale(&content, request.revision));
    }
    let texts = Texts::get(conn, id).await?;
    let changed = texts.clone().with(request);
    if changed == texts {
        return Ok(content);
    }
    diesel::update(igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq(id)))
        .set(changed)
        .execute(conn)
        .await
        .constraints(write::CONSTRAINTS)?;
    let reason = request.change_reason.trim();
    let why = Why::of(caller, if reason.is_empty() { "Edited." } else { reason });
    revise(conn, &content, &why).await
}

fn stale(content: &Content, seen: i64) -> Error {
    let message = format!(
        "Somebody else has changed this article: you changed revision {seen}, and it is at revision {} by now. \
         Load it again, and repeat your change there.",
        content.revision
    );
    Error::new(Kind::Aborted, "STALE_REVISION", message)
}

/// Its slug may be another article's by now.
const RESTORE: &str = "
    UPDATE igny8_content c SET title = r.title, meta_title = r.meta_title, meta_description = r.meta_description,
        slug = app.free_slug(c.account_id, c.site_id, r.slug, c.id), excerpt = r.excerpt, html = r.html, primary_keyword = r.primary_keyword, secondary_keywords = r.secondary_keywords,
        tags = r.tags, categories = r.categories, word_count = r.word_count
    FROM igny8_content_revisions r
    WHERE c.account_id = $1 AND c.id = $2 AND r.account_id = $1 AND r.content_id = $2 AND r.number = $3";

/// Makes an earlier revision the newest one again.
pub(super) async fn restore(conn: &mut AccountConn, caller: &Caller, id: Uuid, number: i64) -> Result<Content> {
    let content = Content::lock(conn, id).await?;
    site_copies::active(conn, [content.site_id]).await?;
    if content.revision == number {
        return Ok(content);
    }
    let restored = db::statement(RESTORE)
        .bind::<SqlUuid, _>(conn.account().uuid())
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(number)
        .execute(conn)
        .await?;
    if restored == 0 {
        return Err(Error::not_found("revision"));
    }
    revise(conn, &content, &Why::of(caller, &format!("Revision {number} restored."))).await
}

/// Counts a change that is written, keeps it, and tells of it. What was approved is not what it is now.
async fn revise(conn: &mut AccountConn, before: &Content, why: &Why) -> Result<Content> {
    let status = match before.status.0 {
        ContentStatus::Approved => ContentStatus::Review,
        status => status,
    };
    let content: Content =
        diesel::update(igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq(before.id)))
            .set((
                igny8_content::revision.eq(before.revision + 1),
                igny8_content::status.eq(Stored(status)),
                igny8_content::updated_at.eq(now),
            ))
            .returning(Content::as_returning())
            .get_result(conn)
            .await?;
    revisions::append(conn, content.id, why).await?;
    write::tell(conn, &content).await?;
    Ok(content)
}
