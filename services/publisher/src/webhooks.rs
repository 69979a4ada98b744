//! Webhooks: the account's other systems are told what became of its pages.
//!
//! A delivery is a row, written in the transaction of what it tells of; [`deliver`] sends it, again and again for a day until it is taken.

mod deliver;
mod row;
mod secret;
mod signature;
mod tell;

use std::sync::Arc;

use contracts::JsonEnum;
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::WebhookEvent;
use contracts::publisher::v1::webhook_service_server::WebhookService;
use contracts::rest::v1::Empty;
use db::{AccountConn, Page};
use diesel::dsl::{Eq, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Mask, Result};
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status};
use url::Url;
use uuid::Uuid;

use crate::schema::{igny8_webhook_deliveries, igny8_webhooks};
use crate::{App, site_copies};

pub use deliver::{forget_old, run};
pub use row::{Delivery, Webhook};
pub use secret::reseal;
pub use signature::sign;
pub(crate) use tell::tell;

/// What an account may have.
const MOST: i64 = 50;

#[derive(Debug)]
pub struct Webhooks(pub Arc<App>);

#[tonic::async_trait]
impl WebhookService for Webhooks {
    async fn list_webhooks(
        &self,
        request: Request<pb::ListWebhooksRequest>,
    ) -> Result<Response<pb::ListWebhooksResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = igny8_webhooks::table.filter(owned_by(conn)).count().get_result(conn).await?;
            let query = Webhook::query().filter(owned_by(conn)).order(igny8_webhooks::id.desc());
            let rows = query.limit(page.limit).offset(page.offset).load(conn).await?;
            let results = rows.into_iter().map(pb::Webhook::from).collect();
            Ok(pb::ListWebhooksResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_webhook(&self, request: Request<pb::GetWebhookRequest>) -> Result<Response<pb::Webhook>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let webhook = self.0.db.transaction(&caller, async |conn| Webhook::get(conn, id).await).await?;
        Ok(Response::new(webhook.into()))
    }

    async fn create_webhook(
        &self,
        request: Request<pb::CreateWebhookRequest>,
    ) -> Result<Response<pb::CreatedWebhook>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.create(&caller, &request).await?))
    }

    async fn update_webhook(
        &self,
        request: Request<pb::UpdateWebhookRequest>,
    ) -> Result<Response<pb::Webhook>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let mask = Mask::of(&request.update_mask);
        let values = (
            mask.when("url", address(&request.url)).transpose()?.map(|url| igny8_webhooks::url.eq(url)),
            mask.when("events", names(&request.events)).transpose()?.map(|events| igny8_webhooks::events.eq(events)),
            mask.when("is_active", request.is_active).map(|active| igny8_webhooks::is_active.eq(active)),
            igny8_webhooks::updated_at.eq(now),
        );
        let webhook = self.0.db.transaction(&caller, async |conn| {
            let row = igny8_webhooks::table.filter(owned_by(conn)).filter(igny8_webhooks::id.eq(id));
            let changed = diesel::update(row).set(values).returning(Webhook::as_returning()).get_result(conn).await;
            let changed: Webhook = changed.optional()?.ok_or_else(|| Error::not_found("webhook"))?;
            db::audit::record(conn, &caller, "webhook.changed", Some(id), [("url", changed.url.clone())]).await?;
            Ok(changed)
        });
        Ok(Response::new(webhook.await?.into()))
    }

    async fn delete_webhook(&self, request: Request<pb::DeleteWebhookRequest>) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let row = igny8_webhooks::table.filter(owned_by(conn)).filter(igny8_webhooks::id.eq(id));
            let url = diesel::delete(row).returning(igny8_webhooks::url).get_result::<String>(conn).await.optional()?;
            let url = url.ok_or_else(|| Error::not_found("webhook"))?;
            db::audit::record(conn, &caller, "webhook.deleted", Some(id), [("url", url)]).await
        });
        deleted.await?;
        Ok(Response::new(Empty {}))
    }

    async fn test_webhook(
        &self,
        request: Request<pb::TestWebhookRequest>,
    ) -> Result<Response<pb::WebhookDelivery>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let delivery = self.0.db.transaction(&caller, async |conn| {
            let webhook = Webhook::get(conn, id).await?;
            tell::ping(conn, webhook.id).await
        });
        let delivery = delivery.await?;
        self.0.deliveries.notify_one();
        Ok(Response::new(delivery.into()))
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<pb::ListWebhookDeliveriesRequest>,
    ) -> Result<Response<pb::ListWebhookDeliveriesResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            Webhook::get(conn, id).await?;
            let mine = igny8_webhook_deliveries::account_id.eq(conn.account().uuid());
            let mine = mine.and(igny8_webhook_deliveries::webhook_id.eq(id));
            let count = igny8_webhook_deliveries::table.filter(mine).count().get_result(conn).await?;
            let query = Delivery::query().filter(mine).order(igny8_webhook_deliveries::id.desc());
            let rows = query.limit(page.limit).offset(page.offset).load(conn).await?;
            let results = rows.into_iter().map(pb::WebhookDelivery::from).collect();
            Ok(pb::ListWebhookDeliveriesResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }
}

