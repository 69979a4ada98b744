//! Images: the places of an article that have a picture, what is to be seen there, and the pictures made or uploaded for it.

mod list;
mod pictures;
mod row;

use std::collections::HashMap;
use std::sync::Arc;

use contracts::rest::v1::Deleted;
use contracts::writer::v1::image_service_server::ImageService;
use contracts::writer::v1::{self as pb, ImageSlot, ImageState, PublishableImage};
use db::{AccountConn, Constraint, OnConstraint, Page, Stored, idempotency, undo};
use diesel::dsl::{max, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Mask, Result};
use serde_json::Value;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use crate::files::{self, Checked, File};
use crate::schema::igny8_images;
use crate::{App, contents, site_copies};

pub(crate) use pictures::{add, failed, wait};
use row::owned_by;
pub(crate) use row::{Image, New};

/// What most sites and networks show for an article.
pub(crate) const SIZE: (i32, i32) = (1200, 630);

/// Images of one article.
const MAX: i64 = 50;

#[derive(Debug)]
pub struct Images(pub Arc<App>);

#[tonic::async_trait]
impl ImageService for Images {
    async fn list_images(
        &self,
        request: Request<pb::ListImagesRequest>,
    ) -> Result<Response<pb::ListImagesResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = list::Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows = filter.ordered(conn).limit(page.limit).offset(page.offset);
            let rows: Vec<Image> = rows.select(Image::as_select()).load(conn).await?;
            let results = row::messages(conn, rows).await?;
            Ok(pb::ListImagesResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_image(&self, request: Request<pb::GetImageRequest>) -> Result<Response<pb::Image>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let image = self.0.db.transaction(&caller, async |conn| {
            let image = Image::get(conn, id).await?;
            row::message(conn, image).await
        });
        Ok(Response::new(image.await?))
    }

    async fn create_image(&self, request: Request<pb::CreateImageRequest>) -> Result<Response<pb::Image>, Status> {
        let (caller, request) = rpc::open(request)?;
        let content = rpc::id("content_id", &request.content_id)?;
        let image = self.0.db.transaction(&caller, async |conn| {
            idempotency::run(conn, caller.idempotency_key(), "images_create", &request, async |conn| {
                let image = create(conn, content, &request).await?;
                row::message(conn, image).await
            })
            .await
        });
        Ok(Response::new(image.await?))
    }

    async fn update_image(&self, request: Request<pb::UpdateImageRequest>) -> Result<Response<pb::Image>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (id, mask) = (rpc::id("id", &request.id)?, Mask::of(&request.update_mask));
        let change = Change {
            purpose: mask.when("purpose", &request.purpose),
            alt: mask.when("alt", &request.alt),
            prompt: mask.when("prompt", &request.prompt),
            width: mask.when("width", request.width),
            height: mask.when("height", request.height),
        };
        let image = self.0.db.transaction(&caller, async |conn| {
            writable(conn, id).await?;
            let row = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::id.eq(id));
            let changed = diesel::update(row).set((change, igny8_images::updated_at.eq(now)));
            let changed = changed.returning(Image::as_returning()).get_result(conn).await?;
            row::message(conn, changed).await
        });
        Ok(Response::new(image.await?))
    }

    async fn delete_image(&self, request: Request<pb::DeleteImageRequest>) -> Result<Response<Deleted>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let deleted = self.0.db.transaction(&caller, async |conn| {
            let image = writable(conn, id).await?;
            let row = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::id.eq(id));
            diesel::update(row).set(igny8_images::deleted_at.eq(now)).execute(conn).await?;
            db::audit::record(conn, &caller, "image.deleted", Some(id), [("alt", image.alt)]).await?;
            undo::push(conn, "image", id, &Value::Null).await
        });
        Ok(Response::new(deleted.await?))
    }

    async fn upload_image(
        &self,
        request: Request<Streaming<pb::UploadImageRequest>>,
    ) -> Result<Response<pb::Image>, Status> {
        let (caller, mut first, rest) = rpc::open_upload(request).await?;
        let id = rpc::id("id", &first.id)?;
        let image = self.0.db.transaction(&caller, async |conn| writable(conn, id).await).await?;
        let body = receive(std::mem::take(&mut first.piece), rest).await?;
        Ok(Response::new(self.replace(&caller, &image, Checked::new(body.into())?).await?))
    }

    async fn choose_image(&self, request: Request<pb::ChooseImageRequest>) -> Result<Response<pb::Image>, Status> {
        let (caller, request) = rpc::open(request)?;
        let (id, file) = (rpc::id("id", &request.id)?, rpc::id("file_id", &request.file_id)?);
        let image = self.0.db.transaction(&caller, async |conn| {
            let image = writable(conn, id).await?;
            pictures::choose(conn, &image, file).await?;
            let image = Image::get(conn, id).await?;
            row::message(conn, image).await
        });
        Ok(Response::new(image.await?))
    }
}

impl Images {
    async fn replace(&self, caller: &Caller, image: &Image, checked: Checked) -> Result<pb::Image> {
        checked.store(&self.0.db, &self.0.files, (caller.account(), image.site_id)).await?;
        let image = self.0.db.transaction(caller, async |conn| {
            let image = writable(conn, image.id).await?;
            pictures::add(conn, &image, &checked, None).await?;
            let image = Image::get(conn, image.id).await?;
            row::message(conn, image).await
        });
        image.await
    }
}

