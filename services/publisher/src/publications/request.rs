//! What people ask of a publication. Each only writes down what is to be done: the driver does it.

use chrono::{DateTime, Utc};
use contracts::publisher::v1::{PublicationState, PublicationWork};
use db::{AccountConn, Stored};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind, Result};
use uuid::Uuid;

use super::article::Article;
use super::{Publication, announce, owned_by};
use crate::schema::igny8_publications;
use crate::site_copies;

/// An article that is to be published.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) id: Uuid,
    pub(super) connection: Uuid,
    pub(super) article: Article,
    /// Now, when absent.
    pub(super) at: Option<DateTime<Utc>>,
}

/// Publishes an article, or gives it another time. An article that was published here before keeps its publication, and with it its page.
pub(super) async fn publish(conn: &mut AccountConn, new: &New) -> Result<Publication> {
    site_copies::open(conn, new.article.site_id).await?;
    match Publication::lock_of(conn, new.connection, new.article.content_id).await? {
        Some(there) => schedule(conn, there, new.at).await,
        None => insert(conn, new).await,
    }
}

async fn insert(conn: &mut AccountConn, new: &New) -> Result<Publication> {
    let article = &new.article;
    let inserted = diesel::insert_into(igny8_publications::table)
        .values((
            igny8_publications::account_id.eq(conn.account().uuid()),
            igny8_publications::id.eq(new.id),
            igny8_publications::site_id.eq(article.site_id),
            igny8_publications::connection_id.eq(new.connection),
            igny8_publications::content_id.eq(article.content_id),
            igny8_publications::cluster_id.eq(article.cluster_id),
            igny8_publications::title.eq(&article.title),
            igny8_publications::primary_keyword.eq(&article.primary_keyword),
            igny8_publications::content_revision.eq(article.revision),
            igny8_publications::state.eq(Stored(waiting(new.at))),
            igny8_publications::work.eq(Stored(PublicationWork::Publish)),
            igny8_publications::scheduled_for.eq(new.at),
            igny8_publications::due_at.eq(new.at.unwrap_or_else(Utc::now)),
            igny8_publications::work_since.eq(new.at.unwrap_or_else(Utc::now)),
        ))
        .on_conflict_do_nothing()
        .returning(Publication::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    // Another request was quicker by a moment.
    let busy = || Error::new(Kind::Aborted, "PUBLICATION_BUSY", "This article is being published already.");
    let inserted: Publication = inserted.ok_or_else(busy)?;
    if inserted.state() == PublicationState::Scheduled {
        announce::changed(conn, &inserted).await?;
    }
    Ok(inserted)
}

fn waiting(at: Option<DateTime<Utc>>) -> PublicationState {
    if at.is_some() { PublicationState::Scheduled } else { PublicationState::New }
}

/// Another time for what is not live.
pub(super) async fn schedule(
    conn: &mut AccountConn,
    publication: Publication,
    at: Option<DateTime<Utc>>,
) -> Result<Publication> {
    site_copies::open(conn, publication.site_id).await?;
    if publication.is_live() {
        let message = "This article is published already. Update its page to bring a newer revision to the site.";
        return Err(Error::conflict("ALREADY_PUBLISHED", None, message));
    }
    idle(&publication)?;
    let begin = at.unwrap_or_else(Utc::now);
    let values = (
        igny8_publications::state.eq(Stored(waiting(at))),
        igny8_publications::work.eq(Stored(PublicationWork::Publish)),
        igny8_publications::scheduled_for.eq(at),
        igny8_publications::due_at.eq(begin),
        igny8_publications::work_since.eq(begin),
        igny8_publications::attempts.eq(0_i16),
        igny8_publications::reason.eq(None::<String>),
        igny8_publications::error_message.eq(None::<String>),
        igny8_publications::updated_at.eq(now),
    );
    let row = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::id.eq(publication.id));
    let changed: Publication =
        diesel::update(row).set(values).returning(Publication::as_returning()).get_result(conn).await?;
    if changed.state() == PublicationState::Scheduled {
        announce::changed(conn, &changed).await?;
    }
    Ok(changed)
}

