//! Files: the pictures of articles as bytes. They are checked before they are stored, and served as they are.

mod check;
mod dimensions;
mod row;
mod store;
mod sweep;

use std::sync::Arc;

use bytes::Bytes;
use contracts::writer::v1 as pb;
use contracts::writer::v1::file_service_server::FileService;
use db::Db;
use futures_util::stream::{BoxStream, StreamExt as _};
use rpc::{AccountId, Result, Service};
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{App, images};

pub(crate) use check::{MAX_BYTES, check, too_large};
pub(crate) use dimensions::Header;
pub(crate) use row::File;
pub use store::{Config, Store};
pub use sweep::sweep;

/// A picture that may be stored.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub header: Header,
    pub sha256: Vec<u8>,
    pub body: Bytes,
}

impl Checked {
    /// Refuses what cannot be stored, with a sentence that says why.
    pub(crate) fn new(body: Bytes) -> Result<Self> {
        let header = check(&body)?;
        Ok(Self { header, sha256: Sha256::digest(&body).to_vec(), body })
    }

    /// Puts the bytes into the store, for a picture of the site to show. Their row comes first: where no picture comes to show them, the
    /// sweeper finds them by it.
    pub(crate) async fn store(&self, db: &Db, store: &Store, (account, site): (AccountId, Uuid)) -> Result<()> {
        db.account(account, async |conn| File::expect(conn, site, self).await).await?;
        store.put(account, &self.sha256, self.body.clone()).await
    }
}

/// Where a file is shown.
pub(crate) fn url(id: Uuid) -> String {
    format!("/api/v1/writer/files/{id}/")
}

#[derive(Debug)]
pub struct Files(pub Arc<App>);

#[tonic::async_trait]
impl FileService for Files {
    type GetFileStream = BoxStream<'static, Result<pb::FileContent, Status>>;

    async fn get_file(&self, request: Request<pb::GetFileRequest>) -> Result<Response<Self::GetFileStream>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let file = self.0.db.transaction(&caller, async |conn| File::get(conn, id).await).await?;
        let body = self.0.files.read(caller.account(), &file.sha256).await?;
        let first = pb::FileContent { content_type: file.content_type, file_name: String::new(), body: Vec::new() };
        let rest = body.map(|piece| Ok(pb::FileContent { body: piece?.to_vec(), ..pb::FileContent::default() }));
        Ok(Response::new(futures_util::stream::iter([Ok(first)]).chain(rest).boxed()))
    }
}

/// The picture that an image shows, for whoever publishes it.
pub async fn read_publishable(
    app: &App,
    service: &Service,
    image: Uuid,
) -> Result<BoxStream<'static, Result<pb::PublishableFilePiece, Status>>> {
    let account = service.account_required()?;
    let file = app.db.account(account, async |conn| {
        let id = images::shown_file(conn, image).await?;
        File::get(conn, id).await
    });
    let body = app.files.read(account, &file.await?.sha256).await?;
    Ok(body.map(|piece| Ok(pb::PublishableFilePiece { body: piece?.to_vec() })).boxed())
}
