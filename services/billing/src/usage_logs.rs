//! What credits were spent on: sums by day (UTC) that the ledger keeps as it goes, and by month.

use std::sync::Arc;

use chrono::{Months, NaiveDate, Utc};
use contracts::billing::v1::usage_log_service_server::UsageLogService;
use contracts::billing::v1::{self as pb, SpendAction, UsagePeriod};
use db::{AccountConn, Page, Stored};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Uuid as Id};
use diesel_async::RunQueryDsl;
use rpc::Error;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::App;

#[derive(Debug)]
pub struct UsageLogs(pub Arc<App>);

#[tonic::async_trait]
impl UsageLogService for UsageLogs {
    async fn list_usage_logs(
        &self,
        request: Request<pb::ListUsageLogsRequest>,
    ) -> Result<Response<pb::ListUsageLogsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let page = Page::of(request.page, request.page_size);
        let period = match request.period() {
            UsagePeriod::Monthly => "month",
            UsagePeriod::Daily | UsagePeriod::Unspecified => "day",
        };
        let asked = Asked::read(period, &request.filter.unwrap_or_default(), Utc::now().date_naive())?;
        let response = self.0.db.transaction(&caller, async |conn| asked.list(conn, page).await);
        Ok(Response::new(response.await?))
    }
}

#[derive(Debug)]
struct Asked {
    /// As `date_trunc` has it.
    period: &'static str,
    actions: Vec<Stored<SpendAction>>,
    site: Option<Uuid>,
    api_key: Option<Uuid>,
    from: NaiveDate,
    to: NaiveDate,
}

impl Asked {
    fn read(period: &'static str, filter: &pb::UsageLogFilter, today: NaiveDate) -> rpc::Result<Self> {
        let id = |field, id: Option<&str>| id.map(|id| rpc::id(field, id)).transpose();
        let year_ago = today.checked_sub_months(Months::new(12)).unwrap_or(today);
        Ok(Self {
            period,
            actions: filter.action().map(Stored).collect(),
            site: id("site_id", filter.site_id.as_deref())?,
            api_key: id("api_key_id", filter.api_key_id.as_deref())?,
            from: day("from", filter.from.as_deref())?.unwrap_or(year_ago),
            to: day("to", filter.to.as_deref())?.unwrap_or(today),
        })
    }

    async fn list(&self, conn: &mut AccountConn, page: Page) -> rpc::Result<pb::ListUsageLogsResponse> {
        let rows = self.rows(conn, page).await?;
        let count = match rows.as_slice().first() {
            Some(row) => row.groups,
            // A page past the last has no row to tell the count.
            None => self.rows(conn, Page { limit: 1, offset: 0 }).await?.as_slice().first().map_or(0, |row| row.groups),
        };
        let results = rows.into_iter().map(pb::UsageLog::from).collect();
        Ok(pb::ListUsageLogsResponse { results, count, count_is_exact: true })
    }

    async fn rows(&self, conn: &mut AccountConn, page: Page) -> rpc::Result<Vec<UsageLog>> {
        let query = diesel::sql_query(
            "SELECT date_trunc($1, day)::date AS period_start, action, site_id, api_key_id, sum(spent)::bigint AS spent,
                sum(held)::bigint AS held, sum(jobs)::bigint AS jobs, count(*) OVER () AS groups
             FROM igny8_usage_logs
             WHERE account_id = $2 AND day BETWEEN $3 AND $4 AND ($5 = '{}' OR action = ANY ($5))
               AND ($6 IS NULL OR site_id = $6) AND ($7 IS NULL OR api_key_id = $7)
             GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4 LIMIT $8 OFFSET $9",
        );
        let rows = query
            .bind::<Text, _>(self.period)
            .bind::<Id, _>(conn.account().uuid())
            .bind::<Date, _>(self.from)
            .bind::<Date, _>(self.to)
            .bind::<Array<Text>, _>(&self.actions)
            .bind::<Nullable<Id>, _>(self.site)
            .bind::<Nullable<Id>, _>(self.api_key)
            .bind::<BigInt, _>(page.limit)
            .bind::<BigInt, _>(page.offset)
            .load(conn)
            .await?;
        Ok(rows)
    }
}

fn day(field: &str, text: Option<&str>) -> rpc::Result<Option<NaiveDate>> {
    let read =
        |text: &str| text.parse().map_err(|_| Error::invalid(field, "This is not a day. Days look like 2026-05-01."));
    text.map(read).transpose()
}

/// A sum over rows of `igny8_usage_logs`.
#[derive(Debug, QueryableByName)]
struct UsageLog {
    #[diesel(sql_type = Date)]
    period_start: NaiveDate,
    #[diesel(sql_type = Text)]
    action: Stored<SpendAction>,
    #[diesel(sql_type = Nullable<Id>)]
    site_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Id>)]
    api_key_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    spent: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    jobs: i64,
    /// How many sums there are on all pages.
    #[diesel(sql_type = BigInt)]
    groups: i64,
}

impl From<UsageLog> for pb::UsageLog {
    fn from(log: UsageLog) -> Self {
        let UsageLog { period_start, action, site_id, api_key_id, spent, held, jobs, groups: _ } = log;
        Self {
            period_start: period_start.to_string(),
            action: action.0.into(),
            site_id: site_id.map(|id| id.to_string()),
            api_key_id: api_key_id.map(|id| id.to_string()),
            spent,
            held,
            jobs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_shown_unless_asked_otherwise() {
        let today = NaiveDate::from_ymd_opt(2028, 2, 29).unwrap();
        let asked = Asked::read("day", &pb::UsageLogFilter::default(), today).unwrap();
        assert_eq!((asked.from.to_string().as_str(), asked.to), ("2027-02-28", today));
    }

    #[test]
    fn a_day_that_no_calendar_has_is_a_violation_of_its_field() {
        let filter = pb::UsageLogFilter { to: Some("2026-02-30".to_owned()), ..pb::UsageLogFilter::default() };
        let error = Asked::read("day", &filter, NaiveDate::default()).unwrap_err();
        assert_eq!(error.violations()[0].field, "to");
    }
}
