//! Starting an import, and taking that back.

use contracts::JsonEnum;
use contracts::planner::v1 as pb;
use contracts::planner::v1::ImportState;
use contracts::progress::v1::Started;
use db::{AccountConn, idempotency};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Result};
use uuid::Uuid;

use super::row::Import;
use super::{owned_by, preview};
use crate::schema::igny8_keyword_imports;
use crate::{App, site_copies};

const METHOD: &str = "/igny8.planner.v1.ImportService/StartImport";

pub(super) async fn start(app: &App, caller: &Caller, request: &pb::StartImportRequest) -> Result<Started> {
    let id = rpc::id("id", &request.id)?;
    let import = app.db.transaction(caller, async |conn| Import::get(conn, id).await).await?;
    if import.state.0 == ImportState::Previewed {
        app.room(caller, import.new_count).await?;
    }
    let started = app.db.transaction(caller, async |conn| {
        let key = caller.idempotency_key();
        idempotency::run(conn, key, METHOD, request, async |conn| begin(conn, id, request).await).await
    });
    let started = started.await?;
    app.imports.started.notify_one();
    Ok(started)
}

async fn begin(conn: &mut AccountConn, id: Uuid, request: &pb::StartImportRequest) -> Result<Started> {
    let import = Import::lock(conn, id).await?;
    site_copies::writable(conn, import.site_id, import.sector_id).await?;
    if import.state.0 != ImportState::Previewed {
        return Err(preview::started());
    }
    if import.keyword_count == 0 {
        let message = "No row of this file can be imported. The list of rejected rows says why.";
        return Err(Error::precondition("NOTHING_TO_IMPORT", message));
    }
    if import.rejected_count > 0 && !request.only_good_rows {
        return Err(has_rejected_rows(import.rejected_count));
    }
    let row = igny8_keyword_imports::table.filter(owned_by(conn)).filter(igny8_keyword_imports::id.eq(id));
    let pending = (
        igny8_keyword_imports::state.eq("pending"),
        igny8_keyword_imports::duplicates.eq(request.duplicates().json_name()),
        igny8_keyword_imports::lease_until.eq(now),
        igny8_keyword_imports::updated_at.eq(now),
    );
    diesel::update(row).set(pending).execute(conn).await?;
    let progress_url = format!("/api/v1/system/settings/task_progress/{id}/");
    Ok(Started { dry_run: false, task_id: Some(id.to_string()), progress_url: Some(progress_url), quote: None })
}

fn has_rejected_rows(count: i64) -> Error {
    let rows = if count == 1 { "1 row of this file".to_owned() } else { format!("{count} rows of this file") };
    let message = format!(
        "{rows} cannot be imported, so nothing was. Correct the file by the list of rejected rows, or import only the good rows."
    );
    Error::precondition("REJECTED_ROWS", message)
}

/// One that has not ended is cancelled: whoever works on it notices within a second and takes all of it back. One that has is removed.
pub(super) async fn cancel_or_remove(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let import = Import::lock(conn, id).await?;
    match import.state.0 {
        ImportState::Pending | ImportState::Running => {
            let row = igny8_keyword_imports::table.filter(owned_by(conn)).filter(igny8_keyword_imports::id.eq(id));
            let cancelled = (
                igny8_keyword_imports::state.eq("cancelled"),
                igny8_keyword_imports::finished_at.eq(now),
                igny8_keyword_imports::updated_at.eq(now),
            );
            diesel::update(row).set(cancelled).execute(conn).await?;
            Ok(())
        }
        _ => Import::delete(conn, id).await,
    }
}
