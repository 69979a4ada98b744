//! The pictures of an article on its site: each file goes there once, however often it is used.
//!
//! An upload is noted before it is sent. When its answer does not come, the picture is looked for by its name, and waited for, before it is
//! sent again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::writer::v1::PublishableImage;
use db::AccountConn;
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
        let place = Place { app, account: claim.account_id, publication, sha256: &image.sha256 };
        there.insert(id, one(place, (site, image)).await?);
    }
    Ok(there)
}

/// Where a picture is remembered.
#[derive(Clone, Copy)]
struct Place<'a> {
    app: &'a App,
    account: AccountId,
    publication: &'a Publication,
    sha256: &'a [u8],
}

async fn one(place: Place<'_>, (site, image): (&Site, &PublishableImage)) -> Result<Medium, Stop> {
    let row = place.row().await?;
    if let Some((Some(id), _)) = row
        && let Some(medium) = media::get(site, id).await?
    {
        return Ok(medium);
    }
    let slug = media::slug(&image.sha256);
    let medium = match media::find(site, &slug).await? {
        Some(medium) => medium,
        None => upload(place, &slug, (site, image), row).await?,
    };
    // Also of one that was found: whoever sent it may not have come to this.
    if !image.alt.is_empty() {
        media::describe(site, medium.id, &image.alt).await?;
    }
    place.remember(Some(&medium)).await?;
    Ok(medium)
}

async fn upload(
    place: Place<'_>,
    slug: &str,
    (site, image): (&Site, &PublishableImage),
    row: Option<Row>,
) -> Result<Medium, Stop> {
    if let Some((None, sent_at)) = row
        && let Some(until) = place.app.publications.quiet_until(sent_at)
    {
        let message =
            "The site did not answer when a picture was sent. Before it is sent again, the picture is waited for.";
        return Err(Stop::Wait { until, reason: "PICTURE_UNCERTAIN", message: message.to_owned() });
    }
    let file = place.app.articles.file(place.account, &image.image_id).await?;
    place.remember(None).await?;
    match media::upload(site, slug, &image.content_type, file).await {
        Ok(medium) => Ok(medium),
        Err(fault) if fault.had_no_effect() => {
            place.forget().await?;
            Err(fault.into())
        }
        // Often the picture is there and only the answer was lost.
        Err(fault) => Ok(media::find(site, slug).await?.ok_or(fault)?),
    }
}

/// The id of a picture, unless it may be on its way, and when it was sent.
type Row = (Option<i64>, DateTime<Utc>);

impl Place<'_> {
    fn key<'k>(&'k self, conn: &AccountConn) -> (Uuid, Uuid, &'k [u8]) {
        (conn.account().uuid(), self.publication.connection_id, self.sha256)
    }

    async fn row(&self) -> Result<Option<Row>> {
        let found = self.app.db.account(self.account, async |conn| {
            let row = igny8_site_media::table.find(self.key(conn));
            let row = row.select((igny8_site_media::remote_id, igny8_site_media::sent_at));
            Ok(row.first(conn).await.optional()?)
        });
        found.await
    }

    /// Where the picture is on the site; none while it is on its way. One that the site's owner deleted has another id the next time.
    async fn remember(&self, medium: Option<&Medium>) -> Result<()> {
        let there = (
            igny8_site_media::remote_id.eq(medium.map(|medium| medium.id)),
            igny8_site_media::url.eq(medium.map(|medium| &medium.url)),
            igny8_site_media::sent_at.eq(Utc::now()),
        );
        let remembered = self.app.db.account(self.account, async |conn| {
            let (account, connection, sha256) = self.key(conn);
            diesel::insert_into(igny8_site_media::table)
                .values((
                    igny8_site_media::account_id.eq(account),
                    igny8_site_media::connection_id.eq(connection),
                    igny8_site_media::sha256.eq(sha256),
                    igny8_site_media::site_id.eq(self.publication.site_id),
                    there,
                ))
                .on_conflict((igny8_site_media::account_id, igny8_site_media::connection_id, igny8_site_media::sha256))
                .do_update()
                .set(there)
                .execute(conn)
                .await?;
            Ok(())
        });
        remembered.await
    }

    /// It certainly did not get there.
    async fn forget(&self) -> Result<()> {
        let forgotten = self.app.db.account(self.account, async |conn| {
            diesel::delete(igny8_site_media::table.find(self.key(conn))).execute(conn).await?;
            Ok(())
        });
        forgotten.await
    }
}
