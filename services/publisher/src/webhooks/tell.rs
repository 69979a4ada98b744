//! Writing down what is to be delivered.

use chrono::{SecondsFormat, Utc};
use contracts::JsonEnum;
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::WebhookEvent;
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use super::owned_by;
use super::row::Delivery;
use crate::publications::Publication;
use crate::schema::{igny8_webhook_deliveries, igny8_webhooks};

/// Tells the webhooks that want to hear of it, in the transaction of what it tells of.
pub(crate) async fn tell(conn: &mut AccountConn, event: WebhookEvent, publication: &Publication) -> Result<()> {
    let name = event.json_name().unwrap_or_default();
    let site = igny8_webhooks::site_id.is_null().or(igny8_webhooks::site_id.eq(publication.site_id));
    let webhooks: Vec<Uuid> = igny8_webhooks::table
        .filter(owned_by(conn))
        .filter(igny8_webhooks::is_active)
        .filter(igny8_webhooks::events.contains(vec![name]))
        .filter(site)
        .select(igny8_webhooks::id)
        .load(conn)
        .await?;
    if webhooks.is_empty() {
        return Ok(());
    }
    let data = serde_json::to_value(pb::Publication::from(publication.clone())).map_err(Error::internal)?;
    for webhook in webhooks {
        insert(conn, webhook, (event, &data)).await?;
    }
    Ok(())
}

/// A delivery that only says that it arrives.
pub(super) async fn ping(conn: &mut AccountConn, webhook: Uuid) -> Result<Delivery> {
    insert(conn, webhook, (WebhookEvent::Ping, &Value::Null)).await
}

async fn insert(conn: &mut AccountConn, webhook: Uuid, (event, data): (WebhookEvent, &Value)) -> Result<Delivery> {
    let id = Uuid::now_v7();
    let body = json!({
        "id": id,
        "event": event.json_name(),
        "created_at": Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
        "data": data,
    });
    let values = (
        igny8_webhook_deliveries::account_id.eq(conn.account().uuid()),
        igny8_webhook_deliveries::id.eq(id),
        igny8_webhook_deliveries::webhook_id.eq(webhook),
        igny8_webhook_deliveries::event.eq(Stored(event)),
        igny8_webhook_deliveries::body.eq(body.to_string()),
    );
    let insert = diesel::insert_into(igny8_webhook_deliveries::table).values(values);
    Ok(insert.returning(Delivery::as_returning()).get_result(conn).await?)
}
