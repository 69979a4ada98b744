//! One keyword: made, read, changed, deleted, and by whom.

use contracts::planner::v1 as pb;
use contracts::planner::v1::{Intent, KeywordStatus, VolumeQuality};
use contracts::rest::v1::Role;
use prost_types::FieldMask;
use rpc::Kind;
use testkit::{Actor, metadata};
use uuid::Uuid;

use crate::harness::{Place, Planner, refusal, wrong_fields};

fn change(keyword: &pb::Keyword, fields: &[&str]) -> pb::UpdateKeywordRequest {
    let paths = fields.iter().map(|&field| field.to_owned()).collect();
    pb::UpdateKeywordRequest {
        id: keyword.id.clone(),
        update_mask: Some(FieldMask { paths }),
        ..pb::UpdateKeywordRequest::default()
    }
}

async fn update(
    planner: &Planner,
    actor: &Actor,
    request: pb::UpdateKeywordRequest,
) -> Result<pb::Keyword, rpc::Error> {
    Ok(planner.keywords().update_keyword(actor.request(request)).await?.into_inner())
}

#[tokio::test]
async fn a_keyword_is_read_as_it_was_made() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let input = pb::KeywordInput {
        country: "us".into(),
        language: "EN".into(),
        volume: Some(1200),
        difficulty: Some(35),
        cpc: Some(1.25),
        competition: Some(0.5),
        intents: vec![Intent::Transactional.into(), Intent::Commercial.into()],
        tags: vec![" summer  sale ".into(), "summer sale".into(), "b".into()],
        ..place.input("  Buy   Sourdough bread ")
    };
    let made = planner.try_create(&place.owner, input).await.unwrap();
    assert_eq!(planner.get(&place.owner, &made.id).await.unwrap(), made);
    assert_eq!(
        (made.keyword.as_str(), made.country.as_str(), made.language.as_str()),
        ("Buy Sourdough bread", "US", "en")
    );
    assert_eq!(
        (made.volume, made.difficulty, made.cpc, made.competition),
        (Some(1200), Some(35), Some(1.25), Some(0.5))
    );
    assert_eq!((made.intent(), made.status()), (Intent::Transactional, KeywordStatus::New));
    assert_eq!(made.intents.len(), 2);
    assert_eq!(made.volume_quality(), VolumeQuality::Exact);
    assert_eq!((made.source.as_str(), made.tags), ("manual", vec!["summer sale".to_owned(), "b".to_owned()]));
}

#[tokio::test]
async fn what_is_not_known_is_null_and_the_intent_is_found() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let made = planner.create(&place, "how to bake bread").await;
    assert_eq!((made.volume, made.difficulty, made.cpc, made.cluster.clone()), (None, None, None, None));
    assert_eq!(made.volume_quality, None);
    assert_eq!(made.intent(), Intent::Informational);
}

#[tokio::test]
async fn a_sector_has_a_keyword_once_for_each_country() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    planner.create(&place, "Sourdough Bread").await;
    let taken = planner.try_create(&place.owner, place.input("sourdough  bread")).await.unwrap_err();
    assert_eq!((taken.kind(), taken.reason()), (Kind::AlreadyExists, "KEYWORD_TAKEN"));
    assert_eq!(wrong_fields(&taken), ["keyword"]);

    let german = pb::KeywordInput { country: "DE".into(), ..place.input("sourdough bread") };
    planner.try_create(&place.owner, german).await.unwrap();
    let other = planner.sector(&place, Uuid::now_v7()).await;
    planner.create(&Place { sector: other, ..place.clone() }, "sourdough bread").await;
    planner.create(&planner.place().await, "sourdough bread").await;
}

#[tokio::test]
async fn wrong_input_names_every_field() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let input = pb::KeywordInput {
        country: "U1".into(),
        cpc: Some(-1.0),
        competition: Some(f64::NAN),
        tags: vec!["\u{200B} ".into(), "  ".into()],
        ..place.input(" \u{200B} ")
    };
    let refused = planner.try_create(&place.owner, input).await.unwrap_err();
    assert_eq!(refused.reason(), "INVALID_FIELD");
    assert_eq!(wrong_fields(&refused), ["keyword", "country", "cpc", "competition", "tags.1"]);

    let input = pb::KeywordInput { volume: Some(-1), difficulty: Some(101), ..place.input("bread") };
    let refused = planner.try_create(&place.owner, input).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["volume", "difficulty"]);
    let refused = planner.try_create(&place.owner, place.input(&"é".repeat(201))).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["keyword"]);
    planner.create(&place, &"é".repeat(200)).await;
}

#[tokio::test]
async fn a_request_sent_twice_makes_one_keyword() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let request = |keyword: &str| metadata(place.owner.request(place.input(keyword)), "idempotency-key", "once");
    let first = planner.keywords().create_keyword(request("bread")).await.unwrap().into_inner();
    let second = planner.keywords().create_keyword(request("bread")).await.unwrap().into_inner();
    assert_eq!(first, second);
    let other = refusal(planner.keywords().create_keyword(request("rolls")).await);
    assert_eq!(other.reason(), "IDEMPOTENCY_MISMATCH");
}

