//! A request from its first row to the answer that its caller gets.

use chrono::{TimeDelta, Utc};
use contracts::billing::v1 as billing;
use contracts::progress::v1::{Quote, Started};
use db::{AccountConn, Constraint, OnConstraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use prost::Message;
use rpc::client::Context;
use rpc::{Caller, Error, Kind, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::lease::LEASE;
use crate::request::owned_by;
use crate::schema::{igny8_job_inputs, igny8_job_requests};
use crate::{Frozen, JobRequest, Jobs, Spec, Step};

/// How much of an input one message carries.
pub(crate) const PART: usize = 2 * 1024 * 1024;

/// How long the answer to an `Idempotency-Key` is given again.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

impl Jobs {
    /// What `units` of an action would cost the caller now, and about how many seconds they would take: the answer to a dry run. Nothing is
    /// held.
    pub async fn quote(
        &self,
        caller: &Caller,
        action: &str,
        site: Uuid,
        (units, seconds): (i64, f64),
    ) -> Result<Started> {
        let request = billing::QuoteRequest {
            action: self.action(action)?.spec().spend.into(),
            tier: crate::hold::TIER.into(),
            units,
            site_id: Some(site.to_string()),
            api_key_id: caller.api_key().map(|id| id.to_string()),
        };
        let billing::Quotation { credits, available, cap_left } =
            self.credits(in_name_of(caller)).quote(request).await?.into_inner();
        let enough = credits <= available && cap_left.is_none_or(|left| credits <= left);
        let quote = Quote { rows: units, credits, balance: available, seconds, enough };
        Ok(Started { dry_run: true, task_id: None, progress_url: None, quote: Some(quote) })
    }

    /// Starts a piece of work: freezes what it works on in one transaction, holds its credits, and hands it to ai-processor.
    ///
    /// `message` is the request as it came: the same `Idempotency-Key` with another one is refused. Nothing has happened when this fails: a
    /// shortage of credits is billing's own answer, and `Unavailable` leaves nothing held. When the caller goes away in the middle, the
    /// driver finishes what was begun.
    pub async fn start(
        &self,
        caller: &Caller,
        action: &str,
        message: &impl Message,
        freeze: impl AsyncFnOnce(&mut AccountConn) -> Result<Frozen>,
    ) -> Result<Started> {
        let spec = self.action(action)?.spec();
        let hash = Sha256::digest(message.encode_to_vec()).to_vec();
        let (request, known) = self
            .db()
            .transaction(caller, async |conn| {
                if let Some(known) = replayed(conn, caller, &spec, &hash).await? {
                    return Ok((known, true));
                }
                let frozen = freeze(conn).await?;
                Ok((insert(conn, &Asked::by(caller), &spec, (frozen, hash)).await?, false))
            })
            .await?;
        if !known {
            self.hold_and_submit(caller.account(), in_name_of(caller), &request).await?;
        }
        Ok(Started {
            dry_run: false,
            progress_url: Some(format!("/api/v1/system/settings/task_progress/{}/", request.id)),
            task_id: Some(request.id.to_string()),
            quote: None,
        })
    }
}

/// Calls between services in the course of a request carry its id and deadline, and name the account.
fn in_name_of(caller: &Caller) -> Context {
    Context::from(caller.peer()).account(caller.account())
}

async fn replayed(conn: &mut AccountConn, caller: &Caller, spec: &Spec, hash: &[u8]) -> Result<Option<JobRequest>> {
    let Some(key) = caller.idempotency_key() else { return Ok(None) };
    check(key)?;
    let row = igny8_job_requests::table
        .filter(owned_by(conn))
        .filter(igny8_job_requests::actor_id.eq(actor(caller)))
        .filter(igny8_job_requests::action.eq(spec.name))
        .filter(igny8_job_requests::idempotency_key.eq(key));
    let found: Option<(JobRequest, Vec<u8>)> =
        row.select((JobRequest::as_select(), igny8_job_requests::req_hash)).first(conn).await.optional()?;
    let Some((known, stored)) = found else { return Ok(None) };
    if known.created_at < Utc::now() - REMEMBERED {
        diesel::update(row).set(igny8_job_requests::idempotency_key.eq(None::<String>)).execute(conn).await?;
        return Ok(None);
    }
    if stored != hash {
        let message = "This Idempotency-Key was used for another request. Send a new key with a new request.";
        return Err(Error::new(Kind::InvalidArgument, "IDEMPOTENCY_MISMATCH", message));
    }
    match known.step {
        Step::New | Step::Reserved => Err(in_progress()),
        _ => Ok(Some(known)),
    }
}

fn check(key: &str) -> Result<()> {
    if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let message = "The Idempotency-Key header must be 1 to 255 visible ASCII characters.";
    Err(Error::new(Kind::InvalidArgument, "IDEMPOTENCY_KEY_MALFORMED", message))
}

const IN_PROGRESS: &str = "A request with this Idempotency-Key is still running. Try again in a second.";

fn in_progress() -> Error {
    Error::new(Kind::Aborted, "IDEMPOTENCY_IN_PROGRESS", IN_PROGRESS)
}

fn actor(caller: &Caller) -> Uuid {
    caller.user().or(caller.api_key()).unwrap_or(caller.account().uuid())
}

/// Who asks for a piece of work, and under which id.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) id: Uuid,
    pub(crate) actor: Uuid,
    pub(crate) user: Option<Uuid>,
    pub(crate) api_key: Option<Uuid>,
    pub(crate) idempotency_key: Option<&'a str>,
    pub(crate) max_credits: Option<i64>,
}

impl<'a> Asked<'a> {
    fn by(caller: &'a Caller) -> Self {
        Self {
            id: Uuid::now_v7(),
            actor: actor(caller),
            user: caller.user(),
            api_key: caller.api_key(),
            idempotency_key: caller.idempotency_key(),
            max_credits: None,
        }
    }
}

pub(crate) async fn insert(
    conn: &mut AccountConn,
    asked: &Asked<'_>,
    spec: &Spec,
    (frozen, hash): (Frozen, Vec<u8>),
) -> Result<JobRequest> {
    let (reason, message) = spec.busy.unwrap_or(("ALREADY_RUNS", "This runs already. Wait until it has ended."));
    let constraints = [
        Constraint { kind: Some(Kind::Aborted), ..Constraint::new(EXCLUSIVE, reason, message) },
        Constraint { kind: Some(Kind::Aborted), ..Constraint::new(KEY, "IDEMPOTENCY_IN_PROGRESS", IN_PROGRESS) },
    ];
    let Frozen { site, target, params, units, input } = frozen;
    let account = conn.account().uuid();
    let request: JobRequest = diesel::insert_into(igny8_job_requests::table)
        .values((
            (
                igny8_job_requests::account_id.eq(account),
                igny8_job_requests::id.eq(asked.id),
                igny8_job_requests::site_id.eq(site),
                igny8_job_requests::action.eq(spec.name),
                igny8_job_requests::actor_id.eq(asked.actor),
                igny8_job_requests::user_id.eq(asked.user),
                igny8_job_requests::api_key_id.eq(asked.api_key),
                igny8_job_requests::idempotency_key.eq(asked.idempotency_key),
            ),
            igny8_job_requests::req_hash.eq(hash),
            igny8_job_requests::target_id.eq(target),
            igny8_job_requests::exclusive.eq(spec.busy.is_some()),
            igny8_job_requests::params.eq(params),
            igny8_job_requests::units.eq(units),
            igny8_job_requests::max_credits.eq(asked.max_credits),
            igny8_job_requests::input_sha256.eq(Sha256::digest(&input).to_vec()),
            igny8_job_requests::next_at.eq(Utc::now() + LEASE),
            igny8_job_requests::deadline_at.eq(Utc::now() + spec.time_limit),
        ))
        .returning(JobRequest::as_returning())
        .get_result(conn)
        .await
        .constraints(&constraints)?;
    for (part, body) in (0_i32..).zip(input.chunks(PART)) {
        diesel::insert_into(igny8_job_inputs::table)
            .values((
                igny8_job_inputs::account_id.eq(account),
                igny8_job_inputs::request_id.eq(request.id),
                igny8_job_inputs::part.eq(part),
                igny8_job_inputs::body.eq(body),
            ))
            .execute(conn)
            .await?;
    }
    Ok(request)
}

const EXCLUSIVE: &str = "igny8_job_requests_exclusive_key";
const KEY: &str = "igny8_job_requests_idempotency_key";
