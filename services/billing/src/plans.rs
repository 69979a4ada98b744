//! Plans: what an account can be subscribed to. The same for every account.

use std::sync::Arc;

use contracts::billing::v1 as pb;
use contracts::billing::v1::plan_service_server::PlanService;
use db::Page;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tonic::{Request, Response, Status};

use crate::App;
use crate::schema::igny8_plans;

#[derive(Debug)]
pub struct Plans(pub Arc<App>);

#[tonic::async_trait]
impl PlanService for Plans {
    async fn list_plans(
        &self,
        request: Request<pb::ListPlansRequest>,
    ) -> Result<Response<pb::ListPlansResponse>, Status> {
        let (_, request) = rpc::open_public(request)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.public(async |conn| {
            let listed = igny8_plans::table.filter(igny8_plans::listed);
            let count = listed.count().get_result(conn).await?;
            let rows: Vec<Plan> = Plan::query()
                .filter(igny8_plans::listed)
                .order_by((igny8_plans::monthly_price_cents, igny8_plans::id))
                .limit(page.limit)
                .offset(page.offset)
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Plan::from).collect();
            Ok(pb::ListPlansResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }
}

/// One row of `igny8_plans`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_plans)]
pub(crate) struct Plan {
    pub(crate) id: String,
    name: String,
    description: String,
    monthly_price_cents: i64,
    currency: String,
    starting_credits: i64,
    max_sites: i64,
    max_users: i64,
    max_keywords: i64,
    max_running_jobs: i32,
}

impl From<Plan> for pb::Plan {
    fn from(plan: Plan) -> Self {
        let Plan {
            id,
            name,
            description,
            monthly_price_cents,
            currency,
            starting_credits,
            max_sites,
            max_users,
            max_keywords,
            max_running_jobs,
        } = plan;
        Self {
            id,
            name,
            description,
            monthly_price_cents,
            currency,
            starting_credits,
            max_sites,
            max_users,
            max_keywords,
            max_running_jobs,
        }
    }
}

impl From<Plan> for pb::Limits {
    fn from(plan: Plan) -> Self {
        let Plan { id, max_sites, max_users, max_keywords, max_running_jobs, .. } = plan;
        Self { plan: id, max_sites, max_users, max_keywords, max_running_jobs }
    }
}
