//! Work that billing and ai-processor have a part in: what becomes of it when answers are lost, and when people go on meanwhile. Both are
//! the real services; ai-processor works when the test lets it.

use std::sync::Arc;
use std::time::Duration;

use ai_processor::{JobsConfig, Surroundings, dispatcher, sweeper, worker};
use contracts::ai_processor::v1 as ai;
use contracts::ai_processor::v1::SubmitOutcome;
use contracts::ai_processor::v1::job_service_client::JobServiceClient;
use contracts::planner::v1 as pb;
use contracts::planner::v1::cluster_service_client::ClusterServiceClient;
use contracts::progress::v1::Started;
use rpc::Kind;
use rpc::client::{Channel, Target};
use testkit::{Served, TestDb, internal};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::harness::{Place, Planner, nowhere};

const KEYWORDS: [&str; 6] = [
    "best running shoes",
    "running shoes",
    "running shoes for beginners",
    "best coffee machine",
    "coffee machine",
    "coffee machine for beginners",
];

/// The other two services that a job needs.
struct Neighbours {
    billing: Service,
    ai: Service,
    app: Arc<ai_processor::App>,
}

struct Service {
    served: Served,
    rows: Client,
    _database: TestDb,
}

impl Service {
    async fn number(&self, query: &str) -> i64 {
        self.rows.query_one(query, &[]).await.unwrap().get(0)
    }
}

impl Neighbours {
    async fn start() -> Self {
        let database = TestDb::new("billing", billing::MIGRATIONS).await;
        let app = Arc::new(billing::App::new(&database.config()).unwrap());
        let served = testkit::serve("billing", billing::routes(&app)).await;
        let billing = Service { served, rows: database.superuser().await, _database: database };

        let database = TestDb::new("ai-processor", ai_processor::MIGRATIONS).await;
        let bus = bus::Config { amqp_url: "amqp://127.0.0.1:1".into() };
        let channel = |service| Channel::new(&nowhere(service), &testkit::tls().identity("ai-processor"));
        let surroundings = Surroundings {
            bus: bus::Bus::new("ai-processor", &bus).unwrap(),
            auth: channel("auth"),
            billing: channel("billing"),
            stop: CancellationToken::new(),
        };
        // Longer than any test keeps it waiting.
        let db = db::Config { database_statement_timeout_ms: 30_000, ..database.config() };
        let config = ai_processor::Config { db, bus, jobs: JobsConfig::default() };
        let app = Arc::new(ai_processor::App::new(&config, surroundings).unwrap());
        let served = testkit::serve("ai-processor", ai_processor::routes(&app)).await;
        let ai = Service { served, rows: database.superuser().await, _database: database };
        Self { billing, ai, app }
    }

    /// A planner that reaches both.
    async fn planner(&self) -> Planner {
        self.planner_on(TestDb::new("planner", planner::MIGRATIONS).await, &self.ai.served.target()).await
    }

    /// One that reaches billing only.
    async fn planner_without_ai(&self) -> Planner {
        self.planner_on(TestDb::new("planner", planner::MIGRATIONS).await, &nowhere("ai-processor")).await
    }

    async fn planner_on(&self, database: TestDb, ai_processor: &Target) -> Planner {
        Planner::on(database, &nowhere("auth"), &self.billing.served.target(), ai_processor).await
    }

