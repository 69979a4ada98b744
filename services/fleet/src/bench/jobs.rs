//! Jobs of many accounts, from being submitted to being settled at billing, with a provider that answers at once: what is measured is the
//! way, which is durable at every step.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use contracts::ai_processor::v1::job_service_client::JobServiceClient;
use contracts::ai_processor::v1::{ClusteringInput, JobAction, JobClass, SubmitJobRequest};
use contracts::billing::v1::credit_service_client::CreditServiceClient;
use contracts::billing::v1::{ModelTier, ReserveRequest, SpendAction};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use prost::Message as _;
use rpc::client::{Channel, Target};
use rpc::tls::Identity;
use sha2::{Digest as _, Sha256};
use tonic::Request;
use tonic::metadata::MetadataValue;
use uuid::Uuid;

use super::World;
use super::accounts::Account;
use crate::progress::Step;
use crate::ready;

const ACCOUNTS: usize = 50;
const JOBS_OF_EACH: usize = 60;
/// Calls in hand at once.
const AT_ONCE: usize = 16;
/// Jobs that are asked for one at a time.
const SINGLE: usize = 200;
const LIMIT: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(20);

/// Calls as planner does.
struct Planner {
    jobs: JobServiceClient<Channel>,
    credits: CreditServiceClient<Channel>,
}

pub(super) async fn measure(world: &World<'_>, step: &Step<'_>) -> Result<()> {
    pretend(world).await?;
    let planner = Planner::new(world)?;
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        step.detail(&format!("account {number}"));
        accounts.push(world.account(&format!("jobs-{number}")).await?);
    }
    step.detail("one at a time");
    let start_p99 = one_at_a_time(world, &planner, accounts.first().context("there are accounts")?).await?;
    world.tell("jobs", "start_p99", start_p99, "ms")?;
    step.detail("reserving");
    let jobs: Vec<(&Account, Uuid)> =
        (0..JOBS_OF_EACH).flat_map(|_| &accounts).map(|account| (account, Uuid::now_v7())).collect();
    each(&jobs, |account, job| planner.reserve(account, job)).await?;
    step.detail("submitting");
    let begun = Instant::now();
    each(&jobs, |account, job| planner.submit(account, job)).await?;
    let submitted = begun.elapsed().as_secs_f64();
    step.detail("waiting until all are settled");
    let settled = "SELECT count(*) FROM igny8_reservations WHERE state = 'held'";
    wait(world, "billing", settled, 0).await?;
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "it is small")]
    let count = jobs.len() as f64;
    world.tell("jobs", "end_to_end", count / seconds, "jobs/s")?;
    world.tell("jobs", "submit", count / submitted, "jobs/s")
}

/// Starts ai-processor anew with a provider that answers at once.
async fn pretend(world: &World<'_>) -> Result<()> {
    let service = "ai-processor";
    let mut spec = world.launch.processes.stop_one(service).await.context("ai-processor runs")?;
    spec.env.push(("IGNY8_INSTANT_PROVIDER".to_owned(), "true".into()));
    world.launch.processes.start(spec)?;
    ready::wait_for(world.launch, &world.http, service).await
}

async fn each<'a, F>(jobs: &[(&'a Account, Uuid)], act: impl Fn(&'a Account, Uuid) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    stream::iter(jobs).map(|(account, job)| act(account, *job)).buffer_unordered(AT_ONCE).try_collect().await
}

/// How late the hundredth of jobs starts that starts last, in milliseconds, while nothing else is to do.
async fn one_at_a_time(world: &World<'_>, planner: &Planner, account: &Account) -> Result<f64> {
    for number in 1..=SINGLE {
        let job = Uuid::now_v7();
        planner.reserve(account, job).await?;
        planner.submit(account, job).await?;
        wait(
            world,
            "ai-processor",
            "SELECT count(*) FROM igny8_jobs WHERE class = 'batch' AND state = 'succeeded'",
            number,
        )
        .await?;
    }
    let p99 = "SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM started_at - created_at)::float8) \
               FROM igny8_jobs WHERE class = 'batch'";
    Ok(world.sql("ai-processor").await?.query_one(p99, &[]).await?.get(0))
}

/// Until a count is what it should become.
async fn wait(world: &World<'_>, service: &str, count: &str, expected: usize) -> Result<()> {
    let database = world.sql(service).await?;
    let begun = Instant::now();
    loop {
        let found: i64 = database.query_one(count, &[]).await?.get(0);
        if usize::try_from(found)? == expected {
            return Ok(());
        }
        anyhow::ensure!(begun.elapsed() < LIMIT, "{found} and not {expected} after {LIMIT:?}: {count}");
        tokio::time::sleep(LOOK).await;
    }
}

impl Planner {
    fn new(world: &World<'_>) -> Result<Self> {
        let identity = Identity::load(world.launch.state.tls().join("planner"))?;
        let channel = |service: &str| -> Result<Channel> {
            let url = format!("https://127.0.0.1:{}", world.launch.port(service)?);
            Ok(Channel::new(&Target::new(service, &url)?, &identity))
        };
        let (jobs, credits) = (channel("ai-processor")?, channel("billing")?);
        Ok(Self { jobs: JobServiceClient::new(jobs), credits: CreditServiceClient::new(credits) })
    }

    /// A job and its reservation have one id.
    async fn reserve(&self, account: &Account, job: Uuid) -> Result<()> {
        let request = ReserveRequest {
            reservation_id: job.to_string(),
            action: SpendAction::Clustering.into(),
            tier: ModelTier::Economy.into(),
            units: 1,
            site_id: Some(account.site.to_string()),
            job_id: job.to_string(),
            deadline_at: Some(in_an_hour()),
            ..ReserveRequest::default()
        };
        self.credits.clone().reserve(of(account, request)?).await?;
        Ok(())
    }

    async fn submit(&self, account: &Account, job: Uuid) -> Result<()> {
        let input = ClusteringInput { language: "en".to_owned(), ..ClusteringInput::default() }.encode_to_vec();
        let request = SubmitJobRequest {
            job_id: job.to_string(),
            reservation_id: Some(job.to_string()),
            action: JobAction::Clustering.into(),
            queue: JobClass::Batch.into(),
            input_sha256: Sha256::digest(&input).to_vec(),
            input,
            max_charge: 1,
            units: 1,
            site_id: Some(account.site.to_string()),
            deadline_at: Some(in_an_hour()),
            ..SubmitJobRequest::default()
        };
        self.jobs.clone().submit_job(of(account, request)?).await?;
        Ok(())
    }
}

fn of<T>(account: &Account, message: T) -> Result<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(rpc::metadata::ACCOUNT, MetadataValue::try_from(account.id.to_string())?);
    Ok(request)
}

fn in_an_hour() -> prost_types::Timestamp {
    (SystemTime::now() + Duration::from_hours(1)).into()
}
