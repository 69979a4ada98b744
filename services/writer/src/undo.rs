//! Undo: taking deletions back, of tasks, articles and images.

use std::sync::Arc;

use contracts::writer::v1 as pb;
use contracts::writer::v1::writer_undo_service_server::WriterUndoService;
use db::AccountConn;
use db::undo::Undone;
use rpc::Result;
use tonic::{Request, Response, Status};

use crate::{App, contents, images, tasks};

#[derive(Debug)]
pub struct Undo(pub Arc<App>);

#[tonic::async_trait]
impl WriterUndoService for Undo {
    async fn undo_writer_delete(
        &self,
        request: Request<pb::UndoWriterDeleteRequest>,
    ) -> Result<Response<pb::WriterUndone>, Status> {
        let (caller, request) = rpc::open(request)?;
        let token = rpc::id("token", &request.token)?;
        let undone = self.0.db.transaction(&caller, async |conn| {
            let undone = db::undo::take(conn, token).await?;
            let count = restore(conn, &undone).await?;
            // Many have no id of their own.
            let object_id = (!undone.id.is_nil()).then(|| undone.id.to_string());
            Ok(pb::WriterUndone { object: undone.object, object_id, count })
        });
        Ok(Response::new(undone.await?))
    }
}

/// How many came back.
async fn restore(conn: &mut AccountConn, undone: &Undone) -> Result<i64> {
    match undone.object.as_str() {
        "task" | "tasks" => tasks::restore(conn, undone.id, &undone.payload).await,
        "content" | "contents" => contents::restore(conn, undone.id, &undone.payload).await,
        "image" => images::restore(conn, undone.id).await,
        _ => Err(undone.unknown()),
    }
}
