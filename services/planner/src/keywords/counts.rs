//! How many keywords there are, from the deltas that every change of keywords leaves behind: see the migration.

use std::collections::BTreeMap;

use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use contracts::planner::v1::{Intent, KeywordStatus};
use db::AccountConn;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use super::filter::{Filter, any_of};
use crate::sql::Sql;

/// A sub-select with the sum for a filter that [`Filter::is_counted`].
pub fn sum(conn: &AccountConn, filter: &Filter) -> Sql {
    let sql = Sql::new("(SELECT coalesce(sum(n.keywords), 0)::bigint FROM igny8_keyword_counts n WHERE ");
    sql.add(&condition(conn, filter)).text(")")
}

/// All that the caller may see.
pub async fn all(conn: &mut AccountConn) -> Result<i64> {
    of(conn, &Filter::place(None, None)).await
}

/// Those of a filter that [`Filter::is_counted`].
pub async fn of(conn: &mut AccountConn, filter: &Filter) -> Result<i64> {
    let sql = Sql::<BigInt>::new("SELECT ").add(&sum(conn, filter));
    Ok(sql.get_result(conn).await?)
}

/// Those of a cluster in the place of a filter.
pub async fn of_cluster(conn: &mut AccountConn, filter: &Filter, cluster: Uuid) -> Result<i64> {
    let mut sql = Sql::<BigInt>::new(
        "SELECT coalesce(sum(c.keyword_count), 0)::bigint FROM igny8_clusters c WHERE c.account_id = ",
    )
    .bind(conn.account().uuid())
    .text(" AND c.id = ")
    .bind(cluster);
    if let Some(site) = filter.site {
        sql = sql.text(" AND c.site_id = ").bind(site);
    }
    if let Some(sector) = filter.sector {
        sql = sql.text(" AND c.sector_id = ").bind(sector);
    }
    Ok(sql.get_result(conn).await?)
}

fn condition(conn: &AccountConn, filter: &Filter) -> Sql {
    let mut sql = Sql::new("n.account_id = ").bind(conn.account().uuid());
    if let Some(site) = filter.site {
        sql = sql.text(" AND n.site_id = ").bind(site);
    }
    if let Some(sector) = filter.sector {
        sql = sql.text(" AND n.sector_id = ").bind(sector);
    }
    sql = any_of(sql, "n.status", &filter.statuses);
    sql = any_of(sql, "n.intent", &filter.intents);
    match filter.unclustered {
        Some(true) => sql.text(" AND NOT n.clustered"),
        Some(false) => sql.text(" AND n.clustered"),
        None => sql,
    }
}

/// The figures of a dashboard.
pub async fn stats(conn: &mut AccountConn, filter: &Filter) -> Result<pb::KeywordStats> {
    let sql = Sql::<(Text, Text, Bool, BigInt, BigInt)>::new(
        "SELECT n.status, n.intent, n.clustered, sum(n.keywords)::bigint, sum(n.volume)::bigint FROM igny8_keyword_counts n WHERE ",
    );
    let sql = sql.add(&condition(conn, filter)).text(" GROUP BY 1, 2, 3");
    let rows: Vec<(String, String, bool, i64, i64)> = sql.load(conn).await?;
    let mut stats = pb::KeywordStats::default();
    let (mut statuses, mut intents) = (BTreeMap::<String, (i64, i64)>::new(), BTreeMap::<String, (i64, i64)>::new());
    for (status, intent, clustered, count, volume) in rows {
        stats.count += count;
        stats.volume += volume;
        stats.unclustered += if clustered { 0 } else { count };
        for (sums, name) in [(&mut statuses, status), (&mut intents, intent)] {
            let (counts, volumes) = sums.entry(name).or_default();
            *counts += count;
            *volumes += volume;
        }
    }
    stats.by_status = KeywordStatus::NAMES
        .iter()
        .filter_map(|name| {
            let (count, volume) = statuses.get(*name).copied().unwrap_or_default();
            Some(pb::KeywordStatusCount { status: KeywordStatus::from_json_name(name)?.into(), count, volume })
        })
        .collect();
    let named = Intent::NAMES.iter().map(|name| (Intent::from_json_name(name).map(i32::from), *name));
    stats.by_intent = named
        .chain([(None, "")])
        .map(|(intent, name)| {
            let (count, volume) = intents.get(name).copied().unwrap_or_default();
            pb::KeywordIntentCount { intent, count, volume }
        })
        .collect();
    Ok(stats)
}
