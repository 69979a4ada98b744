//! Takes started imports and stores their keywords: all in one transaction, so that a process that dies leaves nothing half done.
//!
//! Who works on an import holds a lease on it, and says how far it is, in transactions beside that one. A lease that ended means that its
//! holder is gone: the next one begins from the start. Its own last statement asks for the lease again, so that only one can finish.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use contracts::planner::v1::{DuplicatePolicy, KeywordsImported};
use db::AccountConn;
use diesel::dsl::{And, Eq, now, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, SmallInt, Text, Uuid as SqlUuid};
use rpc::{AccountId, Error, Kind, Result};
use tokio::sync::mpsc::{self, Receiver, Sender};
use uuid::Uuid;

use super::owned_by;
use super::prepare::{Rows, gone};
use super::row::Import;
use super::spool::Spool;
use super::write::{Batch, Target, Written, store};
use crate::import_files::source;
use crate::schema::igny8_keyword_imports;
use crate::{App, keywords, limits, patience, site_copies};

/// Imports that one process stores at the same time.
const WORKERS: usize = 2;

/// How often the database is asked for imports that nobody told of.
const POLL: Duration = Duration::from_secs(2);

/// How often an import says that it is alive, and how far.
const BEAT: Duration = Duration::from_secs(1);

/// A failure that may pass is tried again so often.
const ATTEMPTS: i16 = 10;

/// Batches that are read ahead.
const AHEAD: usize = 2;

/// Works for as long as the process lives.
pub async fn run(app: Arc<App>) {
    let workers = (0..WORKERS).map(|_| worker(&app));
    futures_util::future::join_all(workers).await;
}

async fn worker(app: &App) {
    loop {
        match take(app).await {
            Ok(Some(claim)) => work(app, &claim).await,
            Ok(None) => wait(app).await,
            Err(error) => {
                tracing::warn!(error = ?error, "could not look for started imports");
                wait(app).await;
            }
        }
    }
}

async fn wait(app: &App) {
    let _ = tokio::time::timeout(POLL, app.imports.started.notified()).await;
}

/// An import, held.
#[derive(Debug, QueryableByName)]
struct Claim {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    lease_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    attempts: i16,
}

async fn take(app: &App) -> Result<Option<Claim>> {
    let taken = app.db.system(async |conn| {
        let claim = db::statement(
            "UPDATE igny8_keyword_imports SET state = 'running', lease_id = $1, lease_until = now() + interval '30 seconds',
                 attempts = attempts + 1
             WHERE (account_id, id) = (
                 SELECT account_id, id FROM igny8_keyword_imports WHERE state IN ('pending', 'running') AND lease_until <= now()
                 ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING account_id, id, lease_id, attempts",
        );
        let claim = claim.bind::<SqlUuid, _>(Uuid::now_v7());
        Ok(diesel_async::RunQueryDsl::get_result::<Claim>(claim, conn).await.optional()?)
    });
    taken.await
}

async fn work(app: &App, claim: &Claim) {
    let percent = AtomicI64::new(0);
    let outcome = tokio::select! {
        outcome = import(app, claim, &percent) => outcome,
        () = beat(app, claim, &percent) => {
            tracing::info!(import = %claim.id, "an import was cancelled or taken over");
            return;
        }
    };
    match outcome {
        Ok(written) => {
            tracing::info!(import = %claim.id, keywords = written.keywords, added = written.added, "imported keywords");
            app.imports.spool.remove(claim.id).await;
        }
        Err(error) => give_up(app, claim, error).await,
    }
}

/// Ends when the lease is lost.
async fn beat(app: &App, claim: &Claim, percent: &AtomicI64) {
    loop {
        tokio::time::sleep(BEAT).await;
        let done = i16::try_from(AtomicI64::load(percent, Ordering::Relaxed)).unwrap_or_default();
        let alive = app.db.account(claim.account_id, async |conn| {
            let values = (
                igny8_keyword_imports::percent.eq(done),
                igny8_keyword_imports::lease_until.eq(sql("now() + interval '30 seconds'")),
                igny8_keyword_imports::updated_at.eq(now),
            );
            let update =
                diesel::update(igny8_keyword_imports::table.filter(owned_by(conn)).filter(held(claim))).set(values);
            Ok(diesel_async::RunQueryDsl::execute(update, conn).await?)
        });
        match alive.await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => tracing::warn!(error = ?error, "could not renew the lease of an import"),
        }
    }
}

