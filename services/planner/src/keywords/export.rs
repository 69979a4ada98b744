//! Keywords as CSV, streamed.
//!
//! The order is taken once, as ids (16 bytes each); the rows then follow in portions, each in a transaction of its own, so that a slow
//! reader holds none open. What is deleted meanwhile is left out.

use std::collections::HashMap;
use std::sync::Arc;

use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use csv::Writer;
use db::AccountConn;
use diesel::sql_types as types;
use diesel_async::RunQueryDsl;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use rpc::{Caller, Error, Result};
use tokio::sync::mpsc::{self, Sender};
use tonic::Status;
use uuid::Uuid;

use super::filter::{Filter, order};
use super::list::along_indexes;
use super::row::{Columns, Keyword, SELECTED, cpc};
use crate::sql::Sql;
use crate::{App, patience};

/// Rows of one transaction, and of one message: some hundred kilobytes.
const PORTION: usize = 1000;

const HEADER: &[&str] = &[
    "keyword",
    "country",
    "language",
    "volume",
    "volume_quality",
    "difficulty",
    "cpc",
    "competition",
    "trend",
    "intent",
    "intents",
    "status",
    "cluster",
    "cluster_confidence",
    "cluster_evidence",
    "source",
    "serp_urls",
    "page",
    "topic",
    "parent_keyword",
    "tags",
    "id",
    "site_id",
    "sector_id",
    "cluster_id",
    "created_at",
    "updated_at",
];

type Pieces = BoxStream<'static, Result<pb::KeywordsFile, Status>>;

/// Begins an export. What goes wrong with the order is answered before the first byte.
pub(super) async fn start(app: &Arc<App>, caller: Caller, filter: &Filter, ordering: &str) -> Result<Pieces> {
    let ids = app.db.transaction(&caller, async |conn| ids(conn, filter, ordering).await).await?;
    // One piece waits while one is on its way.
    let (sender, receiver) = mpsc::channel(1);
    let app = Arc::clone(app);
    tokio::spawn(async move {
        if let Err(error) = send(&app, &caller, &ids, &sender).await {
            // Nobody is there to be told when the reader has left.
            let _ = sender.send(Err(error.into())).await;
        }
    });
    Ok(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))).boxed())
}

async fn ids(conn: &mut AccountConn, filter: &Filter, ordering: &str) -> Result<Vec<Uuid>> {
    patience::take(conn).await?;
    along_indexes(conn).await?;
    let sql = Sql::<types::Uuid>::new("SELECT k.id FROM igny8_keywords k WHERE ").add(&filter.condition(conn));
    let sql = sql.text(&format!(" ORDER BY {}", order(ordering)));
    Ok(sql.load_stream::<Uuid>(conn).await?.try_collect().await?)
}

async fn send(
    app: &App,
    caller: &Caller,
    ids: &[Uuid],
    sender: &Sender<Result<pb::KeywordsFile, Status>>,
) -> Result<()> {
    let mut first = pb::KeywordsFile {
        content_type: "text/csv; charset=utf-8".to_owned(),
        file_name: "keywords.csv".to_owned(),
        body: csv(&[HEADER.iter().map(|&name| name.to_owned()).collect()])?,
    };
    for portion in ids.chunks(PORTION) {
        let rows = app.db.transaction(caller, async |conn| rows(conn, portion).await).await?;
        first.body.extend(csv(&rows)?);
        if sender.send(Ok(std::mem::take(&mut first))).await.is_err() {
            return Ok(());
        }
    }
    if !first.file_name.is_empty() {
        // There was no portion: the header is the file.
        let _ = sender.send(Ok(first)).await;
    }
    Ok(())
}

async fn rows(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Vec<String>>> {
    let sql = Sql::<Columns>::new(&format!("SELECT {SELECTED} FROM igny8_keywords k WHERE k.account_id = "));
    let sql = sql.bind(conn.account().uuid()).text(" AND k.id = ANY (").bind(ids.to_vec()).text(")");
    let found: Vec<Keyword> = sql.text(" AND k.deleted_at IS NULL").load(conn).await?;
    let mut found: HashMap<Uuid, Keyword> = found.into_iter().map(|keyword| (keyword.id, keyword)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).map(record).collect())
}

fn record(row: Keyword) -> Vec<String> {
    let names = |names: Vec<Option<&'static str>>| names.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let trend: Vec<String> = row.trend.iter().map(ToString::to_string).collect();
    vec![
        row.keyword,
        row.country,
        row.language,
        text(row.volume),
        names(vec![row.volume_quality.and_then(|quality| quality.0.json_name())]),
        text(row.difficulty),
        text(row.cpc_micros.map(cpc)),
        text(row.competition),
        trend.join(", "),
        names(vec![row.intent.and_then(|intent| intent.0.json_name())]),
        names(row.intents.iter().map(|intent| intent.0.json_name()).collect()),
        names(vec![row.status.0.json_name()]),
        row.cluster_name.unwrap_or_default(),
        text(row.cluster_confidence),
        row.cluster_evidence.unwrap_or_default(),
        row.source,
        row.serp_urls.join("\n"),
        row.page.unwrap_or_default(),
        row.topic.unwrap_or_default(),
        row.parent_keyword.unwrap_or_default(),
        row.tags.join(", "),
        row.id.to_string(),
        row.site_id.to_string(),
        row.sector_id.to_string(),
        text(row.cluster_id),
        row.created_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        row.updated_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
    ]
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn csv(records: &[Vec<String>]) -> Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record.iter().map(|cell| neutral(cell).into_owned())).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.into_error()))
}

/// A cell that no spreadsheet takes for a formula. A number is none, whatever its sign.
fn neutral(cell: &str) -> std::borrow::Cow<'_, str> {
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@']) || cell.starts_with(['\t', '\r', '\n']);
    if formula && cell.parse::<f64>().is_err() { format!("'{cell}").into() } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "  =1", "\t=1"] {
            assert_eq!(neutral(formula), format!("'{formula}"));
        }
        for plain in ["shoes", "-1.5", "+3", "", "a=b", "e-mail"] {
            assert_eq!(neutral(plain), plain);
        }
    }

    #[test]
    fn what_holds_quotes_and_lines_is_one_cell() {
        let file = csv(&[vec!["a \"b\", c\nd".to_owned(), "e".to_owned()]]).unwrap();
        assert_eq!(String::from_utf8(file).unwrap(), "\"a \"\"b\"\", c\nd\",e\n");
    }
}
