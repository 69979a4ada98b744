//! More time for one transaction: what works on a whole sector may take longer than what a person waits for a page.

use db::AccountConn;
use diesel_async::RunQueryDsl;
use rpc::Result;

/// Lets each statement of this transaction run for a minute.
pub(crate) async fn take(conn: &mut AccountConn) -> Result<()> {
    db::statement("SELECT set_config('statement_timeout', '60000', true)").execute(conn).await?;
    Ok(())
}
