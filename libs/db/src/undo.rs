//! Deletions that can be taken back for ten minutes.
//!
//! A handler that deletes softly pushes a token in the same transaction and answers it; the service's undo method takes the token and
//! restores the object.

use chrono::{TimeDelta, Utc};
use contracts::rest::v1::Deleted;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind, Result, timestamp};
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

impl Undone {
    /// The error of a service that pushes no such object.
    pub fn unknown(&self) -> Error {
        Error::internal(anyhow::anyhow!("an undo token stands for a {}", self.object))
    }
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
    Ok(Deleted { undo_token: token.to_string(), undo_until: Some(timestamp::of(until)) })
}

/// Uses a token up. `NOT_FOUND` for one that is unknown, of another account, used or expired.
pub async fn take(conn: &mut AccountConn, token: Uuid) -> Result<Undone> {
    let undone: Option<Undone> = diesel::delete(igny8_undo::table.find((conn.account().uuid(), token)))
        .filter(igny8_undo::expires_at.gt(diesel::dsl::now))
        .returning((igny8_undo::object, igny8_undo::object_id, igny8_undo::payload))
        .get_result(conn)
        .await
        .optional()?;
    undone.ok_or_else(|| {
        let message =
            "This deletion cannot be taken back. It was taken back already, or more than ten minutes have passed.";
        Error::new(Kind::NotFound, "NOT_FOUND", message)
    })
}
