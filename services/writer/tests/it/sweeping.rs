//! Files that no picture shows any more.

use std::path::Path;
use std::sync::Arc;

use contracts::writer::v1 as pb;
use contracts::writer::v1::ImageSlot;
use futures_util::future::join_all;
use rpc::Kind;
use writer::{files, sweeper};

use crate::harness::{Place, Writer};
use crate::pictures::png;

/// How many files there are under a folder.
fn files_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

/// Rows, and files in the folder.
async fn kept(writer: &Writer) -> (i64, usize) {
    (writer.number("SELECT count(*) FROM igny8_files").await, files_in(writer.files.path()))
}

async fn sweep(writer: &Writer) {
    files::sweep(&writer.app.db, &writer.app.files).await.unwrap();
}

async fn age(writer: &Writer) {
    writer.execute("UPDATE igny8_files SET stored_at = now() - interval '25 hours'").await;
}

/// An image with a picture of these bytes.
async fn shown(writer: &Writer, place: &Place, bytes: &[u8]) -> pb::Image {
    let article = writer.write(place, "Rye Bread").await;
    let image = writer.image(place, &article.id, ImageSlot::Featured).await;
    writer.upload(place, &image.id, bytes).await.unwrap()
}

/// Its image was deleted 31 days ago.
async fn erase(writer: &Writer, place: &Place, image: &pb::Image) {
    let request = place.owner.request(pb::DeleteImageRequest { id: image.id.clone() });
    writer.images().delete_image(request).await.unwrap();
    let long_ago = format!("UPDATE igny8_images SET deleted_at = now() - interval '31 days' WHERE id = '{}'", image.id);
    writer.execute(&long_ago).await;
    sweeper::sweep(&writer.app.db).await.unwrap();
}

#[tokio::test]
async fn a_file_goes_a_day_after_the_last_image_that_had_it() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let gone = shown(&writer, &place, &png(8, 8, b"one")).await;
    let stays = shown(&writer, &place, &png(8, 8, b"two")).await;
    // An alternative that is not shown belongs to its image all the same.
    writer.upload(&place, &stays.id, &png(8, 8, b"three")).await.unwrap();
    erase(&writer, &place, &gone).await;
    sweep(&writer).await;
    assert_eq!(kept(&writer).await, (3, 3), "stored less than a day ago");
    age(&writer).await;
    sweep(&writer).await;
    assert_eq!(kept(&writer).await, (2, 2));
    let file = stays.picture.unwrap().file_id;
    assert_eq!(writer.file(&place.owner, &file).await.unwrap().1, png(8, 8, b"two"));
    assert_eq!(writer.file(&place.owner, &gone.picture.unwrap().file_id).await.unwrap_err().kind(), Kind::NotFound);
    // The same bytes may come again.
    let again = shown(&writer, &place, &png(8, 8, b"one")).await.picture.unwrap().file_id;
    assert_eq!(writer.file(&place.owner, &again).await.unwrap().1, png(8, 8, b"one"));
}

#[tokio::test]
async fn bytes_that_another_site_shows_stay_and_so_do_those_of_another_account() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let (other, stranger) = (writer.another_place(place.owner.clone()).await, writer.place().await);
    let gone = shown(&writer, &place, &png(8, 8, b"same")).await;
    let kept_by = [
        (&other, shown(&writer, &other, &png(8, 8, b"same")).await),
        (&stranger, shown(&writer, &stranger, &png(8, 8, b"same")).await),
    ];
    assert_eq!(kept(&writer).await, (3, 2), "an account keeps the same bytes once");
    erase(&writer, &place, &gone).await;
    age(&writer).await;
    sweep(&writer).await;
    assert_eq!(kept(&writer).await, (2, 2));
    for (place, image) in kept_by {
        let file = image.picture.unwrap().file_id;
        assert_eq!(writer.file(&place.owner, &file).await.unwrap().1, png(8, 8, b"same"));
    }
}

#[tokio::test]
async fn bytes_that_are_being_removed_are_not_stored_until_they_are_gone() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let image = shown(&writer, &place, &png(8, 8, b"one")).await;
    erase(&writer, &place, &image).await;
    age(&writer).await;
    // A sweeper died between its mark and the store.
    writer.execute("UPDATE igny8_files SET swept_at = now()").await;
    let article = writer.write(&place, "Oat Bread").await;
    let next = writer.image(&place, &article.id, ImageSlot::Featured).await;
    assert_eq!(writer.upload(&place, &next.id, &png(8, 8, b"one")).await.unwrap_err().kind(), Kind::Unavailable);
    sweep(&writer).await;
    assert_eq!(kept(&writer).await, (1, 1), "it may still be at work");
    writer.execute("UPDATE igny8_files SET swept_at = now() - interval '11 minutes'").await;
    sweep(&writer).await;
    assert_eq!(kept(&writer).await, (0, 0));
    writer.upload(&place, &next.id, &png(8, 8, b"one")).await.unwrap();
    assert_eq!(kept(&writer).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn sweepers_and_uploads_at_once_lose_no_picture() {
    let writer = Arc::new(Writer::start().await);
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    for round in 0..10_u8 {
        let old = shown(&writer, &place, &png(8, 8, &[round])).await;
        erase(&writer, &place, &old).await;
        age(&writer).await;
        let image = writer.image(&place, &article.id, ImageSlot::Section).await;
        let sweeps = join_all((0..3).map(|_| sweep(&writer)));
        let upload = async {
            loop {
                match writer.upload(&place, &image.id, &png(8, 8, &[round])).await {
                    Ok(shown) => return shown.picture.unwrap().file_id,
                    Err(busy) => assert_eq!(busy.kind(), Kind::Unavailable),
                }
            }
        };
        let (_, file) = tokio::join!(sweeps, upload);
        assert_eq!(writer.file(&place.owner, &file).await.unwrap().1, png(8, 8, &[round]));
    }
}
