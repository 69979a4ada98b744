//! Schedules: when a site's run starts by itself, by the clock of the site.

use chrono::{DateTime, Utc};
use contracts::planner::v1 as pb;
use contracts::planner::v1::{AutomationEvery, AutomationRunState};
use db::{AccountConn, Page, Stored, SystemConn};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Caller, Error, Result, timestamp};
use uuid::Uuid;

use super::control::{self, ITEMS, Start};
use super::{account, runs::Run};
use crate::App;
use crate::schema::{igny8_automation_runs, igny8_automation_schedules, igny8_site_copies};

/// One row of `igny8_automation_schedules`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_automation_schedules)]
struct Schedule {
    site_id: Uuid,
    every: Stored<AutomationEvery>,
    weekday: Option<i32>,
    hour: i32,
    minute: i32,
    credit_limit: i64,
    item_limit: i32,
    publish: bool,
    active: bool,
    next_at: Option<DateTime<Utc>>,
    last_run_id: Option<Uuid>,
    user_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What people give.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = igny8_automation_schedules, treat_none_as_null = true)]
struct Given {
    every: Stored<AutomationEvery>,
    weekday: Option<i32>,
    hour: i32,
    minute: i32,
    credit_limit: i64,
    item_limit: i32,
    publish: bool,
    active: bool,
    next_at: Option<DateTime<Utc>>,
    user_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
}

pub(super) async fn list(conn: &mut AccountConn, page: Page) -> Result<pb::ListAutomationSchedulesResponse> {
    let own = igny8_automation_schedules::account_id.eq(account(conn));
    let count = igny8_automation_schedules::table.filter(own).count().get_result(conn).await?;
    let rows: Vec<Schedule> = Schedule::query()
        .filter(own)
        .order(igny8_automation_schedules::site_id)
        .limit(page.limit)
        .offset(page.offset)
        .load(conn)
        .await?;
    let results = rows.into_iter().map(pb::AutomationSchedule::from).collect();
    Ok(pb::ListAutomationSchedulesResponse { results, count, count_is_exact: true })
}

/// Gives a site its schedule.
pub(super) async fn set(
    conn: &mut AccountConn,
    caller: &Caller,
    site: Uuid,
    request: &pb::SetAutomationScheduleRequest,
) -> Result<pb::AutomationSchedule> {
    let there = igny8_site_copies::table.find((account(conn), site)).filter(igny8_site_copies::deleted_at.is_null());
    if !diesel::select(diesel::dsl::exists(there)).get_result::<bool>(conn).await? {
        return Err(Error::not_found("site"));
    }
    let weekly = request.every() == AutomationEvery::Week;
    if weekly && request.weekday.is_none() {
        return Err(Error::invalid("weekday", "Say on which day of the week: 1 is Monday, 7 is Sunday."));
    }
    let weekday = request.weekday.filter(|_| weekly);
    let active = request.active.unwrap_or(true);
    let given = Given {
        every: Stored(request.every()),
        weekday,
        hour: request.hour,
        minute: request.minute,
        credit_limit: request.credit_limit,
        item_limit: request.item_limit.unwrap_or(ITEMS),
        publish: request.publish.unwrap_or(true),
        active,
        next_at: if active { next(conn, site, (weekday, request.hour, request.minute)).await? } else { None },
        user_id: caller.user(),
        api_key_id: caller.api_key(),
    };
    let key = (igny8_automation_schedules::account_id, igny8_automation_schedules::site_id);
    let values =
        (igny8_automation_schedules::account_id.eq(account(conn)), igny8_automation_schedules::site_id.eq(site));
    let row: Schedule = diesel::insert_into(igny8_automation_schedules::table)
        .values((values, &given))
        .on_conflict(key)
        .do_update()
        .set((&given, igny8_automation_schedules::updated_at.eq(now)))
        .returning(Schedule::as_returning())
        .get_result(conn)
        .await?;
    Ok(row.into())
}

/// Whether there was one.
pub(super) async fn delete(conn: &mut AccountConn, site: Uuid) -> Result<bool> {
    let row = igny8_automation_schedules::table.find((account(conn), site));
    Ok(diesel::delete(row).execute(conn).await? > 0)
}

/// The next such moment by the clock of the site, which its own time zone sets back and forward.
const NEXT: &str = "
    SELECT min(at) AS at FROM (
        SELECT (day + make_interval(hours => $3, mins => $4)) AT TIME ZONE s.time_zone AS at, extract(isodow FROM day)::int AS weekday
        FROM igny8_site_copies s,
            LATERAL (SELECT date_trunc('day', now() AT TIME ZONE s.time_zone) + n * interval '1 day' AS day
                     FROM generate_series(0, 8) n) days
        WHERE s.account_id = $1 AND s.id = $2) moments
    WHERE at > now() AND ($5 IS NULL OR weekday = $5)";

