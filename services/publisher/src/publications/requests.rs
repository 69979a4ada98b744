//! Publishing for automation, which has nobody at the keyboard.

use std::sync::Arc;

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::publish_request_service_server::PublishRequestService;
use rpc::Result;
use tonic::{Request, Response, Status};

use super::{Publication, choose, request};
use crate::App;

#[derive(Debug)]
pub struct Requests(pub Arc<App>);

#[tonic::async_trait]
impl PublishRequestService for Requests {
    async fn request_publication(
        &self,
        request: Request<pb::RequestPublicationRequest>,
    ) -> Result<Response<pb::RequestPublicationResponse>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let account = service.account_required()?;
        let (id, content) =
            (rpc::id("publication_id", &request.publication_id)?, rpc::id("content_id", &request.content_id)?);
        let article = self.0.articles.get(account, content).await?;
        let requested = self.0.db.account(account, async |conn| {
            if Publication::find(conn, id).await?.is_some() {
                return Ok(());
            }
            let connection = choose(conn, article.site_id, None).await?;
            let there = Publication::lock_of(conn, connection, content).await?;
            if there.is_some_and(|there| there.is_live() || there.is_at_work()) {
                return Ok(());
            }
            request::publish(conn, &request::New { id, connection, article, at: None }).await.map(drop)
        });
        requested.await?;
        self.0.publications.wake();
        Ok(Response::new(pb::RequestPublicationResponse {}))
    }
}
