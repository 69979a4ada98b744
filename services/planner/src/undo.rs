//! Undo: taking deletions back, of keywords and of what is made of them.

use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::planner_undo_service_server::PlannerUndoService;
use db::AccountConn;
use db::undo::Undone;
use rpc::Result;
use tonic::{Request, Response, Status};

use crate::{App, clusters, content_ideas, keywords};

#[derive(Debug)]
pub struct Undo(pub Arc<App>);

#[tonic::async_trait]
impl PlannerUndoService for Undo {
    async fn undo_planner_delete(
        &self,
        request: Request<pb::UndoPlannerDeleteRequest>,
    ) -> Result<Response<pb::PlannerUndone>, Status> {
        let (caller, request) = rpc::open(request)?;
        let token = rpc::id("token", &request.token)?;
        let undone = self.0.db.transaction(&caller, async |conn| {
            let undone = db::undo::take(conn, token).await?;
            let count = restore(conn, &undone).await?;
            // Many have no id of their own.
            let object_id = (!undone.id.is_nil()).then(|| undone.id.to_string());
            Ok(pb::PlannerUndone { object: undone.object, object_id, count })
        });
        Ok(Response::new(undone.await?))
    }
}

/// How many came back.
async fn restore(conn: &mut AccountConn, undone: &Undone) -> Result<i64> {
    match undone.object.as_str() {
        "keyword" => keywords::restore::one(conn, undone.id).await,
        "keywords" => keywords::restore::many(conn, &undone.payload).await,
        "cluster" | "clusters" => clusters::restore(conn, undone.id, &undone.payload).await,
        "content_idea" | "content_ideas" => content_ideas::restore(conn, undone.id, &undone.payload).await,
        _ => Err(undone.unknown()),
    }
}
