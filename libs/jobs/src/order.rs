//! Work that no person waits for: a schedule, or another service, asks for it under an id of its own choice.

use db::AccountConn;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::hold::OVER_BUDGET;
use crate::jobs::unattended;
use crate::start::{Asked, insert};
use crate::{Frozen, JobRequest, Jobs, Step};

/// A piece of work that is asked for without a caller.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Also the id of the job, the reservation and the task. A repetition starts nothing twice.
    pub id: Uuid,
    /// As `auto_cluster`.
    pub action: &'a str,
    /// It is refused with `OVER_BUDGET` when it would take more.
    pub max_credits: Option<i64>,
    /// The person in whose name it is done, if it is one.
    pub user: Option<Uuid>,
    /// The API key in whose name it is done, if it is one: its cap counts.
    pub api_key: Option<Uuid>,
}

impl Jobs {
    /// Starts a piece of work as [`Jobs::start`] does, and answers its request.
    ///
    /// An order that is known already is answered as it is by now, and with an error when it came to nothing: `OVER_BUDGET`,
    /// `INSUFFICIENT_CREDITS`, or `WORK_FAILED` for any other reason. Order it under a new id then.
    pub async fn order(
        &self,
        account: AccountId,
        order: Order<'_>,
        freeze: impl AsyncFnOnce(&mut AccountConn) -> Result<Frozen>,
    ) -> Result<JobRequest> {
        let Order { id, action, max_credits, user, api_key } = order;
        let spec = self.action(action)?.spec();
        let actor = user.or(api_key).unwrap_or(account.uuid());
        let asked = Asked { id, actor, user, api_key, idempotency_key: None, max_credits };
        let (request, known) = self
            .db()
            .account(account, async |conn| {
                alone(conn, id).await?;
                if let Some(known) = JobRequest::find(conn, id).await? {
                    return Ok((known, true));
                }
                let frozen = freeze(conn).await?;
                let hash = Sha256::digest(id.as_bytes()).to_vec();
                Ok((insert(conn, &asked, &spec, (frozen, hash)).await?, false))
            })
            .await?;
        if known {
            return standing(request);
        }
        self.hold_and_submit(account, unattended(account), &request).await?;
        let found = self.db().account(account, async |conn| JobRequest::find(conn, id).await).await?;
        found.map_or_else(|| Err(Error::not_found("task")), standing)
    }
}

/// Lets one order of an id go at a time, to the end of the transaction: the next one finds its request.
async fn alone(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let lock = db::statement("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))");
    lock.bind::<diesel::sql_types::Uuid, _>(id).execute(conn).await?;
    Ok(())
}

fn standing(request: JobRequest) -> Result<JobRequest> {
    if !matches!(request.step, Step::Abandoned | Step::Failed | Step::Cancelled) {
        return Ok(request);
    }
    let reason = match request.error_code.as_deref() {
        Some(OVER_BUDGET) => OVER_BUDGET,
        Some(SHORTAGE) => SHORTAGE,
        _ => "WORK_FAILED",
    };
    let message = request.error_message.filter(|message| !message.is_empty());
    Err(Error::precondition(reason, message.unwrap_or_else(|| "This failed. Start it again.".to_owned())))
}

const SHORTAGE: &str = "INSUFFICIENT_CREDITS";
