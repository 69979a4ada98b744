//! Undo: taking the deletion of a site, a sector or a user back.

use std::sync::Arc;

use contracts::auth::v1 as pb;
use contracts::auth::v1::undo_service_server::UndoService;
use rpc::{Error, Kind};
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
            let db::undo::Undone { object, id, payload: _ } =
                db::undo::take(conn, token).await?.ok_or_else(nothing_to_undo)?;
            match object.as_str() {
                "site" => sites::restore(conn, id).await?,
                "sector" => sectors::restore(conn, id).await?,
                "user" => users::restore(conn, &caller, id).await?,
                other => return Err(Error::internal(anyhow::anyhow!("an undo token stands for a {other}"))),
            }
            db::audit::record(conn, &caller, &format!("{object}.restored"), Some(id), []).await?;
            Ok(pb::Undone { object, object_id: id.to_string() })
        });
        Ok(Response::new(undone.await?))
    }
}

fn nothing_to_undo() -> Error {
    let message =
        "This deletion cannot be taken back. It was taken back already, or more than ten minutes have passed.";
    Error::new(Kind::NotFound, "NOT_FOUND", message)
}
