//! Sending deliveries, on every replica, without a leader. A delivery is claimed by putting it off for longer than it takes.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::JsonEnum;
use contracts::publisher::v1::{WebhookDeliveryState, WebhookEvent};
use db::{Stored, SystemConn};
use diesel::prelude::*;
use diesel::sql_types::{Integer, SmallInt, Uuid as SqlUuid};
use futures_util::future::join_all;
use http::{Request, StatusCode};
use outbound::Limits;
use rpc::{AccountId, Result};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::{secret, signature};
use crate::App;
use crate::schema::{igny8_webhook_deliveries, igny8_webhooks};

const EVERY: Duration = Duration::from_secs(1);
const AT_ONCE: i32 = 8;
const LIMITS: Limits = Limits { total: Duration::from_secs(15), body: 64 << 10 };

/// The waits between attempts: together about a day.
const WAITS: &[TimeDelta] = &[
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
    TimeDelta::hours(4),
    TimeDelta::hours(8),
    TimeDelta::hours(12),
];

const TAKE: &str = "
    UPDATE igny8_webhook_deliveries d SET next_at = now() + interval '60 seconds', attempts = d.attempts + 1
    FROM (SELECT account_id, id FROM igny8_webhook_deliveries WHERE state = 'pending' AND next_at <= now()
          ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
    WHERE d.account_id = due.account_id AND d.id = due.id RETURNING d.account_id, d.id, d.attempts";

#[derive(Debug, Clone, Copy, QueryableByName)]
struct Claim {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SmallInt)]
    attempts: i16,
}

/// What a statement forgets at a time.
const FORGET: &str = "
    DELETE FROM igny8_webhook_deliveries d USING (
        SELECT account_id, id FROM igny8_webhook_deliveries WHERE created_at < now() - interval '30 days' LIMIT 10000) old
    WHERE d.account_id = old.account_id AND d.id = old.id";

/// Forgets what was delivered a month ago.
pub async fn forget_old(db: &db::Db) -> Result<()> {
    let forget =
        async |conn: &mut SystemConn| Ok(diesel_async::RunQueryDsl::execute(diesel::sql_query(FORGET), conn).await?);
    while db.system(forget).await? > 0 {}
    Ok(())
}

/// Delivers for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        let wait = match round(&app).await {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(error = ?error, "could not look for deliveries");
                true
            }
        };
        if wait {
            let _ = tokio::time::timeout(EVERY, app.deliveries.notified()).await;
        }
    }
}

async fn round(app: &App) -> Result<usize> {
    let take = async |conn: &mut SystemConn| {
        Ok(diesel_async::RunQueryDsl::load(diesel::sql_query(TAKE).bind::<Integer, _>(AT_ONCE), conn).await?)
    };
    let claims: Vec<Claim> = app.db.system(take).await?;
    join_all(claims.iter().map(|claim| attend(app, claim))).await;
    Ok(claims.len())
}

