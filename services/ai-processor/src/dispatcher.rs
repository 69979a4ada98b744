//! The dispatcher: picks jobs fairly between accounts and tells the workers. Any number of processes may dispatch at once.
//!
//! Start-time fair queueing: a job's virtual finish time is its lane's last one, or the clock of the class where that is later, plus one
//! by the lane's weight. Lanes are served in the order of their heads, one job each for a pass, up to their cap, and no more in all than
//! twice what the workers can hold: what waits in the broker can no longer be ordered.

mod hints;

use std::sync::Arc;
use std::time::Duration;

use contracts::JsonEnum;
use contracts::ai_processor::v1::JobClass;
use db::{Db, SystemConn};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::Result;
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

pub use hints::{Hint, queue};

use crate::App;

/// The three classes, each with its own queue, slots and dispatcher.
pub const CLASSES: [JobClass; 3] = [JobClass::Interactive, JobClass::Batch, JobClass::Image];

/// How often a dispatcher looks without being told, as where another process accepts jobs or ends them.
const IDLE: Duration = Duration::from_millis(500);
/// The same while jobs wait for a place.
const BUSY: Duration = Duration::from_millis(25);
/// Between two passes that found something, so that under load one pass, one commit and one batch of hints serve several jobs. The first job
/// after a rest does not wait.
const GATHER: Duration = Duration::from_millis(10);
/// Passes that may run ahead of their hints.
const AHEAD: usize = 64;

/// A statement of its own: the next one must see jobs as they are after these locks. `(2 * 0)` slots still let one job out, so that a
/// worker that comes back finds its work told.
const LANES: &str = "
    SELECT account_id, head_vft FROM igny8_lanes WHERE class = $1 AND queued > 0 AND inflight < max_inflight ORDER BY head_vft
    LIMIT greatest(0,
        greatest(1, 2 * (SELECT coalesce(sum(slots), 0) FROM igny8_workers WHERE class = $1 AND seen_at > now() - interval '30 seconds'))
        - (SELECT count(*) FROM igny8_jobs WHERE state = 'dispatched' AND class = $1))
    FOR UPDATE SKIP LOCKED";

/// The oldest job of each locked lane, and the head that the lane has then. A hint that is not heard within ten seconds counts as lost.
const DISPATCH: &str = "
    WITH clock AS (
        UPDATE igny8_vclocks SET v = $3 WHERE class = $1 AND v < $3
    ), picked AS (
        SELECT x.account_id, x.id, n.vft AS next_vft FROM unnest($2::uuid[]) l (account_id)
        CROSS JOIN LATERAL (
            SELECT j.account_id, j.id, j.vft FROM igny8_jobs j
            WHERE j.account_id = l.account_id AND j.class = $1 AND j.state = 'queued' ORDER BY j.vft, j.id LIMIT 1
        ) x
        LEFT JOIN LATERAL (
            SELECT j.vft FROM igny8_jobs j
            WHERE j.account_id = l.account_id AND j.class = $1 AND j.state = 'queued' AND (j.vft, j.id) > (x.vft, x.id)
            ORDER BY j.vft, j.id LIMIT 1
        ) n ON true
    ), dispatched AS (
        UPDATE igny8_jobs j SET state = 'dispatched', dispatch_seq = j.dispatch_seq + 1, next_at = now() + interval '10 seconds'
        FROM picked WHERE j.account_id = picked.account_id AND j.id = picked.id AND j.state = 'queued'
        RETURNING j.account_id, j.id, j.dispatch_seq, picked.next_vft
    ), counted AS (
        UPDATE igny8_lanes l SET inflight = l.inflight + 1, queued = l.queued - 1, head_vft = coalesce(d.next_vft, l.head_vft)
        FROM dispatched d WHERE l.account_id = d.account_id AND l.class = $1
    )
    SELECT account_id, id, dispatch_seq FROM dispatched";

/// Whether a job stands in a lane that has room for it.
const WAITING: &str =
    "SELECT 1::bigint AS found FROM igny8_lanes WHERE class = $1 AND queued > 0 AND inflight < max_inflight LIMIT 1";

/// Tells a dispatcher of this process that it has something to do.
#[derive(Debug, Clone, Default)]
pub struct Wake {
    classes: Arc<[Notify; 3]>,
}

impl Wake {
    /// A job came or a place became free.
    pub fn wake(&self, class: JobClass) {
        self.of(class).notify_one();
    }

    fn of(&self, class: JobClass) -> &Notify {
        let [interactive, batch, image] = &*self.classes;
        match class {
            JobClass::Image => image,
            JobClass::Batch => batch,
            _ => interactive,
        }
    }
}

/// Dispatches all classes for as long as the process lives.
pub async fn run(app: Arc<App>) {
    let [interactive, batch, image] = CLASSES.map(|class| of_class(&app, class));
    tokio::join!(interactive, batch, image);
}

async fn of_class(app: &App, class: JobClass) {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::join!(dispatch_forever(app, class, sender), hints::send_forever(app, class, receiver));
}

async fn dispatch_forever(app: &App, class: JobClass, hints: mpsc::Sender<Vec<Hint>>) {
    let mut pause = Duration::ZERO;
    loop {
        // An error is the end of the wait.
        let _ = tokio::time::timeout(pause, app.dispatcher.of(class).notified()).await;
        pause = match pass(&app.db, class).await {
            Ok(Pass { told, .. }) if !told.is_empty() => {
                let _ = hints.send(told).await; // fails only when the process ends
                tokio::time::sleep(GATHER).await;
                Duration::ZERO
            }
            Ok(Pass { waiting: true, .. }) => BUSY,
            Ok(_) => IDLE,
            Err(error) => {
                tracing::warn!(error = ?error, "could not dispatch");
                IDLE
            }
        };
    }
}

#[derive(Debug, QueryableByName)]
struct Lane {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = Double)]
    head_vft: f64,
}

#[derive(Debug, QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "that there is a row is the answer")]
    found: i64,
}

/// What one pass did.
#[derive(Debug)]
pub struct Pass {
    /// The jobs whose workers must hear of them now.
    pub told: Vec<Hint>,
    /// Jobs wait although their account has room: the workers have none.
    pub waiting: bool,
}

/// One pass over the lanes of a class: at most one job of each.
pub async fn pass(db: &Db, class: JobClass) -> Result<Pass> {
    let name = class.json_name().unwrap_or_default();
    db.system(async |conn| {
        let lanes: Vec<Lane> = db::statement(LANES).bind::<Text, _>(name).load(conn).await?;
        if lanes.is_empty() {
            let found: Option<Found> =
                db::statement(WAITING).bind::<Text, _>(name).get_result(conn).await.optional()?;
            return Ok(Pass { told: Vec::new(), waiting: found.is_some() });
        }
        Ok(Pass { told: dispatch(conn, name, &lanes).await?, waiting: true })
    })
    .await
}

async fn dispatch(conn: &mut SystemConn, class: &str, lanes: &[Lane]) -> Result<Vec<Hint>> {
    let accounts: Vec<Uuid> = lanes.iter().map(|lane| lane.account_id).collect();
    let head = lanes.iter().next().map_or(0.0, |lane| lane.head_vft);
    let statement =
        db::statement(DISPATCH).bind::<Text, _>(class).bind::<Array<SqlUuid>, _>(accounts).bind::<Double, _>(head);
    Ok(statement.load(conn).await?)
}
