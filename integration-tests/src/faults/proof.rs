//! What must hold when everything has come to rest, asked of every service's database past all policies.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::time::sleep;
use tokio_postgres::Client;

use super::load::Task;
use super::victims::Victims;

const LOOK: Duration = Duration::from_millis(500);

/// What is still on its way, by service: each query counts.
const UNDER_WAY: &[(&str, &str, &str)] = &[
    ("planner", "requests that have not ended", "igny8_job_requests WHERE ended_at IS NULL"),
    ("ai-processor", "jobs that have not ended", "igny8_jobs WHERE finished_at IS NULL"),
    ("billing", "holds that are not resolved", "igny8_reservations WHERE state = 'held'"),
];

/// Nothing of this may be there.
const NEVER: &[(&str, &str, &str)] = &[
    ("ai-processor", "leases of nobody", "igny8_job_leases"),
    ("ai-processor", "lanes that count jobs which are not there", "igny8_lanes WHERE inflight <> 0 OR queued <> 0"),
    (
        "ai-processor",
        "ends of jobs without their result",
        "igny8_jobs j WHERE state = 'succeeded' AND NOT EXISTS (SELECT FROM igny8_job_results r WHERE r.account_id = j.account_id AND r.job_id = j.id)",
    ),
    ("billing", "wallets that hold something", "igny8_wallets WHERE pending <> 0"),
    (
        "billing",
        "wallets that are not the sum of their entries",
        "igny8_wallets w WHERE kind = 'wallet' AND posted <> (SELECT coalesce(sum(CASE WHEN op = 'direct' AND credit = account_id THEN amount \
         WHEN op IN ('direct', 'post') THEN -amount ELSE 0 END), 0) FROM igny8_transfers t WHERE t.account_id = w.account_id)",
    ),
    (
        "billing",
        "holds with another number of ends than one",
        "igny8_reservations r WHERE 1 <> (SELECT count(*) FROM igny8_transfers t WHERE t.account_id = r.account_id AND t.pending_id = r.id)",
    ),
    (
        "planner",
        "clusters whose count is not that of their keywords",
        "igny8_clusters c WHERE deleted_at IS NULL AND keyword_count <> \
         (SELECT count(*) FROM igny8_keywords k WHERE k.account_id = c.account_id AND k.cluster_id = c.id AND k.deleted_at IS NULL)",
    ),
    (
        "planner",
        "keywords in a cluster that is gone",
        "igny8_keywords k JOIN igny8_clusters c ON c.account_id = k.account_id AND c.id = k.cluster_id WHERE c.deleted_at IS NOT NULL",
    ),
    (
        "planner",
        "keywords whose status contradicts their cluster",
        "igny8_keywords WHERE (status = 'new') <> (cluster_id IS NULL)",
    ),
    ("planner", "living clusters without a keyword", "igny8_clusters WHERE deleted_at IS NULL AND keyword_count = 0"),
    (
        "planner",
        "sectors where the counts are not those of the keywords",
        "(SELECT account_id, sector_id, status, sum(keywords) n FROM igny8_keyword_counts GROUP BY 1, 2, 3 HAVING sum(keywords) <> 0 \
          EXCEPT SELECT account_id, sector_id, status, count(*) FROM igny8_keywords WHERE deleted_at IS NULL GROUP BY 1, 2, 3) wrong",
    ),
];

/// Every service with events keeps these.
const MESSAGES: &[(&str, &str)] =
    &[("events that were not sent", "igny8_outbox"), ("parked messages", "igny8_parked_messages")];
const SERVICES: &[&str] = &["auth", "planner", "ai-processor", "billing"];

/// Waits until nothing is under way any more.
///
/// A hold whose event was lost with the broker's disk is looked at again when its job's deadline has passed. That is hours away: here it
/// passes now.
pub(super) async fn until_at_rest(victims: &Victims, deadline: Instant) -> Result<()> {
    loop {
        let left = match under_way(victims).await {
            Ok(left) if left.is_empty() => return Ok(()),
            Ok(left) => left,
            // The database may be starting.
            Err(error) => vec![format!("{error:#}")],
        };
        if Instant::now() > deadline {
            bail!("it does not come to rest: {}", left.join(", "));
        }
        if let [only] = left.as_slice()
            && only.contains("holds")
        {
            let overdue = "UPDATE igny8_reservations SET next_check_at = now() WHERE state = 'held'";
            victims.database("billing").await?.execute(overdue, &[]).await?;
        }
        sleep(LOOK).await;
    }
}

