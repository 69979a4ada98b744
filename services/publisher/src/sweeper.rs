//! What has had its time, once a minute: undo tokens, idempotency keys, and passwords of deleted connections; and passwords that are sealed
//! with an old key; and what was delivered a month ago.

use std::sync::Arc;
use std::time::Duration;

use crate::{App, connections, webhooks};

const EVERY: Duration = Duration::from_mins(1);

/// Sweeps for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(error = ?error, "could not sweep");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// One pass.
pub async fn sweep(app: &App) -> rpc::Result<()> {
    app.db.sweep().await?;
    connections::forget_deleted(&app.db).await?;
    webhooks::forget_old(&app.db).await?;
    connections::reseal(app).await
}
