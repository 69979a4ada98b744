//! Reading a result, a few pieces for each transaction: however slow the reader is, it holds no connection.

use contracts::ai_processor::v1::{JobReceipt, JobResultPiece, JobState};
use db::{Db, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use rpc::{AccountId, Error, Result};
use serde_json::Value;
use tonic::Status;
use uuid::Uuid;

use crate::schema::{igny8_job_results as results, igny8_jobs};

/// Pieces of one transaction: 1 MiB.
const PIECES: i64 = 16;

/// The pieces of a result, the first with the hash of the whole. Fails at once where there is no result to read.
pub(super) async fn read(
    db: &Db,
    account: AccountId,
    requester: &str,
    job: Uuid,
) -> Result<BoxStream<'static, Result<JobResultPiece, Status>>> {
    let first = db.account(account, async |conn| first(conn, requester, job).await).await?;
    let db = db.clone();
    let batches = stream::try_unfold(0, move |from| {
        let db = db.clone();
        async move {
            let pieces = db.account(account, async |conn| pieces(conn, job, from).await).await?;
            let next = from + i32::try_from(pieces.len()).unwrap_or(i32::MAX);
            Ok::<_, Status>((!pieces.is_empty()).then_some((stream::iter(pieces.into_iter().map(Ok)), next)))
        }
    });
    Ok(stream::iter([Ok(first)]).chain(batches.try_flatten()).boxed())
}

/// What comes before the result itself.
async fn first(conn: &mut db::AccountConn, requester: &str, job: Uuid) -> Result<JobResultPiece> {
    let row = igny8_jobs::table.find((conn.account().uuid(), job)).filter(igny8_jobs::requester.eq(requester));
    let found: Option<(Stored<JobState>, Option<Value>)> =
        row.select((igny8_jobs::state, igny8_jobs::receipt)).first(conn).await.optional()?;
    match found {
        Some((Stored(JobState::Succeeded), stored)) => {
            let sha256 = crate::worker::receipt_hash(stored.as_ref());
            Ok(JobResultPiece { body: Vec::new(), sha256, receipt: stored.as_ref().map(receipt) })
        }
        Some(_) => Err(Error::precondition("JOB_WITHOUT_RESULT", "This job has no result.")),
        None => Err(Error::not_found("job")),
    }
}

fn receipt(stored: &Value) -> JobReceipt {
    let text = |name| stored.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |name| stored.get(name).and_then(Value::as_i64).unwrap_or_default();
    JobReceipt {
        provider: text("provider"),
        model: text("model"),
        prompt_version: text("prompt_version"),
        tokens_in: number("tokens_in"),
        tokens_out: number("tokens_out"),
        cost_microusd: number("cost_microusd"),
    }
}

async fn pieces(conn: &mut db::AccountConn, job: Uuid, from: i32) -> Result<Vec<JobResultPiece>> {
    let of_job = results::table.filter(results::account_id.eq(conn.account().uuid())).filter(results::job_id.eq(job));
    let bodies: Vec<Vec<u8>> = of_job
        .filter(results::piece.ge(from))
        .order(results::piece)
        .limit(PIECES)
        .select(results::body)
        .load(conn)
        .await?;
    Ok(bodies.into_iter().map(|body| JobResultPiece { body, ..JobResultPiece::default() }).collect())
}
