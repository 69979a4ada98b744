//! What came of a step, written into the row. Only the holder of the lease comes through: one that was taken over finds no row and stops.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::publisher::v1::{PublicationDifference, PublicationState, PublicationWork};
use db::{AccountConn, Stored};
use diesel::dsl::{And, Eq, now};
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind, Result};
use serde_json::Value;
use uuid::Uuid;

use super::article::Article;
use super::driver::Claim;
use super::{Publication, announce, owned_by};
use crate::App;
use crate::schema::igny8_publications;
use crate::wordpress::{Fault, Post};

/// A fault that may pass is tried again so often, ever more rarely: for about half an hour.
const ATTEMPTS: i16 = 10;

/// A site that asks to be left alone is waited for so long.
const PATIENCE: TimeDelta = TimeDelta::hours(24);

/// When drafts of interrupted attempts are looked for: a request may reach a slow site late.
const TIDY_SOON: TimeDelta = TimeDelta::minutes(15);
const TIDY_LATE: TimeDelta = TimeDelta::hours(24);

/// So long after it was written or looked at a page is looked at again.
pub(super) const DAY: TimeDelta = TimeDelta::hours(24);

/// Why the work did not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The site.
    Site(Fault),
    /// We, or another service.
    Fleet(Error),
    /// It is not yet time.
    Wait { until: DateTime<Utc>, reason: &'static str, message: String },
    /// Somebody has to do something.
    Refused { reason: &'static str, message: String },
    /// Another process has taken over.
    Lost,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Site(fault)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Fleet(error)
    }
}

/// What changes in the row. `None` leaves a value as it is.
#[expect(clippy::option_option, reason = "diesel's form: None leaves a value, Some(None) clears it")]
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = igny8_publications)]
struct Change {
    title: Option<String>,
    primary_keyword: Option<String>,
    state: Option<Stored<PublicationState>>,
    work: Option<Option<Stored<PublicationWork>>>,
    work_since: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    lease_id: Option<Option<Uuid>>,
    lease_until: Option<Option<DateTime<Utc>>>,
    attempts: Option<i16>,
    create_sent_at: Option<Option<DateTime<Utc>>>,
    tidy_left: Option<i16>,
    remote_id: Option<Option<i64>>,
    url: Option<Option<String>>,
    published_at: Option<DateTime<Utc>>,
    published_revision: Option<i64>,
    content_revision: Option<i64>,
    written: Option<Option<Value>>,
    refused: Option<Value>,
    drift: Option<Value>,
    checked_at: Option<DateTime<Utc>>,
    reason: Option<Option<String>>,
    error_message: Option<Option<String>>,
}

/// The end of the work at hand: nothing is left to do, but for looking after drafts, and at the page.
fn ended(tidy_left: i16) -> Change {
    let wait = match tidy_left {
        ..=0 => DAY,
        1 => TIDY_LATE,
        _ => TIDY_SOON,
    };
    Change {
        work: Some((tidy_left > 0).then_some(Stored(PublicationWork::Tidy))),
        due_at: Some(Utc::now() + wait),
        attempts: Some(0),
        reason: Some(None),
        error_message: Some(None),
        ..released()
    }
}

fn released() -> Change {
    Change { lease_id: Some(None), lease_until: Some(None), ..Change::default() }
}

type Held = And<Eq<igny8_publications::id, Uuid>, Eq<igny8_publications::lease_id, Uuid>>;

/// The row, as long as this lease holds.
fn held(claim: &Claim) -> Held {
    igny8_publications::id.eq(claim.id).and(igny8_publications::lease_id.eq(claim.lease_id))
}

async fn apply(conn: &mut AccountConn, claim: &Claim, change: &Change) -> Result<Option<Publication>> {
    let row = igny8_publications::table.filter(owned_by(conn)).filter(held(claim));
    let changed = diesel::update(row).set((change, igny8_publications::updated_at.eq(now)));
    Ok(changed.returning(Publication::as_returning()).get_result(conn).await.optional()?)
}

/// A step on the way.
async fn note(app: &App, claim: &Claim, change: Change) -> Result<Publication, Stop> {
    let noted = app.db.account(claim.account_id, async |conn| apply(conn, claim, &change).await).await?;
    noted.ok_or(Stop::Lost)
}

/// A step that others are told of.
async fn tell(app: &App, claim: &Claim, change: Change) -> Result<(), Stop> {
    let told = app.db.account(claim.account_id, async |conn| {
        let Some(changed) = apply(conn, claim, &change).await? else { return Ok(None) };
        announce::changed(conn, &changed).await.map(Some)
    });
    told.await?.ok_or(Stop::Lost)
}

/// Whether the lease still holds, and does for another while.
pub(super) async fn renewed(app: &App, claim: &Claim, lease: Duration) -> Result<bool> {
    let until = Utc::now() + TimeDelta::from_std(lease).map_err(Error::internal)?;
    let renewed = app.db.account(claim.account_id, async |conn| {
        let row = igny8_publications::table.filter(owned_by(conn)).filter(held(claim));
        Ok(diesel::update(row).set(igny8_publications::lease_until.eq(until)).execute(conn).await?)
    });
    Ok(renewed.await? == 1)
}