impl Webhooks {
    async fn create(&self, caller: &Caller, request: &pb::CreateWebhookRequest) -> Result<pb::CreatedWebhook> {
        let (url, events) = (address(&request.url)?, names(&request.events)?);
        let site = request.site_id.as_deref().map(|id| rpc::id("site_id", id)).transpose()?;
        if let Some(site) = site {
            site_copies::fetch(&self.0, caller, site).await?;
        }
        let (id, secret) = (Uuid::now_v7(), signature::secret());
        let sealed = secret::seal(&self.0, caller.account(), id, secret.expose_secret().as_bytes())?;
        let webhook = self.0.db.transaction(caller, async |conn| {
            if let Some(site) = site {
                site_copies::open(conn, site).await?;
            }
            room(conn).await?;
            let values = (
                igny8_webhooks::account_id.eq(conn.account().uuid()),
                igny8_webhooks::id.eq(id),
                igny8_webhooks::site_id.eq(site),
                igny8_webhooks::url.eq(&url),
                igny8_webhooks::secret.eq(&sealed),
                igny8_webhooks::events.eq(&events),
            );
            let insert = diesel::insert_into(igny8_webhooks::table).values(values);
            let webhook: Webhook = insert.returning(Webhook::as_returning()).get_result(conn).await?;
            db::audit::record(conn, caller, "webhook.created", Some(id), [("url", webhook.url.clone())]).await?;
            Ok(webhook)
        });
        let webhook = webhook.await?.into();
        Ok(pb::CreatedWebhook { webhook: Some(webhook), secret: secret.expose_secret().to_owned() })
    }
}

async fn room(conn: &mut AccountConn) -> Result<()> {
    let count: i64 = igny8_webhooks::table.filter(owned_by(conn)).count().get_result(conn).await?;
    if count < MOST {
        return Ok(());
    }
    let message = format!("An account has at most {MOST} webhooks. Delete one that is not needed any more.");
    Err(Error::precondition("TOO_MANY_WEBHOOKS", message))
}

/// Whether the host is one that we go to is decided at each delivery: a name may lead elsewhere by then.
fn address(text: &str) -> Result<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain = url.filter(|url| url.username().is_empty() && url.password().is_none());
    let message = "This is not an address. Write it as https://example.com/hook, without a user name or password.";
    Ok(plain.ok_or_else(|| Error::invalid("url", message))?.to_string())
}

/// Events by the names that they have in JSON.
fn names(events: &[i32]) -> Result<Vec<String>> {
    let name = |event: &i32| WebhookEvent::try_from(*event).ok()?.json_name();
    let names = events.iter().map(|event| name(event).map(str::to_owned)).collect::<Option<Vec<_>>>();
    let names = names.ok_or_else(|| Error::invalid("events", "There is no such event."))?;
    if names.is_empty() { Err(Error::invalid("events", "Choose at least one event.")) } else { Ok(names) }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_webhooks::account_id, Uuid> {
    igny8_webhooks::account_id.eq(conn.account().uuid())
}
