//! Cancelling: a job that nobody works on ends at once, one that runs is asked to. One that never came is buried.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::ai_processor::v1 as pb;
use db::AccountConn;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::{end, seen};
use crate::schema::igny8_jobs;
use crate::sweeper;

/// Cancels a job, and answers whether that is news to it. One that came to its end meanwhile stays as it is.
pub(super) async fn cancel(conn: &mut AccountConn, id: Uuid) -> Result<bool> {
    if end(conn, id, &sweeper::cancelled()).await? {
        return Ok(true);
    }
    let running = igny8_jobs::table
        .find((conn.account().uuid(), id))
        .filter(igny8_jobs::finished_at.is_null())
        .filter(igny8_jobs::cancel_requested_at.is_null());
    let asked = diesel::update(running).set(igny8_jobs::cancel_requested_at.eq(now)).execute(conn).await?;
    Ok(asked > 0)
}

/// Writes down that a job which never came is cancelled, so that it never will be accepted. Changes nothing where there is one.
pub(super) async fn bury(conn: &mut AccountConn, id: Uuid, requester: &str) -> Result<()> {
    let time: DateTime<Utc> = Utc::now();
    diesel::insert_into(igny8_jobs::table)
        .values((
            igny8_jobs::account_id.eq(conn.account().uuid()),
            igny8_jobs::id.eq(id),
            igny8_jobs::requester.eq(requester),
            igny8_jobs::req_hash.eq(Vec::new()),
            igny8_jobs::input_sha256.eq(Vec::new()),
            igny8_jobs::state.eq("cancelled"),
            igny8_jobs::charge.eq(0_i64),
            igny8_jobs::deadline_at.eq(time + TimeDelta::days(1)),
            igny8_jobs::created_at.eq(time),
            igny8_jobs::finished_at.eq(Some(time)),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// The state of a job that is there.
pub(super) async fn status(conn: &mut AccountConn, id: Uuid, requester: &str) -> Result<pb::JobStatus> {
    let job = seen(conn, &[id]).await?.pop().filter(|job| job.is_for(requester));
    job.map(pb::JobStatus::from).ok_or_else(|| Error::not_found("job"))
}
