//! Imports that nobody started, and files that nobody needs.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};
use uuid::Uuid;

use super::row::Import;
use crate::App;

/// How long a file is kept for its import to be started. A day and an hour: nothing that could still be started loses its file.
const KEPT: Duration = Duration::from_hours(25);

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Forgets imports that were not started within a day, or whose reading was cut off an hour ago; removes their files and those of nobody.
pub async fn sweep(app: &App) -> Result<()> {
    let left: Vec<Left> = app
        .db
        .system(async |conn| {
            let left = diesel::sql_query(
                "SELECT account_id, id FROM igny8_keyword_imports
                 WHERE (state = 'previewed' AND updated_at < now() - interval '24 hours')
                     OR (state = 'reading' AND updated_at < now() - interval '1 hour')
                 LIMIT 100",
            );
            Ok(left.load(conn).await?)
        })
        .await?;
    for Left { account_id, id } in left {
        app.db.account(account_id, async |conn| Import::delete(conn, id).await).await?;
        app.imports.spool.remove(id).await;
    }
    app.imports.spool.sweep(KEPT).await.map_err(Error::internal)?;
    Ok(())
}
