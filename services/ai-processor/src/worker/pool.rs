//! The workers of one process: as many jobs at once as there are slots, in three classes that do not take each other's.

use std::sync::Arc;
use std::time::Duration;

use bus::{Work, WorkItem};
use contracts::ai_processor::v1::JobClass;
use futures_util::FutureExt;
use rpc::Kind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::claim::{Terms, unheard};
use super::{Claim, Stop, attempt, claim, finish, heartbeat};
use crate::App;
use crate::dispatcher::{CLASSES, Hint, queue};

/// Most jobs of one claim.
const BATCH: usize = 64;
/// Without a hint for so long, the database is asked.
const UNHEARD_AFTER: Duration = Duration::from_secs(5);
/// How long running jobs may go on when the process ends; then they are handed back.
const FINISH: Duration = Duration::from_secs(10);
const HAND_BACK: Duration = Duration::from_secs(5);
/// Where most places are taken, jobs are claimed together that come within this.
const GATHER: Duration = Duration::from_millis(3);
/// Between two tries to claim while the database is away.
const AGAIN: Duration = Duration::from_millis(500);

/// A place for a job, and the message that told of it, if one did.
type Place = (OwnedSemaphorePermit, Option<WorkItem>);

/// Works until the process stops, then finishes what is in hand or hands it back.
pub async fn run(app: Arc<App>) {
    let worker = Uuid::now_v7();
    if let Err(error) = heartbeat::present(&app, worker).await {
        tracing::warn!(error = ?error, "could not say that there are workers; the next heartbeat does");
    }
    let tasks = TaskTracker::new();
    let work = async {
        let [interactive, batch, image] = CLASSES.map(|class| of_class(&app, class, worker, &tasks));
        tokio::join!(interactive, batch, image);
        drain(&app, &tasks).await;
    };
    tokio::select! {
        () = work => {}
        () = heartbeat::run(&app, worker) => {}
    }
    // It fails when the database is away: then it is not counted after half a minute.
    let _ = heartbeat::absent(&app, worker).await;
}

async fn of_class(app: &Arc<App>, class: JobClass, worker: Uuid, tasks: &TaskTracker) {
    let slots = app.settings.slots(class);
    let free = Arc::new(Semaphore::new(slots.into()));
    let terms = Terms { worker, lease: app.settings.lease(), attempt_limit: app.settings.attempt_limit(class) };
    let mut work = app.bus.work(queue(class), slots);
    let serve = async {
        loop {
            let Ok(place) = Arc::clone(&free).acquire_owned().await else { return };
            let told = match tokio::time::timeout(UNHEARD_AFTER, work.next()).await {
                Ok(item) => {
                    if free.available_permits() * 2 < usize::from(slots) {
                        tokio::time::sleep(GATHER).await;
                    }
                    gather(&free, place, item, &mut work)
                }
                Err(_) => ask(app, class, &free, place).await,
            };
            start(app, told, terms, tasks).await;
        }
    };
    tokio::select! {
        () = serve => {}
        () = app.stop.cancelled() => {}
    }
}

/// What is there already is claimed together.
fn gather(free: &Arc<Semaphore>, place: OwnedSemaphorePermit, item: WorkItem, work: &mut Work) -> Vec<(Hint, Place)> {
    let mut told = Vec::new();
    let mut next = Some((place, item));
    while let Some((place, item)) = next.take() {
        match serde_json::from_slice(&item.body) {
            Ok(hint) => told.push((hint, (place, Some(item)))),
            Err(error) => {
                tracing::warn!(%error, "a hint that nobody of ours wrote");
                tokio::spawn(item.ack());
            }
        }
        if told.len() < BATCH
            && let Ok(place) = Arc::clone(free).try_acquire_owned()
            && let Some(item) = work.next().now_or_never()
        {
            next = Some((place, item));
        }
    }
    told
}

/// Jobs of which no hint came.
async fn ask(app: &App, class: JobClass, free: &Arc<Semaphore>, place: OwnedSemaphorePermit) -> Vec<(Hint, Place)> {
    let most = i64::try_from(free.available_permits() + 1).unwrap_or(1);
    let hints = unheard(&app.db, class, most).await.unwrap_or_else(|error| {
        tracing::warn!(error = ?error, "could not ask for jobs of which no hint came");
        Vec::new()
    });
    let places = std::iter::once(place).chain(std::iter::from_fn(|| Arc::clone(free).try_acquire_owned().ok()));
    hints.into_iter().zip(places.map(|place| (place, None))).collect()
}

/// Claims what was told of and starts on it. What was not to be had is acknowledged: nobody else would get it either.
async fn start(app: &Arc<App>, told: Vec<(Hint, Place)>, terms: Terms, tasks: &TaskTracker) {
    if told.is_empty() {
        return;
    }
    let hints: Vec<Hint> = told.iter().map(|(hint, _)| hint.clone()).collect();
    let claims = loop {
        match claim(&app.db, &hints, terms).await {
            Ok(claims) => break claims,
            Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::DeadlineExceeded) => {
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => {
                tracing::error!(error = ?error, "could not claim jobs; they are dispatched again");
                break Vec::new();
            }
        }
    };
    for (hint, (place, item)) in told {
        match claims.iter().find(|claim| claim.is_for(&hint)) {
            Some(claim) => {
                let (app, claim) = (Arc::clone(app), claim.clone());
                tasks.spawn(async move {
                    work_on(&app, &claim).await;
                    acknowledge(item).await;
                    drop(place);
                });
            }
            None => {
                tasks.spawn(acknowledge(item));
            }
        }
    }
}

/// One try of one job, from the claim to what is written down of it.
pub async fn work_on(app: &App, claim: &Claim) {
    let mut hold = app.held.take(claim.account, claim.job, claim.epoch);
    let verdict = attempt::attempt(app, claim, &mut hold).await;
    finish::finish(app, claim, &hold, verdict).await;
}

async fn acknowledge(item: Option<WorkItem>) {
    if let Some(item) = item {
        // Where the broker could not be told, the message comes again and finds nothing to claim.
        item.ack().await;
    }
}

async fn drain(app: &App, tasks: &TaskTracker) {
    tasks.close();
    if tokio::time::timeout(FINISH, tasks.wait()).await.is_err() {
        app.held.stop_all(Stop::HandBack);
        let _ = tokio::time::timeout(HAND_BACK, tasks.wait()).await;
    }
}
