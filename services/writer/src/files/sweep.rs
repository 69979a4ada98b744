//! Removing files that no picture shows: what an image had that is erased by now, and what came to be stored for nothing.
//!
//! Bytes are in the store only where a row knows of them. A row is marked first, which keeps others from storing the same bytes again; then the bytes
//! go, and then the row. Whoever was about to show a file has touched its row less than a day ago, and that one is left alone.

use std::time::Duration;

use db::{AccountConn, Db};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};

use super::Store;
use super::row::lock;

/// Files of one look.
const FIND: &str = "
    SELECT account_id, sha256 FROM igny8_files f
    WHERE stored_at < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM igny8_pictures p WHERE p.account_id = f.account_id AND p.file_id = f.id)
    ORDER BY stored_at LIMIT 1000";

/// Another process may have marked it; one that was silent for ten minutes is gone.
const MARK: &str = "
    UPDATE igny8_files f SET swept_at = now()
    WHERE account_id = $1 AND sha256 = $2 AND stored_at < now() - interval '1 day'
        AND (swept_at IS NULL OR swept_at < now() - interval '10 minutes')
        AND NOT EXISTS (SELECT FROM igny8_pictures p WHERE p.account_id = f.account_id AND p.file_id = f.id)";

const SHARED: &str = "SELECT id FROM igny8_files WHERE account_id = $1 AND sha256 = $2 AND swept_at IS NULL";

const FORGET: &str = "DELETE FROM igny8_files WHERE account_id = $1 AND sha256 = $2 AND swept_at IS NOT NULL";

/// How long the store may take to remove one: far less than a mark is believed.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, QueryableByName)]
struct Unused {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = Binary)]
    sha256: Vec<u8>,
}

/// Removes the files that no picture shows and that were stored more than a day ago. What fails does not keep the rest; the first failure is the
/// answer.
pub async fn sweep(db: &Db, store: &Store) -> Result<()> {
    let mut outcome = Ok(());
    loop {
        let unused: Vec<Unused> = db.system(async |conn| Ok(db::statement(FIND).load(conn).await?)).await?;
        let mut removed = 0_usize;
        for file in &unused {
            match remove(db, store, file).await {
                Ok(gone) => removed += usize::from(gone),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        if removed == 0 {
            return outcome;
        }
        tracing::info!(what = "files", erased = removed, "swept");
    }
}

/// Whether it is gone. Not where another process is about it, or somebody stored it again.
async fn remove(db: &Db, store: &Store, Unused { account_id, sha256 }: &Unused) -> Result<bool> {
    let marked = db.account(*account_id, async |conn| {
        lock(conn, sha256).await?;
        if run(conn, MARK, sha256).await? == 0 {
            return Ok(Marked::Nothing);
        }
        if run(conn, SHARED, sha256).await? == 0 {
            return Ok(Marked::Bytes);
        }
        run(conn, FORGET, sha256).await?;
        Ok(Marked::Row)
    });
    match marked.await? {
        Marked::Nothing => return Ok(false),
        Marked::Row => return Ok(true),
        Marked::Bytes => {}
    }
    let late = |_| Error::unavailable(anyhow::anyhow!("the store of files did not answer"));
    tokio::time::timeout(PATIENCE, store.remove(*account_id, sha256)).await.map_err(late)??;
    db.account(*account_id, async |conn| run(conn, FORGET, sha256).await).await?;
    Ok(true)
}

/// What is to go.
enum Marked {
    Nothing,
    /// Another site of the account has the same bytes: the row is gone, and they stay.
    Row,
    Bytes,
}

async fn run(conn: &mut AccountConn, statement: &'static str, sha256: &[u8]) -> Result<usize> {
    let statement = db::statement(statement).bind::<SqlUuid, _>(conn.account().uuid());
    Ok(statement.bind::<Binary, _>(sha256).execute(conn).await?)
}
