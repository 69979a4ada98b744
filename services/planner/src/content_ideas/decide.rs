//! What a person decides of an idea: new → approved → queued, or rejected on the way.

use std::collections::{BTreeSet, HashMap};

use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{ContentIdeaStatus, IdeaDecision};
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::list::selected;
use super::{ContentIdea, collisions, owned_by};
use crate::schema::{igny8_clusters, igny8_content_ideas, igny8_keywords};
use crate::site_copies;

/// Decides one idea.
pub(super) async fn one(conn: &mut AccountConn, id: Uuid, decision: IdeaDecision) -> Result<ContentIdea> {
    let idea = ContentIdea::lock(conn, id).await?;
    if idea.status.0 == target(decision) {
        return Ok(idea); // decided so already
    }
    site_copies::active(conn, idea.site_id).await?;
    if !allowed(idea.status.0, decision) {
        return Err(Error::precondition("IDEA_STATUS", refusal(decision)));
    }
    let decided = decide(conn, vec![idea], decision).await?;
    decided.into_iter().next().ok_or_else(|| Error::not_found("content idea"))
}

/// Decides what a selection means, as far as the status of each allows it.
pub(super) async fn many(
    conn: &mut AccountConn,
    request: &pb::BulkDecideContentIdeasRequest,
) -> Result<pb::DecidedContentIdeas> {
    let selection = request.ideas.clone().unwrap_or_default();
    let found = selected(conn, &selection).await?;
    let locked = ContentIdea::lock_all(conn, &found).await?;
    let sites: BTreeSet<Uuid> = locked.iter().map(|idea| idea.site_id).collect();
    for site in sites {
        site_copies::active(conn, site).await?;
    }
    let (allowed, others): (Vec<_>, Vec<_>) =
        locked.into_iter().partition(|idea| allowed(idea.status.0, request.decision()));
    let decided = decide(conn, allowed, request.decision()).await?;
    let count = |count: usize| i64::try_from(count).map_err(Error::internal);
    Ok(pb::DecidedContentIdeas { count: count(decided.len())?, skipped: count(others.len())? })
}

fn target(decision: IdeaDecision) -> ContentIdeaStatus {
    match decision {
        IdeaDecision::Approve => ContentIdeaStatus::Approved,
        IdeaDecision::Reject => ContentIdeaStatus::Rejected,
        IdeaDecision::Queue => ContentIdeaStatus::Queued,
        IdeaDecision::Unspecified => ContentIdeaStatus::Unspecified,
    }
}

fn allowed(status: ContentIdeaStatus, decision: IdeaDecision) -> bool {
    match decision {
        IdeaDecision::Approve => matches!(status, ContentIdeaStatus::New | ContentIdeaStatus::Rejected),
        IdeaDecision::Reject => matches!(status, ContentIdeaStatus::New | ContentIdeaStatus::Approved),
        IdeaDecision::Queue => status == ContentIdeaStatus::Approved,
        IdeaDecision::Unspecified => false,
    }
}

fn refusal(decision: IdeaDecision) -> &'static str {
    match decision {
        IdeaDecision::Queue => "Only an approved idea can be queued. Approve it first.",
        _ => "This idea was handed to the writer. What becomes of it is decided there.",
    }
}

async fn decide(conn: &mut AccountConn, ideas: Vec<ContentIdea>, decision: IdeaDecision) -> Result<Vec<ContentIdea>> {
    let ids: Vec<Uuid> = ideas.iter().map(|idea| idea.id).collect();
    let rows = igny8_content_ideas::table.filter(owned_by(conn)).filter(igny8_content_ideas::id.eq_any(ids));
    let decided: Vec<ContentIdea> = diesel::update(rows)
        .set((igny8_content_ideas::status.eq(Stored(target(decision))), igny8_content_ideas::updated_at.eq(now)))
        .returning(ContentIdea::as_returning())
        .get_results(conn)
        .await?;
    let ids: Vec<Uuid> = decided.iter().map(|idea| idea.id).collect();
    match decision {
        IdeaDecision::Queue => tell(conn, &decided).await?,
        IdeaDecision::Reject => collisions::forget(conn, &ids).await?,
        IdeaDecision::Approve => {
            let back = ideas.iter().filter(|idea| idea.status.0 == ContentIdeaStatus::Rejected);
            let back: Vec<Uuid> = back.map(|idea| idea.id).collect();
            collisions::renew_all(conn, &back).await?;
        }
        IdeaDecision::Unspecified => {}
    }
    Ok(decided)
}

/// One event for each idea, with all that a task begins from.
async fn tell(conn: &mut AccountConn, ideas: &[ContentIdea]) -> Result<()> {
    let account = conn.account().uuid();
    let clusters: Vec<Uuid> = ideas.iter().filter_map(|idea| idea.cluster_id).collect();
    let names: HashMap<Uuid, String> = igny8_clusters::table
        .filter(igny8_clusters::account_id.eq(account).and(igny8_clusters::id.eq_any(clusters)))
        .select((igny8_clusters::id, igny8_clusters::name))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let keywords: Vec<Uuid> = ideas.iter().flat_map(|idea| idea.keyword_ids.iter().copied()).collect();
    let keywords: HashMap<Uuid, (String, Option<i64>)> = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(account).and(igny8_keywords::id.eq_any(keywords)))
        .select((igny8_keywords::id, (igny8_keywords::keyword, igny8_keywords::volume)))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    for idea in ideas {
        let event = event(idea, &names, &keywords);
        bus::push(conn, idea.id, &event).await?;
    }
    Ok(())
}

fn event(
    idea: &ContentIdea,
    names: &HashMap<Uuid, String>,
    keywords: &HashMap<Uuid, (String, Option<i64>)>,
) -> pb::ContentIdeaQueued {
    let keyword = |id: &Uuid| {
        let (text, volume) = keywords.get(id)?;
        Some(pb::QueuedKeyword { id: id.to_string(), text: text.clone(), volume: *volume })
    };
    pb::ContentIdeaQueued {
        idea_id: idea.id.to_string(),
        site_id: idea.site_id.to_string(),
        sector_id: idea.sector_id.to_string(),
        title: idea.title.clone(),
        description: idea.description.clone(),
        content_type: idea.content_type.0.json_name().unwrap_or_default().to_owned(),
        structure: idea.structure.0.json_name().unwrap_or_default().to_owned(),
        primary_keyword: idea.primary_keyword.clone(),
        outline: idea.outline.clone(),
        word_count: idea.word_count,
        cluster_id: idea.cluster_id.map(|id| id.to_string()),
        cluster_name: idea.cluster_id.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
        keywords: idea.keyword_ids.iter().filter_map(keyword).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_approved_idea_is_queued_and_a_queued_one_is_the_writers() {
        use ContentIdeaStatus::{Approved, New, Queued, Rejected, Written};
        let all = [New, Approved, Queued, Written, Rejected];
        let from = |decision| all.into_iter().filter(|status| allowed(*status, decision)).collect::<Vec<_>>();
        assert_eq!(from(IdeaDecision::Approve), [New, Rejected]);
        assert_eq!(from(IdeaDecision::Reject), [New, Approved]);
        assert_eq!(from(IdeaDecision::Queue), [Approved]);
    }
}
