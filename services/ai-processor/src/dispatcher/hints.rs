//! Hints: which job to claim, through the broker. Losing one costs time and nothing else.

use std::time::{Duration, Instant};

use bus::{Outcome, Outgoing, topology};
use contracts::ai_processor::v1::JobClass;
use db::Db;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::Result;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::App;

/// Most hints of one batch.
const BATCH: usize = 256;
/// A hint that a worker took up within this needs no note that it was sent.
const NOTE_AFTER: Duration = Duration::from_secs(1);

/// What the broker has now is looked at again after a minute, and no longer after ten seconds.
const NOTE: &str = "
    UPDATE igny8_jobs j SET next_at = now() + interval '60 seconds'
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) h (account_id, id, dispatch_seq)
    WHERE j.account_id = h.account_id AND j.id = h.id AND j.dispatch_seq = h.dispatch_seq AND j.state = 'dispatched'";

/// A job that a worker should claim. It names an account and does not prove it: the claim does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, QueryableByName)]
pub struct Hint {
    #[diesel(sql_type = SqlUuid, column_name = account_id)]
    pub account: Uuid,
    #[diesel(sql_type = SqlUuid, column_name = id)]
    pub job: Uuid,
    #[diesel(sql_type = BigInt, column_name = dispatch_seq)]
    pub seq: i64,
}

impl Hint {
    fn outgoing(&self, class: JobClass) -> Outgoing {
        Outgoing {
            exchange: topology::WORK_EXCHANGE,
            routing_key: queue(class),
            id: Uuid::now_v7(),
            body: serde_json::to_vec(self).unwrap_or_default(),
            persistent: true,
        }
    }
}

/// The work queue of a class.
pub fn queue(class: JobClass) -> &'static str {
    match class {
        JobClass::Image => "igny8.work.image",
        JobClass::Batch => "igny8.work.batch",
        _ => "igny8.work.interactive",
    }
}

pub(super) async fn send_forever(app: &App, class: JobClass, mut passes: mpsc::Receiver<Vec<Hint>>) {
    let mut publisher = app.bus.publisher();
    let mut sent: Vec<(Instant, Hint)> = Vec::new();
    loop {
        let mut batch = Vec::new();
        // An error says that it is time to look at what was sent.
        match tokio::time::timeout(NOTE_AFTER, passes.recv_many(&mut batch, BATCH)).await {
            Ok(0) => return,
            Ok(_) => {
                let hints: Vec<Hint> = batch.into_iter().flatten().collect();
                let outcomes = publisher.send(hints.iter().map(|hint| hint.outgoing(class)).collect()).await;
                let confirmed = hints.into_iter().zip(outcomes).filter(|(_, outcome)| *outcome == Outcome::Confirmed);
                sent.extend(confirmed.map(|(hint, _)| (Instant::now(), hint)));
            }
            Err(_) => {}
        }
        if sent.iter().any(|(at, _)| at.elapsed() >= NOTE_AFTER) {
            let noted = std::mem::take(&mut sent).into_iter().map(|(_, hint)| hint).collect();
            if let Err(error) = note(&app.db, noted).await {
                tracing::warn!(error = ?error, "could not note which hints were sent");
            }
        }
    }
}

async fn note(db: &Db, hints: Vec<Hint>) -> Result<()> {
    let accounts: Vec<Uuid> = hints.iter().map(|hint| hint.account).collect();
    let jobs: Vec<Uuid> = hints.iter().map(|hint| hint.job).collect();
    let seqs: Vec<i64> = hints.iter().map(|hint| hint.seq).collect();
    db.system(async |conn| {
        let statement = db::statement(NOTE)
            .bind::<Array<SqlUuid>, _>(accounts)
            .bind::<Array<SqlUuid>, _>(jobs)
            .bind::<Array<BigInt>, _>(seqs);
        statement.execute(conn).await?;
        Ok(())
    })
    .await
}
