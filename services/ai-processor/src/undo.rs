//! Undo: taking the deletion of an author profile or a strategy back.

use std::sync::Arc;

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::system_undo_service_server::SystemUndoService;
use tonic::{Request, Response, Status};

use crate::{App, author_profiles, strategies};

#[derive(Debug)]
pub struct Undo(pub Arc<App>);

#[tonic::async_trait]
impl SystemUndoService for Undo {
    async fn undo_delete(
        &self,
        request: Request<pb::UndoSystemDeleteRequest>,
    ) -> Result<Response<pb::SystemUndone>, Status> {
        let (caller, request) = rpc::open(request)?;
        let token = rpc::id("token", &request.token)?;
        let undone = self.0.db.transaction(&caller, async |conn| {
            let undone = db::undo::take(conn, token).await?;
            match undone.object.as_str() {
                "author_profile" => author_profiles::restore(conn, undone.id).await?,
                "strategy" => strategies::restore(conn, undone.id).await?,
                _ => return Err(undone.unknown()),
            }
            db::audit::record(conn, &caller, &format!("{}.restored", undone.object), Some(undone.id), []).await?;
            Ok(pb::SystemUndone { object: undone.object, object_id: undone.id.to_string() })
        });
        Ok(Response::new(undone.await?))
    }
}
