//! A served ai-processor with a database of its own. Still: nothing happens but what a test does. Running: with broker, dispatcher,
//! sweeper and workers.

use std::sync::Arc;
use std::time::Duration;

use ai_processor::worker::Claim;
use ai_processor::{App, Config, JobsConfig, MIGRATIONS, Surroundings, dispatcher, jobs, progress, sweeper, worker};
use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::job_service_client::JobServiceClient;
use contracts::ai_processor::v1::{JobAction, JobClass, JobState};
use contracts::progress::v1::progress_service_client::ProgressServiceClient;
use prost_types::Timestamp;
use rpc::client::{Channel, Target};
use testkit::{Served, TestBroker, TestDb, internal};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use uuid::Uuid;

pub struct Processor {
    pub database: TestDb,
    pub app: Arc<App>,
    pub served: Served,
    superuser: Client,
    tasks: Vec<AbortOnDropHandle<()>>,
    _broker: Option<TestBroker>,
}

impl Processor {
    /// Nothing runs: the test dispatches, claims and sweeps.
    pub async fn still() -> Self {
        Self::with(settings(), None).await
    }

    /// Everything runs, and every job is done at once.
    pub async fn running() -> Self {
        let broker = TestBroker::new().await;
        let mut processor = Self::with(settings(), Some(broker)).await;
        processor.run();
        processor
    }

    /// Everything runs but the broker, and the providers do the work.
    pub async fn working() -> Self {
        let mut processor = Self::with(JobsConfig { instant_provider: false, ..settings() }, None).await;
        processor.run();
        processor
    }

    /// Everything runs but the broker.
    pub async fn without_broker() -> Self {
        let mut processor = Self::with(settings(), None).await;
        processor.run();
        processor
    }

    async fn with(jobs: JobsConfig, broker: Option<TestBroker>) -> Self {
        let database = TestDb::new("ai-processor", MIGRATIONS).await;
        let nowhere = || bus::Config { amqp_url: "amqp://127.0.0.1:1".into() };
        let bus = bus::Bus::new("ai-processor", &broker.as_ref().map_or_else(nowhere, TestBroker::config)).unwrap();
        let config = Config { db: database.config(), bus: nowhere(), jobs };
        let stop = CancellationToken::new();
        let surroundings = Surroundings { bus, auth: nobody("auth"), billing: nobody("billing"), stop };
        let app = Arc::new(App::new(&config, surroundings).unwrap());
        let served = testkit::serve("ai-processor", ai_processor::routes(&app)).await;
        let watches = AbortOnDropHandle::new(tokio::spawn(progress::run(Arc::clone(&app))));
        let superuser = database.superuser().await;
        Self { database, app, served, superuser, tasks: vec![watches], _broker: broker }
    }

    fn run(&mut self) {
        let app = || Arc::clone(&self.app);
        let tasks = [
            tokio::spawn(self.app.bus.clone().run(self.app.db.clone())),
            tokio::spawn(dispatcher::run(app())),
            tokio::spawn(sweeper::run(app())),
            tokio::spawn(worker::run(app())),
        ];
        self.tasks.extend(tasks.map(AbortOnDropHandle::new));
    }

    /// As planner calls.
    pub fn jobs(&self) -> JobServiceClient<Channel> {
        self.jobs_of("planner")
    }

    pub fn jobs_of(&self, caller: &str) -> JobServiceClient<Channel> {
        JobServiceClient::new(self.served.channel(caller))
    }

    pub fn progress(&self) -> ProgressServiceClient<Channel> {
        ProgressServiceClient::new(self.served.channel("gateway"))
    }

    pub async fn submit(&self, account: Uuid, job: pb::SubmitJobRequest) -> Result<pb::SubmitJobResponse, rpc::Error> {
        Ok(self.jobs().submit_job(internal(account, job)).await?.into_inner())
    }

    /// A new job, accepted.
    pub async fn accepted(&self, account: Uuid) -> Uuid {
        let job = request();
        let id = job.job_id.parse().unwrap();
        let answer = self.submit(account, job).await.unwrap();
        assert_eq!(answer.outcome(), pb::SubmitOutcome::Accepted);
        id
    }

