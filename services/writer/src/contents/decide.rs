//! What a person decides of an article: draft → review → approved, and back to draft.

use contracts::writer::v1 as pb;
use contracts::writer::v1::{ContentDecision, ContentStatus};
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::list::selected;
use super::{Content, owned_by, write};
use crate::schema::igny8_content;
use crate::selection::count;
use crate::site_copies::{self, SiteCopy};

/// Decides one article. A note is kept with a rejection only.
pub(super) async fn one(
    conn: &mut AccountConn,
    id: Uuid,
    (decision, note): (ContentDecision, &str),
) -> Result<Content> {
    let content = Content::lock(conn, id).await?;
    if content.status.0 == target(decision) {
        return Ok(content); // decided so already
    }
    site_copies::active(conn, [content.site_id]).await?;
    if !allowed(content.status.0, decision) {
        return Err(Error::precondition("CONTENT_STATUS", refusal(content.status.0)));
    }
    let decided = decide(conn, &[id], (decision, note)).await?;
    decided.into_iter().next().ok_or_else(|| Error::not_found("article"))
}

/// Decides what a selection means, as far as the status of each allows it.
pub(super) async fn many(
    conn: &mut AccountConn,
    request: &pb::BulkDecideContentsRequest,
) -> Result<pb::DecidedContents> {
    let found = selected(conn, &request.selection.clone().unwrap_or_default()).await?;
    let locked = Content::lock_all(conn, &found).await?;
    site_copies::active(conn, locked.iter().map(|content| content.site_id)).await?;
    let decision = request.decision();
    let (yes, no): (Vec<_>, Vec<_>) = locked.iter().partition(|content| allowed(content.status.0, decision));
    let ids: Vec<Uuid> = yes.iter().map(|content| content.id).collect();
    decide(conn, &ids, (decision, "")).await?;
    Ok(pb::DecidedContents { count: count(yes.len())?, skipped: count(no.len())? })
}

/// Approves for automation, where the owner of the site allows it to publish.
pub async fn approve_unattended(conn: &mut AccountConn, id: Uuid) -> Result<Content> {
    let content = Content::get(conn, id).await?;
    if !SiteCopy::get(conn, content.site_id).await?.auto_publish {
        let message =
            "This site does not let automation publish. Approve the article, or allow it in the settings of the site.";
        return Err(Error::precondition("AUTO_PUBLISH_OFF", message));
    }
    one(conn, id, (ContentDecision::Approve, "")).await
}

fn target(decision: ContentDecision) -> ContentStatus {
    match decision {
        ContentDecision::Submit => ContentStatus::Review,
        ContentDecision::Approve => ContentStatus::Approved,
        ContentDecision::Reject => ContentStatus::Draft,
        ContentDecision::Unspecified => ContentStatus::Unspecified,
    }
}

fn allowed(status: ContentStatus, decision: ContentDecision) -> bool {
    use ContentStatus::{Approved, Draft, Review, Unpublished};
    match decision {
        ContentDecision::Submit => status == Draft,
        ContentDecision::Approve => matches!(status, Draft | Review | Unpublished),
        ContentDecision::Reject => matches!(status, Review | Approved | Unpublished),
        ContentDecision::Unspecified => false,
    }
}

fn refusal(status: ContentStatus) -> &'static str {
    match status {
        ContentStatus::Scheduled => "This article waits to be published. Cancel its publication first.",
        ContentStatus::Published => "This article is live. Take its page down first.",
        _ => "The status of this article does not allow that. Only a draft is handed to review.",
    }
}

async fn decide(
    conn: &mut AccountConn,
    ids: &[Uuid],
    (decision, note): (ContentDecision, &str),
) -> Result<Vec<Content>> {
    let note = Some(note.trim()).filter(|note| !note.is_empty());
    let rows = igny8_content::table.filter(owned_by(conn)).filter(igny8_content::id.eq_any(ids));
    let decided: Vec<Content> = diesel::update(rows)
        .set((
            igny8_content::status.eq(Stored(target(decision))),
            igny8_content::review_note.eq(note),
            igny8_content::updated_at.eq(now),
        ))
        .returning(Content::as_returning())
        .get_results(conn)
        .await?;
    for content in &decided {
        write::tell(conn, content).await?;
    }
    Ok(decided)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_live_or_waits_for_its_time_is_the_publishers() {
        use ContentStatus::{Approved, Draft, Published, Review, Scheduled, Unpublished};
        let all = [Draft, Review, Approved, Scheduled, Published, Unpublished];
        let from = |decision| all.into_iter().filter(|status| allowed(*status, decision)).collect::<Vec<_>>();
        assert_eq!(from(ContentDecision::Submit), [Draft]);
        assert_eq!(from(ContentDecision::Approve), [Draft, Review, Unpublished]);
        assert_eq!(from(ContentDecision::Reject), [Review, Approved, Unpublished]);
    }
}
