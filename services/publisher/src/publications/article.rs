//! Articles, as the writer hands them over.

use bytes::{Bytes, BytesMut};
use contracts::writer::v1 as writer;
use contracts::writer::v1::publishing_service_client::PublishingServiceClient;
use rpc::client::{Channel, Context};
use rpc::{AccountId, Error, Result};
use uuid::Uuid;

/// The largest file that an article may hold; the writer refuses larger ones.
const FILE: usize = 20 << 20;

/// An article at its newest revision.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) content_id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) cluster_id: Option<Uuid>,
    pub(super) revision: i64,
    pub(super) title: String,
    pub(super) primary_keyword: String,
    pub(super) whole: writer::Publishable,
}

/// The way to the writer.
#[derive(Debug, Clone)]
pub struct Articles(Channel);

impl Articles {
    pub(crate) fn new(writer: Channel) -> Self {
        Self(writer)
    }

    fn client(&self, account: AccountId) -> PublishingServiceClient<Channel> {
        PublishingServiceClient::new(self.0.with(Context::default().account(account)))
    }

    /// An article that may be published.
    pub(super) async fn get(&self, account: AccountId, content: Uuid) -> Result<Article> {
        let request = writer::GetPublishableRequest { content_id: content.to_string() };
        let whole = self.client(account).get_publishable(request).await?.into_inner();
        if !matches!(whole.status.as_str(), "approved" | "scheduled" | "published" | "unpublished") {
            let message = "This article is not approved yet. Approve it, then publish it.";
            return Err(Error::precondition("CONTENT_NOT_APPROVED", message));
        }
        Ok(Article {
            content_id: content,
            site_id: rpc::id("site_id", &whole.site_id)?,
            cluster_id: whole.cluster_id.as_deref().map(|id| rpc::id("cluster_id", id)).transpose()?,
            revision: whole.revision,
            title: whole.title.clone(),
            primary_keyword: whole.primary_keyword.clone(),
            whole,
        })
    }

    /// The file of one of its pictures.
    pub(super) async fn file(&self, account: AccountId, image: &str) -> Result<Bytes> {
        let request = writer::ReadPublishableFileRequest { image_id: image.to_owned() };
        let mut pieces = self.client(account).read_publishable_file(request).await?.into_inner();
        let mut file = BytesMut::new();
        while let Some(piece) = pieces.message().await? {
            if file.len() + piece.body.len() > FILE {
                return Err(Error::internal(anyhow::anyhow!("the file of image {image} is larger than {FILE} bytes")));
            }
            file.extend_from_slice(&piece.body);
        }
        Ok(file.freeze())
    }
}
