//! The rows of webhooks and of what was sent to them.

use chrono::{DateTime, Utc};
use contracts::JsonEnum;
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::{WebhookDeliveryState, WebhookEvent};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use uuid::Uuid;

use super::owned_by;
use crate::schema::{igny8_webhook_deliveries, igny8_webhooks};

/// One row of `igny8_webhooks`, without its secret.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_webhooks)]
pub struct Webhook {
    pub id: Uuid,
    pub site_id: Option<Uuid>,
    pub url: String,
    pub events: Vec<String>,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Webhook {
    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let query = Self::query().filter(owned_by(conn)).filter(igny8_webhooks::id.eq(id));
        query.first(conn).await.optional()?.ok_or_else(|| Error::not_found("webhook"))
    }
}

impl From<Webhook> for pb::Webhook {
    fn from(row: Webhook) -> Self {
        let Webhook { id, site_id, url, events, is_active, created_at, updated_at } = row;
        let events = events.iter().filter_map(|name| WebhookEvent::from_json_name(name));
        Self {
            id: id.to_string(),
            site_id: site_id.map(|id| id.to_string()),
            url,
            events: events.map(i32::from).collect(),
            is_active,
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

/// One row of `igny8_webhook_deliveries`, without what is sent.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_webhook_deliveries)]
pub struct Delivery {
    pub id: Uuid,
    pub webhook_id: Uuid,
    pub event: Stored<WebhookEvent>,
    pub state: Stored<WebhookDeliveryState>,
    pub attempts: i16,
    pub next_at: DateTime<Utc>,
    pub response_status: Option<i32>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
}

impl From<Delivery> for pb::WebhookDelivery {
    fn from(row: Delivery) -> Self {
        let Delivery {
            id,
            webhook_id,
            event,
            state,
            attempts,
            next_at,
            response_status,
            error_message,
            created_at,
            delivered_at,
        } = row;
        let pending = state.0 == WebhookDeliveryState::Pending;
        Self {
            id: id.to_string(),
            webhook_id: webhook_id.to_string(),
            event: event.0.into(),
            state: state.0.into(),
            attempts: attempts.into(),
            response_status,
            error_message,
            next_attempt_at: pending.then(|| timestamp::of(next_at)),
            created_at: Some(timestamp::of(created_at)),
            delivered_at: delivered_at.map(timestamp::of),
        }
    }
}
