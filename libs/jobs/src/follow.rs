//! Work that follows from other work.

use chrono::Utc;
use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use sha2::{Digest, Sha256};

use crate::request::owned_by;
use crate::schema::igny8_job_requests;
use crate::start::{Asked, insert};
use crate::{Frozen, JobRequest, Order, Spec};

/// Orders work in the transaction of other work, as an [`Action`](crate::Action) does when it applies a result: the driver starts it after
/// the commit. An order that is known already changes nothing.
pub async fn follow(conn: &mut AccountConn, spec: &Spec, order: Order<'_>, frozen: Frozen) -> Result<()> {
    let Order { id, action: _, max_credits, user, api_key } = order;
    if JobRequest::find(conn, id).await?.is_some() {
        return Ok(());
    }
    let actor = user.or(api_key).unwrap_or(conn.account().uuid());
    let asked = Asked { id, actor, user, api_key, idempotency_key: None, max_credits };
    insert(conn, &asked, spec, (frozen, Sha256::digest(id.as_bytes()).to_vec())).await?;
    let row = igny8_job_requests::table.filter(owned_by(conn)).filter(igny8_job_requests::id.eq(id));
    diesel::update(row).set(igny8_job_requests::next_at.eq(Utc::now())).execute(conn).await?;
    Ok(())
}
