//! Tasks: from ideas and by hand, listed, changed, deleted and brought back.

use contracts::planner::v1::ContentStructure;
use contracts::rest::v1::Role;
use contracts::writer::v1 as pb;
use contracts::writer::v1::TaskStatus;
use prost_types::{FieldMask, Timestamp};
use rpc::Kind;
use testkit::Actor;

use crate::harness::{Place, Writer, refusal, wrong_fields};

async fn change(
    writer: &Writer,
    place: &Place,
    mask: &[&str],
    change: pb::UpdateTaskRequest,
) -> Result<pb::Task, rpc::Error> {
    let paths = mask.iter().map(|&path| path.to_owned()).collect();
    let request = pb::UpdateTaskRequest { update_mask: Some(FieldMask { paths }), ..change };
    Ok(writer.tasks().update_task(place.owner.request(request)).await?.into_inner())
}

fn all() -> pb::TaskSelection {
    pb::TaskSelection { filter: Some(pb::TaskFilter::default()), ..pb::TaskSelection::default() }
}

#[tokio::test]
async fn an_idea_becomes_one_task_however_often_it_is_told_of() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let idea = place.idea("How to Bake Rye Bread", &[("rye loaf", 40), ("rye bread", 900)]);
    writer.idea(&place, &idea).await;
    writer.idea(&place, &idea).await;

    let list = pb::ListTasksRequest::default();
    let tasks = writer.tasks().list_tasks(place.owner.request(list)).await.unwrap().into_inner().results;
    assert_eq!(tasks.len(), 1);
    assert_eq!((tasks[0].primary_keyword.as_str(), tasks[0].word_count), ("rye bread", 900));
    assert_eq!(tasks[0].secondary_keywords, ["rye loaf"]);
    assert_eq!((tasks[0].status(), tasks[0].structure()), (TaskStatus::Queued, ContentStructure::HowTo));
    assert_eq!(tasks[0].cluster.as_ref().unwrap().name, "Rye");
    let told = writer.told("writer.task.created").await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["task_id"], &told[0]["content_idea_id"]), (&tasks[0].id.clone().into(), &idea.idea_id.into()));
}

#[tokio::test]
async fn an_idea_of_a_sector_that_is_gone_becomes_nothing() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    writer.execute("UPDATE igny8_sector_copies SET deleted_at = now()").await;
    writer.idea(&place, &place.idea("How to Bake Rye Bread", &[])).await;
    assert_eq!(writer.number("SELECT count(*) FROM igny8_tasks").await, 0);
}

#[tokio::test]
async fn a_task_made_by_hand_is_told_of_and_changed() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let task = writer.task(&place, "  How to Bake Rye Bread ").await;
    assert_eq!(
        (task.title.as_str(), task.primary_keyword.as_str()),
        ("How to Bake Rye Bread", "How to Bake Rye Bread")
    );
    assert_eq!((task.word_count, task.status()), (1200, TaskStatus::Queued));
    assert_eq!(writer.told("writer.task.created").await.len(), 1);

    let due = Timestamp { seconds: 1_900_000_000, nanos: 0 };
    let new = pb::UpdateTaskRequest { id: task.id.clone(), word_count: 800, due_at: Some(due), ..Default::default() };
    let changed = change(&writer, &place, &["word_count", "due_at"], new).await.unwrap();
    assert_eq!((changed.word_count, changed.due_at, changed.title), (800, Some(due), task.title));
    let cleared = pb::UpdateTaskRequest { id: task.id.clone(), ..Default::default() };
    assert_eq!(change(&writer, &place, &["due_at"], cleared).await.unwrap().due_at, None);
    let empty = pb::UpdateTaskRequest { id: task.id, ..Default::default() };
    assert_eq!(wrong_fields(&change(&writer, &place, &["title"], empty).await.unwrap_err()), ["title"]);
}

#[tokio::test]
async fn a_list_is_filtered_searched_and_ordered() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    for (title, word_count) in [("Rye Bread", 900), ("Oat Bread", 600), ("Running Shoes", 700)] {
        let input = pb::CreateTaskRequest { word_count: Some(word_count), ..place.task(title) };
        writer.tasks().create_task(place.owner.request(input)).await.unwrap();
    }
    let all = pb::TaskFilter::default;
    assert_eq!(writer.task_titles(&place, "", all()).await, ["Running Shoes", "Oat Bread", "Rye Bread"]);
    assert_eq!(writer.task_titles(&place, "word_count", all()).await, ["Oat Bread", "Running Shoes", "Rye Bread"]);
    let search = pb::TaskFilter { search: "bread".to_owned(), ..all() };
    assert_eq!(writer.task_titles(&place, "-title", search).await, ["Rye Bread", "Oat Bread"]);
    let queued = pb::TaskFilter { status: vec![TaskStatus::Queued.into()], ..all() };
    assert_eq!(writer.task_titles(&place, "", queued).await.len(), 3);
    let written = pb::TaskFilter { status: vec![TaskStatus::Written.into(), TaskStatus::Archived.into()], ..all() };
    assert_eq!(writer.task_titles(&place, "", written).await, Vec::<String>::new());
    let undated = pb::TaskFilter { due_at_lte: "2030-01-01T00:00:00Z".to_owned(), ..all() };
    assert_eq!(writer.task_titles(&place, "", undated).await, Vec::<String>::new());
    let wrong = pb::TaskFilter { due_at_lte: "soon".to_owned(), ..all() };
    let request = pb::ListTasksRequest { filter: Some(wrong), ..pb::ListTasksRequest::default() };
    let refused = refusal(writer.tasks().list_tasks(place.owner.request(request)).await);
    assert_eq!(wrong_fields(&refused), ["due_at__lte"]);
}

