use chrono::{DateTime, TimeDelta, Utc};
use db::AccountConn;
use diesel::dsl::{Eq, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Result};
use serde_json::Value;
use uuid::Uuid;

use crate::Step;
use crate::schema::{igny8_job_inputs, igny8_job_requests};

/// One row of `igny8_job_requests`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_job_requests)]
pub struct JobRequest {
    /// Also the id of the job, the reservation and the task.
    pub id: Uuid,
    /// The site that it belongs to.
    pub site_id: Uuid,
    /// As `auto_cluster`.
    pub action: String,
    /// How far it is.
    pub step: Step,
    /// The person who asked, if it was one.
    pub user_id: Option<Uuid>,
    /// The API key that asked, if it was one.
    pub api_key_id: Option<Uuid>,
    /// What the result goes to.
    pub target_id: Uuid,
    /// What the service remembered for the result.
    pub params: Value,
    /// What is paid for.
    pub units: i64,
    /// It is refused when it would take more.
    pub max_credits: Option<i64>,
    /// Of the whole input.
    pub input_sha256: Vec<u8>,
    /// Held for it; none until then.
    pub credits: Option<i64>,
    /// Taken for it; none until the work has ended.
    pub charge: Option<i64>,
    /// How often the present step was tried.
    pub tries: i32,
    /// When the job must have begun.
    pub deadline_at: DateTime<Utc>,
    /// Why it failed, for programs.
    pub error_code: Option<String>,
    /// Why it failed, for people.
    pub error_message: Option<String>,
    /// What came of it.
    pub figures: Value,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
    /// When nothing more would happen.
    pub ended_at: Option<DateTime<Utc>>,
}

impl JobRequest {
    /// A request of the account, `None` for one that the transaction may not see.
    pub async fn find(conn: &mut AccountConn, id: Uuid) -> Result<Option<Self>> {
        Ok(Self::query().filter(owned_by(conn)).filter(igny8_job_requests::id.eq(id)).first(conn).await.optional()?)
    }

    /// The same, held until the transaction ends.
    pub(crate) async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Option<Self>> {
        let row = igny8_job_requests::table.filter(owned_by(conn)).filter(igny8_job_requests::id.eq(id));
        Ok(row.for_update().select(Self::as_select()).first(conn).await.optional()?)
    }

    /// The newest request for a target by an action that still goes on.
    pub async fn open_for(conn: &mut AccountConn, action: &str, target: Uuid) -> Result<Option<Self>> {
        let open = [Step::New, Step::Reserved, Step::Submitted, Step::Finished];
        let found = Self::query()
            .filter(owned_by(conn))
            .filter(igny8_job_requests::action.eq(action.to_owned()))
            .filter(igny8_job_requests::target_id.eq(target))
            .filter(igny8_job_requests::step.eq_any(open))
            .order_by(igny8_job_requests::created_at.desc());
        Ok(found.first(conn).await.optional()?)
    }
}

/// A step that a request takes, with what is known by then.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = igny8_job_requests)]
pub(crate) struct Move {
    pub(crate) credits: Option<i64>,
    pub(crate) charge: Option<i64>,
    pub(crate) error_code: Option<String>,
    pub(crate) error_message: Option<String>,
    pub(crate) figures: Option<Value>,
}

impl Move {
    pub(crate) fn because(error: &Error) -> Self {
        Self {
            error_code: Some(error.reason().to_owned()),
            error_message: Some(error.message().to_owned()),
            ..Self::default()
        }
    }
}

/// Moves a request that is at one of `from`, and answers whether it was. Whoever lost the race changes nothing.
pub(crate) async fn advance(
    conn: &mut AccountConn,
    id: Uuid,
    from: &[Step],
    (to, wait): (Step, TimeDelta),
    what: Move,
) -> Result<bool> {
    let row = igny8_job_requests::table
        .filter(owned_by(conn))
        .filter(igny8_job_requests::id.eq(id))
        .filter(igny8_job_requests::step.eq_any(from.to_vec()));
    let ended = to.is_last().then(Utc::now);
    let moved = diesel::update(row)
        .set((
            what,
            igny8_job_requests::step.eq(to),
            igny8_job_requests::tries.eq(0),
            igny8_job_requests::next_at.eq(Utc::now() + wait),
            igny8_job_requests::updated_at.eq(now),
            igny8_job_requests::ended_at.eq(ended),
        ))
        .execute(conn)
        .await?;
    if moved > 0 && matches!(to, Step::Finished | Step::Failed | Step::Cancelled) {
        drop_input(conn, id).await?;
    }
    if moved > 0 && matches!(to, Step::Abandoned | Step::Failed | Step::Cancelled) {
        forget_key(conn, id).await?;
    }
    Ok(moved > 0)
}

/// Puts the next try of a request off, unless it was moved since it was read: then it may be due at once.
pub(crate) async fn put_off(conn: &mut AccountConn, request: &JobRequest, wait: TimeDelta) -> Result<()> {
    let row = igny8_job_requests::table.filter(owned_by(conn)).filter(igny8_job_requests::id.eq(request.id));
    let row = row.filter(igny8_job_requests::step.eq(request.step));
    diesel::update(row).set(igny8_job_requests::next_at.eq(Utc::now() + wait)).execute(conn).await?;
    Ok(())
}

async fn drop_input(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let parts = igny8_job_inputs::table
        .filter(igny8_job_inputs::account_id.eq(conn.account().uuid()))
        .filter(igny8_job_inputs::request_id.eq(id));
    diesel::delete(parts).execute(conn).await?;
    Ok(())
}

/// A request that came to nothing is not what its repetition is answered.
async fn forget_key(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let row = igny8_job_requests::table.filter(owned_by(conn)).filter(igny8_job_requests::id.eq(id));
    diesel::update(row).set(igny8_job_requests::idempotency_key.eq(None::<String>)).execute(conn).await?;
    Ok(())
}

/// One part of an input.
pub(crate) async fn input_part(conn: &mut AccountConn, id: Uuid, part: i32) -> Result<Option<Vec<u8>>> {
    let row = igny8_job_inputs::table.find((conn.account().uuid(), id, part)).select(igny8_job_inputs::body);
    Ok(row.first(conn).await.optional()?)
}

/// How many parts an input has.
pub(crate) async fn input_parts(conn: &mut AccountConn, id: Uuid) -> Result<i64> {
    let parts = igny8_job_inputs::table
        .filter(igny8_job_inputs::account_id.eq(conn.account().uuid()))
        .filter(igny8_job_inputs::request_id.eq(id));
    Ok(parts.count().get_result(conn).await?)
}

/// Every statement on this table names its account through here.
pub(crate) fn owned_by(conn: &AccountConn) -> Eq<igny8_job_requests::account_id, Uuid> {
    igny8_job_requests::account_id.eq(conn.account().uuid())
}

/// A request that the driver has claimed.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub(crate) struct Claimed {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub(crate) account_id: AccountId,
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub(crate) id: Uuid,
}
