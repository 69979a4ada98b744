//! The caps that API keys have in auth: copies, held against beside those of this service.

use contracts::auth::v1::ApiKeyChanged;
use db::AccountConn;
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};

use crate::schema::igny8_api_key_cap_copies::dsl;

/// Keeps the newest state of a key. A key without a cap, and one that ended, is capped by the account's own caps alone.
pub(crate) async fn copy(conn: &mut AccountConn, event: &ApiKeyChanged) -> Result<()> {
    let changed_at = event.changed_at.as_ref().and_then(timestamp::read);
    let changed_at = changed_at.ok_or_else(|| Error::invalid("changed_at", "This is not a time."))?;
    let insert = diesel::insert_into(dsl::igny8_api_key_cap_copies).values((
        dsl::account_id.eq(conn.account().uuid()),
        dsl::api_key_id.eq(rpc::id("api_key_id", &event.api_key_id)?),
        dsl::daily_credits.eq(event.daily_credit_cap.filter(|_| !event.revoked)),
        dsl::changed_at.eq(changed_at),
    ));
    let newer = insert
        .on_conflict((dsl::account_id, dsl::api_key_id))
        .do_update()
        .set((dsl::daily_credits.eq(excluded(dsl::daily_credits)), dsl::changed_at.eq(excluded(dsl::changed_at))));
    FilterDsl::filter(newer, dsl::changed_at.lt(excluded(dsl::changed_at))).execute(conn).await?;
    Ok(())
}