#[tokio::test]
async fn a_change_touches_what_it_names() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let input = pb::KeywordInput { volume: Some(10), cpc: Some(2.5), ..place.input("bread") };
    let made = planner.try_create(&place.owner, input).await.unwrap();

    let mut request = change(&made, &["keyword", "volume", "tags"]);
    "Rye BREAD".clone_into(&mut request.keyword);
    request.tags = vec!["rye".into()];
    let changed = update(&planner, &place.owner, request).await.unwrap();
    assert_eq!((changed.keyword.as_str(), changed.volume, changed.cpc), ("Rye BREAD", None, Some(2.5)));
    assert_eq!((changed.volume_quality, changed.tags.clone()), (None, vec!["rye".to_owned()]));
    assert!(changed.updated_at.as_ref().unwrap().nanos != made.updated_at.as_ref().unwrap().nanos);

    let taken = planner.try_create(&place.owner, place.input("rye bread")).await.unwrap_err();
    assert_eq!(taken.reason(), "KEYWORD_TAKEN");
    let other = planner.create(&place, "bread").await;
    let mut request = change(&other, &["keyword"]);
    "RYE bread".clone_into(&mut request.keyword);
    assert_eq!(update(&planner, &place.owner, request).await.unwrap_err().reason(), "KEYWORD_TAKEN");
}

#[tokio::test]
async fn people_put_a_keyword_aside_and_take_it_back_to_where_it_was() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let made = planner.create(&place, "bread").await;
    let cluster = planner.cluster(&place, "Bread").await;
    planner.put(&made, cluster).await;

    let mut request = change(&made, &["status"]);
    request.set_status(KeywordStatus::Archived);
    let archived = update(&planner, &place.owner, request.clone()).await.unwrap();
    assert_eq!(archived.status(), KeywordStatus::Archived);
    assert_eq!(archived.cluster.unwrap().name, "Bread");
    request.set_status(KeywordStatus::New);
    assert_eq!(update(&planner, &place.owner, request.clone()).await.unwrap().status(), KeywordStatus::Clustered);
    request.set_status(KeywordStatus::Mapped);
    let refused = update(&planner, &place.owner, request).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["status"]);
}

#[tokio::test]
async fn a_cluster_sums_up_what_its_keywords_become() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let cluster = planner.cluster(&place, "Bread").await;
    for (keyword, volume) in [("bread", 10), ("rolls", 5)] {
        let input = pb::KeywordInput { volume: Some(volume), ..place.input(keyword) };
        planner.put(&planner.try_create(&place.owner, input).await.unwrap(), cluster).await;
    }
    let sums = "SELECT keyword_count || ' ' || volume FROM igny8_clusters";
    assert_eq!(planner.texts(sums).await, ["2 15"]);

    let bread = planner.list(&place.owner, pb::KeywordFilter { search: "bread".into(), ..Default::default() }).await;
    let mut request = change(&bread.results[0], &["volume"]);
    request.volume = Some(100);
    update(&planner, &place.owner, request).await.unwrap();
    assert_eq!(planner.texts(sums).await, ["2 105"]);

    let request = pb::DeleteKeywordRequest { id: bread.results[0].id.clone() };
    let deleted = planner.keywords().delete_keyword(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!(planner.texts(sums).await, ["1 5"]);
    planner.undo(&place.owner, &deleted.undo_token).await.unwrap();
    assert_eq!(planner.texts(sums).await, ["2 105"]);
}

#[tokio::test]
async fn a_sector_must_be_one_of_the_site_and_the_site_active() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let other = planner.another_place(place.owner.clone()).await;
    let made = planner.create(&place, "bread").await;
    let mixed = Place { sector: other.sector, ..place.clone() };
    // Whether auth knows such a sector cannot be asked here.
    let refused = planner.try_create(&place.owner, mixed.input("rolls")).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unavailable);

    planner.deactivate(&place).await;
    let refused = planner.try_create(&place.owner, place.input("rolls")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "SITE_INACTIVE"));
    let refused = update(&planner, &place.owner, change(&made, &["tags"])).await.unwrap_err();
    assert_eq!(refused.reason(), "SITE_INACTIVE");
    let request = pb::DeleteKeywordRequest { id: made.id.clone() };
    let refused = refusal(planner.keywords().delete_keyword(place.owner.request(request)).await);
    assert_eq!(refused.reason(), "SITE_INACTIVE");
    planner.get(&place.owner, &made.id).await.unwrap();
    planner.create(&other, "rolls").await;
}

#[tokio::test]
async fn editors_and_viewers_see_their_sites_only() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let hidden = planner.another_place(place.owner.clone()).await;
    let (ours, theirs) = (planner.create(&place, "bread").await, planner.create(&hidden, "bread").await);

    let editor = place.member(Role::Editor);
    assert_eq!(planner.list(&editor, pb::KeywordFilter::default()).await.count, 1);
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 2);
    planner.get(&editor, &ours.id).await.unwrap();
    assert_eq!(planner.get(&editor, &theirs.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(update(&planner, &editor, change(&theirs, &["tags"])).await.unwrap_err().kind(), Kind::NotFound);
    let refused = planner.try_create(&editor, hidden.input("rolls")).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["site_id"]);

    let viewer = place.member(Role::Viewer);
    planner.get(&viewer, &ours.id).await.unwrap();
    let refused = planner.try_create(&viewer, place.input("rolls")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::PermissionDenied, "ROLE_TOO_LOW"));
}

#[tokio::test]
async fn another_account_sees_nothing() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let made = planner.create(&place, "bread").await;
    let stranger = Actor::new(Uuid::now_v7(), Role::Owner);
    assert_eq!(planner.list(&stranger, pb::KeywordFilter::default()).await.count, 0);
    assert_eq!(planner.get(&stranger, &made.id).await.unwrap_err().kind(), Kind::NotFound);
    let request = pb::DeleteKeywordRequest { id: made.id.clone() };
    let refused = refusal(planner.keywords().delete_keyword(stranger.request(request)).await);
    assert_eq!(refused.kind(), Kind::NotFound);
    planner.get(&place.owner, &made.id).await.unwrap();
}
