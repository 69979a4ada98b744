//! Undo: taking the deletion of a connection back.

use std::sync::Arc;

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::publisher_undo_service_server::PublisherUndoService;
use rpc::{Error, Kind};
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
            let db::undo::Undone { object, id, payload: _ } =
                db::undo::take(conn, token).await?.ok_or_else(nothing_to_undo)?;
            match object.as_str() {
                "connection" => connections::restore(conn, id).await?,
                other => return Err(Error::internal(anyhow::anyhow!("an undo token stands for a {other}"))),
            }
            db::audit::record(conn, &caller, &format!("{object}.restored"), Some(id), []).await?;
            Ok(pb::PublisherUndone { object, object_id: id.to_string() })
        });
        Ok(Response::new(undone.await?))
    }
}

fn nothing_to_undo() -> Error {
    let message =
        "This deletion cannot be taken back. It was taken back already, or more than ten minutes have passed.";
    Error::new(Kind::NotFound, "NOT_FOUND", message)
}
