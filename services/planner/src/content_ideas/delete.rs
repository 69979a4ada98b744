//! Deleting ideas, and taking that back.

use std::collections::BTreeSet;

use contracts::planner::v1 as pb;
use db::{AccountConn, undo};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use super::list::selected;
use super::{ContentIdea, collisions};
use crate::clusters::deleted_ids;
use crate::site_copies;

const DELETE: &str =
    "UPDATE igny8_content_ideas SET deleted_at = now() WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NULL";
const RESTORE: &str = "UPDATE igny8_content_ideas SET deleted_at = NULL WHERE account_id = $1 AND id = ANY($2) AND deleted_at IS NOT NULL";

/// A cluster and its keywords are mapped as long as an idea of theirs is there.
const UNMAP: [&str; 2] = [
    "UPDATE igny8_clusters c SET status = 'new', updated_at = now()
     WHERE c.account_id = $1 AND c.status = 'mapped'
       AND c.id IN (SELECT cluster_id FROM igny8_content_ideas WHERE account_id = $1 AND id = ANY($2))
       AND NOT EXISTS (SELECT FROM igny8_content_ideas i
                       WHERE i.account_id = $1 AND i.cluster_id = c.id AND i.deleted_at IS NULL)",
    "UPDATE igny8_keywords k SET status = CASE WHEN k.cluster_id IS NULL THEN 'new' ELSE 'clustered' END, updated_at = now()
     WHERE k.account_id = $1 AND k.status = 'mapped' AND k.deleted_at IS NULL
       AND k.id IN (SELECT unnest(keyword_ids) FROM igny8_content_ideas WHERE account_id = $1 AND id = ANY($2))
       AND NOT EXISTS (SELECT FROM igny8_content_ideas i
                       WHERE i.account_id = $1 AND i.sector_id = k.sector_id AND i.deleted_at IS NULL AND k.id = ANY(i.keyword_ids))",
];
const MAP: [&str; 2] = [
    "UPDATE igny8_clusters c SET status = 'mapped', updated_at = now()
     WHERE c.account_id = $1 AND c.status = 'new'
       AND c.id IN (SELECT cluster_id FROM igny8_content_ideas WHERE account_id = $1 AND id = ANY($2))",
    "UPDATE igny8_keywords k SET status = 'mapped', updated_at = now()
     WHERE k.account_id = $1 AND k.status IN ('new', 'clustered') AND k.deleted_at IS NULL
       AND k.id IN (SELECT unnest(keyword_ids) FROM igny8_content_ideas WHERE account_id = $1 AND id = ANY($2))",
];

/// Deletes ideas that are locked.
pub(super) async fn delete(conn: &mut AccountConn, ideas: &[Uuid]) -> Result<()> {
    for statement in [DELETE].into_iter().chain(UNMAP) {
        run(conn, statement, ideas).await?;
    }
    collisions::forget(conn, ideas).await
}

/// Deletes what a selection means.
pub(super) async fn many(
    conn: &mut AccountConn,
    caller: &Caller,
    selection: &pb::ContentIdeaSelection,
) -> Result<pb::DeletedContentIdeas> {
    let found = selected(conn, selection).await?;
    let locked = ContentIdea::lock_all(conn, &found).await?;
    let sites: BTreeSet<Uuid> = locked.iter().map(|idea| idea.site_id).collect();
    for site in sites {
        site_copies::active(conn, site).await?;
    }
    let ideas: Vec<Uuid> = locked.iter().map(|idea| idea.id).collect();
    delete(conn, &ideas).await?;
    db::audit::record(conn, caller, "content_ideas.deleted", None, [("count", ideas.len().to_string())]).await?;
    let token = undo::push(conn, "content_ideas", Uuid::nil(), &json!({ "ids": ideas })).await?;
    Ok(pb::DeletedContentIdeas {
        count: i64::try_from(ideas.len()).map_err(Error::internal)?,
        undo_token: token.undo_token,
        undo_until: token.undo_until,
    })
}

/// Takes the deletion of an idea, or of those in `payload`, back, and answers how many came back.
pub async fn restore(conn: &mut AccountConn, id: Uuid, payload: &Value) -> Result<i64> {
    let ideas = deleted_ids(id, payload)?;
    let restored = run(conn, RESTORE, &ideas).await?;
    for statement in MAP {
        run(conn, statement, &ideas).await?;
    }
    if restored == 0 {
        return Err(Error::not_found("content idea"));
    }
    collisions::renew_all(conn, &ideas).await?;
    i64::try_from(restored).map_err(Error::internal)
}

async fn run(conn: &mut AccountConn, statement: &'static str, ideas: &[Uuid]) -> Result<usize> {
    let statement = db::statement(statement).bind::<SqlUuid, _>(conn.account().uuid()).bind::<Array<SqlUuid>, _>(ideas);
    Ok(statement.execute(conn).await?)
}
