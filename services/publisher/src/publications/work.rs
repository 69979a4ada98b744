//! What is done on a site, step by step. A process may be killed between any two of them: whoever takes over begins at the first one, and
//! each of them finds what it did before.
//!
//! The draft is the step that cannot be repeated: WordPress makes a post for every request. So the request is noted before it is sent; a
//! draft is looked for by its marker before another one is asked for; and an answer that did not come is waited out. Only the one draft
//! whose id was written into the row is ever published, so that a late one can never be seen. The last step, [`tidy`], bins it.

use contracts::publisher::v1::PublicationWork;

use super::article::Article;
use super::driver::Claim;
use super::settle::{self, Stop};
use super::{Publication, difference, pace, page};
use crate::wordpress::{Page, Post, Site, posts};
use crate::{App, connections};

/// Does the work at hand, to its end.
pub(super) async fn perform(app: &App, claim: &Claim) -> Result<(), Stop> {
    let publication = app.db.account(claim.account_id, async |conn| Publication::get(conn, claim.id).await).await?;
    match publication.work() {
        Some(PublicationWork::Publish) => publish(app, claim, &publication).await,
        Some(PublicationWork::Update) => update(app, claim, &publication).await,
        Some(PublicationWork::Unpublish) => unpublish(app, claim, &publication).await,
        Some(PublicationWork::Tidy) => tidy(app, claim, &publication).await,
        Some(PublicationWork::Unspecified) | None => Err(Stop::Lost),
    }
}

async fn publish(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    pace::admit(app, claim, publication).await?;
    let article = app.articles.get(claim.account_id, publication.content_id).await?;
    let site = connections::open(app, claim.account_id, publication.connection_id).await??;
    settle::creating(app, claim, &article).await?;
    let page = page::assemble(app, claim, publication, (&site, &article)).await?;
    let id = match publication.remote_id {
        Some(id) => id,
        None => draft(app, claim, publication, (&site, &page)).await?,
    };
    let live = Page { status: "publish".to_owned(), ..page };
    let post = match posts::write(&site, id, &live).await {
        Err(fault) if fault.is_missing() => return Err(settle::gone(app, claim).await?),
        post => post?,
    };
    finish(app, claim, publication, (&article, &live, &post)).await
}

/// The answer is not always what was asked for: it is compared, and what the site did not take is told.
async fn finish(
    app: &App,
    claim: &Claim,
    publication: &Publication,
    (article, sent, post): (&Article, &Page, &Post),
) -> Result<(), Stop> {
    if post.page.status != "publish" {
        let message = format!(
            "The site keeps the page as \"{}\" and does not publish it. A plugin may hold posts back for review: look there, then try again.",
            post.page.status
        );
        return Err(Stop::Refused { reason: "SITE_HOLDS_BACK", message });
    }
    let refused = difference::refused(sent, &post.page);
    settle::published(app, claim, publication, (article, post, &refused)).await
}

/// The id of the draft: the one that is there, or a new one.
async fn draft(app: &App, claim: &Claim, publication: &Publication, (site, page): (&Site, &Page)) -> Result<i64, Stop> {
    let marker = publication.marker();
    if let Some(found) = adopt(app, claim, (site, &marker)).await? {
        return Ok(found);
    }
    if let Some(until) = publication.create_sent_at.and_then(|sent_at| app.publications.quiet_until(sent_at)) {
        let message =
            "The site did not answer when the draft was made. Before it is asked again, the draft is waited for.";
        return Err(Stop::Wait { until, reason: "DRAFT_UNCERTAIN", message: message.to_owned() });
    }
    settle::creating_draft(app, claim, publication).await?;
    let draft = Page { status: "draft".to_owned(), ..page.clone() };
    match posts::create(site, &draft).await {
        Ok(post) => {
            settle::drafted(app, claim, &post).await?;
            Ok(post.id)
        }
        Err(fault) if fault.had_no_effect() => {
            settle::no_draft(app, claim, publication).await?;
            Err(fault.into())
        }
        // Often the draft is there and only its answer was lost.
        Err(fault) => adopt(app, claim, (site, &marker)).await?.ok_or_else(|| fault.into()),
    }
}

/// Takes over a draft that an earlier attempt left: the oldest one, so that whoever looks takes the same.
async fn adopt(app: &App, claim: &Claim, (site, marker): (&Site, &str)) -> Result<Option<i64>, Stop> {
    let found = posts::marked(site, marker).await?;
    let Some(oldest) = found.first() else { return Ok(None) };
    settle::drafted(app, claim, oldest).await?;
    Ok(Some(oldest.id))
}

async fn update(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    let article = app.articles.get(claim.account_id, publication.content_id).await?;
    let site = connections::open(app, claim.account_id, publication.connection_id).await??;
    let id = publication.remote_id.ok_or(Stop::Lost)?;
    if !publication.overwrite {
        let there = match posts::get(&site, id).await {
            Err(fault) if fault.is_missing() => return Err(settle::gone(app, claim).await?),
            there => there?,
        };
        let drift = publication.written().map(|written| difference::drifted(&written, &there.page));
        if let Some(drift) = drift.filter(|drift| !drift.is_empty()) {
            return settle::drifted(app, claim, publication, &drift).await;
        }
    }
    let page = page::assemble(app, claim, publication, (&site, &article)).await?;
    let live = Page { status: "publish".to_owned(), ..page };
    let post = match posts::write(&site, id, &live).await {
        Err(fault) if fault.is_missing() => return Err(settle::gone(app, claim).await?),
        post => post?,
    };
    finish(app, claim, publication, (&article, &live, &post)).await
}

/// A page that is gone is down already.
async fn unpublish(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    let site = connections::open(app, claim.account_id, publication.connection_id).await??;
    let id = publication.remote_id.ok_or(Stop::Lost)?;
    let down = Page { status: "draft".to_owned(), ..Page::default() };
    match posts::write(&site, id, &down).await {
        Err(fault) if fault.is_missing() => settle::unpublished(app, claim, publication, false).await,
        Err(fault) => Err(fault.into()),
        Ok(_) => settle::unpublished(app, claim, publication, true).await,
    }
}

/// Bins drafts that carry the marker and are not the page. Anything that somebody has published is left to them.
async fn tidy(app: &App, claim: &Claim, publication: &Publication) -> Result<(), Stop> {
    let site = connections::open(app, claim.account_id, publication.connection_id).await??;
    let found = posts::marked(&site, &publication.marker()).await?;
    let strays = found.iter().filter(|post| Some(post.id) != publication.remote_id && post.page.status == "draft");
    for stray in strays {
        posts::trash(&site, stray.id).await?;
        tracing::info!(publication = %publication.id, post = stray.id, "binned a draft of an interrupted attempt");
    }
    settle::tidied(app, claim, publication).await
}
