//! Images of articles: their places, uploads and alternatives.

use contracts::rest::v1::Role;
use contracts::writer::v1 as pb;
use contracts::writer::v1::{ImageSlot, ImageState};
use rpc::Kind;
use testkit::internal;
use uuid::Uuid;

use crate::harness::{Place, Writer, refusal};
use crate::pictures::png;

async fn choose(writer: &Writer, place: &Place, image: &str, file: &str) -> Result<pb::Image, rpc::Error> {
    let request = pb::ChooseImageRequest { id: image.to_owned(), file_id: file.to_owned() };
    Ok(writer.images().choose_image(place.owner.request(request)).await?.into_inner())
}

#[tokio::test]
async fn an_uploaded_picture_is_shown_and_served_as_it_is() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Featured).await;
    assert_eq!((image.state(), image.width, image.height, &image.picture), (ImageState::Pending, 1200, 630, &None));

    let bytes = png(800, 600, &vec![7; 200_000]);
    let shown = writer.upload(&place, &image.id, &bytes).await.unwrap();
    let picture = shown.picture.clone().unwrap();
    assert_eq!(shown.state(), ImageState::Generated);
    assert_eq!((picture.content_type.as_str(), picture.width, picture.height), ("image/png", 800, 600));
    assert_eq!((picture.size, picture.receipt.is_none()), (200_024, true));
    assert_eq!(picture.url, format!("/api/v1/writer/files/{}/", picture.file_id));
    let served = writer.file(&place.owner, &picture.file_id).await.unwrap();
    assert_eq!(served, ("image/png".to_owned(), bytes));
    let told = writer.told("writer.content.changed").await;
    assert_eq!((told[0]["images_ready"].as_bool(), told[1]["images_ready"].as_bool()), (Some(false), Some(true)));
}

#[tokio::test]
async fn nobody_else_sees_an_image_or_its_file() {
    let writer = Writer::start().await;
    let (place, stranger) = (writer.place().await, writer.place().await);
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Featured).await;
    let file = writer.upload(&place, &image.id, &png(8, 8, b"")).await.unwrap().picture.unwrap().file_id;
    let elsewhere = writer.another_place(place.owner.clone()).await;
    let colleague = testkit::Actor::new(place.owner.account(), Role::Editor).sites([elsewhere.site]);
    for actor in [&stranger.owner, &colleague] {
        assert_eq!(writer.get_image(actor, &image.id).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(writer.file(actor, &file).await.unwrap_err().kind(), Kind::NotFound);
    }
    assert_eq!(writer.upload(&stranger, &image.id, &png(8, 8, b"")).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_and_nothing_is_stored() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Featured).await;
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>steal()</script></svg>";
    let huge = vec![0; 20 * 1024 * 1024 + 1];
    for (bytes, reason) in [
        (b"".as_slice(), "FILE_EMPTY"),
        (svg, "FILE_TYPE"),
        (&png(50_000, 50_000, b""), "PICTURE_TOO_LARGE"),
        (&huge, "FILE_TOO_LARGE"),
    ] {
        let refused = writer.upload(&place, &image.id, bytes).await.unwrap_err();
        assert_eq!((refused.reason(), refused.violations()[0].field.as_str()), (reason, "file"));
    }
    assert_eq!(writer.number("SELECT count(*) FROM igny8_files").await, 0);
    let image = writer.get_image(&place.owner, &image.id).await.unwrap();
    assert_eq!((image.state(), image.alternatives.len()), (ImageState::Pending, 0));
}

#[tokio::test]
async fn alternatives_are_kept_and_can_be_chosen() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Featured).await;
    let first = writer.upload(&place, &image.id, &png(8, 8, b"one")).await.unwrap().picture.unwrap();
    let second = writer.upload(&place, &image.id, &png(8, 8, b"two")).await.unwrap();
    assert_ne!(second.picture.as_ref().unwrap().file_id, first.file_id);
    assert_eq!(second.alternatives.len(), 2);
    let chosen = choose(&writer, &place, &image.id, &first.file_id).await.unwrap();
    assert_eq!(chosen.picture.unwrap().file_id, first.file_id);
    let refused = choose(&writer, &place, &image.id, &Uuid::now_v7().to_string()).await.unwrap_err();
    assert_eq!(refused.violations()[0].field, "file_id");

    // The same bytes again, for another image too, are one file.
    writer.upload(&place, &image.id, &png(8, 8, b"two")).await.unwrap();
    let other = writer.image(&place, &article.id, ImageSlot::Section).await;
    writer.upload(&place, &other.id, &png(8, 8, b"two")).await.unwrap();
    assert_eq!(writer.number("SELECT count(*) FROM igny8_files").await, 2);
}

