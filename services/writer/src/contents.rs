//! Content: articles, from their first draft to their page.

mod decide;
mod delete;
mod edit;
mod list;
mod publication;
mod revisions;
mod row;
mod slug;
mod texts;
mod write;

use std::sync::Arc;

use contracts::rest::v1::Deleted;
use contracts::writer::v1 as pb;
use contracts::writer::v1::ContentDecision;
use contracts::writer::v1::content_service_server::ContentService;
use db::{AccountConn, Page, idempotency};
use diesel::dsl::Eq;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Result};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::igny8_content;

pub use decide::approve_unattended;
pub use delete::restore;
pub use publication::changed as publication_changed;
pub use revisions::Why;
pub use row::Content;
pub use slug::{free_slug, slug};
pub use texts::Texts;
pub use write::{Draft, tell, write};

const CREATE: &str = "/igny8.writer.v1.ContentService/CreateContent";
const BULK_DELETE: &str = "/igny8.writer.v1.ContentService/BulkDeleteContents";
const BULK_DECIDE: &str = "/igny8.writer.v1.ContentService/BulkDecideContents";

#[derive(Debug)]
pub struct Contents(pub Arc<App>);

#[tonic::async_trait]
impl ContentService for Contents {
    async fn list_contents(
        &self,
        request: Request<pb::ListContentsRequest>,
    ) -> Result<Response<pb::ListContentsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = list::Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<Content> = list::ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(Content::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Content::from).collect();
            Ok(pb::ListContentsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_content(&self, request: Request<pb::GetContentRequest>) -> Result<Response<pb::Content>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let content = self.0.db.transaction(&caller, async |conn| {
            let content = Content::get(conn, id).await?;
            row::full(conn, content).await
        });
        Ok(Response::new(content.await?))
    }

    async fn create_content(
        &self,
        request: Request<pb::CreateContentRequest>,
    ) -> Result<Response<pb::Content>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (site, sector) = (rpc::id("site_id", &request.site_id)?, rpc::id("sector_id", &request.sector_id)?);
        self.0.sites.ensure(&caller, site, sector).await?;
        let content = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), CREATE, &request, async |conn| {
                let content = write::by_hand(conn, &caller, (site, sector), &request).await?;
                row::full(conn, content).await
            })
            .await
        });
        Ok(Response::new(content.await?))
    }

    async fn update_content(
        &self,
        request: Request<pb::UpdateContentRequest>,
    ) -> Result<Response<pb::Content>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let content = self.0.db.transaction(&caller, async |conn| {
            let content = edit::update(conn, &caller, id, &request).await?;
            row::full(conn, content).await
        });
        Ok(Response::new(content.await?))
    }

    async fn delete_content(&self, request: Request<pb::DeleteContentRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| delete::one(conn, &caller, id).await);
        Ok(Response::new(deleted.await?))
    }

    async fn bulk_delete_contents(
        &self,
        request: Request<pb::BulkDeleteContentsRequest>,
    ) -> Result<Response<pb::DeletedContents>, Status> {
        let (caller, request) = rpc::open(request)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), BULK_DELETE, &request, async |conn| {
                delete::many(conn, &caller, &request.selection.clone().unwrap_or_default()).await
            })
            .await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn submit_content(
        &self,
        request: Request<pb::DecideContentRequest>,
    ) -> Result<Response<pb::Content>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.decide(&caller, &request.id, (ContentDecision::Submit, "")).await?))
    }

    async fn approve_content(
        &self,
        request: Request<pb::DecideContentRequest>,
    ) -> Result<Response<pb::Content>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.decide(&caller, &request.id, (ContentDecision::Approve, "")).await?))
    }

    async fn reject_content(
        &self,
        request: Request<pb::RejectContentRequest>,
    ) -> Result<Response<pb::Content>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.decide(&caller, &request.id, (ContentDecision::Reject, &request.note)).await?))
    }

    async fn bulk_decide_contents(
        &self,
        request: Request<pb::BulkDecideContentsRequest>,
    ) -> Result<Response<pb::DecidedContents>, Status> {
        let (caller, request) = rpc::open(request)?;
        let decided = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), BULK_DECIDE, &request, async |conn| {
                decide::many(conn, &request).await
            })
            .await
        });
        Ok(Response::new(decided.await?))
    }

    async fn list_content_revisions(
        &self,
        request: Request<pb::ListContentRevisionsRequest>,
    ) -> Result<Response<pb::ListContentRevisionsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| revisions::page(conn, id, page).await);
        Ok(Response::new(response.await?))
    }

    async fn get_content_revision(
        &self,
        request: Request<pb::GetContentRevisionRequest>,
    ) -> Result<Response<pb::ContentRevision>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (id, number) = (rpc::id("id", &request.id)?, revisions::number(&request.number)?);
        let revision = self.0.db.transaction(&caller, async |conn| revisions::get(conn, id, number).await);
        Ok(Response::new(revision.await?))
    }

    async fn restore_content_revision(
        &self,
        request: Request<pb::RestoreContentRevisionRequest>,
    ) -> Result<Response<pb::Content>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (id, number) = (rpc::id("id", &request.id)?, revisions::number(&request.number)?);
        let content = self.0.db.transaction(&caller, async |conn| {
            let content = edit::restore(conn, &caller, id, number).await?;
            row::full(conn, content).await
        });
        Ok(Response::new(content.await?))
    }
}

impl Contents {
    async fn decide(&self, caller: &Caller, id: &str, decision: (ContentDecision, &str)) -> Result<pb::Content> {
        let id = rpc::id("id", id)?;
        let content = self.0.db.transaction(caller, async |conn| {
            let content = decide::one(conn, id, decision).await?;
            row::full(conn, content).await
        });
        content.await
    }
}

/// An article that is about to change, held to the end of the transaction.
pub async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Content> {
    Content::lock(conn, id).await
}

/// Tells the other services how an article is now, as when its last image is there. One that was deleted was told of then.
pub async fn announce(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let content = Content::get(conn, id).await?;
    tell(conn, &content).await
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_content::account_id, Uuid> {
    igny8_content::account_id.eq(conn.account().uuid())
}
