//! What other services tell: changed sites, jobs and accounts that have ended.

use std::sync::Arc;

use bus::{Consumer, Delivery};
use contracts::ai_processor::v1::JobFinished;
use contracts::auth::v1::{AccountDeleted, SiteChanged};
use rpc::{Error, Result};

use crate::{App, erasure, site_copies};

/// Everything that this service listens to.
pub fn consumer(app: &Arc<App>) -> Consumer {
    let (sites, accounts, jobs) = (Arc::clone(app), Arc::clone(app), app.jobs.clone());
    app.bus
        .consumer(&app.db)
        .on(move |delivery: Delivery<SiteChanged>| {
            let app = Arc::clone(&sites);
            async move { site_changed(&app, delivery).await }
        })
        .on(move |delivery: Delivery<AccountDeleted>| {
            let app = Arc::clone(&accounts);
            async move { erasure::erase(&app.db, delivery.account()).await }
        })
        .on(move |delivery: Delivery<JobFinished>| {
            let jobs = jobs.clone();
            async move { jobs.finished(&delivery).await }
        })
}

/// Takes over the copy of a site.
async fn site_changed(app: &App, delivery: Delivery<SiteChanged>) -> Result<()> {
    let missing = || Error::internal(anyhow::anyhow!("an event of a changed site without the site"));
    let copy = delivery.message.site.as_ref().ok_or_else(missing)?;
    let store = app.db.account(delivery.account(), async |conn| {
        if bus::first_time(conn, &delivery).await? {
            site_copies::store(conn, copy).await?;
        }
        Ok(())
    });
    store.await
}
