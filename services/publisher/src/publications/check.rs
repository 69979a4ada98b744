//! What became of a page: read from the site, compared with what was written, and settled.

use chrono::Utc;
use contracts::publisher::v1::{PublicationDifference, PublicationState};
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Kind, Result};
use serde_json::Value;
use uuid::Uuid;

use super::settle::DAY;
use super::{Publication, announce, difference, owned_by};
use crate::schema::igny8_publications;
use crate::wordpress::{Fault, Page, Site, posts};
use crate::{App, connections};

/// Compares the page with what was written.
pub(super) async fn check(app: &App, caller: &Caller, id: Uuid) -> Result<Publication> {
    let (publication, written, found) = read(app, caller, id).await?;
    let seen = seen(&written, found)?;
    app.db.transaction(caller, async |conn| settle(conn, &publication, &seen).await).await
}

/// Takes what the site has for right.
pub(super) async fn keep_theirs(app: &App, caller: &Caller, id: Uuid) -> Result<Publication> {
    let (publication, _, found) = read(app, caller, id).await?;
    let live = found.as_ref().is_some_and(|found| found.status == "publish");
    let state = if live { PublicationState::Published } else { PublicationState::Unpublished };
    let written = found.map(|found| serde_json::to_value(found).map_err(Error::internal)).transpose()?;
    let seen = Seen { state, written, drift: Vec::new() };
    app.db.transaction(caller, async |conn| settle(conn, &publication, &seen).await).await
}

/// The publication, its page as it was written, and as it is; none where it was deleted for good.
async fn read(app: &App, caller: &Caller, id: Uuid) -> Result<(Publication, Page, Option<Page>)> {
    let publication = app.db.transaction(caller, async |conn| Publication::get(conn, id).await).await?;
    let not_live = || Error::precondition("NOT_PUBLISHED", "This article is not live. Publish it first.");
    let (true, Some(remote), Some(written)) = (publication.is_live(), publication.remote_id, publication.written())
    else {
        return Err(not_live());
    };
    let site = connections::open(app, caller.account(), publication.connection_id).await?.map_err(|f| unread(&f))?;
    let found = found(&site, remote).await.map_err(|fault| unread(&fault))?;
    Ok((publication, written, found))
}

/// The page on the site; none where it was deleted for good.
pub(super) async fn found(site: &Site, remote: i64) -> Result<Option<Page>, Fault> {
    match posts::get(site, remote).await {
        Ok(post) => Ok(Some(post.page)),
        Err(fault) if fault.is_missing() => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn unread(fault: &Fault) -> Error {
    let kind = if fault.may_pass() || fault.asks_to_wait() { Kind::Unavailable } else { Kind::FailedPrecondition };
    Error::new(kind, fault.reason(), format!("{} {}", fault.what(), fault.fix()))
}

fn deleted() -> PublicationDifference {
    PublicationDifference { field: "status".to_owned(), sent: "publish".to_owned(), found: "deleted".to_owned() }
}

/// What was seen of a page.
#[derive(Debug)]
pub(super) struct Seen {
    state: PublicationState,
    /// None where what we know of it stays.
    written: Option<Value>,
    drift: Vec<PublicationDifference>,
}

/// Compares a page with what was written.
pub(super) fn seen(written: &Page, found: Option<Page>) -> Result<Seen> {
    let drift = found.as_ref().map_or_else(|| vec![deleted()], |found| difference::drifted(written, found));
    if !drift.is_empty() {
        return Ok(Seen { state: PublicationState::Drifted, written: None, drift });
    }
    // The same, but perhaps of a later date.
    let written = found.map(|found| serde_json::to_value(found).map_err(Error::internal)).transpose()?;
    Ok(Seen { state: PublicationState::Published, written, drift })
}

/// Unless the page was written again, or taken down, while it was read.
pub(super) async fn settle(conn: &mut AccountConn, before: &Publication, seen: &Seen) -> Result<Publication> {
    let publication = Publication::lock(conn, before.id).await?;
    if publication.lease_id.is_some() || publication.written != before.written || !publication.is_live() {
        let message = "This page is being written at this moment. Try again in a few seconds.";
        return Err(Error::new(Kind::Aborted, "PUBLICATION_BUSY", message));
    }
    let changes = (
        igny8_publications::state.eq(Stored(seen.state)),
        igny8_publications::drift.eq(serde_json::to_value(&seen.drift).map_err(Error::internal)?),
        igny8_publications::written.eq(seen.written.clone().or_else(|| publication.written.clone())),
        igny8_publications::checked_at.eq(Utc::now()),
        publication.work().is_none().then(|| igny8_publications::due_at.eq(Utc::now() + DAY)),
        igny8_publications::updated_at.eq(now),
    );
    let row = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::id.eq(publication.id));
    let settled: Publication =
        diesel::update(row).set(changes).returning(Publication::as_returning()).get_result(conn).await?;
    if settled.state() != publication.state() {
        announce::changed(conn, &settled).await?;
    }
    Ok(settled)
}
