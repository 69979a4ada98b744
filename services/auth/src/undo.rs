//! Undo: taking the deletion of a site, a sector or a user back.

use std::sync::Arc;

use contracts::auth::v1 as pb;
use contracts::auth::v1::undo_service_server::UndoService;
use tonic::{Request, Response, Status};

use crate::{App, sectors, sites, users};

#[derive(Debug)]
pub struct Undo(pub Arc<App>);

#[tonic::async_trait]
impl UndoService for Undo {
    async fn undo_delete(&self, request: Request<pb::UndoDeleteRequest>) -> Result<Response<pb::Undone>, Status> {
        let (caller, request) = rpc::open(request)?;
        let token = rpc::id("token", &request.token)?;
        let undone = self.0.db.transaction(&caller, async |conn| {
            let undone = db::undo::take(conn, token).await?;
            match undone.object.as_str() {
                "site" => sites::restore(conn, undone.id).await?,
                "sector" => sectors::restore(conn, undone.id).await?,
                "user" => users::restore(conn, &caller, undone.id).await?,
                _ => return Err(undone.unknown()),
            }
            db::audit::record(conn, &caller, &format!("{}.restored", undone.object), Some(undone.id), []).await?;
            Ok(pb::Undone { object: undone.object, object_id: undone.id.to_string() })
        });
        Ok(Response::new(undone.await?))
    }
}
