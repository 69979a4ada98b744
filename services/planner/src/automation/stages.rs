//! What each stage does: how it begins, and how its end is seen where no event tells of it.

use chrono::{TimeDelta, Utc};
use contracts::planner::v1::{AutomationItemState, AutomationStage};
use contracts::publisher::v1::RequestPublicationRequest;
use contracts::publisher::v1::publish_request_service_client::PublishRequestServiceClient;
use contracts::writer::v1::publishing_service_client::PublishingServiceClient;
use contracts::writer::v1::{ApproveContentRequest, StartContentRequest, StartImagesRequest};
use db::{AccountConn, Stored};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jobs::{JobRequest, Order, Step};
use rpc::client::{Channel, Context};
use rpc::{AccountId, Error, Kind, Result};
use uuid::Uuid;

use super::items::{self, Item, Move};
use super::runs::Run;
use super::spending::{self, Job};
use super::{account, control};
use crate::content_ideas::{self, TakenUp};
use crate::schema::{
    igny8_automation_items, igny8_cluster_trees, igny8_clusters, igny8_content_ideas, igny8_keywords, igny8_site_copies,
};
use crate::{App, clusters};

/// How often an own job is asked after that has not told of its end.
const ASK: TimeDelta = TimeDelta::seconds(15);

/// The same of what another service does.
const LISTEN: TimeDelta = TimeDelta::minutes(5);

/// After that a stage that has begun has failed.
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// How often a failure that may pass is tried again.
const TRIES: i32 = 8;

/// A run that the driver holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) app: &'a App,
    pub(super) account: AccountId,
    pub(super) run: &'a Run,
}

/// Takes an item one step further, or remembers what came in its way.
pub(super) async fn advance(at: &At<'_>, item: &Item) -> Result<()> {
    let begun = item.state.0 == AutomationItemState::Running;
    let step = match (item.stage.0, begun) {
        (AutomationStage::Cluster, false) => cluster(at, item).await,
        (AutomationStage::Idea, false) => idea(at, item).await,
        (AutomationStage::Cluster | AutomationStage::Idea, true) => own_job(at, item).await,
        (AutomationStage::Task, false) => task(at, item).await,
        (AutomationStage::Content, false) => content(at, item).await,
        (AutomationStage::Images, _) => images(at, item, begun).await,
        (AutomationStage::Publish, false) => publish(at, item).await,
        _ => at.moves(item, waited(item)).await,
    };
    match step {
        Ok(()) => Ok(()),
        Err(error) => trouble(at, item, &error).await,
    }
}

impl At<'_> {
    async fn moves(&self, item: &Item, to: Move) -> Result<()> {
        self.app.db.account(self.account, async |conn| item.moves(conn, to).await).await?;
        Ok(())
    }

    async fn begin(&self, item: &Item) -> Result<Job> {
        self.app.db.account(self.account, async |conn| spending::begin(conn, self.run, item).await).await
    }

    async fn begun(&self, item: &Item, job: Job, credits: i64, look_after: TimeDelta) -> Result<()> {
        let begun = async |conn: &mut AccountConn| {
            spending::took(conn, job.id, credits).await?;
            item.moves(conn, Move::begun(look_after)).await
        };
        self.app.db.account(self.account, begun).await?;
        Ok(())
    }

    fn order<'o>(&self, job: Job, action: &'o str) -> Order<'o> {
        let Run { user_id: user, api_key_id: api_key, .. } = *self.run;
        Order { id: job.id, action, max_credits: Some(job.left), user, api_key }
    }

    fn to(&self, channel: &Channel) -> Channel {
        channel.with(Context::default().account(self.account))
    }

    fn writer(&self) -> PublishingServiceClient<Channel> {
        PublishingServiceClient::new(self.to(&self.app.writer))
    }
}

/// Something that began is waited for, but not for ever.
fn waited(item: &Item) -> Move {
    if Utc::now() - item.stage_at < LONGEST {
        return Move::later(LISTEN);
    }
    let message = "Nothing was heard of this for a day. Look after it by hand.";
    Move::over(AutomationItemState::Failed, Some("TIMEOUT"), message)
}

/// A sector without new keywords goes straight on to its clusters.
async fn cluster(at: &At<'_>, item: &Item) -> Result<()> {
    let expanded = at.app.db.account(at.account, async |conn| {
        if new_keywords(conn, item.sector_id).await? < 2 {
            return expand(conn, at.run, item).await.map(|()| true);
        }
        Ok(false)
    });
    if expanded.await? {
        return Ok(());
    }
    let job = at.begin(item).await?;
    let freeze = async |conn: &mut AccountConn| clusters::freeze_sector(conn, item.site_id, item.sector_id).await;
    let request = at.app.jobs.order(at.account, at.order(job, clusters::AUTO_CLUSTER), freeze).await?;
    at.begun(item, job, request.credits.unwrap_or_default(), ASK).await
}

