//! The life of a signing key: published, then signing for 30 days, then only verifying until its last token has ended.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, TimeDelta, Utc};
use db::SystemConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rpc::token::{self, LIFETIME_SECONDS};
use rpc::{Error, Result};

use super::place;
use crate::App;
use crate::schema::igny8_signing_keys::{self, dsl};

/// How long a key signs.
const SIGNS: TimeDelta = TimeDelta::days(30);
/// How long a key is published before it signs, at least: everybody has asked for it by then.
const PUBLISHED: TimeDelta = TimeDelta::hours(1);
/// How long a retired key verifies beyond the life of its last token.
const VERIFIES: TimeDelta = TimeDelta::hours(1);
/// How soon every process signs with a new key.
const EVERY: Duration = Duration::from_secs(30);

/// "igny8 keys", as a number that nothing else in this database locks.
const LOCK: i64 = 0x6967_6e79_386b_6579;

diesel::define_sql_function! {
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt);
}

#[derive(HasQuery)]
#[diesel(table_name = igny8_signing_keys)]
struct SigningKey {
    key_id: String,
    sealed: String,
    created_at: DateTime<Utc>,
    current_at: Option<DateTime<Utc>>,
}

/// Keeps the keys moving for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(error) = app.keys.rotate().await {
            tracing::warn!(error = ?error, "could not look after the signing keys");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Makes the keys that are missing, moves on those whose time has come, and answers the current one. Of several processes one works at a
/// time, and the others find its work done.
pub(super) async fn rotate(conn: &mut SystemConn, seal: &seal::Keyring) -> Result<(String, String)> {
    diesel::select(pg_advisory_xact_lock(LOCK)).execute(conn).await?;
    let now = Utc::now();
    diesel::delete(dsl::igny8_signing_keys.filter(dsl::not_after.lt(now))).execute(conn).await?;
    let mut next = in_state(conn, "next").await?;
    let mut current = in_state(conn, "current").await?;
    let is_due = current.as_ref().is_none_or(|key| key.current_at.is_none_or(|since| since + SIGNS <= now));
    let is_ready = next.as_ref().is_some_and(|key| current.is_none() || key.created_at + PUBLISHED <= now);
    if is_due && is_ready {
        retire(conn, now).await?;
        current = promote(conn, now).await?;
        next = None;
    }
    if current.is_none() {
        make(conn, seal, "current").await?;
        current = in_state(conn, "current").await?;
    }
    if next.is_none() {
        make(conn, seal, "next").await?;
    }
    let current = current.ok_or_else(|| Error::internal(anyhow!("no current signing key after rotation")))?;
    Ok((current.key_id, current.sealed))
}

async fn in_state(conn: &mut SystemConn, state: &str) -> Result<Option<SigningKey>> {
    Ok(SigningKey::query().filter(dsl::state.eq(state)).first(conn).await.optional()?)
}

async fn retire(conn: &mut SystemConn, now: DateTime<Utc>) -> Result<()> {
    let end = now + TimeDelta::seconds(LIFETIME_SECONDS) + VERIFIES;
    diesel::update(dsl::igny8_signing_keys.filter(dsl::state.eq("current")))
        .set((dsl::state.eq("retired"), dsl::not_after.eq(end)))
        .execute(conn)
        .await?;
    Ok(())
}

async fn promote(conn: &mut SystemConn, now: DateTime<Utc>) -> Result<Option<SigningKey>> {
    let promoted = diesel::update(dsl::igny8_signing_keys.filter(dsl::state.eq("next")))
        .set((dsl::state.eq("current"), dsl::current_at.eq(now)))
        .returning(SigningKey::as_returning())
        .get_result(conn)
        .await;
    Ok(promoted.optional()?)
}

async fn make(conn: &mut SystemConn, seal: &seal::Keyring, state: &str) -> Result<()> {
    let pkcs8 = token::generate_pkcs8();
    let pair =
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).map_err(|error| Error::internal(anyhow!("{error}")))?;
    let public_key = pair.public_key().as_ref().to_vec();
    let key_id = token::key_id(&public_key);
    let sealed = seal.seal(&pkcs8, place(&key_id)).map_err(Error::internal)?;
    diesel::insert_into(dsl::igny8_signing_keys)
        .values((
            dsl::key_id.eq(&key_id),
            dsl::sealed.eq(sealed),
            dsl::public_key.eq(public_key),
            dsl::state.eq(state),
            dsl::current_at.eq((state == "current").then(Utc::now)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
