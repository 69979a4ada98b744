//! The same for automation: without a caller, under ids of its choice, within its budget.

use contracts::writer::v1 as pb;
use db::AccountConn;
use jobs::{JobRequest, Order};
use rpc::{AccountId, Result, Service};
use uuid::Uuid;

use super::{content, pictures, prompts};
use crate::App;
use crate::contents::Content;
use crate::images::Image;
use crate::selection::optional_id;

/// Writes the article of a task. A repetition starts nothing twice.
pub async fn start_content(
    app: &App,
    service: &Service,
    request: &pb::StartContentRequest,
) -> Result<pb::StartContentResponse> {
    let (id, task) = (rpc::id("job_id", &request.job_id)?, rpc::id("task_id", &request.task_id)?);
    let order = Order {
        id,
        action: content::NAME,
        max_credits: request.max_credits,
        user: optional_id("user_id", request.user_id.as_deref())?,
        api_key: optional_id("api_key_id", request.api_key_id.as_deref())?,
    };
    let freeze = async |conn: &mut AccountConn| content::freeze(conn, task).await;
    let begun = app.jobs.order(service.account_required()?, order, freeze).await?;
    Ok(pb::StartContentResponse { credits: taken(&begun) })
}

/// Makes the images that an article lacks. A repetition starts what is missing by then, and answers what all of it holds or took.
pub async fn start_images(
    app: &App,
    service: &Service,
    request: &pb::StartImagesRequest,
) -> Result<pb::StartImagesResponse> {
    let (together, article) = (rpc::id("job_id", &request.job_id)?, rpc::id("content_id", &request.content_id)?);
    let account = service.account_required()?;
    let start = Start {
        app,
        account,
        together,
        article,
        user: optional_id("user_id", request.user_id.as_deref())?,
        api_key: optional_id("api_key_id", request.api_key_id.as_deref())?,
        max_credits: request.max_credits,
    };
    let (images, first) = start.look().await?;
    if images.is_empty() {
        let freeze = async |conn: &mut AccountConn| prompts::freeze(conn, article).await;
        let begun = app.jobs.order(account, start.order(together, prompts::NAME, 0), freeze).await?;
        return Ok(pb::StartImagesResponse { credits: taken(&begun) });
    }
    let empty: Vec<Uuid> = images.iter().filter(|image| image.file_id.is_none()).map(|image| image.id).collect();
    let first = first.or(empty.first().copied());
    for image in empty {
        let id = if first == Some(image) { together } else { pictures::job_id(together, image) };
        let so_far = start.credits(&images).await?;
        let freeze = async |conn: &mut AccountConn| pictures::freeze(conn, image).await;
        app.jobs.order(account, start.order(id, pictures::NAME, so_far), freeze).await?;
    }
    Ok(pb::StartImagesResponse { credits: start.credits(&images).await? })
}

/// Images of one article that are begun together: the first job has the id of the start, each other one an id made of it.
struct Start<'a> {
    app: &'a App,
    account: AccountId,
    together: Uuid,
    article: Uuid,
    user: Option<Uuid>,
    api_key: Option<Uuid>,
    max_credits: Option<i64>,
}

impl Start<'_> {
    /// The images of the article, and what the first job works on where it is known already.
    async fn look(&self) -> Result<(Vec<Image>, Option<Uuid>)> {
        let look = self.app.db.account(self.account, async |conn| {
            Content::get(conn, self.article).await?;
            let first = JobRequest::find(conn, self.together).await?;
            Ok((Image::of_content(conn, self.article).await?, first.map(|request| request.target_id)))
        });
        look.await
    }

    fn order<'o>(&self, id: Uuid, action: &'o str, so_far: i64) -> Order<'o> {
        let max_credits = self.max_credits.map(|most| most.saturating_sub(so_far).max(0));
        Order { id, action, max_credits, user: self.user, api_key: self.api_key }
    }

    /// What the jobs of this start hold or took.
    async fn credits(&self, images: &[Image]) -> Result<i64> {
        let ids = images.iter().map(|image| pictures::job_id(self.together, image.id));
        let ids: Vec<Uuid> = ids.chain([self.together]).collect();
        let sum = self.app.db.account(self.account, async |conn| {
            let mut sum = 0_i64;
            for id in &ids {
                let known = JobRequest::find(conn, *id).await?;
                sum = sum.saturating_add(known.as_ref().map(taken).unwrap_or_default());
            }
            Ok(sum)
        });
        sum.await
    }
}

fn taken(request: &JobRequest) -> i64 {
    request.charge.or(request.credits).unwrap_or_default()
}
