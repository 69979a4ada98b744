//! Requests that may be sent twice and happen once: the `Idempotency-Key` header.
//!
//! The answer is stored in the transaction of the work, so that both exist or neither does. A failed request stores nothing: its repetition
//! runs again. Keys belong to a user (or API key) and a method, and are remembered for a day.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use prost::Message;
use rpc::{Error, Kind, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::AccountConn;
use crate::schema::igny8_idempotency_keys::{self, dsl};

/// How long an answer is replayed.
pub const LIFETIME: TimeDelta = TimeDelta::hours(24);

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = igny8_idempotency_keys)]
struct Answer<'a> {
    account_id: Uuid,
    actor_id: Uuid,
    method: &'a str,
    key: &'a str,
    fingerprint: Vec<u8>,
    response: Vec<u8>,
    expires_at: DateTime<Utc>,
}

/// Runs `body` once for each `key`, and answers its first response to every repetition. Without a key it just runs.
///
/// `method` is the path of the method. The same key with another request is `IDEMPOTENCY_MISMATCH`; while the first one still runs,
/// `IDEMPOTENCY_IN_PROGRESS`; a malformed key, `IDEMPOTENCY_KEY_MALFORMED`. The response is stored: a method whose answer holds a secret
/// must not take keys. Nor must one whose request has a map, which encodes in another order each time.
pub async fn run<Req: Message, Res: Message + Default>(
    conn: &mut AccountConn,
    key: Option<&str>,
    method: &str,
    request: &Req,
    body: impl AsyncFnOnce(&mut AccountConn) -> Result<Res>,
) -> Result<Res> {
    let Some(key) = key else { return body(conn).await };
    check(key)?;
    lock(conn, method, key).await?;
    let fingerprint = Sha256::digest(request.encode_to_vec()).to_vec();
    if let Some((stored, response)) = find(conn, method, key).await? {
        if stored != fingerprint {
            return Err(mismatch());
        }
        return Res::decode(response.as_slice()).map_err(Error::internal);
    }
    let answer = body(conn).await?;
    let response = answer.encode_to_vec();
    store(conn, method, key, (fingerprint, response)).await?;
    Ok(answer)
}

fn check(key: &str) -> Result<()> {
    if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let message = "The Idempotency-Key header must be 1 to 255 visible ASCII characters.";
    Err(Error::new(Kind::InvalidArgument, "IDEMPOTENCY_KEY_MALFORMED", message))
}

fn mismatch() -> Error {
    let message = "This Idempotency-Key was used for another request. Send a new key with a new request.";
    Error::new(Kind::InvalidArgument, "IDEMPOTENCY_MISMATCH", message)
}

/// Held to the end of the transaction, when the answer is there for others to read.
async fn lock(conn: &mut AccountConn, method: &str, key: &str) -> Result<()> {
    let name = format!("{} {} {method} {key}", conn.account(), conn.actor());
    let lock = sql::<Bool>("pg_try_advisory_xact_lock(hashtextextended(").bind::<Text, _>(name).sql(", 0))");
    if diesel::select(lock).get_result(conn).await? {
        return Ok(());
    }
    let message = "A request with this Idempotency-Key is still running. Try again in a second.";
    Err(Error::new(Kind::Aborted, "IDEMPOTENCY_IN_PROGRESS", message))
}

async fn find(conn: &mut AccountConn, method: &str, key: &str) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let found = dsl::igny8_idempotency_keys
        .find((conn.account().uuid(), conn.actor(), method, key))
        .filter(dsl::expires_at.gt(diesel::dsl::now))
        .select((dsl::fingerprint, dsl::response))
        .first(conn)
        .await
        .optional()?;
    Ok(found)
}

/// An expired answer that nobody has swept yet is replaced.
async fn store(
    conn: &mut AccountConn,
    method: &str,
    key: &str,
    (fingerprint, response): (Vec<u8>, Vec<u8>),
) -> Result<()> {
    let answer = Answer {
        account_id: conn.account().uuid(),
        actor_id: conn.actor(),
        method,
        key,
        fingerprint,
        response,
        expires_at: Utc::now() + LIFETIME,
    };
    diesel::insert_into(dsl::igny8_idempotency_keys)
        .values(&answer)
        .on_conflict((dsl::account_id, dsl::actor_id, dsl::method, dsl::key))
        .do_update()
        .set(&answer)
        .execute(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        for good in ["k", "7c1e-AB/+=~!", &"x".repeat(255)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "two words", "tab\t", "ключ", "\u{7f}", &"x".repeat(256)] {
            assert_eq!(check(bad).unwrap_err().reason(), "IDEMPOTENCY_KEY_MALFORMED", "{bad:?}");
        }
    }
}
