//! The rows of a file that cannot be imported: as a list, and as CSV to correct them by.

use std::sync::Arc;

use contracts::planner::v1 as pb;
use db::{AccountConn, Page};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use rpc::{Caller, Error, Result};
use tonic::Status;
use uuid::Uuid;

use super::row::Import;
use crate::App;
use crate::schema::igny8_keyword_import_rejects::{self, dsl};

/// Rows of one piece of a download.
const PORTION: i64 = 1000;

pub(super) type Pieces = BoxStream<'static, Result<pb::RejectedRowsFile, Status>>;

/// One row of `igny8_keyword_import_rejects`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_keyword_import_rejects)]
struct Rejected {
    position: i64,
    row_number: i64,
    part: String,
    column_name: String,
    value: String,
    reason: String,
    fix: String,
}

impl From<Rejected> for pb::RejectedRow {
    fn from(rejected: Rejected) -> Self {
        let Rejected { position: _, row_number, part, column_name, value, reason, fix } = rejected;
        Self { row_number, part, column: column_name, value, reason, fix }
    }
}

pub(super) async fn list(conn: &mut AccountConn, import: Uuid, page: Page) -> Result<pb::ListRejectedRowsResponse> {
    let count = Import::get(conn, import).await?.rejected_count;
    // Positions count from 1 without gaps: a deep page costs what the first does.
    let rows = after(conn, import, page.offset, page.limit).await?;
    let results = rows.into_iter().map(pb::RejectedRow::from).collect();
    Ok(pb::ListRejectedRowsResponse { results, count, count_is_exact: true })
}

async fn after(conn: &mut AccountConn, import: Uuid, position: i64, limit: i64) -> Result<Vec<Rejected>> {
    let rows = Rejected::query()
        .filter(dsl::account_id.eq(conn.account().uuid()))
        .filter(dsl::import_id.eq(import))
        .filter(dsl::position.gt(position))
        .order(dsl::position)
        .limit(limit);
    Ok(rows.load(conn).await?)
}

/// The rows in portions, each in a transaction of its own.
pub(super) fn download(app: Arc<App>, caller: Caller, import: &Import) -> Pieces {
    let id = import.id;
    let stem = import.file_name.rsplit_once('.').map_or(import.file_name.as_str(), |(stem, _)| stem);
    let first = pb::RejectedRowsFile {
        content_type: "text/csv; charset=utf-8".to_owned(),
        file_name: format!("{}-rejected.csv", if stem.is_empty() { "list" } else { stem }),
        body: b"row,part,column,value,reason,fix\r\n".to_vec(),
    };
    let rest = stream::try_unfold(Some(0), move |position: Option<i64>| {
        let (app, caller) = (Arc::clone(&app), caller.clone());
        async move {
            let Some(position) = position else { return Ok(None) };
            let rows = app.db.transaction(&caller, async |conn| after(conn, id, position, PORTION).await).await?;
            let next = rows.last().map(|row| row.position);
            if rows.is_empty() {
                return Ok(None);
            }
            Ok::<_, Error>(Some((pb::RejectedRowsFile { body: csv(&rows)?, ..Default::default() }, next)))
        }
    });
    stream::once(async { Ok(first) }).chain(rest).map_err(Status::from).boxed()
}

fn csv(rows: &[Rejected]) -> Result<Vec<u8>> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        let number = row.row_number.to_string();
        let cells = [&number, &row.part, &row.column_name, &row.value, &row.reason, &row.fix];
        out.write_record(cells.map(|cell| inert(cell))).map_err(Error::internal)?;
    }
    out.into_inner().map_err(|error| Error::internal(error.into_error()))
}

/// What a spreadsheet would take for a formula, as text.
fn inert(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