    /// One pass of the dispatcher, as many jobs of each lane as one.
    pub async fn dispatch(&self) -> Vec<dispatcher::Hint> {
        dispatcher::pass(&self.app.db, JobClass::Interactive).await.unwrap().told
    }

    /// Claims what these tell of.
    pub async fn claim(&self, hints: &[dispatcher::Hint], lease: Duration) -> Vec<Claim> {
        let terms = worker::Terms { worker: Uuid::now_v7(), lease, attempt_limit: Duration::from_mins(1) };
        worker::claim(&self.app.db, hints, terms).await.unwrap()
    }

    /// A job in the hands of a worker, for this long.
    pub async fn claimed(&self, account: Uuid, lease: Duration) -> Claim {
        self.accepted(account).await;
        let hints = self.dispatch().await;
        self.claim(&hints, lease).await.pop().unwrap()
    }

    /// Ends a try as its worker does after success; whether it counted.
    pub async fn complete(&self, claim: &Claim, result: &[u8]) -> bool {
        let end = jobs::End {
            state: JobState::Succeeded,
            epoch: Some(claim.epoch),
            charge: 1,
            error: None,
            seen: None,
            receipt: None,
            result: result.to_vec(),
        };
        self.app.db.account(claim.account, async |conn| jobs::end(conn, claim.job, &end).await).await.unwrap()
    }

    pub async fn sweep(&self) -> usize {
        sweeper::sweep(&self.app).await.unwrap()
    }

    pub async fn state(&self, job: Uuid) -> String {
        self.texts(&format!("SELECT state FROM igny8_jobs WHERE id = '{job}'")).await.pop().unwrap()
    }

    /// The bodies of the events of a job's end.
    pub async fn ends(&self, job: Uuid) -> Vec<serde_json::Value> {
        let query = format!(
            "SELECT body::text FROM igny8_outbox WHERE event = 'ai_processor.job.finished' AND body->>'job_id' = '{job}'"
        );
        self.texts(&query).await.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// What a lane counts is what is there, in all lanes.
    pub async fn lanes_are_right(&self) {
        let wrong = "
            SELECT format('%s %s counts %s queued, %s out', l.account_id, l.class, l.queued, l.inflight) FROM igny8_lanes l
            LEFT JOIN igny8_jobs j ON j.account_id = l.account_id AND j.class = l.class
            GROUP BY l.account_id, l.class
            HAVING l.queued <> count(*) FILTER (WHERE j.state = 'queued')
                OR l.inflight <> count(*) FILTER (WHERE j.state IN ('dispatched', 'running'))";
        assert_eq!(self.texts(wrong).await, Vec::<String>::new());
    }

    /// What the database says, past all policies.
    pub async fn execute(&self, statement: &str) -> u64 {
        self.superuser.execute(statement, &[]).await.unwrap()
    }

    pub async fn count(&self, query: &str) -> i64 {
        let query = format!("SELECT count(*) FROM ({query}) counted");
        self.superuser.query_one(&query, &[]).await.unwrap().get(0)
    }

    /// The first column of what the query finds.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.superuser.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn settings() -> JobsConfig {
    JobsConfig {
        instant_provider: true,
        running_jobs: 1000,
        job_sweep_ms: 100,
        job_retry_ms: 0,
        ..JobsConfig::default()
    }
}

/// A channel to a service that does not answer.
fn nobody(service: &str) -> Channel {
    let target = Target::new(service, "https://127.0.0.1:1").unwrap();
    Channel::new(&target, &testkit::tls().identity("ai-processor"))
}

/// A job for one unit and ten credits, with an hour to go.
pub fn request() -> pb::SubmitJobRequest {
    pb::SubmitJobRequest {
        job_id: Uuid::now_v7().to_string(),
        reservation_id: Some(Uuid::now_v7().to_string()),
        action: JobAction::Clustering.into(),
        queue: JobClass::Interactive.into(),
        input: b"words".to_vec(),
        max_charge: 10,
        units: 1,
        deadline_at: Some(in_seconds(3600)),
        ..pb::SubmitJobRequest::default()
    }
}

pub fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp { seconds: chrono::Utc::now().timestamp() + seconds, nanos: 0 }
}

/// Reads an error as a caller does.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> rpc::Error {
    answer.unwrap_err().into()
}

pub const LONG: Duration = Duration::from_mins(1);
