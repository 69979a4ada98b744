//! Tasks: what is to be written.

mod change;
mod delete;
mod list;
mod of_idea;
mod row;
mod steps;

use std::sync::Arc;

use contracts::rest::v1::Deleted;
use contracts::writer::v1 as pb;
use contracts::writer::v1::task_service_server::TaskService;
use db::{AccountConn, Page, idempotency, undo};
use diesel::dsl::Eq;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Result, timestamp};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::schema::igny8_tasks;
use crate::selection::optional_id;
use crate::{App, author_profiles, site_copies};

pub use delete::restore;
pub use list::selected;
pub use of_idea::from_idea;
pub use row::Task;
pub use steps::{begin, failed, unwritten, written};

/// Of a task that says nothing else.
const WORD_COUNT: i32 = 1200;

const CREATE: &str = "/igny8.writer.v1.TaskService/CreateTask";
const BULK_UPDATE: &str = "/igny8.writer.v1.TaskService/BulkUpdateTasks";
const BULK_DELETE: &str = "/igny8.writer.v1.TaskService/BulkDeleteTasks";

#[derive(Debug)]
pub struct Tasks(pub Arc<App>);

#[tonic::async_trait]
impl TaskService for Tasks {
    async fn list_tasks(
        &self,
        request: Request<pb::ListTasksRequest>,
    ) -> Result<Response<pb::ListTasksResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = list::Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows = list::ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(Task::as_select())
                .load(conn)
                .await?;
            Ok(pb::ListTasksResponse { results: row::messages(conn, rows).await?, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_task(&self, request: Request<pb::GetTaskRequest>) -> Result<Response<pb::Task>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let task = self.0.db.transaction(&caller, async |conn| {
            let task = Task::get(conn, id).await?;
            row::message(conn, task).await
        });
        Ok(Response::new(task.await?))
    }

    async fn create_task(&self, request: Request<pb::CreateTaskRequest>) -> Result<Response<pb::Task>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (site, sector) = (rpc::id("site_id", &request.site_id)?, rpc::id("sector_id", &request.sector_id)?);
        let new = read(&request, (site, sector))?;
        self.0.sites.ensure(&caller, site, sector).await?;
        author_profiles::ensure(&self.0, &caller, request.author_profile_id.as_deref()).await?;
        let task = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), CREATE, &request, async |conn| {
                site_copies::writable(conn, site, sector).await?;
                let task = row::insert(conn, new).await?;
                row::message(conn, task).await
            })
            .await
        });
        Ok(Response::new(task.await?))
    }

    async fn update_task(&self, request: Request<pb::UpdateTaskRequest>) -> Result<Response<pb::Task>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        // Whose task it is not is told that, and nothing of its profile.
        self.0.db.transaction(&caller, async |conn| Task::get(conn, id).await).await?;
        author_profiles::ensure(&self.0, &caller, request.author_profile_id.as_deref()).await?;
        let task = self.0.db.transaction(&caller, async |conn| {
            let task = change::one(conn, id, &request).await?;
            row::message(conn, task).await
        });
        Ok(Response::new(task.await?))
    }

    async fn delete_task(&self, request: Request<pb::DeleteTaskRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let task = Task::lock(conn, id).await?;
            site_copies::active(conn, [task.site_id]).await?;
            delete::delete(conn, &[id]).await?;
            db::audit::record(conn, &caller, "task.deleted", Some(id), [("title", task.title)]).await?;
            undo::push(conn, "task", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn bulk_update_tasks(
        &self,
        request: Request<pb::BulkUpdateTasksRequest>,
    ) -> Result<Response<pb::UpdatedTasks>, Status> {
        let (caller, request) = rpc::open(request)?;
        author_profiles::ensure(&self.0, &caller, request.author_profile_id.as_deref()).await?;
        let updated = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), BULK_UPDATE, &request, async |conn| {
                change::many(conn, &request).await
            })
            .await
        });
        Ok(Response::new(updated.await?))
    }

    async fn bulk_delete_tasks(
        &self,
        request: Request<pb::BulkDeleteTasksRequest>,
    ) -> Result<Response<pb::DeletedTasks>, Status> {
        let (caller, request) = rpc::open(request)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), BULK_DELETE, &request, async |conn| {
                delete::many(conn, &caller, &request.selection.clone().unwrap_or_default()).await
            })
            .await
        });
        Ok(Response::new(deleted.await?))
    }
}

fn read(request: &pb::CreateTaskRequest, (site_id, sector_id): (Uuid, Uuid)) -> Result<row::New> {
    let title = request.title.trim().to_owned();
    let keyword = request.primary_keyword.trim();
    Ok(row::New {
        id: Uuid::now_v7(),
        site_id,
        sector_id,
        content_idea_id: None,
        cluster_id: None,
        cluster_name: String::new(),
        primary_keyword: if keyword.is_empty() { title.clone() } else { keyword.to_owned() },
        title,
        description: request.description.clone(),
        content_type: db::Stored(request.content_type()),
        structure: db::Stored(request.structure()),
        secondary_keywords: request.secondary_keywords.clone(),
        keyword_ids: Vec::new(),
        outline: request.outline.clone(),
        word_count: request.word_count.unwrap_or(WORD_COUNT),
        author_profile_id: optional_id("author_profile_id", request.author_profile_id.as_deref())?,
        due_at: timestamp::optional("due_at", request.due_at.as_ref())?,
    })
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_tasks::account_id, Uuid> {
    igny8_tasks::account_id.eq(conn.account().uuid())
}
