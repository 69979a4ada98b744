//! Many keywords are changed or deleted: all of a selection, or none.

use chrono::{DateTime, Utc};
use contracts::planner::v1 as pb;
use contracts::planner::v1::KeywordStatus;
use db::{AccountConn, undo};
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use serde_json::json;
use uuid::Uuid;

use super::input::{Checks, status_assignment};
use super::list::along_indexes;
use super::selection::Selection;
use crate::patience;
use crate::sql::Sql;

/// A change of many.
#[derive(Debug)]
pub struct Update {
    pub selection: Selection,
    pub tagging: Tagging,
}

/// What is changed of each.
#[derive(Debug)]
pub struct Tagging {
    status: Option<KeywordStatus>,
    add: Vec<String>,
    remove: Vec<String>,
}

impl Tagging {
    pub fn read(request: &pb::BulkUpdateKeywordsRequest) -> Result<Self> {
        let mut checks = Checks::default();
        let tagging = Self {
            status: request.status.and_then(|status| checks.status("status", status)),
            add: checks.tags("add_tags", &request.add_tags),
            remove: checks.tags("remove_tags", &request.remove_tags),
        };
        checks.finish()?;
        if tagging.status.is_none() && tagging.add.is_empty() && tagging.remove.is_empty() {
            return Err(Error::invalid(
                "status",
                "Nothing is to be changed. Send a status, tags to add or tags to remove.",
            ));
        }
        Ok(tagging)
    }

    fn assignments(&self) -> Sql {
        let mut sql = Sql::new("updated_at = now()");
        if let Some(status) = self.status {
            sql = sql.text(", ").add(&status_assignment(status));
        }
        if self.add.is_empty() && self.remove.is_empty() {
            return sql;
        }
        // Those that it has and keeps, in their order, and behind them those that it gets.
        sql.text(", tags = (SELECT coalesce(array_agg(tag ORDER BY at), '{}') FROM (SELECT tag, min(at) AS at FROM unnest(k.tags || ")
            .bind(self.add.clone())
            .text(") WITH ORDINALITY AS t (tag, at) WHERE tag <> ALL (")
            .bind(self.remove.clone())
            .text(") GROUP BY tag) kept)")
    }
}

/// The most tags of one keyword.
const MOST_TAGS: i64 = 100;

pub async fn update(conn: &mut AccountConn, Update { selection, tagging }: &Update) -> Result<pb::UpdatedKeywords> {
    patience::take(conn).await?;
    along_indexes(conn).await?;
    selection.check_writable(conn).await?;
    let sql = Sql::<(BigInt, BigInt)>::new("WITH changed AS (UPDATE igny8_keywords k SET ")
        .add(&tagging.assignments())
        .text(" WHERE ")
        .add(&selection.condition(conn))
        .text(" RETURNING cardinality(tags) AS tags) SELECT count(*), coalesce(max(tags), 0)::bigint FROM changed");
    let (count, tags): (i64, i64) = sql.get_result(conn).await?;
    if tags > MOST_TAGS {
        let message = format!("A keyword would get {tags} tags; {MOST_TAGS} are the most. Remove some first.");
        return Err(Error::invalid("add_tags", message));
    }
    selection.check(count)?;
    Ok(pb::UpdatedKeywords { count })
}

/// The keywords share the moment of their deletion, by which the undo token knows them.
pub async fn delete(conn: &mut AccountConn, selection: &Selection) -> Result<pb::DeletedKeywords> {
    patience::take(conn).await?;
    along_indexes(conn).await?;
    selection.check_writable(conn).await?;
    let sql = Sql::<(BigInt, Timestamptz)>::new("WITH gone AS (UPDATE igny8_keywords k SET deleted_at = now() WHERE ")
        .add(&selection.condition(conn))
        .text(" RETURNING 1) SELECT count(*), now() FROM gone");
    let (count, at): (i64, DateTime<Utc>) = sql.get_result(conn).await?;
    selection.check(count)?;
    let token = undo::push(conn, "keywords", Uuid::nil(), &json!({ "deleted_at": at })).await?;
    Ok(pb::DeletedKeywords { count, undo_token: token.undo_token, undo_until: token.undo_until })
}
