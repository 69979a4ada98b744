//! The built-in provider: by rules, without a key, without a network. The same input always gets the same answer.

mod article;
mod clustering;
mod ideas;
mod picture;

use std::time::Instant;

use contracts::ai_processor::v1::JobAction;
use prost::{Message, Name};

use crate::App;
use crate::provider::article::Desk;
use crate::provider::{Failure, Outcome, Task, Usage};
use crate::request_logs::{self, Call, For};

/// An answer, with what the request log says of it.
struct Answer {
    result: Vec<u8>,
    /// Units of the price list that were done.
    units: i64,
    request: String,
    response: String,
}

/// Does the work of one job, and writes it into the request log.
pub(crate) async fn run(app: &App, task: Task, desk: Desk<'_>) -> Result<Outcome, Failure> {
    let reporter = desk.reporter;
    let (started, of) = (Instant::now(), For::from(&task));
    let usage = usage();
    let answer = match task.action {
        JobAction::Clustering => clustering::run(task, reporter).await,
        JobAction::Ideas => ideas::run(app, task, reporter).await,
        JobAction::Content => article::run(app, task, desk).await,
        JobAction::ImagePrompts => article::image_prompts(&task, reporter),
        JobAction::Image => picture::run(task, reporter).await,
        JobAction::Unspecified => Err(Failure::Permanent {
            code: "ACTION_NOT_SUPPORTED",
            message: "This installation cannot do this yet.".to_owned(),
        }),
    };
    let (request, response, failure) = match &answer {
        Ok(answer) => (answer.request.as_str(), answer.response.as_str(), None),
        Err(failure) => ("", "", Some(failure)),
    };
    let call = Call { usage: &usage, latency: started.elapsed(), request, response, failure };
    // The work is done: a log that cannot be written does not undo it.
    if let Err(error) = request_logs::write(&app.db, of, call).await {
        tracing::warn!(error = ?error, "could not write the request log");
    }
    answer.map(|Answer { result, units, .. }| Outcome { result, units, usage })
}

fn usage() -> Usage {
    Usage {
        provider: "built-in".to_owned(),
        model: "built-in".to_owned(),
        tier: "economy".to_owned(),
        ..Usage::default()
    }
}

/// The input of an action. Its requester wrote it: what cannot be read will not become readable.
fn decode<M: Message + Name + Default>(input: &[u8]) -> Result<M, Failure> {
    M::decode(input).map_err(|error| {
        tracing::error!(error = %error, message = M::full_name(), "the input of a job cannot be read");
        Failure::Permanent { code: "INPUT_DAMAGED", message: "The input of this job cannot be read.".to_owned() }
    })
}

/// What no rule foresaw. The next attempt would end in the same way.
fn broken(what: &'static str, error: &dyn std::fmt::Display) -> Failure {
    tracing::error!(error = %error, what, "the built-in provider failed");
    Failure::Permanent {
        code: "PROVIDER_FAILED",
        message: "Something went wrong on our side. The credits of this job are released.".to_owned(),
    }
}
