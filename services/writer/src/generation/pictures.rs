//! Making the picture of an image: freezing what it is to show, and storing what came of it.

use chrono::TimeDelta;
use contracts::ai_processor::v1::{ImageInput, ImageResult, JobAction, JobClass};
use contracts::billing::v1::SpendAction;
use contracts::writer::v1::ImageSlot;
use db::{AccountConn, Db};
use jobs::{Action, Figures, Frozen, JobRequest, Outcome, Spec};
use prost::Message;
use rpc::{AccountId, Error, Result};
use serde_json::json;
use uuid::Uuid;

use crate::files::{Checked, Store};
use crate::images::{self, Image};
use crate::site_copies::{self, SiteCopy};

pub(super) const NAME: &str = "auto_generate_images";

/// What the writer does around a job that makes a picture.
#[derive(Debug, Clone)]
pub(super) struct MakePicture {
    pub(super) db: Db,
    pub(super) files: Store,
}

/// The job of one image among those that were begun together.
pub(super) fn job_id(together: Uuid, image: Uuid) -> Uuid {
    Uuid::new_v5(&together, image.as_bytes())
}

/// The image as it is now; one whose last picture failed waits again.
pub(super) async fn freeze(conn: &mut AccountConn, id: Uuid) -> Result<Frozen> {
    let (article, image) = Image::lock_in_article(conn, id).await?;
    site_copies::writable(conn, image.site_id, image.sector_id).await?;
    let site = SiteCopy::get(conn, image.site_id).await?;
    let variant = images::wait(conn, id).await?;
    let title = match image.slot.0 {
        ImageSlot::Section if !image.alt.is_empty() => image.alt.clone(),
        _ => article.title,
    };
    let input = ImageInput {
        prompt: if image.prompt.is_empty() { title.clone() } else { image.prompt },
        alt: image.alt,
        title,
        subtitle: site.name,
        colours: site.colours,
        width: image.width,
        height: image.height,
        format: "webp".to_owned(),
        variant,
    };
    Ok(Frozen { site: image.site_id, target: id, params: json!({}), units: 1, input: input.encode_to_vec() })
}

pub(super) fn spec() -> Spec {
    Spec {
        name: NAME,
        job: JobAction::Image,
        spend: SpendAction::Image,
        queue: JobClass::Image,
        time_limit: TimeDelta::hours(2),
        busy: Some(("IMAGE_RUNS", "A picture is being made for this image. Wait until that has ended.")),
    }
}

#[tonic::async_trait]
impl Action for MakePicture {
    fn spec(&self) -> Spec {
        spec()
    }

    async fn prepare(&self, account: AccountId, request: &JobRequest, outcome: &Outcome) -> Result<()> {
        picture(outcome)?.store(&self.db, &self.files, (account, request.site_id)).await
    }

    async fn apply(&self, conn: &mut AccountConn, request: &JobRequest, outcome: Outcome) -> Result<Figures> {
        let Some(image) = Image::of(conn, &[request.target_id]).await?.pop() else {
            tracing::info!(request = %request.id, "an image was deleted while its picture was made");
            return Ok(Figures::new());
        };
        let checked = picture(&outcome)?;
        let (_, image) = Image::lock_in_article(conn, image.id).await?;
        images::add(conn, &image, &checked, Some(&super::receipt(request, outcome.receipt))).await?;
        Ok(Figures::from([("image_id".to_owned(), image.id.to_string())]))
    }

    async fn ended(&self, conn: &mut AccountConn, request: &JobRequest) -> Result<()> {
        let why = JobRequest::find(conn, request.id).await?.and_then(|request| request.error_message);
        images::failed(conn, request.target_id, why.as_deref().unwrap_or("The picture could not be made.")).await
    }
}

fn picture(outcome: &Outcome) -> Result<Checked> {
    let ImageResult { body, .. } = ImageResult::decode(outcome.body.as_slice()).map_err(Error::internal)?;
    Checked::new(body.into())
}
