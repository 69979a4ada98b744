//! The last parts of addresses: no two articles of a site share one.

use std::collections::BTreeSet;

use contracts::writer::v1 as pb;
use futures_util::future::join_all;
use rpc::Kind;

use crate::harness::{Place, Writer, wrong_fields};

async fn delete(writer: &Writer, place: &Place, id: &str) -> String {
    let request = pb::DeleteContentRequest { id: id.to_owned() };
    writer.contents().delete_content(place.owner.request(request)).await.unwrap().into_inner().undo_token
}

fn named(place: &Place, slug: &str) -> pb::CreateContentRequest {
    pb::CreateContentRequest { slug: slug.to_owned(), ..place.article("Rye Bread") }
}

fn change(article: &pb::Content, slug: &str) -> pb::UpdateContentRequest {
    pb::UpdateContentRequest {
        id: article.id.clone(),
        revision: article.revision,
        slug: slug.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn articles_with_the_same_title_get_slugs_of_their_own() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let many = join_all((0..12).map(|_| writer.write(&place, "Rye Bread"))).await;
    let slugs: BTreeSet<String> = many.into_iter().map(|article| article.slug).collect();
    let expected = (2..=12).map(|number| format!("rye-bread-{number}")).chain(["rye-bread".to_owned()]).collect();
    assert_eq!(slugs, expected);
    // Another site has its own, and so does another account.
    let elsewhere = writer.another_place(place.owner.clone()).await;
    let stranger = writer.place().await;
    assert_eq!(writer.write(&elsewhere, "Rye Bread").await.slug, "rye-bread");
    assert_eq!(writer.write(&stranger, "Rye Bread").await.slug, "rye-bread");
    let long = "word ".repeat(30);
    let (first, second) = (writer.write(&place, &long).await.slug, writer.write(&place, &long).await.slug);
    assert!(first != second && second.ends_with("-2") && second.chars().count() <= 80, "{first} {second}");
}

#[tokio::test]
async fn a_person_who_chooses_a_taken_slug_is_told() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    writer.write(&place, "Rye Bread").await;
    let refused = writer.try_write(&place, named(&place, "Rye-Bread")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::AlreadyExists, "SLUG_TAKEN"));
    assert_eq!(wrong_fields(&refused), ["slug"]);

    let other = writer.try_write(&place, named(&place, "loaf")).await.unwrap();
    let refused = writer.edit(&place, &["revision", "slug"], change(&other, "rye-bread")).await.unwrap_err();
    assert_eq!(refused.reason(), "SLUG_TAKEN");
    assert_eq!(writer.get(&place, &other.id).await.unwrap().slug, "loaf");
}

#[tokio::test]
async fn what_comes_back_gets_another_slug_where_its_own_is_taken() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let first = writer.write(&place, "Rye Bread").await;
    let token = delete(&writer, &place, &first.id).await;
    let second = writer.write(&place, "Rye Bread").await;
    assert_eq!(second.slug, "rye-bread");
    writer.undo(&place, &token).await.unwrap();
    assert_eq!(writer.get(&place, &first.id).await.unwrap().slug, "rye-bread-2");

    // An earlier revision.
    let loaf = writer.edit(&place, &["revision", "slug"], change(&second, "loaf")).await.unwrap();
    let third = writer.write(&place, "Rye Bread").await;
    assert_eq!(third.slug, "rye-bread");
    let request = pb::RestoreContentRevisionRequest { id: loaf.id.clone(), number: "1".to_owned() };
    let restored = writer.contents().restore_content_revision(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!((restored.slug.as_str(), restored.revision), ("rye-bread-3", 3));

    // Two that had the same one at different times, at once.
    for article in [&third, &restored] {
        delete(&writer, &place, &article.id).await;
    }
    let fourth = writer.write(&place, "Rye Bread").await;
    let selection = pb::ContentSelection { ids: vec![fourth.id.clone(), first.id.clone()], ..Default::default() };
    let request = pb::BulkDeleteContentsRequest { selection: Some(selection) };
    let deleted = writer.contents().bulk_delete_contents(place.owner.request(request)).await.unwrap().into_inner();
    writer.execute(&format!("UPDATE igny8_content SET slug = 'rye-bread' WHERE id = '{}'", first.id)).await;
    assert_eq!(writer.undo(&place, &deleted.undo_token).await.unwrap().count, 2);
    assert_eq!(slugs(&writer).await, ["rye-bread", "rye-bread-2"]);
}

/// Of all articles that are there.
async fn slugs(writer: &Writer) -> Vec<String> {
    writer.texts("SELECT slug FROM igny8_content WHERE deleted_at IS NULL ORDER BY slug").await
}

#[tokio::test]
async fn articles_that_shared_a_slug_get_their_own_and_a_page_keeps_its_address() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let (old, live, taken) =
        (writer.write(&place, "Rye").await, writer.write(&place, "Rye").await, writer.write(&place, "Rye 3").await);
    writer.write(&place, "Rye").await;
    let superuser = writer.database.superuser().await;
    superuser.batch_execute("SET ROLE igny8_writer_owner").await.unwrap();
    superuser.batch_execute(include_str!("../../migrations/00000000000005_slugs/down.sql")).await.unwrap();
    let shared = format!(
        "UPDATE igny8_content SET slug = 'rye' WHERE slug <> 'rye-3' OR id <> '{}';
         UPDATE igny8_content SET url = 'https://example.com/rye' WHERE id = '{}'",
        taken.id, live.id
    );
    superuser.batch_execute(&format!("RESET ROLE; {shared}; SET ROLE igny8_writer_owner")).await.unwrap();
    superuser.batch_execute(include_str!("../../migrations/00000000000005_slugs/up.sql")).await.unwrap();
    assert_eq!(slugs(&writer).await, ["rye", "rye-2", "rye-3", "rye-4"]);
    assert_eq!(writer.get(&place, &live.id).await.unwrap().slug, "rye");
    assert_eq!(writer.get(&place, &taken.id).await.unwrap().slug, "rye-3");
    assert_ne!(writer.get(&place, &old.id).await.unwrap().slug, "rye");
}