/// Begins work on a live page.
pub(super) async fn begin(
    conn: &mut AccountConn,
    id: Uuid,
    (work, overwrite): (PublicationWork, bool),
) -> Result<Publication> {
    let publication = Publication::lock(conn, id).await?;
    site_copies::open(conn, publication.site_id).await?;
    idle(&publication)?;
    if !publication.is_live() {
        return Err(Error::precondition("NOT_PUBLISHED", "This article is not live. Publish it first."));
    }
    start(conn, id, (work, overwrite)).await
}

async fn start(conn: &mut AccountConn, id: Uuid, (work, overwrite): (PublicationWork, bool)) -> Result<Publication> {
    let values = (
        igny8_publications::work.eq(Stored(work)),
        igny8_publications::overwrite.eq(overwrite),
        igny8_publications::due_at.eq(now),
        igny8_publications::work_since.eq(now),
        igny8_publications::attempts.eq(0_i16),
        igny8_publications::reason.eq(None::<String>),
        igny8_publications::error_message.eq(None::<String>),
        igny8_publications::updated_at.eq(now),
    );
    let row = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::id.eq(id));
    Ok(diesel::update(row).set(values).returning(Publication::as_returning()).get_result(conn).await?)
}

/// Tries again what failed, or now what waits for its next attempt.
pub(super) async fn retry(conn: &mut AccountConn, id: Uuid) -> Result<Publication> {
    let publication = Publication::lock(conn, id).await?;
    site_copies::open(conn, publication.site_id).await?;
    idle(&publication)?;
    let waits = publication.is_at_work() && publication.state() != PublicationState::Scheduled;
    let work = match publication.work().filter(|_| waits) {
        Some(work) => work,
        None if publication.state() == PublicationState::Failed => PublicationWork::Publish,
        None if publication.is_live() && publication.reason.is_some() => PublicationWork::Update,
        None => return Err(Error::precondition("NOTHING_TO_RETRY", "Nothing of this publication has failed.")),
    };
    if publication.state() == PublicationState::Failed {
        return schedule(conn, publication, None).await;
    }
    start(conn, id, (work, publication.overwrite)).await
}

/// Gives up what is not live yet. A draft that is on the site already stays there.
pub(super) async fn cancel(conn: &mut AccountConn, id: Uuid) -> Result<Publication> {
    let publication = Publication::lock(conn, id).await?;
    idle(&publication)?;
    match publication.state() {
        PublicationState::Cancelled => return Ok(publication),
        PublicationState::Published | PublicationState::Drifted | PublicationState::Unpublished => {
            let message = "This article was published. Take its page down instead.";
            return Err(Error::precondition("ALREADY_PUBLISHED", message));
        }
        _ => {}
    }
    let values = (
        igny8_publications::state.eq(Stored(PublicationState::Cancelled)),
        igny8_publications::work.eq(None::<Stored<PublicationWork>>),
        igny8_publications::scheduled_for.eq(None::<DateTime<Utc>>),
        igny8_publications::reason.eq(None::<String>),
        igny8_publications::error_message.eq(None::<String>),
        igny8_publications::updated_at.eq(now),
    );
    let row = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::id.eq(id));
    let changed: Publication =
        diesel::update(row).set(values).returning(Publication::as_returning()).get_result(conn).await?;
    announce::changed(conn, &changed).await?;
    Ok(changed)
}

/// Whoever holds a lease is talking to the site at this moment.
fn idle(publication: &Publication) -> Result<()> {
    if publication.lease_id.is_none() {
        return Ok(());
    }
    let message = "This article is being written to its site at this moment. Try again in a few seconds.";
    Err(Error::new(Kind::Aborted, "PUBLICATION_BUSY", message))
}
