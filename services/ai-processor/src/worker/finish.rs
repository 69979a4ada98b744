//! What is written down when a try is over. No row changed means that the job belongs to another by now: the outcome is thrown away.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::ai_processor::v1::JobState;
use db::AccountConn;
use rpc::{Kind, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::attempt::Verdict;
use super::{Claim, Hold, Report, Stop, backoff};
use crate::jobs::{self, End, MAX_ATTEMPTS, Move};
use crate::provider::{Failure, Outcome};
use crate::{App, sweeper};

/// Between two tries to write down what came of a job, while the database is away.
const AGAIN: Duration = Duration::from_millis(500);
/// How often that is tried; then the lease runs out.
const TRIES: usize = 120;

const RESULT_HASH: &str = "result_sha256";

/// What happens to the job.
#[derive(Debug)]
enum Ending {
    End(Box<End>),
    Move(Move),
    /// It is not ours any more.
    Nothing,
}

/// Writes down what came of a try, however long the database is away.
pub(super) async fn finish(app: &App, claim: &Claim, hold: &Hold, verdict: Verdict) {
    let ending = ending(app, claim, &hold.reporter().report(), verdict);
    for _ in 0..TRIES {
        match write(app, claim, &ending).await {
            Ok(true) => return app.dispatcher.wake(claim.class.0),
            Ok(false) => {
                return tracing::info!(job = %claim.job, epoch = claim.epoch, "a try ended that does not count any more");
            }
            Err(error) if hold.is_fenced() || !matches!(error.kind(), Kind::Unavailable | Kind::DeadlineExceeded) => {
                return tracing::error!(error = ?error, job = %claim.job, "could not end a job; its lease runs out");
            }
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

async fn write(app: &App, claim: &Claim, ending: &Ending) -> Result<bool> {
    match ending {
        Ending::Nothing => Ok(false),
        Ending::End(end) => {
            app.db.account(claim.account, async |conn: &mut AccountConn| jobs::end(conn, claim.job, end).await).await
        }
        Ending::Move(to) => {
            app.db.account(claim.account, async |conn: &mut AccountConn| jobs::shift(conn, claim.job, to).await).await
        }
    }
}

fn ending(app: &App, claim: &Claim, report: &Report, verdict: Verdict) -> Ending {
    match verdict {
        Verdict::Worked(Ok(outcome)) => Ending::End(Box::new(success(claim, outcome))),
        Verdict::Worked(Err(failure)) => failed(app, claim, report, failure),
        Verdict::Stopped(Stop::Fenced) => Ending::Nothing,
        Verdict::Stopped(Stop::Cancelled) => Ending::End(Box::new(part(claim, report, sweeper::cancelled()))),
        Verdict::Stopped(Stop::HandBack) => {
            let back = Move { to: JobState::Queued, uncounted: true, ..Move::to_wait(claim.epoch, Duration::ZERO) };
            Ending::Move(back)
        }
    }
}

fn success(claim: &Claim, outcome: Outcome) -> End {
    let Outcome { result, units, usage } = outcome;
    let receipt = json!({
        "provider": usage.provider,
        "model": usage.model,
        "tier": usage.tier,
        "prompt_version": usage.prompt_version,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "cost_microusd": usage.cost_microusd,
        "units": units,
        (RESULT_HASH): STANDARD.encode(Sha256::digest(&result)),
    });
    End {
        state: JobState::Succeeded,
        epoch: Some(claim.epoch),
        charge: charge(claim, units),
        error: None,
        seen: Some((contracts::progress::v1::Phase::Done, 100)),
        receipt: Some(receipt),
        result,
    }
}

/// Ends before its work did: what is done for good is charged.
fn part(claim: &Claim, report: &Report, end: End) -> End {
    let charge = if report.units_done > 0 { charge(claim, report.units_done) } else { 0 };
    let receipt = (report.units_done > 0).then(|| json!({ "units": report.units_done }));
    End { epoch: Some(claim.epoch), charge, seen: Some((report.phase, report.percent)), receipt, ..end }
}

fn failed(app: &App, claim: &Claim, report: &Report, failure: Failure) -> Ending {
    let seen = Some((report.phase, report.percent));
    match failure {
        Failure::Permanent { code, message } => Ending::End(Box::new(part(claim, report, error(code, &message)))),
        Failure::Transient { code, message, .. } if claim.attempt >= MAX_ATTEMPTS => {
            Ending::End(Box::new(part(claim, report, error(code, &message))))
        }
        Failure::Transient { code, message, retry_after } => {
            tracing::info!(job = %claim.job, attempt = claim.attempt, code, message, "a try failed; another follows");
            let pause = backoff(&app.settings, claim.attempt).max(retry_after.unwrap_or_default());
            Ending::Move(Move { seen, ..Move::to_wait(claim.epoch, pause) })
        }
        Failure::Snooze { after, message } => {
            tracing::info!(job = %claim.job, message, "a job was put off");
            Ending::Move(Move { seen, uncounted: true, ..Move::to_wait(claim.epoch, after) })
        }
    }
}

fn error(code: &str, message: &str) -> End {
    End::unpaid(JobState::Failed, code, message)
}

/// The share of what was reserved, by the units that were done, rounded up.
fn charge(claim: &Claim, units_done: i64) -> i64 {
    if claim.units <= 0 {
        return claim.max_charge;
    }
    let share = i128::from(claim.max_charge) * i128::from(units_done.clamp(0, claim.units));
    let units = i128::from(claim.units);
    i64::try_from((share + units - 1) / units).unwrap_or(claim.max_charge)
}

/// The hash of the result that a receipt is for; empty where there is none.
pub fn receipt_hash(receipt: Option<&Value>) -> Vec<u8> {
    let text = receipt.and_then(|receipt| receipt.get(RESULT_HASH)?.as_str()).unwrap_or_default();
    STANDARD.decode(text).unwrap_or_default()
}
