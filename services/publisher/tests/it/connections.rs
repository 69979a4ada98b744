//! Connections: one of a site is its default, addresses are read as people paste them, and nobody sees a password.

use contracts::auth::v1 as auth;
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::publisher_undo_service_client::PublisherUndoServiceClient;
use contracts::rest::v1::{Deleted, Role};
use prost_types::FieldMask;
use rpc::Kind;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Place, Publisher, connection, copy, refusal};

const PASSWORD: &str = "abcd efgh ijkl mnop qrst uvwx";

async fn create(publisher: &Publisher, place: &Place, url: &str) -> pb::Connection {
    publisher.create(place, connection(place, url, "ada", PASSWORD)).await.unwrap()
}

async fn update(
    publisher: &Publisher,
    place: &Place,
    fields: &[&str],
    change: pb::UpdateConnectionRequest,
) -> Result<pb::Connection, rpc::Error> {
    let paths = fields.iter().map(|&field| field.to_owned()).collect();
    let request = pb::UpdateConnectionRequest { update_mask: Some(FieldMask { paths }), ..change };
    Ok(publisher.connections().update_connection(place.owner.request(request)).await?.into_inner())
}

async fn delete(publisher: &Publisher, place: &Place, id: &str) -> Deleted {
    let request = pb::DeleteConnectionRequest { id: id.to_owned() };
    publisher.connections().delete_connection(place.owner.request(request)).await.unwrap().into_inner()
}

async fn undo(publisher: &Publisher, place: &Place, deleted: &Deleted) -> Result<(), rpc::Error> {
    let request = pb::UndoPublisherDeleteRequest { token: deleted.undo_token.clone() };
    let mut client = PublisherUndoServiceClient::new(publisher.channel());
    client.undo_delete(place.owner.request(request)).await?;
    Ok(())
}

async fn list(publisher: &Publisher, actor: &Actor, filter: pb::ConnectionFilter) -> Vec<String> {
    let request = pb::ListConnectionsRequest { filter: Some(filter), ..Default::default() };
    let list = publisher.connections().list_connections(actor.request(request)).await.unwrap().into_inner();
    assert_eq!(usize::try_from(list.count).unwrap(), list.results.len());
    list.results.into_iter().map(|connection| connection.url).collect()
}

async fn default(publisher: &Publisher, place: &Place) -> Vec<String> {
    let filter = pb::ConnectionFilter { is_default: Some(true), ..Default::default() };
    list(publisher, &place.owner, filter).await
}

#[tokio::test]
async fn the_first_connection_of_a_site_is_its_default_until_another_one_is() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let one = create(&publisher, &place, "one.example").await;
    let two = create(&publisher, &place, "https://two.example/blog/").await;
    assert_eq!((one.url.as_str(), one.is_default), ("https://one.example", true));
    assert_eq!((two.url.as_str(), two.is_default), ("https://two.example/blog", false));
    let change =
        |id: &str, is_default| pb::UpdateConnectionRequest { id: id.to_owned(), is_default, ..Default::default() };
    update(&publisher, &place, &["is_default"], change(&two.id, true)).await.unwrap();
    assert_eq!(default(&publisher, &place).await, ["https://two.example/blog"]);
    let refused = update(&publisher, &place, &["is_default"], change(&two.id, false)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "DEFAULT_NEEDED"));
}

