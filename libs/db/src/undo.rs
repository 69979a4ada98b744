//! Deletions that can be taken back for ten minutes.
//!
//! A handler that deletes softly pushes a token in the same transaction and answers it; the service's undo method takes the token and
//! restores the object.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::rest::v1::Deleted;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use serde_json::Value;
use uuid::Uuid;

use crate::AccountConn;
use crate::schema::igny8_undo;

/// How long a token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// What a token stood for.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Undone {
    /// The sort of thing, as `site`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// What the deletion left to remember.
    pub payload: Value,
}

/// Remembers that `object` (as `site`) with this id was deleted. `payload` is for the service's own undo.
pub async fn push(conn: &mut AccountConn, object: &str, id: Uuid, payload: &Value) -> Result<Deleted> {
    let token = Uuid::now_v7();
    let until = Utc::now() + LIFETIME;
    diesel::insert_into(igny8_undo::table)
        .values((
            igny8_undo::account_id.eq(conn.account().uuid()),
            igny8_undo::id.eq(token),
            igny8_undo::object.eq(object),
            igny8_undo::object_id.eq(id),
            igny8_undo::payload.eq(payload),
            igny8_undo::expires_at.eq(until),
        ))
        .execute(conn)
        .await?;
    Ok(Deleted { undo_token: token.to_string(), undo_until: Some(timestamp(until)) })
}

/// Uses a token up. `None` for one that is unknown, of another account, used or expired.
pub async fn take(conn: &mut AccountConn, token: Uuid) -> Result<Option<Undone>> {
    let undone = diesel::delete(igny8_undo::table.find((conn.account().uuid(), token)))
        .filter(igny8_undo::expires_at.gt(diesel::dsl::now))
        .returning((igny8_undo::object, igny8_undo::object_id, igny8_undo::payload))
        .get_result(conn)
        .await
        .optional()?;
    Ok(undone)
}

fn timestamp(time: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_micros() * 1000).unwrap_or_default(),
    }
}
