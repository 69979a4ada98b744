//! Content ideas: what could be written for a cluster, until a person approves it and hands it to the writer.

pub(crate) mod collisions;
mod decide;
mod delete;
mod generate;
mod list;
mod row;
mod similar;
mod take_up;

use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::content_idea_service_server::ContentIdeaService;
use contracts::planner::v1::{ContentIdeaStatus, IdeaDecision};
use contracts::rest::v1::Deleted;
use db::{AccountConn, Page, Stored, idempotency, undo};
use diesel::dsl::{Eq, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Mask, Result};
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::clusters::ids;
use crate::schema::igny8_content_ideas;
use crate::{App, site_copies};

pub use delete::restore;
pub use generate::AutoGenerateIdeas;
pub(crate) use generate::{NAME as AUTO_GENERATE_IDEAS, freeze_cluster, start as generate};
pub use row::ContentIdea;
pub(crate) use take_up::{TakenUp, take_up};

/// Of an idea that says nothing else.
const WORD_COUNT: i32 = 1200;

#[derive(Debug)]
pub struct ContentIdeas(pub Arc<App>);

#[tonic::async_trait]
impl ContentIdeaService for ContentIdeas {
    async fn list_content_ideas(
        &self,
        request: Request<pb::ListContentIdeasRequest>,
    ) -> Result<Response<pb::ListContentIdeasResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = list::Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows = list::ordered(filter.query(conn), &request.ordering)
                .limit(page.limit)
                .offset(page.offset)
                .select(ContentIdea::as_select())
                .load(conn)
                .await?;
            Ok(pb::ListContentIdeasResponse { results: row::messages(conn, rows).await?, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_content_idea(
        &self,
        request: Request<pb::GetContentIdeaRequest>,
    ) -> Result<Response<pb::ContentIdea>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let idea = self.0.db.transaction(&caller, async |conn| {
            let idea = ContentIdea::get(conn, id).await?;
            row::message(conn, idea).await
        });
        Ok(Response::new(idea.await?))
    }

    async fn create_content_idea(
        &self,
        request: Request<pb::CreateContentIdeaRequest>,
    ) -> Result<Response<pb::ContentIdea>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (site, sector) = (rpc::id("site_id", &request.site_id)?, rpc::id("sector_id", &request.sector_id)?);
        self.0.sites.ensure(&caller, site, sector).await?;
        let idea = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "content_ideas_create", &request, async |conn| {
                site_copies::writable(conn, site, sector).await?;
                create(conn, (site, sector), &request).await
            })
            .await
        });
        Ok(Response::new(idea.await?))
    }

    async fn update_content_idea(
        &self,
        request: Request<pb::UpdateContentIdeaRequest>,
    ) -> Result<Response<pb::ContentIdea>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let idea = self.0.db.transaction(&caller, async |conn| {
            let idea = ContentIdea::lock(conn, id).await?;
            site_copies::active(conn, idea.site_id).await?;
            if matches!(idea.status.0, ContentIdeaStatus::Queued | ContentIdeaStatus::Written) {
                let message = "This idea was handed to the writer and cannot be changed here. Change its task.";
                return Err(Error::precondition("IDEA_QUEUED", message));
            }
            let row = igny8_content_ideas::table.filter(owned_by(conn)).filter(igny8_content_ideas::id.eq(id));
            let changed: ContentIdea = diesel::update(row)
                .set((Change::read(&request), igny8_content_ideas::updated_at.eq(now)))
                .returning(ContentIdea::as_returning())
                .get_result(conn)
                .await?;
            if (&changed.title, &changed.primary_keyword) != (&idea.title, &idea.primary_keyword) {
                collisions::renew(conn, changed.site_id, &[id]).await?;
            }
            row::message(conn, changed).await
        });
        Ok(Response::new(idea.await?))
    }

    async fn delete_content_idea(
        &self,
        request: Request<pb::DeleteContentIdeaRequest>,
    ) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let idea = ContentIdea::lock(conn, id).await?;
            site_copies::active(conn, idea.site_id).await?;
            delete::delete(conn, &[id]).await?;
            db::audit::record(conn, &caller, "content_idea.deleted", Some(id), [("title", idea.title)]).await?;
            undo::push(conn, "content_idea", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn approve_content_idea(
        &self,
        request: Request<pb::DecideContentIdeaRequest>,
    ) -> Result<Response<pb::ContentIdea>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.decide(&caller, &request.id, IdeaDecision::Approve).await?))
    }

    async fn reject_content_idea(
        &self,
        request: Request<pb::DecideContentIdeaRequest>,
    ) -> Result<Response<pb::ContentIdea>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.decide(&caller, &request.id, IdeaDecision::Reject).await?))
    }

    async fn queue_content_idea(
        &self,
        request: Request<pb::DecideContentIdeaRequest>,
    ) -> Result<Response<pb::ContentIdea>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(self.decide(&caller, &request.id, IdeaDecision::Queue).await?))
    }

    async fn bulk_decide_content_ideas(
        &self,
        request: Request<pb::BulkDecideContentIdeasRequest>,
    ) -> Result<Response<pb::DecidedContentIdeas>, Status> {
        let (caller, request) = rpc::open(request)?;
        let decided = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "content_ideas_bulk_decide", &request, async |conn| {
                decide::many(conn, &request).await
            })
            .await
        });
        Ok(Response::new(decided.await?))
    }

    async fn bulk_delete_content_ideas(
        &self,
        request: Request<pb::ContentIdeaSelection>,
    ) -> Result<Response<pb::DeletedContentIdeas>, Status> {
        let (caller, request) = rpc::open(request)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "content_ideas_bulk_delete", &request, async |conn| {
                delete::many(conn, &caller, &request).await
            })
            .await
        });
        Ok(Response::new(deleted.await?))
    }
}

