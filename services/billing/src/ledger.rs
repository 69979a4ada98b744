//! The way to the functions of the database that move credits: `app.reserve`, `app.resolve` and `app.open_account` of the migration. A hold
//! and its end are on the path of every job: each is one statement, and prepared once for each connection.

use chrono::{DateTime, Utc};
use contracts::billing::v1::{ModelTier, ReservationState, SpendAction};
use db::{AccountConn, Constraint, OnConstraint, Stored};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as Id};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Error, Kind, Result};
use uuid::Uuid;

/// The other side of every entry: `app.platform` of the migration.
pub const PLATFORM: Uuid = uuid::uuid!("00000000-0000-7000-8000-000000000002");

/// What the rules of the ledger mean to whoever asks for a transfer that breaks one.
pub const CONSTRAINTS: &[Constraint] = &[Constraint {
    kind: Some(Kind::FailedPrecondition),
    ..Constraint::new(
        "igny8_wallets_available_check",
        "INSUFFICIENT_CREDITS",
        "There are not enough credits for this. Ask for less, or add credits.",
    )
}];

/// Work that credits are held for. The id is the reservation's.
#[derive(Debug, Clone)]
pub struct Work {
    pub id: Uuid,
    pub action: Stored<SpendAction>,
    pub tier: Stored<ModelTier>,
    pub units: i64,
    pub site: Option<Uuid>,
    pub user: Option<Uuid>,
    pub api_key: Option<Uuid>,
    pub job: Uuid,
    pub deadline_at: DateTime<Utc>,
}

/// A hold, and how it ended if it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Hold {
    pub credits: i64,
    pub state: Stored<ReservationState>,
    pub charge: Option<i64>,
}

impl Hold {
    /// Nothing to pay, so nothing is held.
    const FREE: Self = Self { credits: 0, state: Stored(ReservationState::Settled), charge: Some(0) };
}

/// Makes the wallet, the subscription and the starting credits of an account that has none.
pub async fn open(conn: &mut AccountConn) -> Result<()> {
    diesel::sql_query("SELECT app.open_account($1)").bind::<Id, _>(start(conn.account())).execute(conn).await?;
    Ok(())
}

/// Holds what the work costs. A repetition changes nothing and answers what became of the first.
pub async fn reserve(conn: &mut AccountConn, work: Work) -> Result<Hold> {
    let reserve = Reserve { start: start(conn.account()), work };
    let answer: Reserved = reserve.get_result(conn).await.constraints(CONSTRAINTS)?;
    let (credits, available) = (answer.credits.unwrap_or_default(), answer.available.unwrap_or_default());
    match answer.outcome.as_str() {
        "held" | "replayed" => {
            let state = answer.state.unwrap_or(Stored(ReservationState::Held));
            Ok(Hold { credits, state, charge: answer.charge })
        }
        "free" => Ok(Hold::FREE),
        "short" => Err(short(credits, available)),
        "capped" => Err(capped(credits, answer.allowed.unwrap_or_default())),
        "mismatch" => Err(mismatch()),
        "closed" => Err(Error::precondition("ACCOUNT_CLOSED", "This account has ended. Nothing can be started in it.")),
        "unpriced" => Err(unpriced()),
        other => Err(Error::internal(anyhow::anyhow!("app.reserve answered {other:?}"))),
    }
}

/// Ends a hold: paid for at `charge`, or given back where that is 0. One that has ended stays as it is. Never more than what is held is
/// charged: the rest is the platform's loss, which is logged and counted.
pub async fn resolve(conn: &mut AccountConn, id: Uuid, charge: i64) -> Result<Hold> {
    let resolve = Resolve { id, charge, resolution: Uuid::new_v5(&id, b"resolution") };
    let hold: Option<Hold> = resolve.get_result(conn).await.optional()?;
    let hold = hold.ok_or_else(|| Error::not_found("reservation"))?;
    if charge > hold.credits {
        let above = charge - hold.credits;
        tracing::warn!(reservation = %id, above, "charged less than was used: the hold was too small");
        metrics::counter!("igny8.ledger.overage").increment(above.unsigned_abs());
    }
    Ok(hold)
}

/// The same for everybody who opens the account, so that its starting credits come once.
fn start(account: AccountId) -> Uuid {
    Uuid::new_v5(&account.uuid(), b"start")
}

pub(crate) fn short(credits: i64, available: i64) -> Error {
    let message = format!("This needs {credits} credits and {available} are available. Ask for less, or add credits.");
    Error::precondition("INSUFFICIENT_CREDITS", message)
}

fn capped(credits: i64, allowed: i64) -> Error {
    let message = format!(
        "This needs {credits} credits and the spending cap leaves {allowed} for today. Try again after midnight UTC, or have the owner \
         of the account raise the cap."
    );
    Error::precondition("SPENDING_CAP_REACHED", message)
}

fn mismatch() -> Error {
    let message = "Credits are held under this id for other work. Use a new id for new work.";
    Error::conflict("RESERVATION_MISMATCH", None, message)
}

pub(crate) fn unpriced() -> Error {
    Error::precondition("ACTION_NOT_PRICED", "This action has no price for this kind of model. Choose another one.")
}

struct Reserve {
    work: Work,
    /// Of the transfer that a new account begins with.
    start: Uuid,
}

#[derive(Debug, Queryable)]
struct Reserved {
    outcome: String,
    credits: Option<i64>,
    available: Option<i64>,
    allowed: Option<i64>,
    state: Option<Stored<ReservationState>>,
    charge: Option<i64>,
}

impl Query for Reserve {
    type SqlType = (Text, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<Text>, Nullable<BigInt>);
}

/// `sql_query` would prepare the statement again each time.
impl QueryId for Reserve {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Reserve {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Self { work: Work { id, action, tier, units, site, user, api_key, job, deadline_at }, start } = self;
        out.push_sql("SELECT outcome, credits, available, allowed, state, charge FROM app.reserve(");
        out.push_bind_param::<Id, _>(id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(action)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(tier)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(units)?;
        for id in [site, user, api_key] {
            out.push_sql(", ");
            out.push_bind_param::<Nullable<Id>, _>(id)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Id, _>(job)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(deadline_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Id, _>(start)?;
        out.push_sql(")");
        Ok(())
    }
}

struct Resolve {
    id: Uuid,
    charge: i64,
    /// Of the transfer that ends the hold: the same, however often it is asked for.
    resolution: Uuid,
}

impl Query for Resolve {
    type SqlType = (BigInt, Text, Nullable<BigInt>);
}

impl QueryId for Resolve {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Resolve {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT credits, state, charge FROM app.resolve(");
        out.push_bind_param::<Id, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.charge)?;
        out.push_sql(", ");
        out.push_bind_param::<Id, _>(&self.resolution)?;
        out.push_sql(")");
        Ok(())
    }
}
