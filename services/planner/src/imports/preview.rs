//! Reading a file and showing what would be stored, before anything is.

use contracts::planner::v1 as pb;
use contracts::planner::v1::{ImportColumnChoice, ImportField, ImportState};
use db::AccountConn;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Result};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::prepare::{Found, Piece, Source, prepare};
use super::row::{Import, missing};
use super::{New, owned_by, refused};
use crate::import_files::{Rejected, check_mapping};
use crate::schema::{igny8_keyword_import_rejects, igny8_keyword_imports};
use crate::{App, site_copies};

/// Batches that may wait for the database.
const AHEAD: usize = 2;

/// Reads a new file.
pub(super) async fn make(app: &App, caller: &Caller, import: Uuid, new: &New) -> Result<pb::KeywordImport> {
    let place = (new.target.site, new.target.sector);
    let source = source(app, import, new.list, new.target.country.clone(), None);
    read(app, caller, source, place).await.map(pb::KeywordImport::from)
}

/// Reads a file again with other columns or another country.
pub(super) async fn change(
    app: &App,
    caller: &Caller,
    id: Uuid,
    choices: Option<&[ImportColumnChoice]>,
    country: Option<String>,
) -> Result<pb::KeywordImport> {
    let import = app.db.transaction(caller, async |conn| begin_again(conn, id, choices).await).await?;
    let known: Vec<pb::ImportColumn> = serde_json::from_value(import.fields).unwrap_or_default();
    let choices = choices.map_or_else(|| known.iter().map(as_choice).collect(), <[_]>::to_vec);
    let list = import.file_name.is_empty();
    let source = source(app, id, list, country.unwrap_or(import.country), Some(choices));
    let read = read(app, caller, source, (import.site_id, import.sector_id)).await;
    if let Err(error) = &read {
        let (reason, message) = (error.reason().to_owned(), error.message().to_owned());
        app.db.transaction(caller, async |conn| fail(conn, id, &reason, &message).await).await?;
    }
    read.map(pb::KeywordImport::from)
}

fn as_choice(column: &pb::ImportColumn) -> ImportColumnChoice {
    ImportColumnChoice { index: column.index, field: column.field }
}

fn source(app: &App, import: Uuid, list: bool, country: String, choices: Option<Vec<ImportColumnChoice>>) -> Source {
    Source { spool: app.imports.spool.clone(), import, limits: app.imports.limits, list, country, choices }
}

/// Checks the choices before anything of the old preview is gone.
async fn begin_again(conn: &mut AccountConn, id: Uuid, choices: Option<&[ImportColumnChoice]>) -> Result<Import> {
    let import = Import::lock(conn, id).await?;
    site_copies::writable(conn, import.site_id, import.sector_id).await?;
    if import.state.0 != ImportState::Previewed {
        return Err(started());
    }
    if let Some(choices) = choices {
        let columns = import.fields.as_array().map_or(0, Vec::len);
        let known = |choice: &ImportColumnChoice| usize::try_from(choice.index).is_ok_and(|index| index < columns);
        if let Some(wrong) = choices.iter().find(|choice| !known(choice)) {
            return Err(Error::invalid("columns", format!("There is no column {}.", wrong.index)));
        }
        let fields: Vec<ImportField> = choices.iter().map(ImportColumnChoice::field).collect();
        check_mapping(&fields).map_err(refused)?;
    }
    let rejects = igny8_keyword_import_rejects::table
        .filter(igny8_keyword_import_rejects::account_id.eq(conn.account().uuid()))
        .filter(igny8_keyword_import_rejects::import_id.eq(id));
    diesel::delete(rejects).execute(conn).await?;
    let row = igny8_keyword_imports::table.filter(owned_by(conn)).filter(igny8_keyword_imports::id.eq(id));
    let reading = (igny8_keyword_imports::state.eq("reading"), igny8_keyword_imports::updated_at.eq(now));
    diesel::update(row).set(reading).execute(conn).await?;
    Ok(import)
}

