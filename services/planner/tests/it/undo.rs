//! Deletions of one keyword that are taken back.

use contracts::planner::v1 as pb;
use contracts::planner::v1::KeywordStatus;
use contracts::rest::v1::Role;
use rpc::Kind;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Place, Planner};

async fn delete(planner: &Planner, place: &Place, keyword: &pb::Keyword) -> String {
    let request = pb::DeleteKeywordRequest { id: keyword.id.clone() };
    planner.keywords().delete_keyword(place.owner.request(request)).await.unwrap().into_inner().undo_token
}

#[tokio::test]
async fn a_keyword_comes_back_once_and_to_its_account() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let made = planner.create(&place, "bread").await;
    let token = delete(&planner, &place, &made).await;
    assert_eq!(planner.get(&place.owner, &made.id).await.unwrap_err().kind(), Kind::NotFound);

    let stranger = Actor::new(Uuid::now_v7(), Role::Owner);
    assert_eq!(planner.undo(&stranger, &token).await.unwrap_err().kind(), Kind::NotFound);
    let undone = planner.undo(&place.owner, &token).await.unwrap();
    assert_eq!((undone.object.as_str(), undone.object_id.as_ref(), undone.count), ("keyword", Some(&made.id), 1));
    planner.get(&place.owner, &made.id).await.unwrap();
    assert_eq!(planner.undo(&place.owner, &token).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_keyword_whose_place_was_taken_stays_deleted_until_it_is_free() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let token = delete(&planner, &place, &planner.create(&place, "bread").await).await;
    let second = planner.create(&place, "Bread").await;
    let refused = planner.undo(&place.owner, &token).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::AlreadyExists, "KEYWORD_TAKEN"));
    delete(&planner, &place, &second).await;
    planner.undo(&place.owner, &token).await.unwrap();
}

#[tokio::test]
async fn a_keyword_whose_cluster_is_gone_comes_back_as_a_new_one() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let made = planner.create(&place, "bread").await;
    planner.put(&made, planner.cluster(&place, "Bread").await).await;
    let token = delete(&planner, &place, &made).await;
    planner.execute("UPDATE igny8_clusters SET deleted_at = now()").await;
    planner.undo(&place.owner, &token).await.unwrap();
    let back = planner.get(&place.owner, &made.id).await.unwrap();
    assert_eq!((back.status(), back.cluster), (KeywordStatus::New, None));
}

#[tokio::test]
async fn a_token_works_for_ten_minutes() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let token = delete(&planner, &place, &planner.create(&place, "bread").await).await;
    planner.execute("UPDATE igny8_undo SET expires_at = expires_at - interval '10 minutes'").await;
    assert_eq!(planner.undo(&place.owner, &token).await.unwrap_err().kind(), Kind::NotFound);
}
