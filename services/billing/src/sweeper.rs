//! Erasing what has had its time, once a minute: undo tokens and idempotency keys. Entries of the ledger have no end.

use std::sync::Arc;
use std::time::Duration;

use crate::App;

const EVERY: Duration = Duration::from_mins(1);

/// Sweeps for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = app.db.sweep().await {
            tracing::warn!(error = ?error, "could not sweep");
        }
        tokio::time::sleep(EVERY).await;
    }
}