async fn under_way(victims: &Victims) -> Result<Vec<String>> {
    let messages =
        SERVICES.iter().flat_map(|service| MESSAGES.iter().map(move |(what, rows)| (*service, *what, *rows)));
    let mut left = Vec::new();
    for (service, what, rows) in UNDER_WAY.iter().copied().chain(messages) {
        left.extend(found(victims, service, what, rows).await?);
    }
    Ok(left)
}

async fn found(victims: &Victims, service: &str, what: &str, rows: &str) -> Result<Option<String>> {
    let count: i64 =
        victims.database(service).await?.query_one(&format!("SELECT count(*) FROM {rows}"), &[]).await?.try_get(0)?;
    Ok((count != 0).then(|| format!("{service}: {count} {what}")))
}

/// What does not hold, one sentence each.
pub(super) async fn examine(victims: &Victims, seen: &[Task]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (service, what, rows) in NEVER {
        wrong.extend(found(victims, service, what, rows).await?);
    }
    let requests = rows(&victims.database("planner").await?, REQUESTS).await?;
    let jobs = rows(&victims.database("ai-processor").await?, JOBS).await?;
    let holds = rows(&victims.database("billing").await?, HOLDS).await?;
    for task in seen {
        let step = requests.get(&task.id.to_string()).map_or("nowhere", |request| request.state.as_str());
        if task.succeeded != (step == "applied") {
            wrong.push(format!("task {} was told to have succeeded ({}) and is {step}", task.id, task.succeeded));
        }
    }
    for (id, job) in &jobs {
        wrong.extend(against(id, job, requests.get(id), holds.get(id)));
    }
    for (id, request) in requests.iter().filter(|(id, _)| !jobs.contains_key(*id)) {
        if request.state == "applied" {
            wrong.push(format!("request {id} was applied without a job"));
        }
    }
    for (id, hold) in &holds {
        let charge = jobs.get(id).map_or(0, |job| job.charge);
        if hold.charge != charge {
            wrong.push(format!("hold {id} was settled at {} where its job cost {charge}", hold.charge));
        }
        if requests.get(id).is_none_or(|request| request.account != hold.account) {
            wrong.push(format!("hold {id} belongs to no request of its account"));
        }
    }
    Ok(wrong)
}

fn against(id: &str, job: &Row, request: Option<&Row>, hold: Option<&Row>) -> Option<String> {
    let Some(request) = request else { return Some(format!("job {id} belongs to no request")) };
    if request.account != job.account {
        return Some(format!("job {id} belongs to another account than its request"));
    }
    if (job.state == "succeeded") != (request.state == "applied") {
        return Some(format!("job {id} is {} and its request {}", job.state, request.state));
    }
    (job.charge > 0 && hold.is_none()).then(|| format!("job {id} cost {} and nothing was held", job.charge))
}

const REQUESTS: &str = "SELECT id::text, account_id::text, step, coalesce(charge, 0) FROM igny8_job_requests";
const JOBS: &str = "SELECT id::text, account_id::text, state, coalesce(charge, 0) FROM igny8_jobs";
const HOLDS: &str = "SELECT id::text, account_id::text, state, coalesce(charge, 0) FROM igny8_reservations";

/// What three services say of one piece of work.
#[derive(Debug)]
struct Row {
    account: String,
    state: String,
    charge: i64,
}

async fn rows(client: &Client, query: &str) -> Result<BTreeMap<String, Row>> {
    let mut rows = BTreeMap::new();
    for row in client.query(query, &[]).await? {
        let (id, account, state, charge) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        rows.insert(id, Row { account, state, charge });
    }
    Ok(rows)
}