async fn attend(app: &App, claim: &Claim) {
    let settled = match letter(app, claim).await {
        Ok(Some(letter)) => settle(app, claim, &letter.send(app).await).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = settled {
        tracing::warn!(error = ?error, delivery = %claim.id, "a delivery waits for another try");
    }
}

/// What is sent, and where.
struct Letter {
    id: Uuid,
    url: String,
    event: &'static str,
    body: String,
    active: bool,
    timestamp: i64,
    signature: String,
}

/// None where its webhook was deleted in the meantime.
async fn letter(app: &App, claim: &Claim) -> Result<Option<Letter>> {
    type Row = (Stored<WebhookEvent>, String, Uuid, String, String, bool);
    let found = app.db.account(claim.account_id, async |conn| {
        let account = conn.account().uuid();
        let join = igny8_webhooks::account_id
            .eq(igny8_webhook_deliveries::account_id)
            .and(igny8_webhooks::id.eq(igny8_webhook_deliveries::webhook_id));
        let query = igny8_webhook_deliveries::table
            .inner_join(igny8_webhooks::table.on(join))
            .filter(igny8_webhook_deliveries::account_id.eq(account))
            .filter(igny8_webhook_deliveries::id.eq(claim.id))
            .select((
                igny8_webhook_deliveries::event,
                igny8_webhook_deliveries::body,
                igny8_webhooks::id,
                igny8_webhooks::url,
                igny8_webhooks::secret,
                igny8_webhooks::is_active,
            ));
        Ok(diesel_async::RunQueryDsl::first::<Row>(query, conn).await.optional()?)
    });
    let Some((event, body, webhook, url, sealed, active)) = found.await? else { return Ok(None) };
    let secret = secret::open(app, claim.account_id, webhook, &sealed)?;
    let timestamp = Utc::now().timestamp();
    let signature = signature::sign(secret.expose_secret(), timestamp, &body)?;
    let event = event.0.json_name().unwrap_or_default();
    // A test is delivered to one that is switched off, too.
    let active = active || event == WebhookEvent::Ping.json_name().unwrap_or_default();
    Ok(Some(Letter { id: claim.id, url, event, body, active, timestamp, signature }))
}

/// What an attempt came to: the status of the answer, or why there is none.
struct Attempt {
    status: Option<StatusCode>,
    error: Option<String>,
    /// No other attempt can do better.
    last: bool,
}

impl Letter {
    async fn send(&self, app: &App) -> Attempt {
        let failed = |error: &str, last: bool| Attempt { status: None, error: Some(error.to_owned()), last };
        if !self.active {
            return failed("The webhook was switched off.", true);
        }
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("igny8-event", self.event)
            .header("igny8-delivery", self.id.to_string())
            .header("igny8-timestamp", self.timestamp)
            .header("igny8-signature", &self.signature)
            .body(self.body.clone());
        let Ok(request) = request else { return failed("The address cannot be used.", true) };
        match app.outbound.send(request, LIMITS).await {
            Ok(answer) if answer.status().is_success() => {
                Attempt { status: Some(answer.status()), error: None, last: false }
            }
            Ok(answer) => {
                let error = format!("The receiver answered {}.", answer.status().as_u16());
                // Its own way to say that nobody is there any more.
                Attempt { status: Some(answer.status()), error: Some(error), last: answer.status() == StatusCode::GONE }
            }
            Err(outbound::Error::Refused(_)) => failed(
                "The address is not public, or not HTTPS on port 443. Webhooks go to public addresses only.",
                true,
            ),
            Err(outbound::Error::Unresolved(_)) => failed("The name of the receiver has no address.", false),
            Err(outbound::Error::Tls(..)) => failed("The receiver's certificate is not valid for its name.", false),
            Err(outbound::Error::Timeout(_)) => failed("The receiver did not answer in 15 seconds.", false),
            Err(_) => failed("The receiver could not be reached.", false),
        }
    }
}

async fn settle(app: &App, claim: &Claim, attempt: &Attempt) -> Result<()> {
    let wait = usize::try_from(claim.attempts - 1).ok().and_then(|number| WAITS.get(number)).filter(|_| !attempt.last);
    let state = match (&attempt.error, wait) {
        (None, _) => WebhookDeliveryState::Delivered,
        (Some(_), Some(_)) => WebhookDeliveryState::Pending,
        (Some(_), None) => WebhookDeliveryState::Failed,
    };
    let delivered: Option<DateTime<Utc>> = attempt.error.is_none().then(Utc::now);
    let settled = app.db.account(claim.account_id, async |conn| {
        use igny8_webhook_deliveries::dsl;
        let row = dsl::igny8_webhook_deliveries.filter(dsl::account_id.eq(conn.account().uuid()));
        let changes = (
            dsl::state.eq(Stored(state)),
            dsl::response_status.eq(attempt.status.map(|status| i32::from(status.as_u16()))),
            dsl::error_message.eq(&attempt.error),
            dsl::next_at.eq(Utc::now() + wait.copied().unwrap_or_default()),
            dsl::delivered_at.eq(delivered),
        );
        let update = diesel::update(row.filter(dsl::id.eq(claim.id))).set(changes);
        diesel_async::RunQueryDsl::execute(update, conn).await?;
        Ok(())
    });
    settled.await
}
