//! Author profiles: one of them is the default, whatever is done to them.

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::author_profile_service_client::AuthorProfileServiceClient;
use contracts::ai_processor::v1::system_undo_service_client::SystemUndoServiceClient;
use contracts::rest::v1::Role;
use rpc::Kind;
use rpc::client::Channel;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Processor, refusal};
use crate::sites::mask;

pub fn profiles(processor: &Processor) -> AuthorProfileServiceClient<Channel> {
    AuthorProfileServiceClient::new(processor.served.channel("gateway"))
}

pub async fn create(processor: &Processor, actor: &Actor, name: &str) -> pb::AuthorProfile {
    let request = pb::CreateAuthorProfileRequest {
        name: name.to_owned(),
        tone: "plain and friendly".to_owned(),
        language: "en".to_owned(),
        reader: "owners of small workshops".to_owned(),
        examples: vec!["We say it once, and plainly.".to_owned()],
        is_default: false,
    };
    profiles(processor).create_author_profile(actor.request(request)).await.unwrap().into_inner()
}

async fn default(processor: &Processor, actor: &Actor) -> Vec<String> {
    let filter = pb::AuthorProfileFilter { is_default: Some(true), ..Default::default() };
    let list = pb::ListAuthorProfilesRequest { filter: Some(filter), ..Default::default() };
    let list = profiles(processor).list_author_profiles(actor.request(list)).await.unwrap().into_inner();
    list.results.into_iter().map(|profile| profile.name).collect()
}

#[tokio::test]
async fn the_first_profile_is_the_default_until_another_one_is() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    let ada = create(&processor, &admin, "Ada").await;
    let bob = create(&processor, &admin, "Bob").await;
    assert_eq!((ada.is_default, bob.is_default), (true, false));
    let change = |id: &str, is_default| pb::UpdateAuthorProfileRequest {
        id: id.to_owned(),
        update_mask: mask(&["is_default"]),
        is_default,
        ..Default::default()
    };
    profiles(&processor).update_author_profile(admin.request(change(&bob.id, true))).await.unwrap();
    assert_eq!(default(&processor, &admin).await, ["Bob"]);
    let refused = refusal(profiles(&processor).update_author_profile(admin.request(change(&bob.id, false))).await);
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "DEFAULT_NEEDED"));
}

#[tokio::test]
async fn a_deleted_default_makes_way_and_comes_back_as_an_ordinary_one() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    let ada = create(&processor, &admin, "Ada").await;
    create(&processor, &admin, "Bob").await;
    let delete = pb::DeleteAuthorProfileRequest { id: ada.id.clone() };
    let deleted = profiles(&processor).delete_author_profile(admin.request(delete)).await.unwrap().into_inner();
    assert_eq!(default(&processor, &admin).await, ["Bob"]);
    let undo = pb::UndoSystemDeleteRequest { token: deleted.undo_token };
    let mut client = SystemUndoServiceClient::new(processor.served.channel("gateway"));
    client.undo_delete(admin.request(undo)).await.unwrap();
    assert_eq!(default(&processor, &admin).await, ["Bob"]);
    let get = pb::GetAuthorProfileRequest { id: ada.id.clone() };
    let restored = profiles(&processor).get_author_profile(admin.request(get)).await.unwrap().into_inner();
    assert_eq!(restored, pb::AuthorProfile { is_default: false, ..ada });
}

#[tokio::test]
async fn names_are_taken_once_and_languages_are_languages() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    create(&processor, &admin, "Ada").await;
    let named = |name: &str, language: &str| pb::CreateAuthorProfileRequest {
        name: name.to_owned(),
        language: language.to_owned(),
        ..Default::default()
    };
    let taken = refusal(profiles(&processor).create_author_profile(admin.request(named("ADA", ""))).await);
    assert_eq!((taken.reason(), taken.violations()[0].field.as_str()), ("AUTHOR_PROFILE_NAME_TAKEN", "name"));
    let wrong = refusal(profiles(&processor).create_author_profile(admin.request(named("Eve", "E!"))).await);
    assert_eq!(wrong.violations()[0].field, "language");
    // Another account has its own names.
    create(&processor, &Actor::new(Uuid::now_v7(), Role::Admin), "Ada").await;
}

#[tokio::test]
async fn profiles_are_found_and_ordered() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    for name in ["Ada", "Bob", "100% Eve"] {
        create(&processor, &admin, name).await;
    }
    let filter = pb::AuthorProfileFilter { search: "0%".to_owned(), ..Default::default() };
    let list = pb::ListAuthorProfilesRequest { filter: Some(filter), ..Default::default() };
    assert_eq!(profiles(&processor).list_author_profiles(admin.request(list)).await.unwrap().into_inner().count, 1);
    let list = pb::ListAuthorProfilesRequest {
        ordering: "-name".to_owned(),
        page: Some(1),
        page_size: Some(2),
        ..Default::default()
    };
    let list = profiles(&processor).list_author_profiles(admin.request(list)).await.unwrap().into_inner();
    let names: Vec<_> = list.results.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!((names, list.count), (vec!["Bob", "Ada"], 3));
    let editor = Actor::new(admin.account(), Role::Editor);
    let profile = pb::CreateAuthorProfileRequest { name: "Eve".to_owned(), ..Default::default() };
    let denied = refusal(profiles(&processor).create_author_profile(editor.request(profile)).await);
    assert_eq!(denied.kind(), Kind::PermissionDenied);
}