/// An upload in memory, within the limit.
async fn receive(first: Vec<u8>, mut rest: Streaming<pb::UploadImageRequest>) -> Result<Vec<u8>> {
    let mut body = first;
    while let Some(next) = rest.message().await? {
        if body.len().saturating_add(next.piece.len()) > files::MAX_BYTES {
            return Err(files::too_large());
        }
        body.extend_from_slice(&next.piece);
    }
    Ok(body)
}

/// An image that is about to change, of a site that is active.
async fn writable(conn: &mut AccountConn, id: Uuid) -> Result<Image> {
    let (_, image) = Image::lock_in_article(conn, id).await?;
    site_copies::active(conn, [image.site_id]).await?;
    Ok(image)
}

async fn create(conn: &mut AccountConn, content: Uuid, request: &pb::CreateImageRequest) -> Result<Image> {
    let article = contents::lock(conn, content).await?;
    site_copies::active(conn, [article.site_id]).await?;
    let images = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::content_id.eq(content));
    let images = images.filter(igny8_images::deleted_at.is_null());
    if images.count().get_result::<i64>(conn).await? >= MAX {
        let message = format!("An article has at most {MAX} images. Delete one first.");
        return Err(Error::precondition("TOO_MANY_IMAGES", message));
    }
    let slot = Stored(request.slot());
    let last: Option<i32> =
        images.filter(igny8_images::slot.eq(slot)).select(max(igny8_images::place)).first(conn).await?;
    let new = New {
        id: Uuid::now_v7(),
        site_id: article.site_id,
        sector_id: article.sector_id,
        content_id: content,
        slot,
        place: last.map_or(0, |last| last.saturating_add(1)),
        purpose: request.purpose.clone(),
        alt: request.alt.clone(),
        prompt: request.prompt.clone(),
        width: request.width.unwrap_or(SIZE.0),
        height: request.height.unwrap_or(SIZE.1),
    };
    let id = new.id;
    insert(conn, vec![new]).await?;
    Image::get(conn, id).await
}

/// Writes new images.
pub(crate) async fn insert(conn: &mut AccountConn, images: Vec<New>) -> Result<()> {
    let account = conn.account().uuid();
    let rows: Vec<_> = images.into_iter().map(|image| (igny8_images::account_id.eq(account), image)).collect();
    diesel::insert_into(igny8_images::table).values(rows).execute(conn).await.constraints(&NAMES)?;
    Ok(())
}

const NAMES: [Constraint; 1] = [Constraint {
    field: Some("slot"),
    ..Constraint::new(
        "igny8_images_featured_key",
        "FEATURED_IMAGE_EXISTS",
        "This article has a featured image. Upload another picture for it, or delete it first.",
    )
}];

#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_images)]
struct Change<'r> {
    purpose: Option<&'r String>,
    alt: Option<&'r String>,
    prompt: Option<&'r String>,
    width: Option<i32>,
    height: Option<i32>,
}

/// Takes the deletion of an image back, and answers how many came back.
pub(crate) async fn restore(conn: &mut AccountConn, id: Uuid) -> Result<i64> {
    let row = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::id.eq(id));
    let row = row.filter(igny8_images::deleted_at.is_not_null());
    let restored = diesel::update(row).set(igny8_images::deleted_at.eq(None::<chrono::DateTime<chrono::Utc>>));
    match restored.execute(conn).await.constraints(&NAMES)? {
        0 => Err(Error::not_found("image")),
        _ => Ok(1),
    }
}

/// Whether an article has images, and each of them its picture.
pub(crate) async fn ready(conn: &mut AccountConn, content: Uuid) -> Result<bool> {
    let images = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::content_id.eq(content));
    let images = images.filter(igny8_images::deleted_at.is_null()).select(igny8_images::file_id.is_not_null());
    let filled: Vec<bool> = images.load(conn).await?;
    Ok(!filled.is_empty() && filled.into_iter().all(|filled| filled))
}

/// The text of an article with the addresses of its pictures, for readers of the API; an image without a picture shows nothing.
pub(crate) async fn shown(conn: &mut AccountConn, content: Uuid, html: &str) -> Result<String> {
    let images = Image::of_content(conn, content).await?;
    let files: HashMap<Uuid, Uuid> = images.iter().filter_map(|image| Some((image.id, image.file_id?))).collect();
    Ok(html::rewrite_images(html, |id| files.get(&id).map(|file| files::url(*file))))
}

/// The pictures of an article, for whoever publishes it.
pub(crate) async fn publishable(conn: &mut AccountConn, content: Uuid) -> Result<Vec<PublishableImage>> {
    let images = Image::of_content(conn, content).await?;
    let ids: Vec<Uuid> = images.iter().filter_map(|image| image.file_id).collect();
    let files: HashMap<Uuid, File> = File::of(conn, &ids).await?.into_iter().map(|file| (file.id, file)).collect();
    let with_files = images.into_iter().filter_map(|image| {
        let file = files.get(&image.file_id?)?;
        Some(PublishableImage {
            image_id: image.id.to_string(),
            featured: image.slot.0 == ImageSlot::Featured,
            alt: image.alt,
            content_type: file.content_type.clone(),
            size: file.size,
            sha256: file.sha256.clone(),
        })
    });
    Ok(with_files.collect())
}

/// The file that an image shows.
pub(crate) async fn shown_file(conn: &mut AccountConn, id: Uuid) -> Result<Uuid> {
    let image = Image::get(conn, id).await?;
    let missing = || Error::precondition("IMAGE_WITHOUT_PICTURE", "This image has no picture yet.");
    image.file_id.filter(|_| image.state.0 == ImageState::Generated).ok_or_else(missing)
}
