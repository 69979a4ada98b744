//! From the outbox to the broker.
//!
//! Rows are polled, with a wake-up from the transactions of the same process. They are held with `SKIP LOCKED` while the broker is asked
//! to confirm them, so that many relays share the work, and deleted when it has: their presence is the only cursor, because ids are
//! committed out of order. A kill in between publishes an event twice, and the inbox of each receiver notices.

use std::time::Duration;

use chrono::{DateTime, Utc};
use db::{Db, SystemConn};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::envelope::Envelope;
use crate::publisher::Message;
use crate::schema::igny8_outbox as outbox;
use crate::topology::{EVENTS_EXCHANGE, event};
use crate::{Outcome, Publisher};

const BATCH: i64 = 200;
/// Between two looks: short after work was found, longer with every look that finds none.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(500);
const AFTER_ERROR: Duration = Duration::from_secs(1);
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// A row that the broker did not take is tried again after this, doubled with every attempt.
const RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// A relay that is stopped in the middle holds its rows no longer than this.
const IDLE_LIMIT: &str = "SELECT set_config('idle_in_transaction_session_timeout', '10000', true)";

/// Publishes for as long as it runs.
pub(crate) async fn run(db: &Db, mut publisher: Publisher) {
    let mut pause = SHORTEST;
    loop {
        publisher.ready().await;
        match db.system(async |conn| round(conn, &mut publisher).await).await {
            Ok(BATCH..) => pause = Duration::ZERO,
            Ok(0) => pause = (pause * 2).clamp(SHORTEST, LONGEST),
            Ok(_) => pause = SHORTEST,
            Err(error) => {
                tracing::warn!(error = ?error, "could not relay events");
                pause = AFTER_ERROR;
            }
        }
        if pause == AFTER_ERROR {
            sleep(pause).await;
        } else {
            // Either way it is time to look.
            let _ = timeout(pause, db.announced()).await;
        }
    }
}

#[derive(Debug, HasQuery)]
#[diesel(table_name = outbox)]
struct Row {
    account_id: AccountId,
    id: Uuid,
    event: String,
    body: serde_json::Value,
    traceparent: Option<String>,
    attempts: i32,
    created_at: DateTime<Utc>,
}

/// One batch. Answers how many rows it has held.
async fn round(conn: &mut SystemConn, publisher: &mut Publisher) -> Result<i64> {
    let due = Row::query()
        .filter(outbox::next_at.le(diesel::dsl::now))
        .order_by((outbox::next_at, outbox::id))
        .limit(BATCH)
        .for_update()
        .skip_locked();
    let rows: Vec<Row> = due.load(conn).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    diesel::sql_query(IDLE_LIMIT).execute(conn).await?;
    let outcomes = publisher.send_all(rows.iter().map(message).collect()).await;
    let (sent, failed): (Vec<_>, Vec<_>) =
        rows.iter().zip(outcomes).partition(|(_, outcome)| *outcome == Outcome::Confirmed);
    forget(conn, &sent).await?;
    postpone(conn, &failed).await?;
    Ok(i64::try_from(rows.len()).unwrap_or(BATCH))
}

fn message(row: &Row) -> Message {
    let envelope = Envelope {
        account: row.account_id,
        id: row.id,
        event: row.event.clone(),
        traceparent: row.traceparent.clone(),
    };
    Message {
        exchange: EVENTS_EXCHANGE,
        routing_key: row.event.clone(),
        id: row.id,
        body: row.body.to_string().into_bytes(),
        // An event that nobody hears yet is taken by no queue.
        mandatory: event(&row.event).is_none_or(|event| !event.consumers.is_empty()),
        properties: envelope.properties(),
    }
}

async fn forget(conn: &mut SystemConn, sent: &[(&Row, Outcome)]) -> Result<()> {
    if sent.is_empty() {
        return Ok(());
    }
    let now = Utc::now();
    for (row, _) in sent {
        let delay = (now - row.created_at).to_std().unwrap_or_default();
        metrics::histogram!("igny8.outbox.delay").record(delay);
    }
    let (accounts, ids) = keys(sent);
    let delete = "DELETE FROM igny8_outbox o USING unnest($1, $2) s (account_id, id) \
                  WHERE o.account_id = s.account_id AND o.id = s.id";
    diesel::sql_query(delete)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Uuid>, _>(accounts)
        .bind::<diesel::sql_types::Array<diesel::sql_types::Uuid>, _>(ids)
        .execute(conn)
        .await?;
    Ok(())
}

async fn postpone(conn: &mut SystemConn, failed: &[(&Row, Outcome)]) -> Result<()> {
    for (row, outcome) in failed {
        let wait = RETRY.saturating_mul(1 << row.attempts.clamp(0, 10)).min(LONGEST_RETRY);
        tracing::warn!(event = row.event, id = %row.id, outcome = ?outcome, attempts = row.attempts, "event not taken");
        let own = outbox::table.find((row.account_id.uuid(), row.id));
        diesel::update(own)
            .set((outbox::attempts.eq(outbox::attempts + 1), outbox::next_at.eq(Utc::now() + wait)))
            .execute(conn)
            .await?;
    }
    Ok(())
}

fn keys(rows: &[(&Row, Outcome)]) -> (Vec<Uuid>, Vec<Uuid>) {
    rows.iter().map(|(row, _)| (row.account_id.uuid(), row.id)).unzip()
}

/// Counts what waits, also while nothing can be published, for as long as it runs.
pub(crate) async fn count_forever(db: &Db) {
    loop {
        count(db).await;
        sleep(COUNT_EVERY).await;
    }
}

async fn count(db: &Db) {
    let counted =
        db.system(async |conn| Ok(outbox::table.select(diesel::dsl::count(outbox::id)).first::<i64>(conn).await?));
    if let Ok(pending) = counted.await {
        metrics::gauge!("igny8.outbox.pending").set(f64::from(i32::try_from(pending).unwrap_or(i32::MAX)));
    }
}
