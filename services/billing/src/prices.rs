//! What each action costs in credits.

use std::sync::Arc;

use contracts::billing::v1::price_service_server::PriceService;
use contracts::billing::v1::{self as pb, ModelTier, SpendAction};
use db::{Page, Stored};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tonic::{Request, Response, Status};

use crate::App;
use crate::schema::igny8_prices;

#[derive(Debug)]
pub struct Prices(pub Arc<App>);

#[tonic::async_trait]
impl PriceService for Prices {
    async fn list_prices(
        &self,
        request: Request<pb::ListPricesRequest>,
    ) -> Result<Response<pb::ListPricesResponse>, Status> {
        let (_, request) = rpc::open(request)?;
        let page = Page::of(request.page, request.page_size);
        let filter = request.filter.unwrap_or_default();
        let response = self.0.db.public(async |conn| {
            let count = filtered(&filter).count().get_result(conn).await?;
            let rows: Vec<Price> = filtered(&filter)
                .order_by((
                    igny8_prices::action,
                    igny8_prices::credits * 1_000_000 / igny8_prices::units,
                    igny8_prices::tier,
                ))
                .limit(page.limit)
                .offset(page.offset)
                .select(Price::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::Price::from).collect();
            Ok(pb::ListPricesResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }
}

fn filtered(filter: &pb::PriceFilter) -> igny8_prices::BoxedQuery<'static, Pg> {
    let mut query = igny8_prices::table.into_boxed();
    let actions: Vec<_> = filter.action().map(Stored).collect();
    if !actions.is_empty() {
        query = query.filter(igny8_prices::action.eq_any(actions));
    }
    let tiers: Vec<_> = filter.tier().map(Stored).collect();
    if !tiers.is_empty() {
        query = query.filter(igny8_prices::tier.eq_any(tiers));
    }
    query
}

/// One row of `igny8_prices`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_prices)]
struct Price {
    action: Stored<SpendAction>,
    tier: Stored<ModelTier>,
    credits: i64,
    units: i64,
}

impl From<Price> for pb::Price {
    fn from(Price { action, tier, credits, units }: Price) -> Self {
        Self { action: action.0.into(), tier: tier.0.into(), credits, units }
    }
}
