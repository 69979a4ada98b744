//! What has had its time, once a minute: undo tokens, idempotency keys, passwords of deleted connections, and what was delivered a month ago.
//! Passwords and secrets that are sealed with an old key are sealed with the new one.

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
    connections::reseal(app).await?;
    webhooks::reseal(app).await
}