#[tokio::test]
async fn an_article_has_one_featured_image_and_others_in_their_order() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    for slot in [ImageSlot::Section, ImageSlot::Featured, ImageSlot::Section] {
        writer.image(&place, &article.id, slot).await;
    }
    let refused = writer.try_image(&place, &article.id, ImageSlot::Featured).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::AlreadyExists, "FEATURED_IMAGE_EXISTS"));
    let filter = pb::ImageFilter { content_id: Some(article.id.clone()), ..Default::default() };
    let request = pb::ListImagesRequest { filter: Some(filter), ..Default::default() };
    let list = writer.images().list_images(place.owner.request(request)).await.unwrap().into_inner();
    let order: Vec<_> = list.results.iter().map(|image| (image.slot(), image.place)).collect();
    assert_eq!(order, [(ImageSlot::Featured, 0), (ImageSlot::Section, 0), (ImageSlot::Section, 1)]);
}

#[tokio::test]
async fn an_article_is_shown_with_the_addresses_of_its_pictures() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Section).await;
    let html = format!("<figure><img src=\"igny8-image:{}\" alt=\"A loaf\"></figure><p>Text</p>", image.id);
    let change = pb::UpdateContentRequest { id: article.id.clone(), revision: 1, html, ..Default::default() };
    let before = writer.edit(&place, &["revision", "html"], change).await.unwrap();
    assert!(!before.preview_html().contains("<img"), "{}", before.preview_html());
    let url = writer.upload(&place, &image.id, &png(8, 8, b"")).await.unwrap().picture.unwrap().url;
    let after = writer.get(&place, &article.id).await.unwrap();
    assert!(after.preview_html().contains(&format!("src=\"{url}\"")), "{}", after.preview_html());
    assert!(after.html().contains("igny8-image:"));
}

#[tokio::test]
async fn the_deletion_of_an_image_can_be_taken_back_until_its_place_is_taken() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Featured).await;
    let delete = async || {
        let request = place.owner.request(pb::DeleteImageRequest { id: image.id.clone() });
        writer.images().delete_image(request).await.unwrap().into_inner().undo_token
    };
    let token = delete().await;
    assert_eq!(writer.get_image(&place.owner, &image.id).await.unwrap_err().kind(), Kind::NotFound);
    writer.undo(&place, &token).await.unwrap();
    assert!(writer.get_image(&place.owner, &image.id).await.is_ok());

    let token = delete().await;
    writer.image(&place, &article.id, ImageSlot::Featured).await;
    let refused = writer.undo(&place, &token).await.unwrap_err();
    assert_eq!(refused.reason(), "FEATURED_IMAGE_EXISTS");
}

#[tokio::test]
async fn the_publisher_reads_the_pictures_of_an_article() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Featured).await;
    let empty = writer.image(&place, &article.id, ImageSlot::Section).await;
    let bytes = png(8, 8, &vec![1; 100_000]);
    writer.upload(&place, &image.id, &bytes).await.unwrap();

    let account = place.owner.account();
    let request = internal(account, pb::GetPublishableRequest { content_id: article.id.clone() });
    let found = writer.publishing("publisher").get_publishable(request).await.unwrap().into_inner();
    assert_eq!(found.images.len(), 1);
    assert_eq!((&found.images[0].image_id, found.images[0].featured), (&image.id, true));
    assert_eq!((found.images[0].alt.as_str(), found.images[0].size), ("A loaf", 100_024));

    let read = async |image: &str| {
        let request = internal(account, pb::ReadPublishableFileRequest { image_id: image.to_owned() });
        writer.publishing("publisher").read_publishable_file(request).await
    };
    let mut pieces = read(&image.id).await.unwrap().into_inner();
    let mut body = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        assert!(piece.body.len() <= 64 * 1024);
        body.extend(piece.body);
    }
    assert_eq!(body, bytes);
    assert_eq!(refusal(read(&empty.id).await).reason(), "IMAGE_WITHOUT_PICTURE");
}

#[tokio::test]
async fn images_of_a_site_that_is_not_active_stay_as_they_are() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let article = writer.write(&place, "Rye Bread").await;
    let image = writer.image(&place, &article.id, ImageSlot::Featured).await;
    writer.set_site(&place, "active = false").await;
    assert_eq!(writer.upload(&place, &image.id, &png(8, 8, b"")).await.unwrap_err().reason(), "SITE_INACTIVE");
    let refused = writer.try_image(&place, &article.id, ImageSlot::Section).await.unwrap_err();
    assert_eq!(refused.reason(), "SITE_INACTIVE");
}
