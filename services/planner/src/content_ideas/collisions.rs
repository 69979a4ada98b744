//! Ideas that would compete with one another for the same searches. Tasks and live pages of the site will be compared in the same way.

use std::collections::HashMap;

use contracts::planner::v1 as pb;
use contracts::planner::v1::CollisionKind;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Double, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use super::owned_by;
use super::similar::{ALIKE, Index, Title};
use crate::schema::{igny8_content_ideas, igny8_idea_collisions};

/// As many as a person looks at.
const SHOWN: usize = 5;
const BATCH: usize = 5000;

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = igny8_idea_collisions)]
struct New {
    account_id: Uuid,
    idea_id: Uuid,
    kind: Stored<CollisionKind>,
    other_id: Uuid,
    site_id: Uuid,
    title: String,
    similarity: f64,
    same_keyword: bool,
}

/// Compares some ideas of a site with all of it anew.
pub(super) async fn renew(conn: &mut AccountConn, site: Uuid, ideas: &[Uuid]) -> Result<()> {
    forget(conn, ideas).await?;
    let account = conn.account().uuid();
    let all: Vec<(Uuid, String, String)> = igny8_content_ideas::table
        .filter(owned_by(conn))
        .filter(igny8_content_ideas::site_id.eq(site))
        .filter(igny8_content_ideas::deleted_at.is_null())
        .filter(igny8_content_ideas::status.ne("rejected"))
        .order_by(igny8_content_ideas::id)
        .select((igny8_content_ideas::id, igny8_content_ideas::title, igny8_content_ideas::primary_keyword))
        .load(conn)
        .await?;
    let found = pairs(&all, ideas);
    let new: Vec<New> = found
        .into_iter()
        .flat_map(|(one, other, similarity, same_keyword)| {
            [(one, other, similarity, same_keyword), (other, one, similarity, same_keyword)]
        })
        .map(|((idea_id, _), (other_id, title), similarity, same_keyword)| New {
            account_id: account,
            idea_id,
            kind: Stored(CollisionKind::ContentIdea),
            other_id,
            site_id: site,
            title: title.to_owned(),
            similarity,
            same_keyword,
        })
        .collect();
    for batch in new.chunks(BATCH) {
        let rows = diesel::insert_into(igny8_idea_collisions::table).values(batch);
        rows.on_conflict_do_nothing().execute(conn).await?;
    }
    Ok(())
}

/// Ideas that are not to be written collide with nothing.
pub(super) async fn forget(conn: &mut AccountConn, ideas: &[Uuid]) -> Result<()> {
    let old = igny8_idea_collisions::table
        .filter(igny8_idea_collisions::account_id.eq(conn.account().uuid()))
        .filter(igny8_idea_collisions::idea_id.eq_any(ideas).or(igny8_idea_collisions::other_id.eq_any(ideas)));
    diesel::delete(old).execute(conn).await?;
    Ok(())
}

/// Compares ideas that are to be written after all.
pub(super) async fn renew_all(conn: &mut AccountConn, ideas: &[Uuid]) -> Result<()> {
    let sites: Vec<Uuid> = igny8_content_ideas::table
        .filter(owned_by(conn))
        .filter(igny8_content_ideas::id.eq_any(ideas))
        .select(igny8_content_ideas::site_id)
        .distinct()
        .load(conn)
        .await?;
    for site in sites {
        renew(conn, site, ideas).await?;
    }
    Ok(())
}

type Pair<'a> = ((Uuid, &'a str), (Uuid, &'a str), f64, bool);

/// Each pair once.
fn pairs<'a>(all: &'a [(Uuid, String, String)], ideas: &[Uuid]) -> Vec<Pair<'a>> {
    let titles: Vec<Title> = all.iter().map(|(_, title, keyword)| Title::new(title, keyword)).collect();
    let mut index = Index::default();
    for (at, title) in titles.iter().enumerate() {
        index.add(at, title);
    }
    let asked: std::collections::HashSet<&Uuid> = ideas.iter().collect();
    let mut found = Vec::new();
    for (at, ((id, name, _), title)) in all.iter().zip(&titles).enumerate() {
        if !asked.contains(id) {
            continue;
        }
        for near in index.near(title) {
            let Some(((other, other_name, _), other_title)) = all.get(near).zip(titles.get(near)) else { continue };
            if near == at || asked.contains(other) && near < at {
                continue;
            }
            let (same, alike) = (title.same_keyword(other_title), title.similarity(other_title));
            if same || alike >= ALIKE {
                let similarity = if same { 1.0 } else { alike };
                found.push(((*id, name.as_str()), (*other, other_name.as_str()), similarity, same));
            }
        }
    }
    found
}

/// What is still there of what ideas collide with. A title that was changed since is the new one.
const OF: &str = "
    SELECT c.idea_id, c.kind, c.other_id, coalesce(o.title, c.title) AS title, c.similarity, c.same_keyword
    FROM igny8_idea_collisions c
    LEFT JOIN igny8_content_ideas o ON c.kind = 'content_idea' AND o.account_id = c.account_id AND o.id = c.other_id
        AND o.deleted_at IS NULL AND o.status <> 'rejected'
    WHERE c.account_id = $1 AND c.idea_id = ANY($2) AND (c.kind <> 'content_idea' OR o.id IS NOT NULL)
    ORDER BY c.idea_id, c.similarity DESC, c.other_id";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    idea_id: Uuid,
    #[diesel(sql_type = Text)]
    kind: Stored<CollisionKind>,
    #[diesel(sql_type = SqlUuid)]
    other_id: Uuid,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Double)]
    similarity: f64,
    #[diesel(sql_type = Bool)]
    same_keyword: bool,
}

/// What each of some ideas collides with, the most similar first.
pub(super) async fn of(conn: &mut AccountConn, ideas: &[Uuid]) -> Result<HashMap<Uuid, Vec<pb::Collision>>> {
    let statement = db::statement(OF).bind::<SqlUuid, _>(conn.account().uuid()).bind::<Array<SqlUuid>, _>(ideas);
    let rows: Vec<Row> = statement.load(conn).await?;
    let mut of: HashMap<Uuid, Vec<pb::Collision>> = HashMap::new();
    for Row { idea_id, kind, other_id, title, similarity, same_keyword } in rows {
        let list = of.entry(idea_id).or_default();
        if list.len() < SHOWN {
            let id = other_id.to_string();
            list.push(pb::Collision { kind: kind.0.into(), id, title, similarity, same_keyword });
        }
    }
    Ok(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_found_once_and_only_for_the_ideas_asked_for() {
        let idea =
            |id: u8, title: &str, keyword: &str| (Uuid::from_bytes([id; 16]), title.to_owned(), keyword.to_owned());
        let all = [
            idea(1, "How to Clean a Coffee Machine", "clean coffee machine"),
            idea(2, "Cleaning Coffee Machines", "coffee machine cleaning"),
            idea(3, "Descaling, Explained", "clean coffee machine"),
            idea(4, "Choosing Running Shoes", "running shoes"),
        ];
        let found = pairs(&all, &[all[0].0, all[1].0]);
        let found: Vec<(u8, u8, bool)> =
            found.iter().map(|(one, other, _, same)| (one.0.as_bytes()[0], other.0.as_bytes()[0], *same)).collect();
        assert_eq!(found, [(1, 2, false), (1, 3, true)]);
        assert!(pairs(&all, &[all[3].0]).is_empty());
    }
}
