//! Ideas that would compete for the same searches with one another, or with what the site has: tasks, drafts and live pages.
//!
//! An idea that the writer has taken up is compared as its task or article, so that nothing is named twice.

use std::collections::{HashMap, HashSet};

use contracts::planner::v1 as pb;
use contracts::planner::v1::CollisionKind;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Double, Nullable, Text, Uuid as SqlUuid};
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

/// What an idea is compared with: other ideas, and what the writer and the publisher have.
#[derive(Debug, Clone, QueryableByName)]
struct Thing {
    #[diesel(sql_type = Text)]
    kind: Stored<CollisionKind>,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    primary_keyword: String,
    /// What a task or an article was made of.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    content_idea_id: Option<Uuid>,
}

const OF_SITE: &str = "
    SELECT 'content_idea' AS kind, i.id, i.title, i.primary_keyword, NULL::uuid AS content_idea_id
    FROM igny8_content_ideas i
    WHERE i.account_id = $1 AND i.site_id = $2 AND i.deleted_at IS NULL AND i.status <> 'rejected'
      AND (i.id = ANY($3) OR NOT EXISTS (
          SELECT FROM igny8_site_pages p
          WHERE p.account_id = i.account_id AND p.content_idea_id = i.id AND p.deleted_at IS NULL))
    UNION ALL
    SELECT p.kind, p.id, p.title, p.primary_keyword, p.content_idea_id
    FROM igny8_site_pages p WHERE p.account_id = $1 AND p.site_id = $2 AND p.deleted_at IS NULL
    ORDER BY 2";

/// Compares some ideas or pages of a site with all of it anew.
pub(crate) async fn renew(conn: &mut AccountConn, site: Uuid, asked: &[Uuid]) -> Result<()> {
    forget(conn, asked).await?;
    let account = conn.account().uuid();
    let all = db::statement(OF_SITE).bind::<SqlUuid, _>(account).bind::<SqlUuid, _>(site);
    let all: Vec<Thing> = all.bind::<Array<SqlUuid>, _>(asked).load(conn).await?;
    let new: Vec<New> = pairs(&all, asked)
        .into_iter()
        .flat_map(|(one, other, similarity, same)| [(one, other, similarity, same), (other, one, similarity, same)])
        .filter(|(one, ..)| one.kind.0 == CollisionKind::ContentIdea)
        .map(|(one, other, similarity, same_keyword)| New {
            account_id: account,
            idea_id: one.id,
            kind: other.kind,
            other_id: other.id,
            site_id: site,
            title: other.title.clone(),
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

/// What others collided with as an idea is compared as something else from now on.
pub(crate) async fn no_longer_an_idea(conn: &mut AccountConn, idea: Uuid) -> Result<()> {
    let old = igny8_idea_collisions::table
        .filter(igny8_idea_collisions::account_id.eq(conn.account().uuid()))
        .filter(igny8_idea_collisions::other_id.eq(idea));
    diesel::delete(old).execute(conn).await?;
    Ok(())
}

/// Ideas that are not to be written collide with nothing.
pub(crate) async fn forget(conn: &mut AccountConn, ideas: &[Uuid]) -> Result<()> {
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

type Pair<'a> = (&'a Thing, &'a Thing, f64, bool);

/// Each pair once, as far as one of both is asked for and one is an idea.
fn pairs<'a>(all: &'a [Thing], asked: &[Uuid]) -> Vec<Pair<'a>> {
    let titles: Vec<Title> = all.iter().map(|thing| Title::new(&thing.title, &thing.primary_keyword)).collect();
    let mut index = Index::default();
    for (at, title) in titles.iter().enumerate() {
        index.add(at, title);
    }
    let asked: HashSet<&Uuid> = asked.iter().collect();
    let mut found = Vec::new();
    for (at, (one, title)) in all.iter().zip(&titles).enumerate().filter(|(_, (one, _))| asked.contains(&one.id)) {
        for near in index.near(title) {
            let Some((other, other_title)) = all.get(near).zip(titles.get(near)) else { continue };
            if near == at || asked.contains(&other.id) && near < at || !one.competes(other) {
                continue;
            }
            let (same, alike) = (title.same_keyword(other_title), title.similarity(other_title));
            if same || alike >= ALIKE {
                found.push((one, other, if same { 1.0 } else { alike }, same));
            }
        }
    }
    found
}

impl Thing {
    /// An idea does not compete with what was made of it.
    fn competes(&self, other: &Self) -> bool {
        let an_idea = [self, other].iter().any(|thing| thing.kind.0 == CollisionKind::ContentIdea);
        an_idea && self.content_idea_id != Some(other.id) && other.content_idea_id != Some(self.id)
    }
}

/// What is still there of what ideas collide with, as it is by now.
const OF: &str = "
    SELECT c.idea_id, coalesce(p.kind, c.kind) AS kind, c.other_id, coalesce(o.title, p.title, c.title) AS title, c.similarity,
        c.same_keyword
    FROM igny8_idea_collisions c
    LEFT JOIN igny8_content_ideas o ON c.kind = 'content_idea' AND o.account_id = c.account_id AND o.id = c.other_id
        AND o.deleted_at IS NULL AND o.status <> 'rejected'
    LEFT JOIN igny8_site_pages p ON c.kind <> 'content_idea' AND p.account_id = c.account_id AND p.id = c.other_id
        AND p.deleted_at IS NULL
    WHERE c.account_id = $1 AND c.idea_id = ANY($2) AND (o.id IS NOT NULL OR p.id IS NOT NULL)
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

    fn thing(kind: CollisionKind, id: u8, title: &str, keyword: &str) -> Thing {
        let (title, primary_keyword) = (title.to_owned(), keyword.to_owned());
        Thing { kind: Stored(kind), id: Uuid::from_bytes([id; 16]), title, primary_keyword, content_idea_id: None }
    }

    fn found(all: &[Thing], asked: &[Uuid]) -> Vec<(u8, u8, bool)> {
        let first = |thing: &Thing| thing.id.as_bytes()[0];
        pairs(all, asked).into_iter().map(|(one, other, _, same)| (first(one), first(other), same)).collect()
    }

    #[test]
    fn each_pair_is_found_once_and_only_for_the_ideas_asked_for() {
        let idea = |id, title, keyword| thing(CollisionKind::ContentIdea, id, title, keyword);
        let all = [
            idea(1, "How to Clean a Coffee Machine", "clean coffee machine"),
            idea(2, "Cleaning Coffee Machines", "coffee machine cleaning"),
            idea(3, "Descaling, Explained", "clean coffee machine"),
            idea(4, "Choosing Running Shoes", "running shoes"),
        ];
        assert_eq!(found(&all, &[all[0].id, all[1].id]), [(1, 2, false), (1, 3, true)]);
        assert!(pairs(&all, &[all[3].id]).is_empty());
    }

    #[test]
    fn an_idea_competes_with_pages_but_its_own_and_pages_not_with_one_another() {
        let idea = thing(CollisionKind::ContentIdea, 1, "Clean Coffee Machines", "clean coffee machine");
        let page = thing(CollisionKind::Page, 2, "Coffee Machines, Clean", "clean coffee machine");
        let own =
            Thing { content_idea_id: Some(idea.id), ..thing(CollisionKind::Draft, 3, "Clean Coffee Machines", "") };
        let all = [idea, page, own];
        assert_eq!(found(&all, &[all[0].id]), [(1, 2, true)]);
        assert_eq!(found(&all, &[all[1].id]), [(2, 1, true)]);
        assert!(pairs(&all, &[all[2].id]).is_empty());
    }
}