/// It is one of today's pages.
pub(super) async fn admitted(
    conn: &mut AccountConn,
    claim: &Claim,
    publication: &Publication,
) -> Result<Result<(), Stop>> {
    let state = if publication.remote_id.is_some() { PublicationState::Drafted } else { PublicationState::Creating };
    let change =
        Change { state: Some(Stored(state)), reason: Some(None), error_message: Some(None), ..Change::default() };
    Ok(apply(conn, claim, &change).await?.map(drop).ok_or(Stop::Lost))
}

/// It is not: whoever counts next counts it no more.
pub(super) async fn put_off(conn: &mut AccountConn, claim: &Claim, tomorrow: DateTime<Utc>) -> Result<()> {
    let change = Change { due_at: Some(tomorrow), ..Change::default() };
    apply(conn, claim, &change).await.map(drop)
}

/// The article is read; its pictures come next.
pub(super) async fn creating(app: &App, claim: &Claim, article: &Article) -> Result<(), Stop> {
    note(app, claim, of(article)).await.map(drop)
}

fn of(article: &Article) -> Change {
    Change {
        title: Some(article.title.clone()),
        primary_keyword: Some(article.primary_keyword.clone()),
        content_revision: Some(article.revision),
        ..Change::default()
    }
}

/// The request for the draft is about to be sent. A second one may leave a draft too many.
pub(super) async fn creating_draft(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    let again = publication.create_sent_at.is_some();
    let change = Change { create_sent_at: Some(Some(Utc::now())), tidy_left: again.then_some(2), ..Change::default() };
    note(app, claim, change).await.map(drop)
}

/// That request certainly had no effect.
pub(super) async fn no_draft(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    let change = Change { create_sent_at: Some(publication.create_sent_at), ..Change::default() };
    note(app, claim, change).await.map(drop)
}

/// The id of the draft is written once. Where another process did so in the meantime, this draft is one too many.
pub(super) async fn drafted(app: &App, claim: &Claim, post: &Post) -> Result<(), Stop> {
    let adopted = app.db.account(claim.account_id, async |conn| {
        let row = igny8_publications::table.filter(owned_by(conn)).filter(held(claim));
        let adopted = (
            igny8_publications::remote_id.eq(post.id),
            igny8_publications::url.eq(&post.url),
            igny8_publications::state.eq(Stored(PublicationState::Drafted)),
            igny8_publications::updated_at.eq(now),
        );
        let adopt = diesel::update(row.filter(igny8_publications::remote_id.is_null())).set(adopted);
        if adopt.execute(conn).await? == 1 {
            return Ok(true);
        }
        stray(conn, claim.id).await?;
        Ok(false)
    });
    if adopted.await? { Ok(()) } else { Err(Stop::Lost) }
}

async fn stray(conn: &mut AccountConn, id: Uuid) -> Result<()> {
    let stray = db::statement(
        "UPDATE igny8_publications SET tidy_left = 2, work = coalesce(work, 'tidy'),
             due_at = CASE WHEN work IS NULL THEN now() + interval '15 minutes' ELSE due_at END
         WHERE account_id = $1 AND id = $2",
    );
    let account = conn.account().uuid();
    stray.bind::<sql_types::Uuid, _>(account).bind::<sql_types::Uuid, _>(id).execute(conn).await?;
    Ok(())
}

pub(super) async fn published(
    app: &App,
    claim: &Claim,
    publication: &Publication,
    (article, post, refused): (&Article, &Post, &[PublicationDifference]),
) -> Result<(), Stop> {
    let json = |value: serde_json::Result<Value>| value.map_err(Error::internal);
    let first = (!publication.is_live()).then(Utc::now);
    let change = Change {
        state: Some(Stored(PublicationState::Published)),
        published_at: first,
        published_revision: Some(article.revision),
        url: Some(Some(post.url.clone())),
        written: Some(Some(json(serde_json::to_value(&post.page))?)),
        refused: Some(json(serde_json::to_value(refused))?),
        drift: Some(Value::Array(Vec::new())),
        checked_at: Some(Utc::now()),
        title: Some(article.title.clone()),
        primary_keyword: Some(article.primary_keyword.clone()),
        content_revision: Some(article.revision),
        ..ended(publication.tidy_left)
    };
    tell(app, claim, change).await
}

pub(super) async fn drifted(
    app: &App,
    claim: &Claim,
    publication: &Publication,
    drift: &[PublicationDifference],
) -> Result<(), Stop> {
    let change = Change {
        state: Some(Stored(PublicationState::Drifted)),
        drift: Some(serde_json::to_value(drift).map_err(Error::internal)?),
        checked_at: Some(Utc::now()),
        ..ended(publication.tidy_left)
    };
    tell(app, claim, change).await
}

