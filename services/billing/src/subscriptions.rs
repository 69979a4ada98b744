//! Subscriptions: the plan that an account is on.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::billing::v1::subscription_service_server::SubscriptionService;
use contracts::billing::v1::{self as pb, SubscriptionStatus};
use db::{AccountConn, Stored};
use diesel::dsl::Eq;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::plans::Plan;
use crate::schema::{igny8_plans, igny8_subscriptions};
use crate::{App, ledger};

#[derive(Debug)]
pub struct Subscriptions(pub Arc<App>);

#[tonic::async_trait]
impl SubscriptionService for Subscriptions {
    async fn get_subscription(
        &self,
        request: Request<pb::GetSubscriptionRequest>,
    ) -> Result<Response<pb::Subscription>, Status> {
        let (caller, pb::GetSubscriptionRequest {}) = rpc::open(request)?;
        let subscription = self.0.db.transaction(&caller, async |conn| Subscription::read(conn).await).await?;
        Ok(Response::new(subscription.into()))
    }
}

/// What the plan of the account allows.
pub(crate) async fn limits(conn: &mut AccountConn) -> rpc::Result<pb::Limits> {
    Ok(Subscription::read(conn).await?.plan.into())
}

/// One row of `igny8_subscriptions` with its plan.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = igny8_subscriptions)]
struct Subscription {
    #[diesel(embed)]
    plan: Plan,
    status: Stored<SubscriptionStatus>,
    started_at: DateTime<Utc>,
    current_period_ends_at: Option<DateTime<Utc>>,
}

impl Subscription {
    /// That of a new account is made when it is first asked for.
    async fn read(conn: &mut AccountConn) -> rpc::Result<Self> {
        if let Some(subscription) = Self::find(conn).await? {
            return Ok(subscription);
        }
        ledger::open(conn).await?;
        Self::find(conn).await?.ok_or_else(|| Error::not_found("subscription"))
    }

    async fn find(conn: &mut AccountConn) -> rpc::Result<Option<Self>> {
        let with_plan = igny8_subscriptions::table.inner_join(igny8_plans::table).filter(owned_by(conn));
        Ok(with_plan.select(Self::as_select()).first(conn).await.optional()?)
    }
}

impl From<Subscription> for pb::Subscription {
    fn from(Subscription { plan, status, started_at, current_period_ends_at }: Subscription) -> Self {
        Self {
            plan: Some(plan.into()),
            status: status.0.into(),
            started_at: Some(timestamp::of(started_at)),
            current_period_ends_at: current_period_ends_at.map(timestamp::of),
        }
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_subscriptions::account_id, Uuid> {
    igny8_subscriptions::account_id.eq(conn.account().uuid())
}
