//! Handing an idea to the writer without a person: only one that competes with nothing that is on its way or there.

use contracts::planner::v1::{CollisionKind, ContentIdeaStatus, IdeaDecision};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use super::{ContentIdea, collisions, decide, owned_by};
use crate::schema::igny8_content_ideas;

/// What became of an idea.
#[derive(Debug)]
pub(crate) enum TakenUp {
    Queued,
    /// Left to a person, and why.
    Left {
        reason: &'static str,
        message: String,
    },
}

/// Approves an idea and queues it.
pub(crate) async fn take_up(conn: &mut AccountConn, id: Uuid) -> Result<TakenUp> {
    let left = |reason, message: &str| Ok(TakenUp::Left { reason, message: message.to_owned() });
    let Some(idea) = ContentIdea::lock_all(conn, &[id]).await?.into_iter().next() else {
        return left("IDEA_DELETED", "The idea was deleted.");
    };
    match idea.status.0 {
        ContentIdeaStatus::Rejected => return left("IDEA_REJECTED", "The idea was rejected."),
        ContentIdeaStatus::New | ContentIdeaStatus::Approved => {}
        _ => return left("IDEA_QUEUED", "A person has handed the idea to the writer."),
    }
    if let Some(title) = rival(conn, id).await? {
        return left(
            "COLLISION",
            &format!("\u{201c}{title}\u{201d} is about the same. Decide which one is to be there."),
        );
    }
    if idea.status.0 == ContentIdeaStatus::New {
        decide::one(conn, id, IdeaDecision::Approve).await?;
    }
    decide::one(conn, id, IdeaDecision::Queue).await?;
    Ok(TakenUp::Queued)
}

/// What the idea would compete with: of other ideas, those that were decided for.
async fn rival(conn: &mut AccountConn, id: Uuid) -> Result<Option<String>> {
    let found = collisions::of(conn, &[id]).await?.remove(&id).unwrap_or_default();
    for collision in found {
        if collision.kind() != CollisionKind::ContentIdea {
            return Ok(Some(collision.title));
        }
        let other = rpc::id("id", &collision.id)?;
        let row = igny8_content_ideas::table.filter(owned_by(conn)).filter(igny8_content_ideas::id.eq(other));
        let status =
            row.select(igny8_content_ideas::status).first::<Stored<ContentIdeaStatus>>(conn).await.optional()?;
        if !matches!(status, None | Some(Stored(ContentIdeaStatus::New | ContentIdeaStatus::Rejected))) {
            return Ok(Some(collision.title));
        }
    }
    Ok(None)
}