/// Keywords in no cluster that came after the sector was clustered last.
async fn new_keywords(conn: &mut AccountConn, sector: Uuid) -> Result<i64> {
    let trees = igny8_cluster_trees::table.find((account(conn), sector)).select(igny8_cluster_trees::created_at);
    let since: Option<chrono::DateTime<Utc>> = trees.first(conn).await.optional()?;
    let new = igny8_keywords::table
        .filter(igny8_keywords::account_id.eq(account(conn)))
        .filter(igny8_keywords::sector_id.eq(sector))
        .filter(igny8_keywords::deleted_at.is_null())
        .filter(igny8_keywords::cluster_id.is_null())
        .filter(igny8_keywords::status.eq("new"))
        .filter(igny8_keywords::created_at.gt(since.unwrap_or_default()));
    Ok(new.count().get_result(conn).await?)
}

/// Makes an item of each cluster that has no idea, the most wanted first: each sector has its share of the run's articles.
async fn expand(conn: &mut AccountConn, run: &Run, item: &Item) -> Result<()> {
    let of_run = igny8_automation_items::table
        .filter(igny8_automation_items::account_id.eq(account(conn)))
        .filter(igny8_automation_items::run_id.eq(run.id));
    let sectors: i64 = of_run.filter(igny8_automation_items::cluster_id.is_null()).count().get_result(conn).await?;
    let limit = i64::from(run.item_limit);
    let share = (limit + sectors - 1) / sectors.max(1);
    let articles: i64 =
        of_run.filter(igny8_automation_items::cluster_id.is_not_null()).count().get_result(conn).await?;
    let clusters: Vec<(Uuid, String)> = igny8_clusters::table
        .filter(igny8_clusters::account_id.eq(account(conn)))
        .filter(igny8_clusters::sector_id.eq(item.sector_id))
        .filter(igny8_clusters::deleted_at.is_null())
        .filter(igny8_clusters::status.eq("new").and(igny8_clusters::keyword_count.gt(0)))
        .order_by((igny8_clusters::volume.desc(), igny8_clusters::id))
        .limit(share.min(limit - articles).max(0))
        .select((igny8_clusters::id, igny8_clusters::name))
        .load(conn)
        .await?;
    let (account_id, stage) = (account(conn), Stored(AutomationStage::Idea));
    let new = |(cluster, title)| items::New {
        account_id,
        id: Uuid::now_v7(),
        run_id: run.id,
        site_id: item.site_id,
        sector_id: item.sector_id,
        stage,
        title,
        cluster_id: Some(cluster),
    };
    let rows: Vec<items::New> = clusters.into_iter().map(new).collect();
    let new = diesel::insert_into(igny8_automation_items::table).values(rows).on_conflict_do_nothing();
    new.execute(conn).await?;
    item.moves(conn, Move::over(AutomationItemState::Done, None, "")).await?;
    Ok(())
}

async fn idea(at: &At<'_>, item: &Item) -> Result<()> {
    let job = at.begin(item).await?;
    let cluster = item.cluster_id.unwrap_or_default();
    let freeze = async |conn: &mut AccountConn| content_ideas::freeze_cluster(conn, cluster).await;
    let request = at.app.jobs.order(at.account, at.order(job, content_ideas::AUTO_GENERATE_IDEAS), freeze).await?;
    at.begun(item, job, request.credits.unwrap_or_default(), ASK).await
}

/// Follows a job of this service.
async fn own_job(at: &At<'_>, item: &Item) -> Result<()> {
    let follow = async |conn: &mut AccountConn| {
        let id = item.job_id.unwrap_or_default();
        let Some(request) = JobRequest::find(conn, id).await? else { return Err(Error::not_found("task")) };
        // The answer to its start, which says what it holds, may have been lost.
        spending::took_by(conn, &request).await?;
        let to = match (request.step, item.stage.0) {
            (Step::Applied, AutomationStage::Cluster) => return expand(conn, at.run, item).await,
            (Step::Applied, _) => first_idea(conn, id).await?,
            (Step::Failed | Step::Cancelled | Step::Abandoned, _) => failed(&request),
            _ => Move::later(ASK),
        };
        item.moves(conn, to).await?;
        Ok(())
    };
    at.app.db.account(at.account, follow).await
}

fn failed(request: &JobRequest) -> Move {
    let reason = request.error_code.as_deref().unwrap_or("FAILED");
    let message = request.error_message.as_deref().filter(|message| !message.is_empty());
    Move::over(AutomationItemState::Failed, Some(reason), message.unwrap_or("This failed."))
}

/// On with the idea that a job has derived.
async fn first_idea(conn: &mut AccountConn, job: Uuid) -> Result<Move> {
    let idea: Option<(Uuid, String)> = igny8_content_ideas::table
        .filter(igny8_content_ideas::account_id.eq(account(conn)))
        .filter(igny8_content_ideas::request_id.eq(job))
        .filter(igny8_content_ideas::deleted_at.is_null())
        .order_by(igny8_content_ideas::id)
        .select((igny8_content_ideas::id, igny8_content_ideas::title))
        .first(conn)
        .await
        .optional()?;
    Ok(match idea {
        Some((id, title)) => Move { content_idea_id: Some(id), title: Some(title), ..Move::to(AutomationStage::Task) },
        None => Move::over(AutomationItemState::Skipped, Some("NO_IDEA"), "No new idea came of this cluster."),
    })
}