impl ContentIdeas {
    async fn decide(&self, caller: &Caller, id: &str, decision: IdeaDecision) -> Result<pb::ContentIdea> {
        let id = rpc::id("id", id)?;
        let decided = self.0.db.transaction(caller, async |conn| {
            let idea = decide::one(conn, id, decision).await?;
            row::message(conn, idea).await
        });
        decided.await
    }
}

async fn create(
    conn: &mut AccountConn,
    (site, sector): (Uuid, Uuid),
    request: &pb::CreateContentIdeaRequest,
) -> Result<pb::ContentIdea> {
    let cluster = request.cluster_id.as_deref().map(|id| rpc::id("cluster_id", id)).transpose()?;
    if let Some(cluster) = cluster {
        crate::clusters::in_sector(conn, cluster, sector).await?;
    }
    let id = Uuid::now_v7();
    let new = row::New {
        id,
        site_id: site,
        sector_id: sector,
        cluster_id: cluster,
        request_id: None,
        title: request.title.trim().to_owned(),
        description: request.description.clone(),
        content_type: Stored(request.content_type()),
        structure: Stored(request.structure()),
        primary_keyword: request.primary_keyword.trim().to_owned(),
        keyword_ids: ids("keyword_ids", &request.keyword_ids)?,
        outline: request.outline.clone(),
        word_count: request.word_count.unwrap_or(WORD_COUNT),
    };
    row::insert(conn, vec![new]).await?;
    collisions::renew(conn, site, &[id]).await?;
    let idea = ContentIdea::get(conn, id).await?;
    row::message(conn, idea).await
}

#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_content_ideas)]
struct Change<'r> {
    title: Option<&'r str>,
    description: Option<&'r str>,
    content_type: Option<Stored<pb::ContentType>>,
    structure: Option<Stored<pb::ContentStructure>>,
    primary_keyword: Option<&'r str>,
    outline: Option<&'r [String]>,
    word_count: Option<i32>,
}

impl<'r> Change<'r> {
    fn read(request: &'r pb::UpdateContentIdeaRequest) -> Self {
        let mask = Mask::of(&request.update_mask);
        Self {
            title: mask.when("title", request.title.trim()),
            description: mask.when("description", &request.description),
            content_type: mask.when("content_type", Stored(request.content_type())),
            structure: mask.when("structure", Stored(request.structure())),
            primary_keyword: mask.when("primary_keyword", request.primary_keyword.trim()),
            outline: mask.when("outline", &request.outline),
            word_count: mask.when("word_count", request.word_count),
        }
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_content_ideas::account_id, Uuid> {
    igny8_content_ideas::account_id.eq(conn.account().uuid())
}
