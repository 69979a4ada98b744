//! How many jobs a second go from being submitted over gRPC to their event, and how soon an idle service starts one. On the database and the
//! broker of the tests; durable, as they are. `cargo run --release -p ai-processor --example throughput -- 3000`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a measurement that fails has nothing to say"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ai_processor::{App, Config, JobsConfig, MIGRATIONS, Surroundings, dispatcher, sweeper, worker};
use contracts::ai_processor::v1::job_service_client::JobServiceClient;
use contracts::ai_processor::v1::{JobAction, JobClass, SubmitJobRequest};
use futures_util::stream::{self, StreamExt};
use prost_types::Timestamp;
use rpc::client::{Channel, Target};
use testkit::{TestBroker, TestDb, internal};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ACCOUNTS: usize = 50;
const AT_ONCE: usize = 32;
const IDLE_JOBS: usize = 200;

#[tokio::main]
async fn main() {
    let jobs: usize = std::env::args().nth(1).map_or(3000, |jobs| jobs.parse().unwrap());
    let database = TestDb::new("ai-processor", MIGRATIONS).await;
    let broker = TestBroker::new().await;
    let app = app(&database, &broker);
    let served = testkit::serve("ai-processor", ai_processor::routes(&app)).await;
    tokio::spawn(app.bus.clone().run(app.db.clone()));
    tokio::spawn(dispatcher::run(Arc::clone(&app)));
    tokio::spawn(sweeper::run(Arc::clone(&app)));
    tokio::spawn(worker::run(Arc::clone(&app)));
    let planner = JobServiceClient::new(served.channel("planner"));
    let superuser = database.superuser().await;
    idle(&planner, &superuser).await;
    busy(&planner, &superuser, jobs).await;
}

fn app(database: &TestDb, broker: &TestBroker) -> Arc<App> {
    let jobs = JobsConfig { instant_provider: true, ..JobsConfig::default() };
    let config = Config { db: database.config(), bus: broker.config(), jobs };
    let nobody = |service: &str| {
        let target = Target::new(service, "https://127.0.0.1:1").unwrap();
        Channel::new(&target, &testkit::tls().identity("ai-processor"))
    };
    let surroundings = Surroundings {
        bus: bus::Bus::new("ai-processor", &broker.config()).unwrap(),
        auth: nobody("auth"),
        billing: nobody("billing"),
        stop: CancellationToken::new(),
    };
    Arc::new(App::new(&config, surroundings).unwrap())
}

async fn submit(mut planner: JobServiceClient<Channel>, account: Uuid, class: JobClass) {
    let job = SubmitJobRequest {
        job_id: Uuid::now_v7().to_string(),
        reservation_id: Some(Uuid::now_v7().to_string()),
        action: JobAction::Ideas.into(),
        queue: class.into(),
        input: vec![7; 1000],
        max_charge: 10,
        units: 1,
        deadline_at: Some(Timestamp { seconds: chrono::Utc::now().timestamp() + 3600, nanos: 0 }),
        ..SubmitJobRequest::default()
    };
    planner.submit_job(internal(account, job)).await.unwrap();
}

/// One job after the other.
async fn idle(planner: &JobServiceClient<Channel>, superuser: &Client) {
    let account = Uuid::now_v7();
    for _ in 0..IDLE_JOBS {
        submit(planner.clone(), account, JobClass::Interactive).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    until_over(superuser, IDLE_JOBS).await;
    let waits = "SELECT extract(epoch FROM started_at - created_at)::float8 * 1000 FROM igny8_jobs ORDER BY 1";
    let waits: Vec<f64> = superuser.query(waits, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    println!(
        "idle: submitted to started p50 {:.1} ms, p99 {:.1} ms",
        waits[IDLE_JOBS / 2],
        waits[IDLE_JOBS * 99 / 100]
    );
}

/// All that fit at once.
async fn busy(planner: &JobServiceClient<Channel>, superuser: &Client, jobs: usize) {
    let accounts: Vec<Uuid> = (0..ACCOUNTS).map(|_| Uuid::now_v7()).collect();
    let started = Instant::now();
    let sent = stream::iter(accounts.iter().cycle().take(jobs));
    sent.for_each_concurrent(AT_ONCE, |account| submit(planner.clone(), *account, JobClass::Batch)).await;
    let submitted = started.elapsed();
    until_over(superuser, IDLE_JOBS + jobs).await;
    let over = started.elapsed();
    let rate = |time: Duration| jobs as f64 / time.as_secs_f64();
    println!(
        "busy: {jobs} jobs of {ACCOUNTS} accounts, {:.0}/s submitted, {:.0}/s to the end",
        rate(submitted),
        rate(over)
    );
}

async fn until_over(superuser: &Client, jobs: usize) {
    let over = "SELECT count(*) FROM igny8_jobs WHERE finished_at IS NOT NULL";
    while superuser.query_one(over, &[]).await.unwrap().get::<_, i64>(0) < i64::try_from(jobs).unwrap() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
