//! The rows of images and their pictures, and the messages made of both.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::writer::v1::{self as pb, ImageSlot, ImageState};
use db::{AccountConn, Stored};
use diesel::dsl::Eq;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result, timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::contents::{self, Content};
use crate::files::{self, File};
use crate::schema::{igny8_images, igny8_pictures};

/// One row of `igny8_images`.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = igny8_images)]
pub struct Image {
    pub id: Uuid,
    pub site_id: Uuid,
    pub sector_id: Uuid,
    pub content_id: Uuid,
    pub slot: Stored<ImageSlot>,
    pub place: i32,
    pub purpose: String,
    pub alt: String,
    pub prompt: String,
    pub width: i32,
    pub height: i32,
    pub state: Stored<ImageState>,
    pub error_message: Option<String>,
    pub file_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A new one.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = igny8_images)]
pub(crate) struct New {
    pub(crate) id: Uuid,
    pub(crate) site_id: Uuid,
    pub(crate) sector_id: Uuid,
    pub(crate) content_id: Uuid,
    pub(crate) slot: Stored<ImageSlot>,
    pub(crate) place: i32,
    pub(crate) purpose: String,
    pub(crate) alt: String,
    pub(crate) prompt: String,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

impl Image {
    pub(super) async fn get(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let found = Self::query().filter(owned_by(conn)).filter(igny8_images::id.eq(id));
        let found = found.filter(igny8_images::deleted_at.is_null()).first(conn).await.optional()?;
        found.ok_or_else(|| Error::not_found("image"))
    }

    /// An image that is about to change, held to the end of the transaction.
    async fn lock(conn: &mut AccountConn, id: Uuid) -> Result<Self> {
        let row = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::id.eq(id));
        let row = row.filter(igny8_images::deleted_at.is_null()).for_update().select(Self::as_select());
        row.first(conn).await.optional()?.ok_or_else(|| Error::not_found("image"))
    }

    /// The same with its article, which is held first: pictures of one article come one after the other, so that the last one is noticed.
    pub(crate) async fn lock_in_article(conn: &mut AccountConn, id: Uuid) -> Result<(Content, Self)> {
        let content = Self::get(conn, id).await?.content_id;
        let content = contents::lock(conn, content).await?;
        Ok((content, Self::lock(conn, id).await?))
    }

    /// Those of some images that are there, in no order.
    pub(crate) async fn of(conn: &mut AccountConn, ids: &[Uuid]) -> Result<Vec<Self>> {
        let found = Self::query().filter(owned_by(conn)).filter(igny8_images::id.eq_any(ids));
        Ok(found.filter(igny8_images::deleted_at.is_null()).load(conn).await?)
    }

    /// Those of an article, the featured one first, then in the order of the text.
    pub(crate) async fn of_content(conn: &mut AccountConn, content: Uuid) -> Result<Vec<Self>> {
        let found = Self::query().filter(owned_by(conn)).filter(igny8_images::content_id.eq(content));
        let found = found.filter(igny8_images::deleted_at.is_null());
        Ok(found.order_by((igny8_images::slot, igny8_images::place, igny8_images::id)).load(conn).await?)
    }
}

#[derive(Debug, Queryable)]
struct Picture {
    image_id: Uuid,
    file_id: Uuid,
    receipt: Option<Value>,
    created_at: DateTime<Utc>,
}

/// One image as people see it.
pub(super) async fn message(conn: &mut AccountConn, image: Image) -> Result<pb::Image> {
    let messages = messages(conn, vec![image]).await?;
    messages.into_iter().next().ok_or_else(|| Error::not_found("image"))
}

/// Images with their pictures, in their order.
pub(super) async fn messages(conn: &mut AccountConn, images: Vec<Image>) -> Result<Vec<pb::Image>> {
    let mut pictures = pictures(conn, &images).await?;
    let full = images.into_iter().map(|image| {
        let alternatives = pictures.remove(&image.id).unwrap_or_default();
        let file = image.file_id.map(|id| id.to_string());
        let picture = alternatives.iter().find(|picture| Some(&picture.file_id) == file.as_ref()).cloned();
        pb::Image { picture, alternatives, ..pb::Image::from(image) }
    });
    Ok(full.collect())
}

/// The pictures of images, the newest first.
async fn pictures(conn: &mut AccountConn, images: &[Image]) -> Result<HashMap<Uuid, Vec<pb::Picture>>> {
    let ids: Vec<Uuid> = images.iter().map(|image| image.id).collect();
    let rows: Vec<Picture> = igny8_pictures::table
        .filter(igny8_pictures::account_id.eq(conn.account().uuid()))
        .filter(igny8_pictures::image_id.eq_any(ids))
        .order_by((igny8_pictures::created_at.desc(), igny8_pictures::file_id.desc()))
        .select((
            igny8_pictures::image_id,
            igny8_pictures::file_id,
            igny8_pictures::receipt,
            igny8_pictures::created_at,
        ))
        .load(conn)
        .await?;
    let files: Vec<Uuid> = rows.iter().map(|picture| picture.file_id).collect();
    let files: HashMap<Uuid, File> = File::of(conn, &files).await?.into_iter().map(|file| (file.id, file)).collect();
    let mut pictures: HashMap<Uuid, Vec<pb::Picture>> = HashMap::new();
    for Picture { image_id, file_id, receipt, created_at } in rows {
        let Some(file) = files.get(&file_id) else { continue };
        pictures.entry(image_id).or_default().push(pb::Picture {
            file_id: file_id.to_string(),
            url: files::url(file_id),
            content_type: file.content_type.clone(),
            width: file.width,
            height: file.height,
            size: file.size,
            receipt: receipt.map(serde_json::from_value).transpose().map_err(Error::internal)?,
            created_at: Some(timestamp::of(created_at)),
        });
    }
    Ok(pictures)
}

/// Without what stands in other tables.
impl From<Image> for pb::Image {
    fn from(row: Image) -> Self {
        let Image {
            id,
            site_id,
            sector_id,
            content_id,
            slot,
            place,
            purpose,
            alt,
            prompt,
            width,
            height,
            state,
            error_message,
            file_id: _,
            created_at,
            updated_at,
        } = row;
        Self {
            id: id.to_string(),
            site_id: site_id.to_string(),
            sector_id: sector_id.to_string(),
            content_id: content_id.to_string(),
            slot: slot.0.into(),
            place,
            purpose,
            alt,
            prompt,
            width,
            height,
            state: state.0.into(),
            error_message,
            picture: None,
            alternatives: Vec::new(),
            created_at: Some(timestamp::of(created_at)),
            updated_at: Some(timestamp::of(updated_at)),
        }
    }
}

/// Every statement on this table names its account through here.
pub(super) fn owned_by(conn: &AccountConn) -> Eq<igny8_images::account_id, Uuid> {
    igny8_images::account_id.eq(conn.account().uuid())
}
