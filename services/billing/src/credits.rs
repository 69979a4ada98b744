//! Credits between services: what an action would cost, holding it, and resolving the hold.

use std::sync::Arc;

use contracts::JsonEnum;
use contracts::billing::v1::credit_service_server::CreditService;
use contracts::billing::v1::{self as pb, ModelTier, SpendAction};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as Id};
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::ledger::{self, Hold, Work};
use crate::{App, subscriptions};

#[derive(Debug)]
pub struct Credits(pub Arc<App>);

#[tonic::async_trait]
impl CreditService for Credits {
    async fn quote(&self, request: Request<pb::QuoteRequest>) -> Result<Response<pb::Quotation>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let asked = Asked {
            action: known("action", request.action())?,
            tier: known("tier", request.tier())?,
            units: request.units,
            site: optional_id("site_id", request.site_id.as_deref())?,
            api_key: optional_id("api_key_id", request.api_key_id.as_deref())?,
        };
        let quote = self.0.db.account(service.account_required()?, async |conn| {
            if let Some(priced) = asked.price(conn).await? {
                return Ok(priced);
            }
            ledger::open(conn).await?;
            let missing = || Error::internal(anyhow::anyhow!("an account that was opened has no wallet"));
            asked.price(conn).await?.ok_or_else(missing)
        });
        let Priced { credits, available, cap_left } = quote.await?;
        let credits = credits.ok_or_else(ledger::unpriced)?;
        Ok(Response::new(pb::Quotation { credits, available, cap_left }))
    }

    async fn reserve(&self, request: Request<pb::ReserveRequest>) -> Result<Response<pb::Reservation>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let work = work(&request)?;
        let id = work.id;
        let hold = self.0.db.account(service.account_required()?, async |conn| ledger::reserve(conn, work).await);
        Ok(Response::new(reservation(id, hold.await?)))
    }

    async fn settle(&self, request: Request<pb::SettleRequest>) -> Result<Response<pb::Reservation>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("reservation_id", &request.reservation_id)?;
        let settle = async |conn: &mut AccountConn| ledger::resolve(conn, id, request.charge).await;
        let hold = self.0.db.account(service.account_required()?, settle).await?;
        Ok(Response::new(reservation(id, hold)))
    }

    async fn release(&self, request: Request<pb::ReleaseRequest>) -> Result<Response<pb::Reservation>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("reservation_id", &request.reservation_id)?;
        let release = async |conn: &mut AccountConn| ledger::resolve(conn, id, 0).await;
        let hold = self.0.db.account(service.account_required()?, release).await?;
        Ok(Response::new(reservation(id, hold)))
    }

    async fn get_limits(&self, request: Request<pb::GetLimitsRequest>) -> Result<Response<pb::Limits>, Status> {
        let (service, pb::GetLimitsRequest {}) = rpc::open_internal(request)?;
        let read = async |conn: &mut AccountConn| subscriptions::limits(conn).await;
        Ok(Response::new(self.0.db.account(service.account_required()?, read).await?))
    }
}

fn work(request: &pb::ReserveRequest) -> rpc::Result<Work> {
    let deadline_at = request.deadline_at.as_ref().and_then(timestamp::read);
    Ok(Work {
        id: rpc::id("reservation_id", &request.reservation_id)?,
        action: known("action", request.action())?,
        tier: known("tier", request.tier())?,
        units: request.units,
        site: optional_id("site_id", request.site_id.as_deref())?,
        user: optional_id("user_id", request.user_id.as_deref())?,
        api_key: optional_id("api_key_id", request.api_key_id.as_deref())?,
        job: rpc::id("job_id", &request.job_id)?,
        deadline_at: deadline_at.ok_or_else(|| Error::invalid("deadline_at", "This is not a time."))?,
    })
}

fn reservation(id: Uuid, Hold { credits, state, charge }: Hold) -> pb::Reservation {
    pb::Reservation { reservation_id: id.to_string(), credits, state: state.0.into(), charge }
}

/// A value that this version knows, which a newer caller's may not be.
fn known<E: JsonEnum + std::fmt::Debug>(field: &'static str, value: E) -> rpc::Result<Stored<E>> {
    value.json_name().map(|_| Stored(value)).ok_or_else(|| Error::invalid(field, "This value is not known."))
}

fn optional_id(field: &str, text: Option<&str>) -> rpc::Result<Option<Uuid>> {
    text.map(|text| rpc::id(field, text)).transpose()
}

struct Asked {
    action: Stored<SpendAction>,
    tier: Stored<ModelTier>,
    units: i64,
    site: Option<Uuid>,
    api_key: Option<Uuid>,
}

#[derive(Debug, QueryableByName)]
struct Priced {
    #[diesel(sql_type = Nullable<BigInt>)]
    credits: Option<i64>,
    #[diesel(sql_type = BigInt)]
    available: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    cap_left: Option<i64>,
}

impl Asked {
    /// Nothing where the account has no wallet yet.
    async fn price(&self, conn: &mut AccountConn) -> rpc::Result<Option<Priced>> {
        let query = diesel::sql_query(
            "SELECT app.price($1, $2, $3) AS credits, posted - pending AS available,
                (SELECT min(greatest(daily_credits - used, 0)) FROM app.spending(app.today(), $4, $5)) AS cap_left
             FROM igny8_wallets WHERE account_id = $6 AND id = $6",
        );
        let priced = query
            .bind::<Text, _>(self.action)
            .bind::<Text, _>(self.tier)
            .bind::<BigInt, _>(self.units)
            .bind::<Nullable<Id>, _>(self.site)
            .bind::<Nullable<Id>, _>(self.api_key)
            .bind::<Id, _>(conn.account().uuid())
            .get_result(conn)
            .await
            .optional()?;
        Ok(priced)
    }
}