    /// Lets ai-processor work until it has ended all jobs that it has. It hears of none after that.
    async fn work(&self) {
        let app = || Arc::clone(&self.app);
        let tasks =
            [tokio::spawn(dispatcher::run(app())), tokio::spawn(sweeper::run(app())), tokio::spawn(worker::run(app()))];
        let _tasks = tasks.map(AbortOnDropHandle::new);
        while self.ai.number("SELECT count(*) FROM igny8_jobs WHERE finished_at IS NULL").await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn jobs(&self, caller: &str) -> JobServiceClient<Channel> {
        JobServiceClient::new(self.ai.served.channel(caller))
    }

    async fn holds(&self, state: &str) -> i64 {
        self.billing.number(&format!("SELECT count(*) FROM igny8_reservations WHERE state = '{state}'")).await
    }
}

fn clusters(planner: &Planner) -> ClusterServiceClient<Channel> {
    ClusterServiceClient::new(planner.channel())
}

async fn keywords(planner: &Planner, place: &Place) -> Vec<pb::Keyword> {
    let mut all = Vec::new();
    for keyword in KEYWORDS {
        all.push(planner.create(place, keyword).await);
    }
    all
}

async fn start(planner: &Planner, place: &Place) -> Result<Started, rpc::Error> {
    let request = pb::AutoClusterRequest {
        site_id: place.site.to_string(),
        sector_id: place.sector.to_string(),
        ..pb::AutoClusterRequest::default()
    };
    Ok(clusters(planner).auto_cluster(place.owner.request(request)).await?.into_inner())
}

/// The request as a crash at this step leaves it, and its lease has passed.
async fn crashed_at(planner: &Planner, step: &str) {
    let set = format!(
        "UPDATE igny8_job_requests SET step = '{step}', error_code = NULL, error_message = NULL, ended_at = NULL, next_at = now()"
    );
    assert_eq!(planner.execute(&set).await, 1);
}

async fn step(planner: &Planner) -> String {
    planner.texts("SELECT step FROM igny8_job_requests").await.pop().unwrap()
}

/// Takes what is due now one step further.
async fn drive(planner: &Planner) {
    planner.execute("UPDATE igny8_job_requests SET next_at = now()").await;
    planner.app.jobs.drive().await.unwrap();
}

async fn until(planner: &Planner, wanted: &str) {
    for _ in 0..10 {
        if step(planner).await == wanted {
            return;
        }
        drive(planner).await;
    }
    assert_eq!(step(planner).await, wanted);
}

#[tokio::test]
async fn a_job_whose_submission_got_no_answer_is_done_and_applied_once() {
    let neighbours = Neighbours::start().await;
    let planner = neighbours.planner().await;
    let place = planner.place().await;
    keywords(&planner, &place).await;
    start(&planner, &place).await.unwrap();
    // Once while the job waits, and once when it has ended.
    crashed_at(&planner, "reserved").await;
    planner.app.jobs.drive().await.unwrap();
    assert_eq!(step(&planner).await, "submitted");
    neighbours.work().await;
    crashed_at(&planner, "reserved").await;
    until(&planner, "applied").await;
    drive(&planner).await;
    let clustered = "SELECT count(*) FROM igny8_keywords WHERE cluster_id IS NOT NULL";
    assert_eq!(planner.number(clustered).await, 6);
    assert_eq!(planner.number("SELECT count(*) FROM igny8_clusters WHERE deleted_at IS NULL").await, 2);
    assert_eq!(neighbours.ai.number("SELECT count(*) FROM igny8_jobs").await, 1);
    assert_eq!(neighbours.billing.number("SELECT count(*) FROM igny8_reservations").await, 1);
}

#[tokio::test]
async fn a_hold_whose_answer_was_lost_is_found_again() {
    let neighbours = Neighbours::start().await;
    let planner = neighbours.planner().await;
    let place = planner.place().await;
    keywords(&planner, &place).await;
    start(&planner, &place).await.unwrap();
    neighbours.work().await;
    planner.execute("UPDATE igny8_job_requests SET credits = NULL").await;
    crashed_at(&planner, "new").await;
    until(&planner, "applied").await;
    assert_eq!(neighbours.billing.number("SELECT count(*) FROM igny8_reservations").await, 1);
    assert_eq!(planner.number("SELECT count(*) FROM igny8_job_requests WHERE credits > 0 AND charge > 0").await, 1);
}

#[tokio::test]
async fn a_job_that_never_arrived_is_submitted_after_the_crash() {
    let neighbours = Neighbours::start().await;
    let away = neighbours.planner_without_ai().await;
    let place = away.place().await;
    keywords(&away, &place).await;
    assert_eq!(start(&away, &place).await.unwrap_err().kind(), Kind::Unavailable);
    crashed_at(&away, "reserved").await;
    let planner = neighbours.planner_on(away.database, &neighbours.ai.served.target()).await;
    planner.app.jobs.drive().await.unwrap();
    assert_eq!(step(&planner).await, "submitted");
    neighbours.work().await;
    until(&planner, "applied").await;
    assert_eq!(neighbours.holds("held").await, 1);
}

#[tokio::test]
async fn a_job_that_ai_processor_does_not_know_any_more_is_submitted_again() {
    let neighbours = Neighbours::start().await;
    let planner = neighbours.planner().await;
    let place = planner.place().await;
    keywords(&planner, &place).await;
    start(&planner, &place).await.unwrap();
    // As after a restore of its database from an older backup.
    let emptied = Neighbours { billing: neighbours.billing, ..Neighbours::start().await };
    let planner = emptied.planner_on(planner.database, &emptied.ai.served.target()).await;
    drive(&planner).await;
    drive(&planner).await;
    assert_eq!(step(&planner).await, "submitted");
    emptied.work().await;
    until(&planner, "applied").await;
}

#[tokio::test]
async fn what_was_given_up_holds_nothing_and_can_never_run() {
    let neighbours = Neighbours::start().await;
    let away = neighbours.planner_without_ai().await;
    let place = away.place().await;
    keywords(&away, &place).await;
    assert_eq!(start(&away, &place).await.unwrap_err().kind(), Kind::Unavailable);
    drive(&away).await;
    assert_eq!((step(&away).await.as_str(), neighbours.holds("held").await), ("abandoned", 1));

    let planner = neighbours.planner_on(away.database, &neighbours.ai.served.target()).await;
    drive(&planner).await;
    assert_eq!((step(&planner).await.as_str(), neighbours.holds("released").await), ("failed", 1));
    // The submission was on its way all the time, and arrives now.
    let id = planner.texts("SELECT id::text FROM igny8_job_requests").await.pop().unwrap();
    let late = ai::SubmitJobRequest {
        job_id: id,
        action: ai::JobAction::Clustering.into(),
        queue: ai::JobClass::Interactive.into(),
        units: 6,
        deadline_at: Some(rpc::timestamp::of(chrono::Utc::now() + chrono::TimeDelta::hours(1))),
        ..ai::SubmitJobRequest::default()
    };
    let answer = neighbours.jobs("planner").submit_job(internal(place.owner.account(), late)).await.unwrap();
    assert_eq!(answer.into_inner().outcome(), SubmitOutcome::Tombstoned);
    start(&planner, &place).await.unwrap();
}

#[tokio::test]
async fn a_job_that_a_person_cancelled_ends_its_request_though_nobody_told() {
    let neighbours = Neighbours::start().await;
    let planner = neighbours.planner().await;
    let place = planner.place().await;
    keywords(&planner, &place).await;
    let task = start(&planner, &place).await.unwrap().task_id.unwrap();
    let request = ai::CancelJobRequest { id: task };
    neighbours.jobs("gateway").cancel_job(place.owner.request(request)).await.unwrap();
    assert_eq!(start(&planner, &place).await.unwrap_err().reason(), "CLUSTERING_RUNS");
    drive(&planner).await;
    assert_eq!(step(&planner).await, "cancelled");
    assert_eq!(planner.number("SELECT count(*) FROM igny8_clusters").await, 0);
    start(&planner, &place).await.unwrap();
}

#[tokio::test]
async fn a_job_that_was_cancelled_before_it_came_gives_its_credits_back() {
    let neighbours = Neighbours::start().await;
    let away = neighbours.planner_without_ai().await;
    let place = away.place().await;
    keywords(&away, &place).await;
    start(&away, &place).await.unwrap_err();
    crashed_at(&away, "reserved").await;
    let planner = neighbours.planner_on(away.database, &neighbours.ai.served.target()).await;
    let id = planner.texts("SELECT id::text FROM igny8_job_requests").await.pop().unwrap();
    let bury = internal(place.owner.account(), ai::CancelOwnJobRequest { job_id: id });
    neighbours.jobs("planner").cancel_own_job(bury).await.unwrap();
    until(&planner, "failed").await;
    assert_eq!(planner.texts("SELECT error_code FROM igny8_job_requests").await, ["JOB_CANCELLED"]);
    assert_eq!(neighbours.holds("released").await, 1);
}

async fn move_to(planner: &Planner, place: &Place, cluster: Uuid, keyword: &pb::Keyword) {
    let (cluster_id, keyword_ids) = (Some(cluster.to_string()), vec![keyword.id.clone()]);
    let request = pb::MoveKeywordsRequest { cluster_id, keyword_ids };
    clusters(planner).move_keywords(place.owner.request(request)).await.unwrap();
}

#[tokio::test]
async fn a_keyword_that_a_person_moves_during_a_run_stays_where_it_was_put() {
    let neighbours = Neighbours::start().await;
    let planner = neighbours.planner().await;
    let place = planner.place().await;
    let all = keywords(&planner, &place).await;
    let own = planner.cluster(&place, "My own").await;
    planner.execute("UPDATE igny8_clusters SET manual = true").await;
    start(&planner, &place).await.unwrap();
    move_to(&planner, &place, own, &all[0]).await;
    neighbours.work().await;
    move_to(&planner, &place, own, &all[1]).await;
    until(&planner, "finished").await;

    // The third move has not been committed when the result is being written.
    let mut person = planner.database.superuser().await;
    let moving = person.transaction().await.unwrap();
    let change = format!(
        "UPDATE igny8_keywords SET cluster_id = '{own}', pinned = true, status = 'clustered' WHERE id = '{}'",
        all[2].id
    );
    moving.execute(&change, &[]).await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let ((), ()) = tokio::join!(drive(&planner), async {
        while planner.number(waits).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        moving.commit().await.unwrap();
    });
    until(&planner, "applied").await;

    let there = format!("SELECT keyword FROM igny8_keywords WHERE cluster_id = '{own}' AND pinned ORDER BY id");
    assert_eq!(planner.texts(&there).await, KEYWORDS[..3]);
    let others = "SELECT keyword FROM igny8_keywords WHERE cluster_id IS NOT NULL AND NOT pinned ORDER BY id";
    assert_eq!(planner.texts(others).await, KEYWORDS[3..]);
    let told = "SELECT name || ' ' || keyword_count FROM igny8_clusters WHERE deleted_at IS NULL ORDER BY keyword_count, manual";
    let told = planner.texts(told).await;
    assert!(told.contains(&"My own 3".to_owned()) && told.len() == 2, "{told:?}");
}

#[tokio::test]
async fn whoever_works_on_a_request_keeps_others_away_by_a_short_lease_that_it_renews() {
    let neighbours = Neighbours::start().await;
    let planner = neighbours.planner().await;
    let place = planner.place().await;
    keywords(&planner, &place).await;
    start(&planner, &place).await.unwrap();
    neighbours.work().await;
    until(&planner, "finished").await;
    planner.execute("UPDATE igny8_job_requests SET next_at = now()").await;
    // The result takes long to be read.
    neighbours.ai.rows.batch_execute("BEGIN; LOCK TABLE igny8_job_results IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let rests = "SELECT extract(epoch FROM max(next_at) - now())::bigint FROM igny8_job_requests";
    let (worked, (before, after, taken)) = tokio::join!(planner.app.jobs.drive(), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = planner.number(rests).await;
        // Past a third of the lease.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let (after, taken) = (planner.number(rests).await, planner.app.jobs.drive().await.unwrap());
        neighbours.ai.rows.batch_execute("COMMIT").await.unwrap();
        (before, after, taken)
    });
    assert!((10..=15).contains(&before) && (12..=15).contains(&after), "{before} s, then {after} s");
    assert_eq!((worked.unwrap(), taken, step(&planner).await.as_str()), (1, 0, "applied"));
}