type Held = And<And<Eq<igny8_keyword_imports::id, Uuid>, Eq<igny8_keyword_imports::lease_id, Uuid>>, IsRunning>;
type IsRunning = Eq<igny8_keyword_imports::state, &'static str>;

/// The row, as long as this lease holds.
fn held(claim: &Claim) -> Held {
    let row = igny8_keyword_imports::id.eq(claim.id).and(igny8_keyword_imports::lease_id.eq(claim.lease_id));
    row.and(igny8_keyword_imports::state.eq("running"))
}

async fn import(app: &App, claim: &Claim, percent: &AtomicI64) -> Result<Written> {
    let import = app.db.account(claim.account_id, async |conn| Import::get(conn, claim.id).await).await?;
    let file = Spool::open(&app.imports.spool.keywords(claim.id))?.ok_or_else(gone)?;
    let limit = app.limits.max_keywords(claim.account_id).await;
    let (batches, mut taken) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || read(&mut Rows::open(file), &batches));
    let target = Target {
        site: import.site_id,
        sector: import.sector_id,
        source: import.format.as_ref().map_or("table", |format| source(format.0)),
        duplicates: import.duplicates.as_ref().map_or(DuplicatePolicy::Skip, |policy| policy.0),
    };
    app.db
        .account(claim.account_id, async |conn| {
            alone(conn, target.sector).await?;
            patience::take(conn).await?;
            site_copies::writable(conn, target.site, target.sector).await?;
            let written = write(conn, &target, &mut taken, (percent, import.keyword_count)).await?;
            let used = keywords::counts::all(conn).await?;
            if written.added > 0 && used > limit {
                return Err(limits::full(limit, used - written.added));
            }
            finish(conn, claim, &target, (written, import.rejected_count)).await?;
            Ok(written)
        })
        .await
}

fn read(rows: &mut Rows, batches: &Sender<Result<Batch>>) {
    loop {
        let batch = rows.batch().map(Batch::new);
        let more = batch.as_ref().is_ok_and(|batch| batch.len() > 0);
        if batches.blocking_send(batch).is_err() || !more {
            return;
        }
    }
}

/// Two imports into one sector would wait for each other's keywords, each in its own order.
async fn alone(conn: &mut AccountConn, sector: Uuid) -> Result<()> {
    let name = format!("import {} {sector}", conn.account());
    let lock = sql::<Bool>("pg_try_advisory_xact_lock(hashtextextended(").bind::<Text, _>(name).sql(", 0))");
    let alone: bool = diesel_async::RunQueryDsl::get_result(diesel::select(lock), conn).await?;
    let busy = || Error::new(Kind::Aborted, BUSY, "Another import into this sector is running.");
    if alone { Ok(()) } else { Err(busy()) }
}

const BUSY: &str = "SECTOR_BUSY";

async fn write(
    conn: &mut AccountConn,
    target: &Target,
    batches: &mut Receiver<Result<Batch>>,
    (percent, total): (&AtomicI64, i64),
) -> Result<Written> {
    let mut written = Written::default();
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        if batch.len() == 0 {
            let short = || Error::internal(anyhow!("{} of {total} keywords in the spooled file", written.keywords));
            return if written.keywords == total { Ok(written) } else { Err(short()) };
        }
        let these = store(conn, target, &batch).await?;
        written.keywords += these.keywords;
        written.added += these.added;
        written.updated += these.updated;
        percent.store(written.keywords * 99 / total.max(1), Ordering::Relaxed);
    }
    Err(Error::unavailable(anyhow!("the reader of a spooled file stopped")))
}

