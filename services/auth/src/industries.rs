//! Industries and their sectors: the catalogue that a site may start from. It belongs to no account and anybody may read it.

use std::collections::HashMap;
use std::sync::Arc;

use contracts::auth::v1 as pb;
use contracts::auth::v1::industry_service_server::IndustryService;
use db::{Page, contains_pattern};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::schema::{igny8_industries, igny8_industry_sectors};

#[derive(Debug)]
pub struct Industries(pub Arc<App>);

#[tonic::async_trait]
impl IndustryService for Industries {
    async fn list_industries(
        &self,
        request: Request<pb::ListIndustriesRequest>,
    ) -> Result<Response<pb::ListIndustriesResponse>, Status> {
        let (_, request) = rpc::open_public(request)?;
        let search = request.filter.map(|filter| filter.search).unwrap_or_default();
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.public(async |conn| {
            let count = named(&search).count().get_result(conn).await?;
            let rows = named(&search)
                .order_by(igny8_industries::name)
                .limit(page.limit)
                .offset(page.offset)
                .select(Industry::as_select())
                .load(conn)
                .await?;
            Ok(pb::ListIndustriesResponse { results: with_sectors(conn, rows).await?, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_industry(&self, request: Request<pb::GetIndustryRequest>) -> Result<Response<pb::Industry>, Status> {
        let (_, request) = rpc::open_public(request)?;
        let id = rpc::id("id", &request.id)?;
        let industry = self.0.db.public(async |conn| {
            let industry: Option<Industry> =
                Industry::query().filter(igny8_industries::id.eq(id)).first(conn).await.optional()?;
            Ok(with_sectors(conn, industry.into_iter().collect()).await?.pop())
        });
        Ok(Response::new(industry.await?.ok_or_else(|| rpc::Error::not_found("industry"))?))
    }
}

/// One row of `igny8_industries`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_industries)]
struct Industry {
    id: Uuid,
    name: String,
    description: String,
}

impl Industry {
    fn with(self, sectors: Vec<IndustrySector>) -> pb::Industry {
        let Self { id, name, description } = self;
        let sectors = sectors.into_iter().map(pb::IndustrySector::from).collect();
        pb::Industry { id: id.to_string(), name, description, sectors }
    }
}

/// One row of `igny8_industry_sectors`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_industry_sectors)]
struct IndustrySector {
    industry_id: Uuid,
    id: Uuid,
    name: String,
    description: String,
}

impl From<IndustrySector> for pb::IndustrySector {
    fn from(sector: IndustrySector) -> Self {
        let IndustrySector { industry_id: _, id, name, description } = sector;
        Self { id: id.to_string(), name, description }
    }
}

/// The industries that have the text in their name, or in the name of one of their sectors.
fn named(search: &str) -> igny8_industries::BoxedQuery<'static, Pg> {
    let all = igny8_industries::table.into_boxed();
    if search.is_empty() {
        return all;
    }
    let pattern = contains_pattern(search);
    let sectors = igny8_industry_sectors::table
        .filter(igny8_industry_sectors::industry_id.eq(igny8_industries::id))
        .filter(igny8_industry_sectors::name.ilike(pattern.clone()));
    all.filter(igny8_industries::name.ilike(pattern).or(exists(sectors)))
}

async fn with_sectors(conn: &mut AsyncPgConnection, industries: Vec<Industry>) -> rpc::Result<Vec<pb::Industry>> {
    let ids: Vec<Uuid> = industries.iter().map(|industry| industry.id).collect();
    let rows: Vec<IndustrySector> = IndustrySector::query()
        .filter(igny8_industry_sectors::industry_id.eq_any(ids))
        .order_by(igny8_industry_sectors::name)
        .load(conn)
        .await?;
    let mut sectors: HashMap<Uuid, Vec<IndustrySector>> = HashMap::new();
    for row in rows {
        sectors.entry(row.industry_id).or_default().push(row);
    }
    let of_industry = |industry: Industry| {
        let sectors = sectors.remove(&industry.id).unwrap_or_default();
        industry.with(sectors)
    };
    Ok(industries.into_iter().map(of_industry).collect())
}
