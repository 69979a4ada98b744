//! Undo: taking the deletion of a connection back.

use std::sync::Arc;

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::publisher_undo_service_server::PublisherUndoService;
use tonic::{Request, Response, Status};

use crate::{App, connections};

#[derive(Debug)]
pub struct Undo(pub Arc<App>);

#[tonic::async_trait]
impl PublisherUndoService for Undo {
    async fn undo_delete(
        &self,
        request: Request<pb::UndoPublisherDeleteRequest>,
    ) -> Result<Response<pb::PublisherUndone>, Status> {
        let (caller, request) = rpc::open(request)?;
        let token = rpc::id("token", &request.token)?;
        let undone = self.0.db.transaction(&caller, async |conn| {
            let undone = db::undo::take(conn, token).await?;
            match undone.object.as_str() {
                "connection" => connections::restore(conn, undone.id).await?,
                _ => return Err(undone.unknown()),
            }
            db::audit::record(conn, &caller, &format!("{}.restored", undone.object), Some(undone.id), []).await?;
            Ok(pb::PublisherUndone { object: undone.object, object_id: undone.id.to_string() })
        });
        Ok(Response::new(undone.await?))
    }
}
