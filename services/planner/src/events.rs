//! What other services tell: changed sites, jobs and accounts that have ended, and what became of ideas.

use std::sync::Arc;

use bus::{Consumer, Delivery};
use contracts::ai_processor::v1::JobFinished;
use contracts::auth::v1::{AccountDeleted, SiteChanged};
use contracts::publisher::v1::PublicationChanged;
use contracts::writer::v1::{ContentChanged, TaskCreated};
use rpc::{Error, Result};

use crate::{App, automation, erasure, site_copies, site_pages};

/// Everything that this service listens to.
pub fn consumer(app: &Arc<App>) -> Consumer {
    let (sites, accounts, jobs) = (Arc::clone(app), Arc::clone(app), Arc::clone(app));
    let (tasks, contents, publications) = (Arc::clone(app), Arc::clone(app), Arc::clone(app));
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
            let app = Arc::clone(&jobs);
            async move {
                automation::job_finished(&app, &delivery).await?;
                app.jobs.finished(&delivery).await
            }
        })
        .on(move |delivery: Delivery<TaskCreated>| {
            let app = Arc::clone(&tasks);
            async move { task_created(&app, delivery).await }
        })
        .on(move |delivery: Delivery<ContentChanged>| {
            let app = Arc::clone(&contents);
            async move { content_changed(&app, delivery).await }
        })
        .on(move |delivery: Delivery<PublicationChanged>| {
            let app = Arc::clone(&publications);
            async move { publication_changed(&app, delivery).await }
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

/// An idea became a task.
async fn task_created(app: &App, delivery: Delivery<TaskCreated>) -> Result<()> {
    let store = app.db.account(delivery.account(), async |conn| {
        if bus::first_time(conn, &delivery).await? {
            site_pages::task_created(conn, &delivery.message).await?;
            automation::task_created(conn, &delivery.message).await?;
        }
        Ok(())
    });
    store.await
}

/// An article was written, changed or deleted.
async fn content_changed(app: &App, delivery: Delivery<ContentChanged>) -> Result<()> {
    let store = app.db.account(delivery.account(), async |conn| {
        if bus::first_time(conn, &delivery).await? {
            site_pages::content_changed(conn, &delivery.message).await?;
            automation::content_changed(conn, &delivery.message).await?;
        }
        Ok(())
    });
    store.await
}

/// A page went live, or something came in its way.
async fn publication_changed(app: &App, delivery: Delivery<PublicationChanged>) -> Result<()> {
    let store = app.db.account(delivery.account(), async |conn| {
        if bus::first_time(conn, &delivery).await? {
            site_pages::publication_changed(conn, &delivery.message).await?;
            automation::publication_changed(conn, &delivery.message).await?;
        }
        Ok(())
    });
    store.await
}