#[derive(Debug, QueryableByName)]
struct Next {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

async fn next(
    conn: &mut AccountConn,
    site: Uuid,
    (weekday, hour, minute): (Option<i32>, i32, i32),
) -> Result<Option<DateTime<Utc>>> {
    let next: Vec<Next> = db::statement(NEXT)
        .bind::<SqlUuid, _>(account(conn))
        .bind::<SqlUuid, _>(site)
        .bind::<Integer, _>(hour)
        .bind::<Integer, _>(minute)
        .bind::<Nullable<Integer>, _>(weekday)
        .load(conn)
        .await?;
    Ok(next.into_iter().find_map(|next| next.at))
}

/// Claims what is due by putting it off, so that whatever comes in the way it is tried again.
const CLAIM: &str = "
    UPDATE igny8_automation_schedules s SET next_at = now() + interval '10 minutes'
    FROM (SELECT account_id, site_id FROM igny8_automation_schedules WHERE active AND next_at <= now()
          ORDER BY next_at LIMIT 8 FOR UPDATE SKIP LOCKED) due
    WHERE s.account_id = due.account_id AND s.site_id = due.site_id RETURNING s.account_id, s.site_id";

#[derive(Debug, Clone, Copy, QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    site_id: Uuid,
}

/// Starts what is due.
pub async fn fire(app: &App) -> Result<()> {
    let claim = async |conn: &mut SystemConn| Ok(diesel::sql_query(CLAIM).load(conn).await?);
    let claimed: Vec<Claimed> = app.db.system(claim).await?;
    for Claimed { account_id, site_id } in claimed {
        if let Err(error) = app.db.account(account_id, async |conn| fire_one(conn, site_id).await).await {
            tracing::warn!(site = %site_id, error = ?error, "a schedule waits for another try");
        }
    }
    Ok(())
}

async fn fire_one(conn: &mut AccountConn, site: Uuid) -> Result<()> {
    let row = Schedule::query().filter(igny8_automation_schedules::account_id.eq(account(conn)));
    let row = row.filter(igny8_automation_schedules::site_id.eq(site)).first(conn).await.optional()?;
    let Some(schedule) = row else { return Ok(()) };
    let run = start(conn, &schedule).await?;
    let next = next(conn, site, (schedule.weekday, schedule.hour, schedule.minute)).await?;
    let row = igny8_automation_schedules::table.find((account(conn), site));
    let values = (
        igny8_automation_schedules::next_at.eq(next),
        igny8_automation_schedules::last_run_id.eq(run.or(schedule.last_run_id)),
    );
    diesel::update(row).set(values).execute(conn).await?;
    Ok(())
}

/// The run that goes on from here; `None` where nothing is begun.
async fn start(conn: &mut AccountConn, schedule: &Schedule) -> Result<Option<Uuid>> {
    let site = igny8_site_copies::table.find((account(conn), schedule.site_id));
    let active = site.filter(igny8_site_copies::deleted_at.is_null()).select(igny8_site_copies::active);
    if !active.first::<bool>(conn).await.optional()?.unwrap_or_default() {
        return Ok(None);
    }
    let open = [Stored(AutomationRunState::Running), Stored(AutomationRunState::Paused)];
    let open = Run::query()
        .filter(igny8_automation_runs::account_id.eq(account(conn)))
        .filter(igny8_automation_runs::site_id.eq(schedule.site_id))
        .filter(igny8_automation_runs::state.eq_any(open));
    let open: Option<Run> = open.first(conn).await.optional()?;
    let Some(run) = open else {
        let new = Start {
            site: schedule.site_id,
            credit_limit: schedule.credit_limit,
            item_limit: schedule.item_limit,
            publish: schedule.publish,
            scheduled: true,
            user: schedule.user_id,
            api_key: schedule.api_key_id,
        };
        return Ok(Some(control::start(conn, &new).await?.id));
    };
    if run.state.0 != AutomationRunState::Paused || run.reason.as_deref() == Some("PAUSED") {
        return Ok(None);
    }
    let budget = run.credit_limit.saturating_add(schedule.credit_limit);
    Ok(Some(control::resume(conn, run.id, Some(budget)).await?.id))
}

impl From<Schedule> for pb::AutomationSchedule {
    fn from(row: Schedule) -> Self {
        let Schedule {
            site_id,
            every,
            weekday,
            hour,
            minute,
            credit_limit,
            item_limit,
            publish,
            active,
            next_at,
            last_run_id,
            user_id: _,
            api_key_id: _,
            created_at,
            updated_at,
        } = row;
        Self {
            site_id: site_id.to_string(),
            every: every.0.into(),
            weekday,
            hour,
            minute,
            credit_limit,
            item_limit,
            publish,
            active,
            next_at: next_at.map(timestamp::of),
            last_run_id: last_run_id.map(|id| id.to_string()),
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}
