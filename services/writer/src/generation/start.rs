//! Beginning many pieces of work at a person's request, or telling what they would cost.

use std::collections::BTreeMap;

use contracts::progress::v1::Quote;
use contracts::writer::v1 as pb;
use db::{AccountConn, idempotency};
use futures_util::stream::{self, StreamExt as _};
use jobs::{JobRequest, Order, Step};
use prost::Message;
use rpc::{Caller, Error, Kind, Result};
use uuid::Uuid;

use super::plan::{Piece, Plan, Work, left_out};
use super::{content, pictures, prompts};
use crate::App;

/// Pieces that are begun at the same time.
const AT_ONCE: usize = 8;

/// Who asks, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) caller: &'a Caller,
    pub(super) dry_run: bool,
    pub(super) method: &'static str,
}

/// Begins what `plan` finds. Where none of it can be, the answer is the reason of the first.
pub(super) async fn start<Req: Message>(
    app: &App,
    asked: Asked<'_>,
    request: &Req,
    plan: impl AsyncFnOnce(&mut AccountConn) -> Result<Plan>,
) -> Result<pb::StartedWork> {
    let Asked { caller, dry_run, method } = asked;
    if dry_run {
        let plan = app.db.transaction(caller, plan).await?;
        return quote(app, caller, plan).await;
    }
    let mut planned = Vec::new();
    let answer = app.db.transaction(caller, async |conn| {
        let key = caller.idempotency_key();
        let noted = idempotency::run(conn, key, method, request, async |conn| Ok(note(plan(conn).await?))).await?;
        for piece in &noted.started {
            planned.push(again(conn, piece).await?);
        }
        Ok(noted.left_out)
    });
    let left_out = answer.await?;
    begin(app, caller, planned, left_out).await
}

/// The plan as an answer: the ids of its pieces are chosen, so that a repetition of the request begins nothing twice.
fn note(Plan { pieces, left_out }: Plan) -> pb::StartedWork {
    let started = pieces.into_iter().map(|piece| pb::StartedPiece {
        object_id: piece.object.to_string(),
        task_id: Uuid::now_v7().to_string(),
        progress_url: piece.work.action().to_owned(),
    });
    pb::StartedWork { dry_run: false, started: started.collect(), left_out, quote: None }
}

/// A piece with the id that it is begun under. What came to nothing before is begun anew.
async fn again(conn: &mut AccountConn, noted: &pb::StartedPiece) -> Result<(Uuid, Uuid, Work)> {
    let works = [Work::Article, Work::Description, Work::Picture];
    let work = works.into_iter().find(|work| work.action() == noted.progress_url).unwrap_or(Work::Article);
    let (object, mut id) = (rpc::id("object_id", &noted.object_id)?, rpc::id("task_id", &noted.task_id)?);
    while let Some(known) = JobRequest::find(conn, id).await? {
        if !matches!(known.step, Step::Abandoned | Step::Failed | Step::Cancelled) {
            break;
        }
        id = pictures::job_id(id, object);
    }
    Ok((object, id, work))
}

async fn begin(
    app: &App,
    caller: &Caller,
    planned: Vec<(Uuid, Uuid, Work)>,
    mut left: Vec<pb::LeftOutPiece>,
) -> Result<pb::StartedWork> {
    let begun: Vec<(Uuid, Result<JobRequest>)> = stream::iter(planned)
        .map(|(object, id, work)| async move { (object, order(app, caller, (object, id), work).await) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut started, mut first) = (Vec::new(), None);
    for (object, outcome) in begun {
        match outcome {
            Err(error) if error.reason() == IN_PROGRESS => return Err(error),
            Ok(request) => started.push(pb::StartedPiece {
                object_id: object.to_string(),
                task_id: request.id.to_string(),
                progress_url: format!("/api/v1/system/settings/task_progress/{}/", request.id),
            }),
            Err(error) => {
                left.push(left_out(object, &error));
                first = first.or(Some(error));
            }
        }
    }
    match first {
        Some(error) if started.is_empty() => Err(error),
        _ => Ok(pb::StartedWork { dry_run: false, started, left_out: left, quote: None }),
    }
}

async fn order(app: &App, caller: &Caller, (object, id): (Uuid, Uuid), work: Work) -> Result<JobRequest> {
    let (user, api_key) = (caller.user(), caller.api_key());
    let order = Order { id, action: work.action(), max_credits: None, user, api_key };
    let freeze = async |conn: &mut AccountConn| match work {
        Work::Article => content::freeze(conn, object).await,
        Work::Description => prompts::freeze(conn, object).await,
        Work::Picture => pictures::freeze(conn, object).await,
    };
    let request = app.jobs.order(caller.account(), order, freeze).await?;
    if matches!(request.step, Step::New | Step::Reserved) {
        // The same request, sent twice, is still being begun: whether there are credits for it is not known yet.
        let message = "A request with this Idempotency-Key is still running. Try again in a second.";
        return Err(Error::new(Kind::Aborted, IN_PROGRESS, message));
    }
    Ok(request)
}

const IN_PROGRESS: &str = "IDEMPOTENCY_IN_PROGRESS";

/// What all of it would cost. An article that needs descriptions is counted with the picture that follows.
async fn quote(app: &App, caller: &Caller, Plan { pieces, left_out }: Plan) -> Result<pb::StartedWork> {
    let mut counts: BTreeMap<(Work, Uuid, i64), i64> = BTreeMap::new();
    for Piece { site, work, units, .. } in pieces {
        *counts.entry((work, site, units)).or_default() += 1;
        if work == Work::Description {
            *counts.entry((Work::Picture, site, 1)).or_default() += 1;
        }
    }
    let mut total = Quote { enough: true, ..Quote::default() };
    for ((work, site, units), count) in counts {
        let started = app.jobs.quote(caller, work.action(), site, (units, work.seconds())).await?;
        let each = started.quote.ok_or_else(|| Error::internal(anyhow::anyhow!("a dry run without a quote")))?;
        let times = f64::from(i32::try_from(count).unwrap_or(i32::MAX));
        total.rows = total.rows.saturating_add(units.saturating_mul(count));
        total.credits = total.credits.saturating_add(each.credits.saturating_mul(count));
        total.balance = each.balance;
        total.seconds += each.seconds * times;
        total.enough &= each.enough;
    }
    total.enough &= total.credits <= total.balance;
    Ok(pb::StartedWork { dry_run: true, started: Vec::new(), left_out, quote: Some(total) })
}
