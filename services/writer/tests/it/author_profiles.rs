//! The author profiles that tasks name.

use contracts::ai_processor::v1::CreateAuthorProfileRequest;
use contracts::ai_processor::v1::author_profile_service_client::AuthorProfileServiceClient;
use contracts::writer::v1 as pb;
use prost_types::FieldMask;
use rpc::Kind;
use uuid::Uuid;

use crate::harness::{Place, Writer, nowhere, wrong_fields};
use crate::neighbours::Neighbour;

async fn profile(ai: &Neighbour, place: &Place) -> String {
    let request = CreateAuthorProfileRequest { name: "Ada".to_owned(), ..Default::default() };
    let mut profiles = AuthorProfileServiceClient::new(ai.channel());
    profiles.create_author_profile(place.owner.request(request)).await.unwrap().into_inner().id
}

async fn create(writer: &Writer, place: &Place, profile: &str) -> Result<pb::Task, rpc::Error> {
    let task = pb::CreateTaskRequest { author_profile_id: Some(profile.to_owned()), ..place.task("Rye Bread") };
    Ok(writer.tasks().create_task(place.owner.request(task)).await?.into_inner())
}

async fn update(writer: &Writer, place: &Place, task: &str, profile: Option<&str>) -> Result<pb::Task, rpc::Error> {
    let request = pb::UpdateTaskRequest {
        id: task.to_owned(),
        author_profile_id: profile.map(str::to_owned),
        update_mask: Some(FieldMask { paths: vec!["author_profile_id".to_owned()] }),
        ..Default::default()
    };
    Ok(writer.tasks().update_task(place.owner.request(request)).await?.into_inner())
}

async fn update_many(writer: &Writer, place: &Place, task: &str, profile: &str) -> Result<i64, rpc::Error> {
    let request = pb::BulkUpdateTasksRequest {
        selection: Some(pb::TaskSelection { ids: vec![task.to_owned()], ..Default::default() }),
        author_profile_id: Some(profile.to_owned()),
        ..Default::default()
    };
    Ok(writer.tasks().bulk_update_tasks(place.owner.request(request)).await?.into_inner().count)
}

#[tokio::test]
async fn a_task_names_a_profile_of_its_own_account_only() {
    let ai = Neighbour::ai_processor().await;
    let writer = Writer::start_with(&nowhere("auth"), &nowhere("billing"), &ai.target()).await;
    let (place, stranger) = (writer.place().await, writer.place().await);
    let (own, foreign) = (profile(&ai, &place).await, profile(&ai, &stranger).await);
    let task = create(&writer, &place, &own).await.unwrap();
    assert_eq!(task.author_profile_id(), own);
    for id in [foreign, Uuid::now_v7().to_string()] {
        for refused in [
            create(&writer, &place, &id).await.unwrap_err(),
            update(&writer, &place, &task.id, Some(&id)).await.unwrap_err(),
            update_many(&writer, &place, &task.id, &id).await.unwrap_err(),
        ] {
            assert_eq!(wrong_fields(&refused), ["author_profile_id"]);
            assert!(refused.violations()[0].message.contains("choose another one"), "{refused:?}");
        }
    }
    assert_eq!(writer.get_task(&place, &task.id).await.unwrap().author_profile_id(), own);
    assert_eq!(writer.number("SELECT count(*) FROM igny8_tasks").await, 1);
    assert_eq!(update(&writer, &place, &task.id, None).await.unwrap().author_profile_id, None);
    assert_eq!(update_many(&writer, &place, &task.id, &own).await.unwrap(), 1);
}

#[tokio::test]
async fn a_profile_that_cannot_be_looked_for_is_not_taken_for_missing() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let refused = create(&writer, &place, &Uuid::now_v7().to_string()).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unavailable);
    writer.task(&place, "Rye Bread").await;
}
