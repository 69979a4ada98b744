//! Messages that failed: kept in the database, tried again after ever longer times, in nobody's way meanwhile.

use std::time::Duration;

use chrono::Utc;
use db::{Db, SystemConn};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};
use tokio::time::sleep;
use uuid::Uuid;

use crate::Consumer;
use crate::envelope::Envelope;
use crate::schema::igny8_parked_messages as parked;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const BATCH: i64 = 20;
/// While one is tried, other processes leave it alone this long.
const IN_HAND: Duration = Duration::from_mins(2);
/// The first wait, doubled with every attempt.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Keeps a message that failed. A second delivery of it changes nothing.
pub(crate) async fn park(db: &Db, envelope: &Envelope, body: &str, error: &Error) -> Result<()> {
    tracing::error!(event = envelope.event, id = %envelope.id, account = %envelope.account, error = text(error), "parked a message");
    db.account(envelope.account, async |conn| {
        let row = (
            parked::account_id.eq(envelope.account.uuid()),
            parked::id.eq(envelope.id),
            parked::event.eq(&envelope.event),
            parked::body.eq(body),
            parked::traceparent.eq(&envelope.traceparent),
            parked::error.eq(text(error)),
            parked::next_at.eq(Utc::now() + FIRST_WAIT),
        );
        diesel::insert_into(parked::table).values(row).on_conflict_do_nothing().execute(conn).await?;
        Ok(())
    })
    .await
}

/// Tries what is due, for as long as it runs.
pub(crate) async fn run(consumer: &Consumer) {
    loop {
        match consumer.db.system(take_due).await {
            Ok(due) => {
                for (account, id) in due {
                    if let Err(error) = again(consumer, account, id).await {
                        tracing::warn!(error = ?error, "could not try a parked message again");
                    }
                }
            }
            Err(error) => tracing::warn!(error = ?error, "could not look for parked messages"),
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Takes some in hand, and counts all.
async fn take_due(conn: &mut SystemConn) -> Result<Vec<(AccountId, Uuid)>> {
    let all: i64 = parked::table.select(diesel::dsl::count(parked::id)).first(conn).await?;
    metrics::gauge!("igny8.parked.messages").set(f64::from(i32::try_from(all).unwrap_or(i32::MAX)));
    let due = parked::table.filter(parked::next_at.le(now)).order_by(parked::next_at).limit(BATCH);
    let due: Vec<(AccountId, Uuid)> =
        due.select((parked::account_id, parked::id)).for_update().skip_locked().load(conn).await?;
    for (account, id) in &due {
        let row = diesel::update(parked::table.find((account.uuid(), id)));
        row.set(parked::next_at.eq(Utc::now() + IN_HAND)).execute(conn).await?;
    }
    Ok(due)
}

#[derive(Debug, HasQuery)]
#[diesel(table_name = parked)]
struct Parked {
    event: String,
    body: String,
    traceparent: Option<String>,
    attempts: i32,
}

async fn again(consumer: &Consumer, account: AccountId, id: Uuid) -> Result<()> {
    let db = &consumer.db;
    let row = parked::table.find((account.uuid(), id));
    let found =
        db.account(account, async |conn| Ok(row.select(Parked::as_select()).first(conn).await.optional()?)).await?;
    let Some(Parked { event, body, traceparent, attempts }) = found else { return Ok(()) };
    let envelope = Envelope { account, id, event, traceparent };
    match consumer.call(&envelope, &body).await {
        Ok(()) => {
            tracing::info!(event = envelope.event, id = %id, "a parked message had its effect");
            db.account(account, async |conn| Ok(diesel::delete(row).execute(conn).await.map(drop)?)).await
        }
        Err(error) => {
            let wait = FIRST_WAIT.saturating_mul(1 << attempts.clamp(0, 16)).min(LONGEST_WAIT);
            let failed = (
                parked::attempts.eq(parked::attempts + 1),
                parked::error.eq(text(&error)),
                parked::next_at.eq(Utc::now() + wait),
            );
            db.account(account, async |conn| Ok(diesel::update(row).set(failed).execute(conn).await.map(drop)?)).await
        }
    }
}

/// The error with its causes.
fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
