//! Many keywords at once.

use contracts::planner::v1 as pb;
use contracts::planner::v1::KeywordStatus;
use contracts::rest::v1::Role;
use rpc::Kind;
use testkit::{Actor, metadata};

use crate::harness::{Planner, wrong_fields};
use crate::lists::fill;

fn all() -> pb::KeywordSelection {
    pb::KeywordSelection { filter: Some(pb::KeywordFilter::default()), ..Default::default() }
}

async fn update(planner: &Planner, actor: &Actor, request: pb::BulkUpdateKeywordsRequest) -> Result<i64, rpc::Error> {
    Ok(planner.keywords().bulk_update_keywords(actor.request(request)).await?.into_inner().count)
}

async fn delete(
    planner: &Planner,
    actor: &Actor,
    selection: pb::KeywordSelection,
) -> Result<pb::DeletedKeywords, rpc::Error> {
    let request = pb::BulkDeleteKeywordsRequest { selection: Some(selection) };
    Ok(planner.keywords().bulk_delete_keywords(actor.request(request)).await?.into_inner())
}

#[tokio::test]
async fn a_filter_with_exceptions_selects_what_was_shown() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    fill(&planner, &place, 30).await;
    let spared = planner.list(&place.owner, pb::KeywordFilter { search: "k00003".into(), ..Default::default() }).await;
    let selection = pb::KeywordSelection {
        filter: Some(pb::KeywordFilter { volume_gte: Some(11), ..Default::default() }),
        except_ids: vec![spared.results[0].id.clone()],
        expected_count: Some(19),
        ..Default::default()
    };
    let mut request = pb::BulkUpdateKeywordsRequest { selection: Some(selection), ..Default::default() };
    request.set_status(KeywordStatus::Archived);
    assert_eq!(update(&planner, &place.owner, request).await.unwrap(), 19);
    let archived = pb::KeywordFilter { status: vec![KeywordStatus::Archived.into()], ..Default::default() };
    assert_eq!(planner.list(&place.owner, archived).await.count, 19);
}

#[tokio::test]
async fn a_selection_that_has_changed_changes_nothing() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    fill(&planner, &place, 100).await;
    for expected in [90, 110] {
        let selection = pb::KeywordSelection { expected_count: Some(expected), ..all() };
        let refused = delete(&planner, &place.owner, selection.clone()).await.unwrap_err();
        assert_eq!((refused.kind(), refused.reason()), (Kind::Aborted, "SELECTION_CHANGED"));
        let request = pb::BulkUpdateKeywordsRequest {
            selection: Some(selection),
            add_tags: vec!["a".into()],
            ..Default::default()
        };
        assert_eq!(update(&planner, &place.owner, request).await.unwrap_err().reason(), "SELECTION_CHANGED");
    }
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 100);
    assert_eq!(planner.number("SELECT count(*) FROM igny8_keywords WHERE tags <> '{}'").await, 0);
    let selection = pb::KeywordSelection { expected_count: Some(104), ..all() };
    assert_eq!(delete(&planner, &place.owner, selection).await.unwrap().count, 100);
}

#[tokio::test]
async fn one_token_takes_all_of_a_deletion_back() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let cluster = planner.cluster(&place, "Bread").await;
    planner.put(&planner.create(&place, "bread").await, cluster).await;
    planner.create(&place, "rolls").await;
    let before = planner.create(&place, "gone before").await;
    let request = pb::DeleteKeywordRequest { id: before.id };
    planner.keywords().delete_keyword(place.owner.request(request)).await.unwrap();

    let deleted = delete(&planner, &place.owner, all()).await.unwrap();
    assert_eq!(deleted.count, 2);
    assert_eq!(planner.number("SELECT keyword_count FROM igny8_clusters").await, 0);
    assert!(planner.texts_of(&place.owner, pb::KeywordFilter::default()).await.is_empty());
    // A place that was taken meanwhile stays with who took it.
    planner.create(&place, "Rolls").await;

    let undone = planner.undo(&place.owner, &deleted.undo_token).await.unwrap();
    assert_eq!((undone.object.as_str(), undone.object_id, undone.count), ("keywords", None, 1));
    assert_eq!(planner.texts_of(&place.owner, pb::KeywordFilter::default()).await, ["Rolls", "bread"]);
    assert_eq!(planner.number("SELECT keyword_count FROM igny8_clusters").await, 1);
    assert_eq!(planner.undo(&place.owner, &deleted.undo_token).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn tags_are_added_and_removed_and_keep_their_order() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let input = pb::KeywordInput { tags: vec!["z".into(), "old".into(), "a".into()], ..place.input("bread") };
    let made = planner.try_create(&place.owner, input).await.unwrap();
    let request = pb::BulkUpdateKeywordsRequest {
        selection: Some(pb::KeywordSelection { ids: vec![made.id.clone()], ..Default::default() }),
        add_tags: vec!["new".into(), "a".into()],
        remove_tags: vec!["old".into()],
        ..Default::default()
    };
    assert_eq!(update(&planner, &place.owner, request.clone()).await.unwrap(), 1);
    assert_eq!(planner.get(&place.owner, &made.id).await.unwrap().tags, ["z", "a", "new"]);
    let nothing_left = pb::BulkUpdateKeywordsRequest {
        add_tags: vec![],
        remove_tags: vec!["z".into(), "a".into(), "new".into()],
        ..request
    };
    update(&planner, &place.owner, nothing_left).await.unwrap();
    assert!(planner.get(&place.owner, &made.id).await.unwrap().tags.is_empty());
}

#[tokio::test]
async fn a_request_that_means_nothing_or_two_things_is_refused() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let made = planner.create(&place, "bread").await;
    let refused = delete(&planner, &place.owner, pb::KeywordSelection::default()).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["selection"]);
    let both = pb::KeywordSelection { ids: vec![made.id], ..all() };
    assert_eq!(wrong_fields(&delete(&planner, &place.owner, both).await.unwrap_err()), ["selection.ids"]);
    let nothing = pb::BulkUpdateKeywordsRequest { selection: Some(all()), ..Default::default() };
    assert_eq!(wrong_fields(&update(&planner, &place.owner, nothing.clone()).await.unwrap_err()), ["status"]);
    let mut mapped = nothing;
    mapped.set_status(KeywordStatus::Mapped);
    assert_eq!(wrong_fields(&update(&planner, &place.owner, mapped).await.unwrap_err()), ["status"]);
}

#[tokio::test]
async fn sites_that_are_not_active_or_not_seen_are_left_alone() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let other = planner.another_place(place.owner.clone()).await;
    planner.create(&place, "bread").await;
    planner.create(&other, "bread").await;
    assert_eq!(delete(&planner, &place.member(Role::Editor), all()).await.unwrap().count, 1);
    planner.deactivate(&other).await;
    assert_eq!(delete(&planner, &place.owner, all()).await.unwrap_err().reason(), "SITE_INACTIVE");
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 1);
}

#[tokio::test]
async fn a_deletion_sent_twice_happens_once() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    planner.create(&place, "bread").await;
    let request = || {
        let request = pb::BulkDeleteKeywordsRequest { selection: Some(all()) };
        metadata(place.owner.request(request), "idempotency-key", "once")
    };
    let first = planner.keywords().bulk_delete_keywords(request()).await.unwrap().into_inner();
    planner.create(&place, "rolls").await;
    let second = planner.keywords().bulk_delete_keywords(request()).await.unwrap().into_inner();
    assert_eq!(first, second);
    assert_eq!(planner.texts_of(&place.owner, pb::KeywordFilter::default()).await, ["rolls"]);
}