pub(super) async fn unpublished(app: &App, claim: &Claim, publication: &Publication, there: bool) -> Result<(), Stop> {
    let change = Change {
        state: Some(Stored(PublicationState::Unpublished)),
        remote_id: (!there).then_some(None),
        create_sent_at: (!there).then_some(None),
        url: (!there).then_some(None),
        drift: Some(Value::Array(Vec::new())),
        ..ended(publication.tidy_left)
    };
    tell(app, claim, change).await
}

pub(super) async fn tidied(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    let left = (publication.tidy_left - 1).max(0);
    // What people read of the last work stays.
    let change = Change { tidy_left: Some(left), reason: None, error_message: None, ..ended(left) };
    note(app, claim, change).await.map(drop)
}

/// The post was deleted on the site for good: that page can never be published again, and the next one is another.
pub(super) async fn gone(app: &App, claim: &Claim) -> Result<Stop, Stop> {
    let change = Change {
        state: Some(Stored(PublicationState::Failed)),
        remote_id: Some(None),
        create_sent_at: Some(None),
        url: Some(None),
        written: Some(None),
        ..Change::default()
    };
    note(app, claim, change).await?;
    let message = "The page was deleted on the site. Publish the article again to make a new one.".to_owned();
    Ok(Stop::Refused { reason: "PAGE_DELETED", message })
}

/// Puts the publication back: to be tried again later, or as failed.
pub(super) async fn stopped(app: &App, claim: &Claim, stop: Stop) -> Result<()> {
    let publication = app.db.account(claim.account_id, async |conn| Publication::get(conn, claim.id).await).await?;
    // Nobody waits for tidying: what people read of the last work stays.
    let awaited = publication.is_at_work();
    let told = match judge(claim, &publication, stop) {
        Verdict::Nothing => return Ok(()),
        Verdict::Later { at, reason, message, attempts, work_since } => {
            let change = Change {
                due_at: Some(at),
                attempts: Some(attempts),
                work_since,
                reason: awaited.then_some(Some(reason)),
                error_message: awaited.then_some(Some(message)),
                ..released()
            };
            note(app, claim, change).await.map(drop)
        }
        Verdict::Failed { reason, message } => {
            let failed = (awaited && !publication.is_live()).then_some(Stored(PublicationState::Failed));
            let tidy_left = if awaited { publication.tidy_left } else { 0 };
            let change = Change {
                state: failed,
                tidy_left: Some(tidy_left),
                reason: awaited.then_some(Some(reason)),
                error_message: awaited.then_some(Some(message)),
                ..ended(tidy_left)
            };
            if failed.is_some() { tell(app, claim, change).await } else { note(app, claim, change).await.map(drop) }
        }
    };
    match told {
        Err(Stop::Fleet(error)) => Err(error),
        _ => Ok(()),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Nothing,
    /// With the attempts that count, and with when the work could be done, where that has moved.
    Later {
        at: DateTime<Utc>,
        reason: String,
        message: String,
        attempts: i16,
        work_since: Option<DateTime<Utc>>,
    },
    Failed {
        reason: String,
        message: String,
    },
}

fn judge(claim: &Claim, publication: &Publication, stop: Stop) -> Verdict {
    match stop {
        Stop::Lost => Verdict::Nothing,
        Stop::Wait { until, reason, message } => {
            let (reason, attempts) = (reason.to_owned(), uncounted(claim));
            Verdict::Later { at: until, reason, message, attempts, work_since: Some(until) }
        }
        Stop::Refused { reason, message } => Verdict::Failed { reason: reason.to_owned(), message },
        Stop::Fleet(error) => {
            tracing::warn!(error = ?error, publication = %claim.id, "a publication stopped");
            let passing =
                matches!(error.kind(), Kind::Unavailable | Kind::Aborted | Kind::DeadlineExceeded | Kind::Internal);
            again(claim, passing, (error.reason().to_owned(), error.message().to_owned()))
        }
        Stop::Site(fault) => {
            let (reason, message) = (fault.reason().to_owned(), format!("{} {}", fault.what(), fault.fix()));
            if fault.asks_to_wait() && Utc::now() - publication.work_since < PATIENCE {
                let asked = fault.retry_after().and_then(|wait| TimeDelta::from_std(wait).ok());
                let wait = asked.unwrap_or(TimeDelta::minutes(1)).clamp(TimeDelta::seconds(1), TimeDelta::hours(1));
                let attempts = uncounted(claim);
                return Verdict::Later { at: Utc::now() + wait, reason, message, attempts, work_since: None };
            }
            again(claim, fault.may_pass(), (reason, message))
        }
    }
}

/// Waiting is no attempt.
fn uncounted(claim: &Claim) -> i16 {
    claim.attempts.saturating_sub(1)
}

fn again(claim: &Claim, passing: bool, (reason, message): (String, String)) -> Verdict {
    if !passing || claim.attempts >= ATTEMPTS {
        return Verdict::Failed { reason, message };
    }
    let seconds = 2_i64.saturating_pow(claim.attempts.clamp(1, 9).unsigned_abs().into());
    let at = Utc::now() + TimeDelta::seconds(seconds);
    Verdict::Later { at, reason, message, attempts: claim.attempts, work_since: None }
}