#[tokio::test]
async fn a_deleted_default_makes_way_and_comes_back_as_an_ordinary_one() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let one = create(&publisher, &place, "one.example").await;
    create(&publisher, &place, "two.example").await;
    let deleted = delete(&publisher, &place, &one.id).await;
    assert_eq!(list(&publisher, &place.owner, pb::ConnectionFilter::default()).await, ["https://two.example"]);
    assert_eq!(default(&publisher, &place).await, ["https://two.example"]);
    undo(&publisher, &place, &deleted).await.unwrap();
    assert_eq!(default(&publisher, &place).await, ["https://two.example"]);
    assert!(!publisher.get(&place, &one.id).await.is_default);
    assert_eq!(undo(&publisher, &place, &deleted).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_password_is_shown_to_nobody_and_goes_to_no_other_address() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let made = create(&publisher, &place, "one.example").await;
    let kept = publisher.texts("SELECT c::text FROM igny8_connections c").await;
    let logged = publisher.texts("SELECT l::text FROM igny8_audit_log l").await;
    assert!(![kept, logged].concat().iter().any(|row| row.contains(PASSWORD) || row.contains("efgh")));
    let to = |url: &str| pb::UpdateConnectionRequest {
        id: made.id.clone(),
        url: url.to_owned(),
        application_password: PASSWORD.to_owned(),
        ..Default::default()
    };
    let refused = update(&publisher, &place, &["url"], to("evil.example")).await.unwrap_err();
    assert_eq!(refused.violations()[0].field, "application_password");
    assert_eq!(publisher.get(&place, &made.id).await.url, "https://one.example");
    update(&publisher, &place, &["url"], to("https://one.example/")).await.unwrap();
    let moved = update(&publisher, &place, &["url", "application_password"], to("two.example")).await.unwrap();
    assert_eq!(moved.url, "https://two.example");
}

#[tokio::test]
async fn a_change_forgets_what_the_last_test_found() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let made = create(&publisher, &place, "https://nobody.invalid").await;
    publisher.test(&place, &made.id).await;
    assert!(publisher.get(&place, &made.id).await.diagnosis.is_some());
    let request = pb::UpdateConnectionRequest { id: made.id.clone(), username: "eve".to_owned(), ..Default::default() };
    let changed = update(&publisher, &place, &["username"], request).await.unwrap();
    assert_eq!((changed.username.as_str(), changed.diagnosis), ("eve", None));
}

#[tokio::test]
async fn the_same_address_and_user_are_connected_once_for_each_site() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    create(&publisher, &place, "one.example").await;
    let again = publisher.create(&place, connection(&place, "https://ONE.example/wp-admin/", "Ada", PASSWORD)).await;
    let again = again.unwrap_err();
    assert_eq!((again.reason(), again.violations()[0].field.as_str()), ("CONNECTION_TAKEN", "url"));
    let other = Place { site: Uuid::now_v7(), ..place.clone() };
    publisher.tell(&place.owner, &copy(other.site, 1)).await;
    create(&publisher, &other, "one.example").await;
    let of_site = pb::ConnectionFilter { site_id: Some(other.site.to_string()), ..Default::default() };
    assert_eq!(list(&publisher, &place.owner, of_site).await.len(), 1);
    let found = pb::ConnectionFilter { search: "ONE.ex".to_owned(), ..Default::default() };
    assert_eq!(list(&publisher, &place.owner, found).await.len(), 2);
}

#[tokio::test]
async fn only_admins_connect_and_only_sites_that_are_there_and_active() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let editor = Actor::new(place.owner.account(), Role::Editor);
    let request = connection(&place, "one.example", "ada", PASSWORD);
    let denied = refusal(publisher.connections().create_connection(editor.request(request.clone())).await);
    assert_eq!(denied.kind(), Kind::PermissionDenied);
    let stranger = Actor::new(Uuid::now_v7(), Role::Owner);
    let theirs = create(&publisher, &place, "one.example").await;
    let get = pb::GetConnectionRequest { id: theirs.id };
    let hidden = refusal(publisher.connections().get_connection(stranger.request(get)).await);
    assert_eq!(hidden.kind(), Kind::NotFound);
    publisher.tell(&place.owner, &auth::SiteCopy { active: false, ..copy(place.site, 2) }).await;
    let closed = publisher.create(&place, connection(&place, "two.example", "ada", PASSWORD)).await.unwrap_err();
    assert_eq!(closed.reason(), "SITE_INACTIVE");
    publisher.tell(&place.owner, &auth::SiteCopy { deleted: true, ..copy(place.site, 3) }).await;
    let gone = publisher.create(&place, connection(&place, "two.example", "ada", PASSWORD)).await.unwrap_err();
    assert_eq!(gone.violations()[0].field, "site_id");
}
