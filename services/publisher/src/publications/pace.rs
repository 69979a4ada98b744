//! How many pages a site publishes in a day.

use chrono::{DateTime, Utc};
use contracts::publisher::v1::{PublicationState, PublicationWork};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::Result;
use uuid::Uuid;

use super::driver::Claim;
use super::settle::{self, Stop};
use super::{Publication, owned_by, when};
use crate::schema::igny8_publications;
use crate::{App, site_copies};

/// The pages of a day are counted on the site's clock. Those that are about to go live are among them: another connection may be at work.
pub(super) async fn admit(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    let admitted = app.db.account(claim.account_id, async |conn| {
        let site = site_copies::lock(conn, publication.site_id).await?;
        let (today, tomorrow) = when::day(Utc::now(), when::zone(&site.time_zone));
        let pages = pages_of(conn, claim, (site.id, today, tomorrow)).await?;
        if pages < i64::from(site.daily_pace) {
            return settle::admitted(conn, claim, publication).await;
        }
        settle::put_off(conn, claim, tomorrow).await?;
        let pages = if site.daily_pace == 1 { "1 page".to_owned() } else { format!("{} pages", site.daily_pace) };
        let message = format!("This site publishes {pages} a day, and today's are out: this one follows tomorrow.");
        Ok(Err(Stop::Wait { until: tomorrow, reason: "DAILY_PACE", message }))
    });
    admitted.await?
}

/// How many pages of a site belong to its day, but for this one: those that went live, and those that are about to. A draft may be live
/// already where an answer was lost.
async fn pages_of(
    conn: &mut AccountConn,
    claim: &Claim,
    (site, today, tomorrow): (Uuid, DateTime<Utc>, DateTime<Utc>),
) -> Result<i64> {
    let at_work = igny8_publications::state
        .eq(Stored(PublicationState::Creating))
        .and(igny8_publications::lease_id.is_not_null());
    let about_to_go = igny8_publications::id
        .ne(claim.id)
        .and(igny8_publications::work.eq(Stored(PublicationWork::Publish)))
        .and(igny8_publications::due_at.lt(tomorrow))
        .and(at_work.or(igny8_publications::state.eq(Stored(PublicationState::Drafted))));
    let rows = igny8_publications::table.filter(owned_by(conn)).filter(igny8_publications::site_id.eq(site));
    Ok(rows.filter(igny8_publications::published_at.ge(today).or(about_to_go)).count().get_result(conn).await?)
}
