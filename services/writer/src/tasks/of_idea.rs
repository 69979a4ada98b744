//! A queued content idea becomes a task, once.

use std::cmp::Reverse;
use std::collections::HashSet;

use contracts::JsonEnum;
use contracts::planner::v1::{ContentIdeaQueued, ContentStructure, ContentType, QueuedKeyword};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::row;
use crate::schema::igny8_sector_copies;
use crate::selection::optional_id;

/// What an article may be long. An idea may wish for more.
const WORDS: std::ops::RangeInclusive<i32> = 300..=5000;

/// Makes the task of an idea that was handed over. A second time changes nothing, and for a sector that is gone there is nothing to write.
pub async fn from_idea(conn: &mut AccountConn, idea: &ContentIdeaQueued) -> Result<()> {
    let new = read(idea)?;
    if !is_there(conn, new.sector_id).await? {
        tracing::info!(idea = %idea.idea_id, "the sector of a queued idea is gone");
        return Ok(());
    }
    row::insert_once(conn, new).await?;
    Ok(())
}

async fn is_there(conn: &mut AccountConn, sector: Uuid) -> Result<bool> {
    let sector = igny8_sector_copies::table.find((conn.account().uuid(), sector));
    let sector = sector.filter(igny8_sector_copies::deleted_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(sector)).get_result(conn).await?)
}

fn read(idea: &ContentIdeaQueued) -> Result<row::New> {
    let mut keywords = idea.keywords.clone();
    keywords.sort_by_key(|keyword| Reverse(keyword.volume));
    let primary_keyword = [idea.primary_keyword.trim()]
        .into_iter()
        .chain(keywords.iter().map(|keyword| keyword.text.trim()))
        .find(|keyword| !keyword.is_empty())
        .unwrap_or(idea.title.trim())
        .to_owned();
    let ids = keywords.iter().map(|keyword| rpc::id("keywords.id", &keyword.id));
    Ok(row::New {
        id: Uuid::now_v7(),
        site_id: rpc::id("site_id", &idea.site_id)?,
        sector_id: rpc::id("sector_id", &idea.sector_id)?,
        content_idea_id: Some(rpc::id("idea_id", &idea.idea_id)?),
        cluster_id: optional_id("cluster_id", idea.cluster_id.as_deref())?,
        cluster_name: idea.cluster_name.clone(),
        title: idea.title.trim().to_owned(),
        description: idea.description.clone(),
        content_type: Stored(named::<ContentType>(&idea.content_type)?),
        structure: Stored(named::<ContentStructure>(&idea.structure)?),
        secondary_keywords: others(&keywords, &primary_keyword),
        primary_keyword,
        keyword_ids: ids.collect::<Result<_>>()?,
        outline: idea.outline.clone(),
        word_count: idea.word_count.clamp(*WORDS.start(), *WORDS.end()),
        author_profile_id: None,
        due_at: None,
    })
}

/// In their order, each once, without the primary one.
fn others(keywords: &[QueuedKeyword], primary: &str) -> Vec<String> {
    let mut seen = HashSet::from([primary.to_lowercase()]);
    let texts = keywords.iter().map(|keyword| keyword.text.trim());
    texts.filter(|text| !text.is_empty() && seen.insert(text.to_lowercase())).map(str::to_owned).collect()
}

fn named<E: JsonEnum>(name: &str) -> Result<E> {
    E::from_json_name(name)
        .ok_or_else(|| Error::internal(anyhow::anyhow!("an idea names {name:?}, which nobody knows")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idea(keywords: &[(&str, i64)]) -> ContentIdeaQueued {
        let keyword = |(text, volume): &(&str, i64)| QueuedKeyword {
            id: Uuid::now_v7().to_string(),
            text: (*text).to_owned(),
            volume: Some(*volume),
        };
        ContentIdeaQueued {
            idea_id: Uuid::now_v7().to_string(),
            site_id: Uuid::now_v7().to_string(),
            sector_id: Uuid::now_v7().to_string(),
            title: "How to Bake Rye Bread".to_owned(),
            content_type: "article".to_owned(),
            structure: "how_to".to_owned(),
            word_count: 20_000,
            keywords: keywords.iter().map(keyword).collect(),
            ..ContentIdeaQueued::default()
        }
    }

    #[test]
    fn the_most_searched_keyword_leads_where_the_idea_names_none() {
        let new = read(&idea(&[("bake rye", 10), ("Rye Bread", 900), ("rye bread", 5), ("rye loaf", 40)])).unwrap();
        assert_eq!(
            (new.primary_keyword.as_str(), new.secondary_keywords),
            ("Rye Bread", vec!["rye loaf".into(), "bake rye".into()])
        );
        assert_eq!((new.word_count, new.keyword_ids.len()), (5000, 4));
        assert_eq!(read(&idea(&[])).unwrap().primary_keyword, "How to Bake Rye Bread");
    }
}
