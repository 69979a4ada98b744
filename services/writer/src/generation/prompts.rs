//! Describing the featured image of an article that has no images, as one written by hand. Its picture is made right after.

use chrono::TimeDelta;
use contracts::ai_processor::v1::{ImagePromptsInput, ImagePromptsResult, JobAction, JobClass};
use contracts::billing::v1::SpendAction;
use contracts::writer::v1::ImageSlot;
use db::{AccountConn, Stored};
use jobs::{Action, Figures, Frozen, JobRequest, Order, Outcome, Spec};
use prost::Message;
use rpc::{Error, Result};
use serde_json::json;
use uuid::Uuid;

use super::pictures;
use crate::contents;
use crate::images::{self, Image};
use crate::site_copies::{self, SiteCopy};

pub(super) const NAME: &str = "describe_images";

/// What the writer does around a job that describes images.
#[derive(Debug, Clone, Copy)]
pub(super) struct DescribeImages;

/// The article as it is now. Its text belongs to whoever wrote it, so no image is put into that.
pub(super) async fn freeze(conn: &mut AccountConn, id: Uuid) -> Result<Frozen> {
    let content = contents::lock(conn, id).await?;
    site_copies::writable(conn, content.site_id, content.sector_id).await?;
    let site = SiteCopy::get(conn, content.site_id).await?;
    let input = ImagePromptsInput {
        language: site.language,
        title: content.title,
        primary_keyword: content.primary_keyword,
        headings: Vec::new(),
        images: 0,
    };
    Ok(Frozen { site: content.site_id, target: id, params: json!({}), units: 1, input: input.encode_to_vec() })
}

#[tonic::async_trait]
impl Action for DescribeImages {
    fn spec(&self) -> Spec {
        Spec {
            name: NAME,
            job: JobAction::ImagePrompts,
            spend: SpendAction::ImagePrompts,
            queue: JobClass::Interactive,
            time_limit: TimeDelta::hours(2),
            busy: Some(("IMAGES_RUN", "The images of this article are being described. Wait until that has ended.")),
        }
    }

    async fn apply(&self, conn: &mut AccountConn, request: &JobRequest, outcome: Outcome) -> Result<Figures> {
        let ImagePromptsResult { images } =
            ImagePromptsResult::decode(outcome.body.as_slice()).map_err(Error::internal)?;
        let there = Image::of_content(conn, request.target_id).await?;
        let Some(described) = images.into_iter().find(|image| image.slot == "featured") else {
            return Err(Error::internal(anyhow::anyhow!("no featured image was described")));
        };
        if there.iter().any(|image| image.slot.0 == ImageSlot::Featured) {
            return Ok(Figures::new());
        }
        let content = contents::lock(conn, request.target_id).await?;
        let id = Uuid::now_v7();
        let new = images::New {
            id,
            site_id: content.site_id,
            sector_id: content.sector_id,
            content_id: content.id,
            slot: Stored(ImageSlot::Featured),
            place: 0,
            purpose: described.purpose,
            alt: described.alt,
            prompt: described.prompt,
            width: images::SIZE.0,
            height: images::SIZE.1,
        };
        images::insert(conn, vec![new]).await?;
        make(conn, request, id).await?;
        Ok(Figures::from([("images".to_owned(), "1".to_owned())]))
    }
}

/// Orders the picture in the name and within the budget of the description.
async fn make(conn: &mut AccountConn, request: &JobRequest, image: Uuid) -> Result<()> {
    let taken = request.charge.unwrap_or_default();
    let order = Order {
        id: pictures::job_id(request.id, image),
        action: pictures::NAME,
        max_credits: request.max_credits.map(|most| most.saturating_sub(taken)),
        user: request.user_id,
        api_key: request.api_key_id,
    };
    let frozen = pictures::freeze(conn, image).await?;
    jobs::follow(conn, &pictures::spec(), order, frozen).await
}