/// What collides is left to a person, before anything is spent on it.
async fn task(at: &At<'_>, item: &Item) -> Result<()> {
    let take_up = async |conn: &mut AccountConn| {
        let to = match content_ideas::take_up(conn, item.content_idea_id.unwrap_or_default()).await? {
            TakenUp::Queued => Move::begun(LISTEN),
            TakenUp::Left { reason, message } => Move::over(AutomationItemState::Skipped, Some(reason), &message),
        };
        item.moves(conn, to).await?;
        Ok(())
    };
    at.app.db.account(at.account, take_up).await
}

async fn content(at: &At<'_>, item: &Item) -> Result<()> {
    let job = at.begin(item).await?;
    let message = StartContentRequest {
        job_id: job.id.to_string(),
        task_id: item.task_id.unwrap_or_default().to_string(),
        max_credits: Some(job.left),
        user_id: at.run.user_id.map(|id| id.to_string()),
        api_key_id: at.run.api_key_id.map(|id| id.to_string()),
    };
    let started = at.writer().start_content(message).await?.into_inner();
    at.begun(item, job, started.credits, LISTEN).await
}

/// Until they are there, the start is repeated now and then, which begins what is missing. A last time it answers what all of them took.
async fn images(at: &At<'_>, item: &Item, begun: bool) -> Result<()> {
    if begun && !item.images_ready && Utc::now() - item.stage_at >= LONGEST {
        return at.moves(item, waited(item)).await;
    }
    if begun || !item.images_ready {
        let job = at.begin(item).await?;
        let credits = start_images(at, item, job).await?;
        if !item.images_ready {
            return at.begun(item, job, credits, LISTEN).await;
        }
        at.app.db.account(at.account, async |conn| spending::took(conn, job.id, credits).await).await?;
    }
    let next = at.app.db.account(at.account, async |conn| after_images(conn, at.run).await).await?;
    at.moves(item, next).await
}

async fn start_images(at: &At<'_>, item: &Item, job: Job) -> Result<i64> {
    let message = StartImagesRequest {
        job_id: job.id.to_string(),
        content_id: item.content_id.unwrap_or_default().to_string(),
        max_credits: Some(job.left),
        user_id: at.run.user_id.map(|id| id.to_string()),
        api_key_id: at.run.api_key_id.map(|id| id.to_string()),
    };
    Ok(at.writer().start_images(message).await?.into_inner().credits)
}

/// A person approves what is published, unless the site says otherwise.
async fn after_images(conn: &mut AccountConn, run: &Run) -> Result<Move> {
    let site = igny8_site_copies::table.find((account(conn), run.site_id)).select(igny8_site_copies::auto_publish);
    let allowed: bool = site.first(conn).await.optional()?.unwrap_or_default();
    if run.publish && allowed {
        return Ok(Move::to(AutomationStage::Publish));
    }
    Ok(Move::over(AutomationItemState::Done, None, "Waits for a person to approve it."))
}

async fn publish(at: &At<'_>, item: &Item) -> Result<()> {
    let content_id = item.content_id.unwrap_or_default().to_string();
    at.writer().approve_content(ApproveContentRequest { content_id: content_id.clone() }).await?;
    let publication = spending::id_of(item, AutomationStage::Publish);
    let message = RequestPublicationRequest { publication_id: publication.to_string(), content_id };
    PublishRequestServiceClient::new(at.to(&at.app.publisher)).request_publication(message).await?;
    at.moves(item, Move { publication_id: Some(publication), ..Move::begun(LISTEN) }).await
}

/// A lack of credits pauses the run; what may pass is tried again; anything else ends the item.
async fn trouble(at: &At<'_>, item: &Item, error: &Error) -> Result<()> {
    let (reason, message) = (error.reason(), error.message());
    if matches!(reason, "OVER_BUDGET" | "INSUFFICIENT_CREDITS" | "SPENDING_CAP_REACHED") {
        let pause = async |conn: &mut AccountConn| {
            let again = Move { attempt: Some(item.attempt + 1), ..Move::later(TimeDelta::zero()) };
            item.moves(conn, again).await?;
            control::pause(conn, at.run.id, reason, message).await
        };
        at.app.db.account(at.account, pause).await?;
        return Ok(());
    }
    tracing::info!(item = %item.id, error = ?error, "an item of automation met an obstacle");
    let passes = reason == "WORK_FAILED"
        || matches!(
            error.kind(),
            Kind::Unavailable | Kind::DeadlineExceeded | Kind::Internal | Kind::Exhausted | Kind::Aborted
        );
    if !passes || item.tries >= TRIES {
        return at.moves(item, Move::over(AutomationItemState::Failed, Some(reason), message)).await;
    }
    // The same ids, so that a call whose answer was lost begins nothing twice; others where the work itself has failed.
    let attempt = item.attempt + i32::from(reason == "WORK_FAILED");
    let wait = TimeDelta::seconds(1_i64 << item.tries.clamp(0, 8));
    at.moves(item, Move { attempt: Some(attempt), tries: Some(item.tries + 1), ..Move::later(wait) }).await
}
