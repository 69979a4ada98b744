//! Keywords: what people search for, and what is known of it.

use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::keyword_service_server::KeywordService;
use contracts::rest::v1::Deleted;
use db::{Constraint, Page, idempotency};
use diesel_async::RunQueryDsl;
use futures_util::stream::BoxStream;
use rpc::Error;
use tonic::{Request, Response, Status};

use self::bulk::{Tagging, Update};
use self::filter::Filter;
use self::input::{Change, New};
use self::row::{Columns, Keyword, SELECTED};
use self::selection::Selection;
use crate::App;
use crate::sql::Sql;

pub mod bulk;
mod change;
pub mod counts;
mod export;
mod filter;
pub mod input;
mod list;
pub mod restore;
pub mod row;
mod selection;

pub use selection::selected;

const CREATE: &str = "/igny8.planner.v1.KeywordService/CreateKeyword";
const BULK_UPDATE: &str = "/igny8.planner.v1.KeywordService/BulkUpdateKeywords";
const BULK_DELETE: &str = "/igny8.planner.v1.KeywordService/BulkDeleteKeywords";

/// What requests can violate.
pub const CONSTRAINTS: &[Constraint] = &[Constraint {
    field: Some("keyword"),
    ..Constraint::new(
        "igny8_keywords_account_id_sector_id_normalised_country_key",
        "KEYWORD_TAKEN",
        "This sector has the keyword already, for the same country. Change that one, or choose another country.",
    )
}];

#[derive(Debug)]
pub struct Keywords(pub Arc<App>);

#[tonic::async_trait]
impl KeywordService for Keywords {
    type ExportKeywordsStream = BoxStream<'static, Result<pb::KeywordsFile, Status>>;

    async fn list_keywords(
        &self,
        request: Request<pb::ListKeywordsRequest>,
    ) -> Result<Response<pb::ListKeywordsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response =
            self.0.db.transaction(&caller, async |conn| list::page(conn, &filter, &request.ordering, page).await);
        Ok(Response::new(response.await?))
    }

    async fn get_keyword(&self, request: Request<pb::GetKeywordRequest>) -> Result<Response<pb::Keyword>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let keyword = self.0.db.transaction(&caller, async |conn| {
            let sql = Sql::<Columns>::new(&format!("SELECT {SELECTED} FROM igny8_keywords k"));
            let sql = sql.text(" WHERE k.account_id = ").bind(conn.account().uuid()).text(" AND k.id = ").bind(id);
            let found: Vec<Keyword> = sql.text(" AND k.deleted_at IS NULL").load(conn).await?;
            found.into_iter().next().map(pb::Keyword::from).ok_or_else(|| Error::not_found("keyword"))
        });
        Ok(Response::new(keyword.await?))
    }

    async fn create_keyword(&self, request: Request<pb::KeywordInput>) -> Result<Response<pb::Keyword>, Status> {
        let (caller, input) = rpc::open(request)?;
        let (site, sector) = (rpc::id("site_id", &input.site_id)?, rpc::id("sector_id", &input.sector_id)?);
        let new = New::read(&input)?;
        self.0.sites.ensure(&caller, site, sector).await?;
        self.0.room(&caller, 1).await?;
        let keyword = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), CREATE, &input, async |conn| {
                change::insert(conn, (site, sector), new).await
            })
            .await
        });
        Ok(Response::new(keyword.await?))
    }

    async fn update_keyword(
        &self,
        request: Request<pb::UpdateKeywordRequest>,
    ) -> Result<Response<pb::Keyword>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let change = Change::read(&request)?;
        let keyword = self.0.db.transaction(&caller, async |conn| change::update(conn, id, &change).await);
        Ok(Response::new(keyword.await?))
    }

    async fn delete_keyword(&self, request: Request<pb::DeleteKeywordRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| change::delete(conn, id).await);
        Ok(Response::new(deleted.await?))
    }

    async fn bulk_update_keywords(
        &self,
        request: Request<pb::BulkUpdateKeywordsRequest>,
    ) -> Result<Response<pb::UpdatedKeywords>, Status> {
        let (caller, request) = rpc::open(request)?;
        let update = Update {
            selection: Selection::read("selection", request.selection.as_ref())?,
            tagging: Tagging::read(&request)?,
        };
        let updated = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), BULK_UPDATE, &request, async |conn| {
                bulk::update(conn, &update).await
            })
            .await
        });
        Ok(Response::new(updated.await?))
    }

    async fn bulk_delete_keywords(
        &self,
        request: Request<pb::BulkDeleteKeywordsRequest>,
    ) -> Result<Response<pb::DeletedKeywords>, Status> {
        let (caller, request) = rpc::open(request)?;
        let selection = Selection::read("selection", request.selection.as_ref())?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), BULK_DELETE, &request, async |conn| {
                bulk::delete(conn, &selection).await
            })
            .await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn export_keywords(
        &self,
        request: Request<pb::ExportKeywordsRequest>,
    ) -> Result<Response<Self::ExportKeywordsStream>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.as_ref())?;
        Ok(Response::new(export::start(&self.0, caller, &filter, &request.ordering).await?))
    }

    async fn get_keyword_stats(
        &self,
        request: Request<pb::GetKeywordStatsRequest>,
    ) -> Result<Response<pb::KeywordStats>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = |field, text: &Option<String>| text.as_deref().map(|text| rpc::id(field, text)).transpose();
        let filter = Filter::place(id("site_id", &request.site_id)?, id("sector_id", &request.sector_id)?);
        let stats = self.0.db.transaction(&caller, async |conn| counts::stats(conn, &filter).await);
        Ok(Response::new(stats.await?))
    }
}
