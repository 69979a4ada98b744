//! Copies of auth's sites: changed by events, gone with their account.

use contracts::auth::v1 as auth;
use contracts::writer::v1 as pb;
use rpc::AccountId;
use uuid::Uuid;

use crate::harness::{Place, Writer, wrong_fields};

/// The newest state of the site, as an event tells it.
fn copy(place: &Place, version: i64) -> auth::SiteCopy {
    auth::SiteCopy {
        id: place.site.to_string(),
        version,
        name: format!("Version {version}"),
        active: true,
        sectors: vec![auth::SectorCopy { id: place.sector.to_string(), name: "Bread".into(), ..Default::default() }],
        ..Default::default()
    }
}

async fn store(writer: &Writer, place: &Place, copy: auth::SiteCopy) {
    let account = AccountId::of_message(place.owner.account());
    writer.app.db.account(account, async |conn| writer::site_copies::store(conn, &copy).await).await.unwrap();
}

#[tokio::test]
async fn tasks_and_articles_go_and_come_back_with_their_site() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    writer.task(&place, "Rye Bread").await;
    let article = writer.write(&place, "Rye Bread").await;
    let gone = writer.task(&place, "Gone before").await;
    let request = pb::DeleteTaskRequest { id: gone.id };
    writer.tasks().delete_task(place.owner.request(request)).await.unwrap();

    store(&writer, &place, auth::SiteCopy { deleted: true, ..copy(&place, 2) }).await;
    assert_eq!(writer.task_titles(&place, "", pb::TaskFilter::default()).await, Vec::<String>::new());
    let refused = writer.try_write(&place, place.article("New")).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["site_id"]);
    store(&writer, &place, copy(&place, 1)).await;
    assert_eq!(writer.task_titles(&place, "", pb::TaskFilter::default()).await, Vec::<String>::new());

    store(&writer, &place, copy(&place, 3)).await;
    assert_eq!(writer.task_titles(&place, "", pb::TaskFilter::default()).await, ["Rye Bread"]);
    assert_eq!(writer.get(&place, &article.id).await.unwrap().title, "Rye Bread");
}

#[tokio::test]
async fn an_account_that_has_ended_leaves_nothing_and_takes_nobody_along() {
    let writer = Writer::start().await;
    let (place, other) = (writer.place().await, writer.place().await);
    for place in [&place, &other] {
        let task = writer.task(place, "Rye Bread").await;
        let article = pb::CreateContentRequest { task_id: Some(task.id), ..place.article("Rye Bread") };
        writer.try_write(place, article).await.unwrap();
        let deleted = writer.write(place, "Deleted").await;
        let request = pb::DeleteContentRequest { id: deleted.id };
        writer.contents().delete_content(place.owner.request(request)).await.unwrap();
    }
    writer::erasure::erase(&writer.app.db, AccountId::of_message(place.owner.account())).await.unwrap();
    for table in writer::erasure::TABLES {
        let of = |id: Uuid| format!("SELECT count(*) FROM {table} WHERE account_id = '{id}'");
        assert_eq!(writer.number(&of(place.owner.account())).await, 0, "{table}");
    }
    assert_eq!(writer.task_titles(&other, "", pb::TaskFilter::default()).await, ["Rye Bread"]);
}

#[tokio::test]
async fn what_was_deleted_a_month_ago_is_erased_and_nothing_else() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    for title in ["Old", "Fresh", "Live"] {
        let task = writer.task(&place, title).await;
        writer
            .try_write(&place, pb::CreateContentRequest { task_id: Some(task.id), ..place.article(title) })
            .await
            .unwrap();
    }
    for table in ["igny8_tasks", "igny8_content"] {
        writer
            .execute(&format!("UPDATE {table} SET deleted_at = now() - interval '31 days' WHERE title = 'Old'"))
            .await;
        writer
            .execute(&format!("UPDATE {table} SET deleted_at = now() - interval '29 days' WHERE title = 'Fresh'"))
            .await;
    }
    writer::sweeper::sweep(&writer.app.db).await.unwrap();
    for table in ["igny8_tasks", "igny8_content", "igny8_content_revisions"] {
        let left = writer.texts(&format!("SELECT title FROM {table} ORDER BY title")).await;
        assert_eq!(left, ["Fresh", "Live"], "{table}");
    }
}