/// The end, in the transaction of the keywords; only the holder of the lease comes through.
async fn finish(
    conn: &mut AccountConn,
    claim: &Claim,
    target: &Target,
    (written, rejected): (Written, i64),
) -> Result<()> {
    use crate::schema::igny8_keyword_imports::dsl;
    let values = (
        dsl::state.eq("succeeded"),
        dsl::percent.eq(100_i16),
        dsl::new_count.eq(written.added),
        dsl::duplicate_count.eq(written.keywords - written.added),
        dsl::updated_count.eq(written.updated),
        dsl::updated_at.eq(now),
        dsl::finished_at.eq(now),
    );
    let update = diesel::update(igny8_keyword_imports::table.filter(owned_by(conn)).filter(held(claim))).set(values);
    if diesel_async::RunQueryDsl::execute(update, conn).await? == 0 {
        return Err(Error::new(Kind::Aborted, "LEASE_LOST", "The import was cancelled or taken over."));
    }
    let event = KeywordsImported {
        import_id: claim.id.to_string(),
        site_id: target.site.to_string(),
        sector_id: target.sector.to_string(),
        created: written.added,
        updated: written.updated,
        duplicates: written.keywords - written.added,
        rejected,
    };
    bus::push(conn, claim.id, &event).await
}

/// A failure that may pass is tried again later; any other ends the import, with nothing stored.
async fn give_up(app: &App, claim: &Claim, error: Error) {
    let passing = matches!(error.kind(), Kind::Unavailable | Kind::Aborted | Kind::DeadlineExceeded);
    let outcome = if error.reason() == BUSY {
        release(app, claim, 1, -1).await
    } else if passing && claim.attempts < ATTEMPTS {
        tracing::warn!(error = ?error, import = %claim.id, "an import is tried again");
        release(app, claim, i32::from(claim.attempts) * 2, 0).await
    } else {
        tracing::error!(error = ?error, import = %claim.id, "an import failed");
        fail(app, claim, &error).await
    };
    if let Err(error) = outcome {
        tracing::warn!(error = ?error, import = %claim.id, "could not put an import back: its lease will end");
    }
}

async fn release(app: &App, claim: &Claim, seconds: i32, attempts: i16) -> Result<()> {
    let released = app.db.account(claim.account_id, async |conn| {
        let values = (
            igny8_keyword_imports::lease_until
                .eq(sql("now() + interval '1 second' * ").bind::<diesel::sql_types::Integer, _>(seconds)),
            igny8_keyword_imports::attempts.eq(claim.attempts.saturating_add(attempts).max(0)),
        );
        let update =
            diesel::update(igny8_keyword_imports::table.filter(owned_by(conn)).filter(held(claim))).set(values);
        diesel_async::RunQueryDsl::execute(update, conn).await?;
        Ok(())
    });
    released.await
}

async fn fail(app: &App, claim: &Claim, error: &Error) -> Result<()> {
    let failed = app.db.account(claim.account_id, async |conn| {
        let values = (
            igny8_keyword_imports::state.eq("failed"),
            igny8_keyword_imports::reason.eq(error.reason()),
            igny8_keyword_imports::message.eq(error.message()),
            igny8_keyword_imports::updated_at.eq(now),
            igny8_keyword_imports::finished_at.eq(now),
        );
        let update =
            diesel::update(igny8_keyword_imports::table.filter(owned_by(conn)).filter(held(claim))).set(values);
        diesel_async::RunQueryDsl::execute(update, conn).await?;
        Ok(())
    });
    failed.await?;
    app.imports.spool.remove(claim.id).await;
    Ok(())
}