#[tokio::test]
async fn a_task_with_an_article_is_not_put_aside() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    let status =
        |status: TaskStatus| pb::UpdateTaskRequest { id: task.id.clone(), status: status.into(), ..Default::default() };
    let archived = change(&writer, &place, &["status"], status(TaskStatus::Archived)).await.unwrap();
    assert_eq!(archived.status(), TaskStatus::Archived);
    change(&writer, &place, &["status"], status(TaskStatus::Queued)).await.unwrap();
    let written = change(&writer, &place, &["status"], status(TaskStatus::Written)).await.unwrap_err();
    assert_eq!(wrong_fields(&written), ["status"]);

    let article = pb::CreateContentRequest { task_id: Some(task.id.clone()), ..place.article("Rye Bread") };
    let article = writer.try_write(&place, article).await.unwrap();
    let now = writer.get_task(&place, &task.id).await.unwrap();
    assert_eq!((now.status(), now.content_id), (TaskStatus::Written, Some(article.id)));
    let refused = change(&writer, &place, &["status"], status(TaskStatus::Archived)).await.unwrap_err();
    assert_eq!(refused.reason(), "TASK_STATUS");
    let again = pb::CreateContentRequest { task_id: Some(task.id), ..place.article("Another") };
    assert_eq!(writer.try_write(&place, again).await.unwrap_err().reason(), "CONTENT_EXISTS");
}

#[tokio::test]
async fn many_tasks_are_changed_and_deleted_at_once_and_come_back() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    for title in ["Rye Bread", "Oat Bread", "Running Shoes"] {
        writer.task(&place, title).await;
    }
    writer.execute("UPDATE igny8_tasks SET status = 'writing' WHERE title = 'Oat Bread'").await;
    let archive = pb::BulkUpdateTasksRequest {
        selection: Some(all()),
        status: Some(TaskStatus::Archived.into()),
        ..pb::BulkUpdateTasksRequest::default()
    };
    let updated = writer.tasks().bulk_update_tasks(place.owner.request(archive)).await.unwrap().into_inner();
    assert_eq!((updated.count, updated.skipped), (2, 1));

    let delete = |selection| pb::BulkDeleteTasksRequest { selection: Some(selection) };
    let stale = pb::TaskSelection { expected_count: Some(9), ..all() };
    let refused = refusal(writer.tasks().bulk_delete_tasks(place.owner.request(delete(stale))).await);
    assert_eq!(refused.reason(), "SELECTION_CHANGED");
    let nothing = pb::TaskSelection::default();
    let refused = refusal(writer.tasks().bulk_delete_tasks(place.owner.request(delete(nothing))).await);
    assert_eq!(refused.kind(), Kind::InvalidArgument);

    let bread = pb::TaskFilter { search: "bread".to_owned(), ..pb::TaskFilter::default() };
    let bread = pb::TaskSelection { filter: Some(bread), expected_count: Some(2), ..pb::TaskSelection::default() };
    let deleted = writer.tasks().bulk_delete_tasks(place.owner.request(delete(bread))).await.unwrap().into_inner();
    assert_eq!(deleted.count, 2);
    assert_eq!(writer.task_titles(&place, "", pb::TaskFilter::default()).await, ["Running Shoes"]);
    let undone = writer.undo(&place, &deleted.undo_token).await.unwrap();
    assert_eq!((undone.object.as_str(), undone.count), ("tasks", 2));
    assert_eq!(writer.task_titles(&place, "", pb::TaskFilter::default()).await.len(), 3);
    assert_eq!(writer.undo(&place, &deleted.undo_token).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_deleted_task_comes_back_and_its_article_never_went() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let task = writer.task(&place, "Rye Bread").await;
    let article = pb::CreateContentRequest { task_id: Some(task.id.clone()), ..place.article("Rye Bread") };
    let article = writer.try_write(&place, article).await.unwrap();
    let request = pb::DeleteTaskRequest { id: task.id.clone() };
    let deleted = writer.tasks().delete_task(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!(writer.get_task(&place, &task.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(writer.get(&place, &article.id).await.unwrap().title, "Rye Bread");
    assert_eq!(writer.undo(&place, &deleted.undo_token).await.unwrap().object_id, Some(task.id.clone()));
    assert_eq!(writer.get_task(&place, &task.id).await.unwrap().content_id, Some(article.id));
}

#[tokio::test]
async fn nobody_of_another_account_or_site_sees_a_task() {
    let writer = Writer::start().await;
    let (place, stranger) = (writer.place().await, writer.place().await);
    let task = writer.task(&place, "Rye Bread").await;
    assert_eq!(writer.get_task(&stranger, &task.id).await.unwrap_err().kind(), Kind::NotFound);
    let other = writer.another_place(place.owner.clone()).await;
    let member = Actor::new(place.owner.account(), Role::Editor).sites([other.site]);
    let member = Place { owner: member, ..other };
    assert_eq!(writer.get_task(&member, &task.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(writer.task_titles(&member, "", pb::TaskFilter::default()).await, Vec::<String>::new());
}
