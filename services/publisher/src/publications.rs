//! Publications: an article on its site, from the first draft there to what became of the page.
//!
//! The handlers write down what is to be done; [`driver`] does it. What holds, whatever is killed at whichever moment: an article has one
//! page, because only a post whose id stands in the row is ever published, and that id is written once.

mod announce;
mod article;
mod check;
mod difference;
mod driver;
mod list;
mod look;
mod media;
mod pace;
mod page;
mod progress;
mod request;
mod requests;
mod row;
mod settle;
mod when;
mod work;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::publication_service_server::PublicationService;
use contracts::publisher::v1::{DriftChoice, PublicationWork};
use db::{AccountConn, idempotency};
use diesel::dsl::Eq;
use diesel::prelude::*;
use prost_types::Timestamp;
use rpc::{Caller, Error, Result, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::igny8_publications;
use crate::{App, connections, site_copies};

pub use article::Articles;
pub use driver::{Config, Driver, run};
pub use progress::progress;
pub use requests::Requests;
pub use row::Publication;

/// How far ahead an article may be scheduled.
const AHEAD: TimeDelta = TimeDelta::days(366);

#[derive(Debug)]
pub struct Publications(pub Arc<App>);

#[tonic::async_trait]
impl PublicationService for Publications {
    async fn list_publications(
        &self,
        request: Request<pb::ListPublicationsRequest>,
    ) -> Result<Response<pb::ListPublicationsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let response = self.0.db.transaction(&caller, async |conn| list::list(conn, &request).await);
        Ok(Response::new(response.await?))
    }

    async fn get_publication(
        &self,
        request: Request<pb::GetPublicationRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let publication = self.0.db.transaction(&caller, async |conn| Publication::get(conn, id).await).await?;
        Ok(Response::new(publication.into()))
    }

    async fn publish_content(
        &self,
        request: Request<pb::PublishContentRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let publication = self.publish(&caller, &request).await?;
        self.0.publications.wake();
        Ok(Response::new(publication))
    }

    async fn schedule_publication(
        &self,
        request: Request<pb::SchedulePublicationRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let changed = async |conn: &mut AccountConn| {
            let publication = Publication::lock(conn, id).await?;
            let wish = (request.scheduled_for.as_ref(), request.scheduled_local.as_deref());
            let at = time(conn, publication.site_id, wish).await?;
            request::schedule(conn, publication, at).await
        };
        self.change(&caller, changed).await
    }

    async fn update_published_page(
        &self,
        request: Request<pb::UpdatePublishedPageRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let publication = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "publications_update", &request, async |conn| {
                Ok(request::begin(conn, id, (PublicationWork::Update, request.overwrite)).await?.into())
            })
            .await
        });
        let publication = publication.await?;
        self.0.publications.wake();
        Ok(Response::new(publication))
    }

    async fn unpublish_publication(
        &self,
        request: Request<pb::PublicationRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let begin = async |conn: &mut AccountConn| request::begin(conn, id, (PublicationWork::Unpublish, false)).await;
        self.change(&caller, begin).await
    }

    async fn retry_publication(
        &self,
        request: Request<pb::PublicationRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        self.change(&caller, async |conn: &mut AccountConn| request::retry(conn, id).await).await
    }

    async fn cancel_publication(
        &self,
        request: Request<pb::PublicationRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        self.change(&caller, async |conn: &mut AccountConn| request::cancel(conn, id).await).await
    }

    async fn check_publication(
        &self,
        request: Request<pb::PublicationRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        Ok(Response::new(check::check(&self.0, &caller, id).await?.into()))
    }

    async fn resolve_drift(
        &self,
        request: Request<pb::ResolveDriftRequest>,
    ) -> Result<Response<pb::Publication>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        if request.choice() == DriftChoice::KeepTheirs {
            return Ok(Response::new(check::keep_theirs(&self.0, &caller, id).await?.into()));
        }
        let begin = async |conn: &mut AccountConn| request::begin(conn, id, (PublicationWork::Update, true)).await;
        self.change(&caller, begin).await
    }
}

impl Publications {
    /// Something that the driver may have to look at.
    async fn change(
        &self,
        caller: &Caller,
        change: impl AsyncFnOnce(&mut AccountConn) -> Result<Publication>,
    ) -> Result<Response<pb::Publication>, Status> {
        let changed = self.0.db.transaction(caller, change).await?;
        self.0.publications.wake();
        Ok(Response::new(changed.into()))
    }

    async fn publish(&self, caller: &Caller, request: &pb::PublishContentRequest) -> Result<pb::Publication> {
        let content = rpc::id("content_id", &request.content_id)?;
        let connection = request.connection_id.as_deref().map(|id| rpc::id("connection_id", id)).transpose()?;
        let article = self.0.articles.get(caller.account(), content).await?;
        site_copies::fetch(&self.0, caller, article.site_id).await?;
        let published = self.0.db.transaction(caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "publications_publish", request, async |conn| {
                let wish = (request.scheduled_for.as_ref(), request.scheduled_local.as_deref());
                let at = time(conn, article.site_id, wish).await?;
                let connection = choose(conn, article.site_id, connection).await?;
                let new = request::New { id: Uuid::now_v7(), connection, article, at };
                Ok(request::publish(conn, &new).await?.into())
            })
            .await
        });
        published.await
    }
}

/// The connection that was named, or the site's default.
async fn choose(conn: &mut AccountConn, site: Uuid, named: Option<Uuid>) -> Result<Uuid> {
    let none = "This site is not connected to a WordPress. Connect it first, then publish.";
    match named {
        Some(id) if connections::is_of(conn, site, id).await? => Ok(id),
        Some(_) => Err(Error::invalid("connection_id", "The article's site has no such connection.")),
        None => connections::default_of(conn, site).await?.ok_or_else(|| Error::precondition("NO_CONNECTION", none)),
    }
}

/// The time that a request names; none for now.
async fn time(
    conn: &mut AccountConn,
    site: Uuid,
    wish: (Option<&Timestamp>, Option<&str>),
) -> Result<Option<DateTime<Utc>>> {
    let (field, at) = match wish {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let message = "Say when by one of scheduled_for and scheduled_local, not by both.";
            return Err(Error::invalid("scheduled_local", message));
        }
        (Some(time), None) => {
            let none = || Error::invalid("scheduled_for", "This is not a time.");
            ("scheduled_for", timestamp::read(time).ok_or_else(none)?)
        }
        (None, Some(text)) => {
            let site = site_copies::open(conn, site).await?;
            ("scheduled_local", when::local(text, when::zone(&site.time_zone))?)
        }
    };
    if at < Utc::now() {
        return Err(Error::invalid(field, "This time has passed. Choose a later one, or publish now."));
    }
    if at > Utc::now() + AHEAD {
        return Err(Error::invalid(field, "This is more than a year ahead. Choose an earlier time."));
    }
    Ok(Some(at))
}

/// Remembers that an article has a newer revision than its page.
pub(crate) async fn content_changed(conn: &mut AccountConn, content: Uuid, revision: i64) -> Result<()> {
    let rows = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::content_id.eq(content));
    let older = rows.filter(igny8_publications::content_revision.lt(revision));
    let update = diesel::update(older).set(igny8_publications::content_revision.eq(revision));
    diesel_async::RunQueryDsl::execute(update, conn).await?;
    Ok(())
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_publications::account_id, Uuid> {
    igny8_publications::account_id.eq(conn.account().uuid())
}
