//! A page of keywords and how many there are, in one statement.

use contracts::planner::v1 as pb;
use db::{AccountConn, Page};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use rpc::Result;

use super::counts;
use super::filter::{Filter, order};
use super::row::{Columns, Keyword, SELECTED, WITH_CLUSTER};
use crate::sql::Sql;

/// What counts do not know is counted up to here.
const COUNTED_TO: i64 = 10_000;

/// From here on only ids are passed over, which an index has, and not rows.
const DEEP: i64 = 500;

type Counted = Sql<(Columns, BigInt)>;

/// The page that was asked for.
pub async fn page(
    conn: &mut AccountConn,
    filter: &Filter,
    ordering: &str,
    page: Page,
) -> Result<pb::ListKeywordsResponse> {
    let order = order(ordering);
    let (rows, count) = if filter.is_counted() {
        let count = counts::sum(conn, filter);
        rows(ordered(conn, filter, &order, page, &count), conn).await?
    } else {
        let (rows, count) = rows(found(conn, filter, &order, page), conn).await?;
        match count {
            Some(count) if count > COUNTED_TO => {
                let count = Sql::new(&format!("{count}::bigint"));
                self::rows(ordered(conn, filter, &order, page, &count), conn).await?
            }
            count => (rows, count),
        }
    };
    let count = match count {
        Some(count) => count,
        // No row has come to carry the count.
        None if page.offset == 0 => 0,
        None => total(conn, filter).await?,
    };
    Ok(pb::ListKeywordsResponse {
        results: rows,
        count: if filter.is_counted() { count } else { count.min(COUNTED_TO) },
        count_is_exact: filter.is_counted() || count <= COUNTED_TO,
    })
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
        let sql = sql.text("igny8_keywords k").text(WITH_CLUSTER).text(" WHERE ").add(&condition);
        return sql.text(&format!(" ORDER BY {order}")).add(&slice);
    }
    sql.text("(SELECT k.account_id, k.id FROM igny8_keywords k WHERE ")
        .add(&condition)
        .text(&format!(" ORDER BY {order}"))
        .add(&slice)
        .text(") page JOIN igny8_keywords k ON k.account_id = page.account_id AND k.id = page.id")
        .text(WITH_CLUSTER)
        .text(&format!(" ORDER BY {order}"))
}

/// First all that the filter finds, up to more than are counted: few are sorted fast, while an index of the order could lead past
/// millions of others. Where they are many, [`ordered`] soon has a page full of them.
fn found(conn: &AccountConn, filter: &Filter, order: &str, page: Page) -> Counted {
    Counted::new("WITH found AS MATERIALIZED (SELECT k.id FROM igny8_keywords k WHERE ")
        .add(&filter.condition(conn))
        .text(&format!(" LIMIT {}) SELECT {SELECTED}, (SELECT count(*) FROM found)", COUNTED_TO + 1))
        .text(" FROM found JOIN igny8_keywords k ON k.id = found.id AND k.account_id = ")
        .bind(conn.account().uuid())
        .text(WITH_CLUSTER)
        .text(&format!(" ORDER BY {order}"))
        .add(&slice(page))
}

fn slice(page: Page) -> Sql {
    let sql = Sql::new(&format!(" LIMIT {}", page.limit));
    if page.offset == 0 { sql } else { sql.text(" OFFSET ").bind(page.offset) }
}

/// How many the filter finds; of those that have to be counted, at most one more than [`COUNTED_TO`].
async fn total(conn: &mut AccountConn, filter: &Filter) -> Result<i64> {
    if filter.is_counted() {
        return counts::of(conn, filter).await;
    }
    let sql = Sql::<BigInt>::new("SELECT count(*) FROM (SELECT FROM igny8_keywords k WHERE ");
    let sql = sql.add(&filter.condition(conn)).text(&format!(" LIMIT {}) found", COUNTED_TO + 1));
    Ok(sql.get_result(conn).await?)
}
