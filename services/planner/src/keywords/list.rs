//! A page of keywords and how many there are, in one statement.

use contracts::planner::v1 as pb;
use db::{AccountConn, Page};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use rpc::Result;

use super::counts;
use super::filter::{Filter, order};
use super::row::{Columns, Keyword, SELECTED};
use crate::sql::Sql;

/// What counts do not know is counted up to here.
const COUNTED_TO: i64 = 10_000;

/// From here on only ids are passed over, which an index has, and not rows.
const DEEP: i64 = 500;

/// What the console and most programs ask for.
const USUAL_SIZES: [i64; 7] = [10, 20, 25, 50, 100, 200, 500];

type Counted = Sql<(Columns, BigInt)>;

/// The page that was asked for.
pub(super) async fn page(
    conn: &mut AccountConn,
    filter: &Filter,
    ordering: &str,
    page: Page,
) -> Result<pb::ListKeywordsResponse> {
    let order = order(ordering);
    if filter.is_counted() {
        let count = counts::sum(conn, filter);
        let (rows, count) = rows(ordered(conn, filter, &order, page, &count), conn).await?;
        let count = match count {
            Some(count) => count,
            // No row has come to carry the count.
            None if page.offset == 0 => 0,
            None => counts::of(conn, filter).await?,
        };
        return Ok(pb::ListKeywordsResponse { results: rows, count, count_is_exact: true });
    }
    along_indexes(conn).await?;
    let (results, count) = rows(found(conn, filter, &order, page), conn).await?;
    let count = match count {
        Some(count) => count,
        None => counted(conn, filter).await?,
    };
    if count <= COUNTED_TO {
        return Ok(pb::ListKeywordsResponse { results, count, count_is_exact: true });
    }
    let (count, count_is_exact) = match filter.whole_cluster() {
        Some(cluster) => (counts::of_cluster(conn, filter, cluster).await?, true),
        None => (COUNTED_TO, false),
    };
    let known = Sql::new(&format!("{COUNTED_TO}::bigint"));
    let (results, _) = rows(ordered(conn, filter, &order, page, &known), conn).await?;
    Ok(pb::ListKeywordsResponse { results, count, count_is_exact })
}

/// Keeps the statements of this transaction to the indexes, all of which begin with the account. Not knowing whose keywords are asked for,
/// PostgreSQL may take an account for a large part of the table and read all of it.
pub(super) async fn along_indexes(conn: &mut AccountConn) -> Result<()> {
    db::statement("SELECT set_config('enable_seqscan', 'off', true)").execute(conn).await?;
    Ok(())
}

async fn rows(statement: Counted, conn: &mut AccountConn) -> Result<(Vec<pb::Keyword>, Option<i64>)> {
    let rows: Vec<(Keyword, i64)> = statement.load(conn).await?;
    let count = rows.as_slice().first().map(|(_, count)| *count);
    Ok((rows.into_iter().map(|(keyword, _)| keyword.into()).collect(), count))
}

/// Along the index of the order, past the rows that the filter does not let through.
fn ordered(conn: &AccountConn, filter: &Filter, order: &str, page: Page, count: &Sql) -> Counted {
    let sql = Counted::new(&format!("SELECT {SELECTED}, ")).add(count).text(" FROM ");
    let condition = filter.condition(conn);
    let slice = slice(page);
    if page.offset < DEEP {
        let sql = sql.text("igny8_keywords k").text(" WHERE ").add(&condition);
        return sql.text(&format!(" ORDER BY {order}")).add(&slice);
    }
    sql.text("(SELECT k.account_id, k.id FROM igny8_keywords k WHERE ")
        .add(&condition)
        .text(&format!(" ORDER BY {order}"))
        .add(&slice)
        .text(") page JOIN igny8_keywords k ON k.account_id = page.account_id AND k.id = page.id")
        .text(&format!(" ORDER BY {order}"))
}

/// First all that the filter finds: few are sorted fast, while an index of the order could lead past millions of others. Where there are
/// more than are counted, no row: [`ordered`] soon has a page full of them.
fn found(conn: &AccountConn, filter: &Filter, order: &str, page: Page) -> Counted {
    Counted::new("WITH found AS MATERIALIZED (SELECT k.id FROM igny8_keywords k WHERE ")
        .add(&filter.condition(conn))
        .text(&format!(" LIMIT {}) SELECT {SELECTED}, (SELECT count(*) FROM found)", COUNTED_TO + 1))
        .text(" FROM found JOIN igny8_keywords k ON k.id = found.id AND k.account_id = ")
        .bind(conn.account().uuid())
        .text(&format!(" WHERE (SELECT count(*) FROM found) <= {COUNTED_TO}"))
        .text(&format!(" ORDER BY {order}"))
        .add(&slice(page))
}

/// What is bound is not known when a plan is made for all values: PostgreSQL finds such a plan dear, and plans anew at every use. So the
/// first pages of the usual sizes stand in the text, and all others share one statement: each of its own stays in memory.
fn slice(page: Page) -> Sql {
    let usual = USUAL_SIZES.contains(&page.limit);
    let number =
        |sql: Sql, number: i64, known: bool| if known { sql.text(&number.to_string()) } else { sql.bind(number) };
    let sql = number(Sql::new(" LIMIT "), page.limit, usual);
    match page.offset {
        0 => sql,
        offset => number(sql.text(" OFFSET "), offset, usual && offset < DEEP),
    }
}

/// How many the filter finds, at most one more than [`COUNTED_TO`].
async fn counted(conn: &mut AccountConn, filter: &Filter) -> Result<i64> {
    let sql = Sql::<BigInt>::new("SELECT count(*) FROM (SELECT FROM igny8_keywords k WHERE ");
    let sql = sql.add(&filter.condition(conn)).text(&format!(" LIMIT {}) found", COUNTED_TO + 1));
    Ok(sql.get_result(conn).await?)
}
