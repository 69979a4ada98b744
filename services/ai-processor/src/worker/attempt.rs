//! One try of a job, from its input to whatever comes of it.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use sha2::{Digest, Sha256};

use super::{Claim, Hold, Steps, Stop};
use crate::provider::{self, Failure, Outcome, Task, Usage};
use crate::{App, jobs};

/// How a try ended.
#[derive(Debug)]
pub(super) enum Verdict {
    Worked(Result<Outcome, Failure>),
    Stopped(Stop),
}

/// Works until it is done, stopped, or has taken too long.
pub(super) async fn attempt(app: &App, claim: &Claim, hold: &mut Hold) -> Verdict {
    let reporter = hold.reporter().clone();
    let work = async {
        let input = input(app, claim).await?;
        let task = Task {
            account: claim.account,
            job: claim.job,
            action: claim.action.0,
            input,
            site: claim.site,
            units: claim.units,
        };
        if app.settings.instant_provider {
            return Ok(at_once(&task));
        }
        let steps = Steps::new(app.db.clone(), claim.account, claim.job, claim.epoch);
        provider::run(app, task, &reporter, &steps).await
    };
    tokio::select! {
        worked = AssertUnwindSafe(work).catch_unwind() => Verdict::Worked(worked.unwrap_or_else(|_| Err(panicked()))),
        stop = hold.stopped() => Verdict::Stopped(stop),
        () = tokio::time::sleep(claim.limit()) => Verdict::Worked(Err(too_long())),
    }
}

async fn input(app: &App, claim: &Claim) -> Result<Vec<u8>, Failure> {
    let input = app.db.account(claim.account, async |conn| jobs::read_input(conn, claim.job).await).await;
    let input = input.map_err(|error| {
        tracing::warn!(error = ?error, job = %claim.job, "could not read the input of a job");
        transient("DATABASE_UNAVAILABLE", "Our database did not answer.")
    })?;
    if Sha256::digest(&input).as_slice() != claim.input_sha256 {
        let message = "What this was to work on did not arrive whole. Nothing was charged. Start it again.".to_owned();
        return Err(Failure::Permanent { code: "JOB_INPUT_BROKEN", message });
    }
    Ok(input)
}

/// The instant provider: everything is done, and there is nothing to see.
fn at_once(task: &Task) -> Outcome {
    let usage = Usage { provider: "instant".to_owned(), model: "instant".to_owned(), ..Usage::default() };
    Outcome { result: Vec::new(), units: task.units, usage }
}

fn panicked() -> Failure {
    transient("WORKER_FAILED", "A fault on our side stopped the work.")
}

fn too_long() -> Failure {
    transient("ATTEMPT_TOO_LONG", "The work took longer than it may.")
}

fn transient(code: &'static str, message: &str) -> Failure {
    Failure::Transient { code, message: message.to_owned(), retry_after: None }
}
