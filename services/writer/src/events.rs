//! What other services tell: queued ideas, pages that changed, changed sites, jobs and accounts that have ended.

use std::sync::Arc;

use bus::{Consumer, Delivery};
use contracts::ai_processor::v1::JobFinished;
use contracts::auth::v1::{AccountDeleted, SiteChanged};
use contracts::planner::v1::ContentIdeaQueued;
use contracts::publisher::v1::PublicationChanged;
use rpc::{Error, Result};

use crate::{App, contents, erasure, site_copies, tasks};

/// Everything that this service listens to.
pub fn consumer(app: &Arc<App>) -> Consumer {
    let (ideas, pages, sites, accounts) = (Arc::clone(app), Arc::clone(app), Arc::clone(app), Arc::clone(app));
    let jobs = app.jobs.clone();
    app.bus
        .consumer(&app.db)
        .on(move |delivery: Delivery<ContentIdeaQueued>| {
            let app = Arc::clone(&ideas);
            async move { idea_queued(&app, delivery).await }
        })
        .on(move |delivery: Delivery<PublicationChanged>| {
            let app = Arc::clone(&pages);
            async move { publication_changed(&app, delivery).await }
        })
        .on(move |delivery: Delivery<SiteChanged>| {
            let app = Arc::clone(&sites);
            async move { site_changed(&app, delivery).await }
        })
        .on(move |delivery: Delivery<AccountDeleted>| {
            let app = Arc::clone(&accounts);
            async move { account_deleted(&app, &delivery).await }
        })
        .on(move |delivery: Delivery<JobFinished>| {
            let jobs = jobs.clone();
            async move { jobs.finished(&delivery).await }
        })
}

/// Makes a task of an idea. Its site is asked for where its own event has not come yet.
async fn idea_queued(app: &App, delivery: Delivery<ContentIdeaQueued>) -> Result<()> {
    let idea = &delivery.message;
    let (site, sector) = (rpc::id("site_id", &idea.site_id)?, rpc::id("sector_id", &idea.sector_id)?);
    app.sites.ensure_unattended(delivery.account(), site, sector).await?;
    let store = app.db.account(delivery.account(), async |conn| {
        if bus::first_time(conn, &delivery).await? {
            tasks::from_idea(conn, idea).await?;
        }
        Ok(())
    });
    store.await
}

async fn publication_changed(app: &App, delivery: Delivery<PublicationChanged>) -> Result<()> {
    let store = app.db.account(delivery.account(), async |conn| {
        if bus::first_time(conn, &delivery).await? {
            contents::publication_changed(conn, &delivery.message).await?;
        }
        Ok(())
    });
    store.await
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

/// Erases its rows, and the files that they named.
async fn account_deleted(app: &App, delivery: &Delivery<AccountDeleted>) -> Result<()> {
    erasure::erase(&app.db, delivery.account()).await?;
    app.files.erase(delivery.account()).await
}