async fn fail(conn: &mut AccountConn, id: Uuid, reason: &str, message: &str) -> Result<()> {
    use crate::schema::igny8_keyword_imports::dsl;
    let row = dsl::igny8_keyword_imports.filter(owned_by(conn)).filter(dsl::id.eq(id)).filter(dsl::state.eq("reading"));
    let failed = (dsl::state.eq("failed"), dsl::reason.eq(reason), dsl::message.eq(message), dsl::finished_at.eq(now));
    diesel::update(row).set(failed).execute(conn).await?;
    Ok(())
}

pub(super) fn started() -> Error {
    Error::precondition("IMPORT_STARTED", "This import was started before, or is being read. Look at its state.")
}

/// The file on a thread, and what comes of it into the database.
async fn read(app: &App, caller: &Caller, source: Source, place: (Uuid, Uuid)) -> Result<Import> {
    let import = source.import;
    let permit = app.imports.readers.clone().acquire_owned().await.map_err(Error::internal)?;
    let (pieces, mut taken) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        prepare(&source, &pieces)
    });
    let (mut rejected, mut known) = (0, 0);
    while let Some(piece) = taken.recv().await {
        match piece {
            Piece::Rejected(rows) => {
                let at = rejected;
                app.db.transaction(caller, async |conn| reject(conn, (import, place.0), at, &rows).await).await?;
                rejected += i64::try_from(rows.len()).unwrap_or_default();
            }
            Piece::Keywords(normalised, countries) => {
                let keys = (&normalised, &countries);
                known += app.db.transaction(caller, async |conn| count_known(conn, place.1, keys).await).await?;
            }
        }
    }
    let found: Found = reading.await.map_err(Error::internal)??;
    app.db.transaction(caller, async |conn| Import::show(conn, import, &found, found.keywords - known).await).await
}

async fn reject(conn: &mut AccountConn, (import, site): (Uuid, Uuid), at: i64, rows: &[Rejected]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    if Import::find(conn, import).await?.is_none() {
        return Err(missing());
    }
    let text = |of: fn(&Rejected) -> &str| rows.iter().map(of).collect::<Vec<_>>();
    let numbers: Vec<i64> = rows.iter().map(|row| i64::try_from(row.row_number).unwrap_or(i64::MAX)).collect();
    db::statement(
        "INSERT INTO igny8_keyword_import_rejects
             (account_id, import_id, site_id, position, row_number, part, column_name, value, reason, fix)
         SELECT $1, $2, $3, $4 + r.n, r.row_number, r.part, r.column_name, r.value, r.reason, r.fix
         FROM unnest($5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) WITH ORDINALITY
             AS r (row_number, part, column_name, value, reason, fix, n)",
    )
    .bind::<SqlUuid, _>(conn.account().uuid())
    .bind::<SqlUuid, _>(import)
    .bind::<SqlUuid, _>(site)
    .bind::<BigInt, _>(at)
    .bind::<Array<BigInt>, _>(numbers)
    .bind::<Array<Text>, _>(text(|row| &row.part))
    .bind::<Array<Text>, _>(text(|row| &row.column))
    .bind::<Array<Text>, _>(text(|row| &row.value))
    .bind::<Array<Text>, _>(text(|row| &row.reason))
    .bind::<Array<Text>, _>(text(|row| row.fix))
    .execute(conn)
    .await?;
    Ok(())
}

/// How many of these keywords the sector has.
async fn count_known(
    conn: &mut AccountConn,
    sector: Uuid,
    (normalised, countries): (&Vec<String>, &Vec<String>),
) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = BigInt)]
        known: i64,
    }
    let known: Known = db::statement(
        "SELECT count(*) AS known FROM unnest($3::text[], $4::text[]) AS r (normalised, country)
         JOIN igny8_keywords k ON k.account_id = $1 AND k.sector_id = $2 AND k.normalised = r.normalised AND k.country = r.country
             AND k.deleted_at IS NULL",
    )
    .bind::<SqlUuid, _>(conn.account().uuid())
    .bind::<SqlUuid, _>(sector)
    .bind::<Array<Text>, _>(normalised)
    .bind::<Array<Text>, _>(countries)
    .get_result(conn)
    .await?;
    Ok(known.known)
}
