//! What the publisher and automation ask of the writer.

use std::sync::Arc;

use contracts::JsonEnum;
use contracts::writer::v1 as pb;
use contracts::writer::v1::publishing_service_server::PublishingService;
use db::AccountConn;
use futures_util::stream::BoxStream;
use rpc::Result;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::contents::Content;
use crate::{App, contents, files, generation, images};

#[derive(Debug)]
pub struct Publishing(pub Arc<App>);

#[tonic::async_trait]
impl PublishingService for Publishing {
    type ReadPublishableFileStream = BoxStream<'static, Result<pb::PublishableFilePiece, Status>>;

    async fn get_publishable(
        &self,
        request: Request<pb::GetPublishableRequest>,
    ) -> Result<Response<pb::Publishable>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("content_id", &request.content_id)?;
        let article = self.0.db.account(service.account_required()?, async |conn| publishable(conn, id).await);
        Ok(Response::new(article.await?))
    }

    async fn read_publishable_file(
        &self,
        request: Request<pb::ReadPublishableFileRequest>,
    ) -> Result<Response<Self::ReadPublishableFileStream>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let image = rpc::id("image_id", &request.image_id)?;
        Ok(Response::new(files::read_publishable(&self.0, &service, image).await?))
    }

    async fn start_content(
        &self,
        request: Request<pb::StartContentRequest>,
    ) -> Result<Response<pb::StartContentResponse>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        Ok(Response::new(generation::start_content(&self.0, &service, &request).await?))
    }

    async fn start_images(
        &self,
        request: Request<pb::StartImagesRequest>,
    ) -> Result<Response<pb::StartImagesResponse>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        Ok(Response::new(generation::start_images(&self.0, &service, &request).await?))
    }

    async fn approve_content(
        &self,
        request: Request<pb::ApproveContentRequest>,
    ) -> Result<Response<pb::ApproveContentResponse>, Status> {
        let (service, request) = rpc::open_internal(request)?;
        let id = rpc::id("content_id", &request.content_id)?;
        let approve = async |conn: &mut AccountConn| contents::approve_unattended(conn, id).await;
        self.0.db.account(service.account_required()?, approve).await?;
        Ok(Response::new(pb::ApproveContentResponse {}))
    }
}

/// An article at its newest revision. What may be published of which status is the publisher's to say.
async fn publishable(conn: &mut AccountConn, id: Uuid) -> Result<pb::Publishable> {
    let content = Content::get(conn, id).await?;
    let html = content.html(conn).await?;
    let images = images::publishable(conn, id).await?;
    Ok(pb::Publishable {
        content_id: content.id.to_string(),
        site_id: content.site_id.to_string(),
        sector_id: content.sector_id.to_string(),
        cluster_id: content.cluster_id.map(|id| id.to_string()),
        revision: content.revision,
        status: content.status.0.json_name().unwrap_or_default().to_owned(),
        title: content.title,
        meta_title: content.meta_title,
        meta_description: content.meta_description,
        slug: content.slug,
        excerpt: content.excerpt,
        html,
        primary_keyword: content.primary_keyword,
        secondary_keywords: content.secondary_keywords,
        tags: content.tags,
        categories: content.categories,
        images,
    })
}
