//! What a clustering run works on: the keywords of a sector as they are now, and what people decided by moving some.

use std::collections::HashMap;

use contracts::ai_processor::v1::{ClusteringInput, ClusteringKeyword, KeywordPair};
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use crate::schema::{igny8_keyword_moves, igny8_keywords};

/// As many search results as the clustering looks at.
const SERP_URLS: usize = 10;

/// A keyword with the evidence of its file.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = igny8_keywords)]
struct Row {
    id: Uuid,
    keyword: String,
    serp_urls: Vec<String>,
    page: Option<String>,
    parent_keyword: Option<String>,
    volume: Option<i64>,
    cluster_id: Option<Uuid>,
    pinned: bool,
}

/// How many keywords a run would work on.
pub(super) async fn count(conn: &mut AccountConn, sector: Uuid, only: Option<&[Uuid]>) -> Result<i64> {
    Ok(query(conn, sector, only).count().get_result(conn).await?)
}

/// The input, with how many keywords it holds.
pub(super) async fn read(
    conn: &mut AccountConn,
    (sector, language): (Uuid, String),
    only: Option<&[Uuid]>,
    (page, topic): (Option<f64>, Option<f64>),
) -> Result<(ClusteringInput, usize)> {
    let rows: Vec<Row> =
        query(conn, sector, only).order_by(igny8_keywords::id).select(Row::as_select()).load(conn).await?;
    let pinned: Vec<Uuid> = rows.iter().filter(|row| row.pinned).map(|row| row.id).collect();
    let moves: HashMap<Uuid, Uuid> = igny8_keyword_moves::table
        .filter(igny8_keyword_moves::account_id.eq(conn.account().uuid()))
        .filter(igny8_keyword_moves::keyword_id.eq_any(pinned))
        .select((igny8_keyword_moves::keyword_id, igny8_keyword_moves::from_cluster_id))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let (must, cannot) = links(&rows, &moves);
    let count = rows.len();
    let keywords = rows.into_iter().map(ClusteringKeyword::from).collect();
    let input = ClusteringInput { language, keywords, must, cannot, page_threshold: page, topic_threshold: topic };
    Ok((input, count))
}

impl From<Row> for ClusteringKeyword {
    fn from(row: Row) -> Self {
        let Row { id, keyword, serp_urls, page, parent_keyword, volume, cluster_id: _, pinned: _ } = row;
        Self {
            id: id.into_bytes().to_vec(),
            text: keyword,
            serp_urls: serp_urls.into_iter().take(SERP_URLS).collect(),
            page: page.unwrap_or_default(),
            parent: parent_keyword.unwrap_or_default(),
            volume,
        }
    }
}

/// What was put aside is left out, and what a person took out of every cluster.
#[diesel::dsl::auto_type(no_type_alias)]
fn eligible() -> _ {
    igny8_keywords::deleted_at
        .is_null()
        .and(igny8_keywords::status.ne("archived"))
        .and(igny8_keywords::pinned.eq(false).or(igny8_keywords::cluster_id.is_not_null()))
}

type Query<'q> = igny8_keywords::BoxedQuery<'q, diesel::pg::Pg>;

fn query<'q>(conn: &AccountConn, sector: Uuid, only: Option<&'q [Uuid]>) -> Query<'q> {
    let query = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(conn.account().uuid()))
        .filter(igny8_keywords::sector_id.eq(sector))
        .filter(eligible())
        .into_boxed();
    match only {
        Some(only) => query.filter(igny8_keywords::id.eq_any(only)),
        None => query,
    }
}

/// A pinned keyword stays with the most wanted of those that share its cluster without having been moved there, and apart from the most
/// wanted of those that it was taken from. Keywords that were all moved to one place stay with the first of them.
fn links(rows: &[Row], moves: &HashMap<Uuid, Uuid>) -> (Vec<KeywordPair>, Vec<KeywordPair>) {
    let mut anchors: HashMap<Uuid, &Row> = HashMap::new();
    for row in rows {
        let Some(cluster) = row.cluster_id else { continue };
        let anchor = anchors.entry(cluster).or_insert(row);
        if rank(row) > rank(anchor) {
            *anchor = row;
        }
    }
    let (mut must, mut cannot) = (Vec::new(), Vec::new());
    for row in rows.iter().filter(|row| row.pinned) {
        let at_home = row.cluster_id.and_then(|cluster| anchors.get(&cluster));
        must.extend(at_home.filter(|anchor| anchor.id != row.id).map(|anchor| pair(row, anchor)));
        let left = moves.get(&row.id).filter(|from| Some(**from) != row.cluster_id);
        let left = left.and_then(|from| anchors.get(from)).filter(|anchor| !anchor.pinned);
        cannot.extend(left.map(|anchor| pair(row, anchor)));
    }
    (must, cannot)
}

fn rank(row: &Row) -> (bool, Option<i64>) {
    (!row.pinned, row.volume)
}

fn pair(one: &Row, other: &Row) -> KeywordPair {
    KeywordPair { one: one.id.into_bytes().to_vec(), other: other.id.into_bytes().to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u8, volume: i64, cluster: u8, pinned: bool) -> Row {
        Row {
            id: Uuid::from_bytes([id; 16]),
            keyword: format!("keyword {id}"),
            serp_urls: Vec::new(),
            page: None,
            parent_keyword: None,
            volume: Some(volume),
            cluster_id: Some(Uuid::from_bytes([cluster; 16])),
            pinned,
        }
    }

    fn ids(pairs: &[KeywordPair]) -> Vec<(u8, u8)> {
        pairs.iter().map(|pair| (pair.one[0], pair.other[0])).collect()
    }

    #[test]
    fn a_moved_keyword_stays_with_its_new_neighbours_and_apart_from_its_old_ones() {
        let rows = [row(1, 10, 100, false), row(2, 90, 100, false), row(3, 5, 200, false), row(4, 99, 200, true)];
        let moves = HashMap::from([(Uuid::from_bytes([4; 16]), Uuid::from_bytes([100; 16]))]);
        let (must, cannot) = links(&rows, &moves);
        assert_eq!((ids(&must), ids(&cannot)), (vec![(4, 3)], vec![(4, 2)]));
    }

    #[test]
    fn keywords_that_were_all_moved_to_one_place_stay_together() {
        let rows = [row(1, 10, 100, true), row(2, 90, 100, true), row(3, 20, 100, true)];
        let (must, cannot) = links(&rows, &HashMap::new());
        assert_eq!((ids(&must), ids(&cannot)), (vec![(1, 2), (3, 2)], vec![]));
    }

    #[test]
    fn a_keyword_that_came_back_is_not_kept_apart_from_its_own_cluster() {
        let rows = [row(1, 10, 100, false), row(2, 90, 100, true)];
        let moves = HashMap::from([(Uuid::from_bytes([2; 16]), Uuid::from_bytes([100; 16]))]);
        assert_eq!(ids(&links(&rows, &moves).1), []);
    }
}
