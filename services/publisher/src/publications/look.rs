//! Looking at published pages, once a day each, for what somebody changed on the site.
//!
//! One request asks for the dates of a hundred pages of a site, and only those that were changed since we know them are read. What changes a
//! page and not its date, as a plugin that writes its own fields, is seen by updates and checks.

use std::time::Duration;

use chrono::Utc;
use db::{AccountConn, SystemConn};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use rpc::{AccountId, Kind, Result};
use uuid::Uuid;

use super::settle::{DAY, Stop};
use super::{Publication, check, owned_by};
use crate::schema::igny8_publications;
use crate::wordpress::{Site, posts};
use crate::{App, connections, site_copies};

/// The pause between two requests for dates.
const EVERY: Duration = Duration::from_secs(5);

/// Pages are claimed by putting them off: for longer than it takes, and not for a day, should it fail. Those that are due soon come along.
const TAKE: &str = "
    UPDATE igny8_publications page SET due_at = now() + interval '2 hours'
    FROM (
        SELECT due.account_id, due.id FROM igny8_publications due
        JOIN (SELECT p.account_id, p.connection_id FROM igny8_publications p
              JOIN igny8_connections c ON c.account_id = p.account_id AND c.id = p.connection_id AND c.deleted_at IS NULL
              WHERE p.work IS NULL AND p.state = 'published' AND p.due_at <= now() ORDER BY p.due_at LIMIT 1) first
          ON first.account_id = due.account_id AND first.connection_id = due.connection_id
        WHERE due.work IS NULL AND due.state = 'published' AND due.due_at <= now() + interval '1 hour'
        ORDER BY due.due_at LIMIT 100 FOR UPDATE OF due SKIP LOCKED) taken
    WHERE page.account_id = taken.account_id AND page.id = taken.id RETURNING page.account_id, page.id";

#[derive(Debug, Clone, Copy, QueryableByName)]
struct Taken {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Looks for as long as the process lives.
pub(super) async fn run(app: &App) {
    loop {
        if let Err(error) = look(app).await {
            tracing::warn!(error = ?error, "could not look at pages");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Looks at the pages of one connection.
async fn look(app: &App) -> Result<()> {
    let take = async |conn: &mut SystemConn| Ok(diesel::sql_query(TAKE).load(conn).await?);
    let taken: Vec<Taken> = app.db.system(take).await?;
    let Some(account) = taken.as_slice().first().map(|page| page.account_id) else { return Ok(()) };
    let ids: Vec<Uuid> = taken.iter().map(|page| page.id).collect();
    let pages = app.db.account(account, async |conn| pages(conn, &ids).await).await?;
    match compare(app, account, pages).await {
        Err(Stop::Fleet(error)) => Err(error),
        // Whoever publishes there next is told of it.
        Err(stop) => {
            tracing::debug!(?stop, "could not look at the pages of a site");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

async fn pages(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Publication>> {
    let rows = Publication::query().filter(owned_by(conn)).filter(igny8_publications::id.eq_any(ids));
    let pages: Vec<Publication> = rows.load(conn).await?;
    let Some(page) = pages.as_slice().first() else { return Ok(pages) };
    match site_copies::open(conn, page.site_id).await {
        // Of a site that is not active, or no more, nothing is asked.
        Err(error) if matches!(error.kind(), Kind::FailedPrecondition | Kind::InvalidArgument) => Ok(Vec::new()),
        site => site.map(|_| pages),
    }
}

async fn compare(app: &App, account: AccountId, pages: Vec<Publication>) -> Result<(), Stop> {
    let Some(connection) = pages.as_slice().first().map(|page| page.connection_id) else { return Ok(()) };
    let site = connections::open(app, account, connection).await??;
    let remote: Vec<i64> = pages.iter().filter_map(|page| page.remote_id).collect();
    let dates = posts::dates(&site, &remote).await?;
    let is_same = |page: &Publication| {
        let date = page.remote_id.and_then(|id| dates.get(&id));
        date.is_some_and(|date| page.written().is_some_and(|written| written.modified == *date))
    };
    let (same, changed): (Vec<_>, Vec<_>) = pages.into_iter().partition(is_same);
    let same: Vec<Uuid> = same.iter().map(|page| page.id).collect();
    app.db.account(account, async |conn| unchanged(conn, &same).await).await?;
    for page in &changed {
        read(app, account, (&site, page)).await?;
    }
    Ok(())
}

async fn unchanged(conn: &mut AccountConn, ids: &[Uuid]) -> Result<()> {
    let rows = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::id.eq_any(ids));
    let looked_at = (igny8_publications::checked_at.eq(Utc::now()), igny8_publications::due_at.eq(Utc::now() + DAY));
    diesel::update(rows.filter(igny8_publications::work.is_null())).set(looked_at).execute(conn).await?;
    Ok(())
}

/// A page that is being written meanwhile is looked at later.
async fn read(app: &App, account: AccountId, (site, page): (&Site, &Publication)) -> Result<(), Stop> {
    let (Some(remote), Some(written)) = (page.remote_id, page.written()) else { return Ok(()) };
    let seen = check::seen(&written, check::found(site, remote).await?)?;
    let settled = app.db.account(account, async |conn| check::settle(conn, page, &seen).await).await;
    settled.map(drop).or_else(|error| if error.reason() == "PUBLICATION_BUSY" { Ok(()) } else { Err(error.into()) })
}
