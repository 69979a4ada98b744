//! The pictures of an article on its site: each file goes there once, however often it is used.

use std::collections::HashMap;

use contracts::writer::v1::PublishableImage;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Result};
use uuid::Uuid;

use super::Publication;
use super::driver::Claim;
use super::settle::Stop;
use crate::App;
use crate::schema::igny8_site_media;
use crate::wordpress::{Medium, Site, media};

/// Where each picture is on the site, once it is there.
pub(super) async fn ensure(
    app: &App,
    claim: &Claim,
    publication: &Publication,
    (site, images): (&Site, &[PublishableImage]),
) -> Result<HashMap<Uuid, Medium>, Stop> {
    let mut there = HashMap::with_capacity(images.len());
    for image in images {
        let id = rpc::id("images.image_id", &image.image_id)?;
        there.insert(id, one(app, claim.account_id, publication, (site, image)).await?);
    }
    Ok(there)
}

async fn one(
    app: &App,
    account: AccountId,
    publication: &Publication,
    (site, image): (&Site, &PublishableImage),
) -> Result<Medium, Stop> {
    if let Some(id) = known(app, account, (publication.connection_id, &image.sha256)).await?
        && let Some(medium) = media::get(site, id).await?
    {
        return Ok(medium);
    }
    let slug = media::slug(&image.sha256);
    let medium = match media::find(site, &slug).await? {
        Some(medium) => medium,
        None => upload(app, account, &slug, (site, image)).await?,
    };
    remember(app, account, publication, (image, &medium)).await?;
    Ok(medium)
}

async fn upload(
    app: &App,
    account: AccountId,
    slug: &str,
    (site, image): (&Site, &PublishableImage),
) -> Result<Medium, Stop> {
    let file = app.articles.file(account, &image.image_id).await?;
    let medium = match media::upload(site, slug, &image.content_type, file).await {
        Ok(medium) => medium,
        Err(fault) if fault.had_no_effect() => return Err(fault.into()),
        // Often the picture is there and only the answer was lost.
        Err(fault) => media::find(site, slug).await?.ok_or(fault)?,
    };
    if !image.alt.is_empty() {
        media::describe(site, medium.id, &image.alt).await?;
    }
    Ok(medium)
}

async fn known(app: &App, account: AccountId, (connection, sha256): (Uuid, &[u8])) -> Result<Option<i64>> {
    let found = app.db.account(account, async |conn| {
        let row = igny8_site_media::table.find((conn.account().uuid(), connection, sha256));
        Ok(row.select(igny8_site_media::remote_id).first(conn).await.optional()?)
    });
    found.await
}

/// A picture that the site's owner deleted has another id the next time.
async fn remember(
    app: &App,
    account: AccountId,
    publication: &Publication,
    (image, medium): (&PublishableImage, &Medium),
) -> Result<()> {
    let remembered = app.db.account(account, async |conn| {
        diesel::insert_into(igny8_site_media::table)
            .values((
                igny8_site_media::account_id.eq(conn.account().uuid()),
                igny8_site_media::connection_id.eq(publication.connection_id),
                igny8_site_media::sha256.eq(&image.sha256),
                igny8_site_media::site_id.eq(publication.site_id),
                igny8_site_media::remote_id.eq(medium.id),
                igny8_site_media::url.eq(&medium.url),
            ))
            .on_conflict((igny8_site_media::account_id, igny8_site_media::connection_id, igny8_site_media::sha256))
            .do_update()
            .set((igny8_site_media::remote_id.eq(medium.id), igny8_site_media::url.eq(&medium.url)))
            .execute(conn)
            .await?;
        Ok(())
    });
    remembered.await
}
