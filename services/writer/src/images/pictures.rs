//! Giving an image a picture.

use contracts::writer::v1 as pb;
use db::AccountConn;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Result};
use uuid::Uuid;

use super::ready;
use super::row::{Image, owned_by};
use crate::contents;
use crate::files::{Checked, File};
use crate::schema::{igny8_images, igny8_pictures};

/// Adds a picture whose bytes are in the store, and shows it from then on. One that the image has already is shown again.
pub(crate) async fn add(
    conn: &mut AccountConn,
    image: &Image,
    checked: &Checked,
    receipt: Option<&pb::WorkReceipt>,
) -> Result<()> {
    let file = File::stored(conn, image.site_id, checked).await?;
    let receipt = receipt.map(serde_json::to_value).transpose().map_err(Error::internal)?;
    diesel::insert_into(igny8_pictures::table)
        .values((
            igny8_pictures::account_id.eq(conn.account().uuid()),
            igny8_pictures::image_id.eq(image.id),
            igny8_pictures::file_id.eq(file),
            igny8_pictures::site_id.eq(image.site_id),
            igny8_pictures::receipt.eq(receipt),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    show(conn, image, file).await
}

/// Shows one of the pictures that an image has.
pub(super) async fn choose(conn: &mut AccountConn, image: &Image, file: Uuid) -> Result<()> {
    let has = igny8_pictures::table.find((conn.account().uuid(), image.id, file));
    if has.count().get_result::<i64>(conn).await? == 0 {
        let message = "The image has no such picture. Choose one of its alternatives, or upload it.";
        return Err(Error::invalid("file_id", message));
    }
    show(conn, image, file).await
}

/// Whoever waits for all images of the article hears when the last one is there.
async fn show(conn: &mut AccountConn, image: &Image, file: Uuid) -> Result<()> {
    if image.file_id == Some(file) {
        return Ok(());
    }
    let row = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::id.eq(image.id));
    let shown = (
        igny8_images::state.eq("generated"),
        igny8_images::error_message.eq(None::<String>),
        igny8_images::file_id.eq(file),
        igny8_images::updated_at.eq(now),
    );
    diesel::update(row).set(shown).execute(conn).await?;
    if ready(conn, image.content_id).await? {
        contents::announce(conn, image.content_id).await?;
    }
    Ok(())
}

/// Waits for a picture again, also after one that failed, and answers how many there are already.
pub(crate) async fn wait(conn: &mut AccountConn, image: Uuid) -> Result<i32> {
    let account = conn.account().uuid();
    let row = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::id.eq(image));
    let failed = row.filter(igny8_images::state.eq("failed"));
    let pending = (igny8_images::state.eq("pending"), igny8_images::error_message.eq(None::<String>));
    diesel::update(failed).set(pending).execute(conn).await?;
    let pictures = igny8_pictures::table.filter(igny8_pictures::account_id.eq(account));
    let count: i64 = pictures.filter(igny8_pictures::image_id.eq(image)).count().get_result(conn).await?;
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}

/// Notes why a picture could not be made. An image that has one keeps it.
pub(crate) async fn failed(conn: &mut AccountConn, image: Uuid, why: &str) -> Result<()> {
    let row = igny8_images::table.filter(owned_by(conn)).filter(igny8_images::id.eq(image));
    let without = row.filter(igny8_images::file_id.is_null());
    let failed =
        (igny8_images::state.eq("failed"), igny8_images::error_message.eq(why), igny8_images::updated_at.eq(now));
    diesel::update(without).set(failed).execute(conn).await?;
    Ok(())
}
