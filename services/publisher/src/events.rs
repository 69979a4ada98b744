//! What this service hears of others.

use std::sync::Arc;

use bus::{Consumer, Delivery};
use contracts::auth::v1::{AccountDeleted, SiteChanged};
use contracts::writer::v1::ContentChanged;

use crate::{App, erasure, publications, site_copies};

/// The events of other services, each with what is done about it.
pub fn consumer(app: &Arc<App>) -> Consumer {
    let (for_accounts, for_sites, for_contents) = (Arc::clone(app), Arc::clone(app), Arc::clone(app));
    app.bus
        .consumer(&app.db)
        .on(move |delivery: Delivery<AccountDeleted>| {
            let app = Arc::clone(&for_accounts);
            async move { erasure::erase(&app.db, delivery.account()).await }
        })
        .on(move |delivery: Delivery<SiteChanged>| {
            let app = Arc::clone(&for_sites);
            async move { site_changed(&app, &delivery).await }
        })
        .on(move |delivery: Delivery<ContentChanged>| {
            let app = Arc::clone(&for_contents);
            async move { content_changed(&app, &delivery).await }
        })
}

async fn site_changed(app: &App, delivery: &Delivery<SiteChanged>) -> rpc::Result<()> {
    let Some(site) = &delivery.message.site else { return Ok(()) };
    let change = async |conn: &mut db::AccountConn| {
        if bus::first_time(conn, delivery).await? {
            site_copies::apply(conn, site).await?;
        }
        Ok(())
    };
    app.db.account(delivery.account(), change).await
}

/// Repeating it changes nothing, so it needs no row in the inbox.
async fn content_changed(app: &App, delivery: &Delivery<ContentChanged>) -> rpc::Result<()> {
    let changed = &delivery.message;
    let content = rpc::id("content_id", &changed.content_id)?;
    let change =
        async |conn: &mut db::AccountConn| publications::content_changed(conn, content, changed.revision).await;
    app.db.account(delivery.account(), change).await
}
