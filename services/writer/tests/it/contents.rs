//! Articles: written by hand, shown, listed, deleted and brought back.

use contracts::writer::v1 as pb;
use contracts::writer::v1::{ContentStatus, TaskStatus};
use rpc::Kind;

use crate::harness::{Place, Writer, wrong_fields};

async fn titles(writer: &Writer, place: &Place, filter: pb::ContentFilter) -> Vec<String> {
    let request = pb::ListContentsRequest { filter: Some(filter), ordering: "title".to_owned(), ..Default::default() };
    let list = writer.contents().list_contents(place.owner.request(request)).await.unwrap().into_inner();
    list.results.into_iter().map(|content| content.title).collect()
}

#[tokio::test]
async fn what_a_person_writes_is_stored_clean_and_told_of() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let input = pb::CreateContentRequest {
        html: "<h1>Rye</h1><p onclick=\"steal()\">Bake <b>slowly</b></p><script>steal()</script>".to_owned(),
        tags: vec!["Bread".to_owned(), "bread".to_owned()],
        ..place.article("Rye Bread: A Guide")
    };
    let article = writer.try_write(&place, input).await.unwrap();
    assert_eq!(article.html(), "<h2>Rye</h2><p>Bake <b>slowly</b></p>");
    assert_eq!((article.slug.as_str(), article.word_count, article.revision), ("rye-bread-a-guide", 3, 1));
    assert_eq!((article.status(), article.tags.len()), (ContentStatus::Draft, 1));
    assert_eq!(writer.get(&place, &article.id).await.unwrap(), article);
    let told = writer.told("writer.content.changed").await;
    assert_eq!((told.len(), &told[0]["status"], &told[0]["deleted"]), (1, &"draft".into(), &false.into()));
}

#[tokio::test]
async fn a_list_is_filtered_and_leaves_the_texts_out() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let tagged = pb::CreateContentRequest { tags: vec!["bread".to_owned()], ..place.article("Rye Bread") };
    writer.try_write(&place, tagged).await.unwrap();
    writer.write(&place, "Running Shoes").await;
    let all = pb::ContentFilter::default;
    assert_eq!(titles(&writer, &place, all()).await, ["Running Shoes", "Rye Bread"]);
    assert_eq!(titles(&writer, &place, pb::ContentFilter { tag: "bread".to_owned(), ..all() }).await, ["Rye Bread"]);
    let shoes = pb::ContentFilter { search: "SHOES".to_owned(), ..all() };
    assert_eq!(titles(&writer, &place, shoes).await, ["Running Shoes"]);
    let live = pb::ContentFilter { status: vec![ContentStatus::Published.into()], ..all() };
    assert_eq!(titles(&writer, &place, live).await, Vec::<String>::new());
    let list = pb::ListContentsRequest::default();
    let list = writer.contents().list_contents(place.owner.request(list)).await.unwrap().into_inner();
    assert!(list.results.iter().all(|content| content.html.is_none()) && list.count == 2);
}

#[tokio::test]
async fn a_deleted_article_frees_its_task_and_comes_back_where_no_other_was_written() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    let input = |title: &str| pb::CreateContentRequest { task_id: Some(task.id.clone()), ..place.article(title) };
    let first = writer.try_write(&place, input("First")).await.unwrap();
    let delete = async |id: &str| {
        let request = pb::DeleteContentRequest { id: id.to_owned() };
        writer.contents().delete_content(place.owner.request(request)).await.unwrap().into_inner().undo_token
    };
    let token = delete(&first.id).await;
    assert_eq!(writer.get(&place, &first.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(writer.get_task(&place, &task.id).await.unwrap().status(), TaskStatus::Queued);
    assert_eq!(writer.told("writer.content.changed").await.last().unwrap()["deleted"], true);
    writer.undo(&place, &token).await.unwrap();
    assert_eq!(writer.get_task(&place, &task.id).await.unwrap().content_id, Some(first.id.clone()));

    let token = delete(&first.id).await;
    writer.try_write(&place, input("Second")).await.unwrap();
    assert_eq!(writer.undo(&place, &token).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(titles(&writer, &place, pb::ContentFilter::default()).await, ["Second"]);
}

#[tokio::test]
async fn many_articles_are_deleted_at_once_and_come_back() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    for title in ["Rye Bread", "Oat Bread"] {
        writer.write(&place, title).await;
    }
    let selection = pb::ContentSelection {
        filter: Some(pb::ContentFilter::default()),
        expected_count: Some(2),
        ..pb::ContentSelection::default()
    };
    let request = pb::BulkDeleteContentsRequest { selection: Some(selection) };
    let deleted = writer.contents().bulk_delete_contents(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!((deleted.count, titles(&writer, &place, pb::ContentFilter::default()).await.len()), (2, 0));
    assert_eq!(writer.undo(&place, &deleted.undo_token).await.unwrap().count, 2);
    assert_eq!(titles(&writer, &place, pb::ContentFilter::default()).await, ["Oat Bread", "Rye Bread"]);
}

#[tokio::test]
async fn an_article_goes_where_its_site_and_task_are() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let other = writer.another_place(place.owner.clone()).await;
    let task = writer.task(&other, "Rye Bread").await;
    let elsewhere = pb::CreateContentRequest { task_id: Some(task.id), ..place.article("Rye Bread") };
    assert_eq!(wrong_fields(&writer.try_write(&place, elsewhere).await.unwrap_err()), ["task_id"]);
    let gone = format!("UPDATE igny8_sector_copies SET deleted_at = now() WHERE id = '{}'", other.sector);
    writer.execute(&gone).await;
    let sector = pb::CreateContentRequest { sector_id: other.sector.to_string(), ..other.article("Rye Bread") };
    assert_eq!(wrong_fields(&writer.try_write(&other, sector).await.unwrap_err()), ["sector_id"]);
    writer.set_site(&place, "active = false").await;
    let refused = writer.try_write(&place, place.article("Rye Bread")).await.unwrap_err();
    assert_eq!(refused.reason(), "SITE_INACTIVE");
}
