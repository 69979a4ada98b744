//! Clusters by hand: made, moved between, merged, split, deleted and restored; and what a start answers that cannot begin.

use contracts::planner::v1 as pb;
use contracts::planner::v1::cluster_service_client::ClusterServiceClient;
use contracts::planner::v1::{ClusterStatus, KeywordStatus};
use contracts::rest::v1::Role;
use prost_types::FieldMask;
use rpc::Kind;
use rpc::client::Channel;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Place, Planner, refusal, wrong_fields};

fn clusters(planner: &Planner) -> ClusterServiceClient<Channel> {
    ClusterServiceClient::new(planner.channel())
}

/// Keywords with a volume of 10 each.
async fn keywords<const N: usize>(planner: &Planner, place: &Place, texts: [&str; N]) -> [String; N] {
    let mut ids = texts.map(str::to_owned);
    for id in &mut ids {
        let input = pb::KeywordInput { volume: Some(10), ..place.input(id) };
        *id = planner.try_create(&place.owner, input).await.unwrap().id;
    }
    ids
}

async fn create(planner: &Planner, place: &Place, name: &str, keywords: &[String]) -> pb::Cluster {
    let request = pb::CreateClusterRequest {
        site_id: place.site.to_string(),
        sector_id: place.sector.to_string(),
        name: name.to_owned(),
        keyword_ids: keywords.to_vec(),
        ..pb::CreateClusterRequest::default()
    };
    clusters(planner).create_cluster(place.owner.request(request)).await.unwrap().into_inner()
}

async fn get(planner: &Planner, actor: &Actor, id: &str) -> Result<pb::Cluster, rpc::Error> {
    let request = actor.request(pb::GetClusterRequest { id: id.to_owned() });
    Ok(clusters(planner).get_cluster(request).await?.into_inner())
}

async fn move_to(planner: &Planner, place: &Place, to: Option<&str>, keywords: &[String]) -> Result<i64, rpc::Error> {
    let request = pb::MoveKeywordsRequest { cluster_id: to.map(str::to_owned), keyword_ids: keywords.to_vec() };
    Ok(clusters(planner).move_keywords(place.owner.request(request)).await?.into_inner().count)
}

fn sums(cluster: &pb::Cluster) -> (i64, i64) {
    (cluster.keyword_count, cluster.volume)
}

#[tokio::test]
async fn a_cluster_made_by_hand_holds_its_keywords_and_their_volume() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let [rye, spelt, oven] = keywords(&planner, &place, ["rye bread", "spelt bread", "bread oven"]).await;
    let cluster = create(&planner, &place, "Bread", &[rye.clone(), spelt.clone()]).await;
    assert_eq!((cluster.name.as_str(), sums(&cluster), cluster.manual), ("Bread", (2, 20), true));
    let keyword = planner.get(&place.owner, &rye).await.unwrap();
    assert_eq!((keyword.status(), keyword.pinned), (KeywordStatus::Clustered, true));
    assert_eq!(keyword.cluster.unwrap().name, "Bread");

    let request = pb::ListClustersRequest {
        filter: Some(pb::ClusterFilter { search: "brea".to_owned(), keyword_count_gte: Some(2), ..Default::default() }),
        ordering: "-volume".to_owned(),
        ..pb::ListClustersRequest::default()
    };
    let page = clusters(&planner).list_clusters(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!((page.count, page.results), (1, vec![cluster]));
    assert_eq!(planner.get(&place.owner, &oven).await.unwrap().status(), KeywordStatus::New);
}

#[tokio::test]
async fn a_moved_keyword_is_counted_where_it_went_and_remembered_where_it_came_from() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let [rye, spelt] = keywords(&planner, &place, ["rye bread", "spelt bread"]).await;
    let one = create(&planner, &place, "One", &[rye.clone(), spelt.clone()]).await;
    let other = create(&planner, &place, "Other", &[]).await;
    assert_eq!(move_to(&planner, &place, Some(&other.id), std::slice::from_ref(&spelt)).await.unwrap(), 1);
    assert_eq!(sums(&get(&planner, &place.owner, &one.id).await.unwrap()), (1, 10));
    assert_eq!(sums(&get(&planner, &place.owner, &other.id).await.unwrap()), (1, 10));
    let from = "SELECT from_cluster_id::text FROM igny8_keyword_moves";
    assert_eq!(planner.texts(from).await, std::slice::from_ref(&one.id));

    assert_eq!(move_to(&planner, &place, None, std::slice::from_ref(&spelt)).await.unwrap(), 1);
    let keyword = planner.get(&place.owner, &spelt).await.unwrap();
    assert_eq!((keyword.status(), keyword.cluster, keyword.pinned), (KeywordStatus::New, None, true));
    assert_eq!(sums(&get(&planner, &place.owner, &other.id).await.unwrap()), (0, 0));
}

#[tokio::test]
async fn a_cluster_takes_keywords_of_its_own_sector_only() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let elsewhere = Place { sector: planner.sector(&place, Uuid::now_v7()).await, ..place.clone() };
    let [foreign] = keywords(&planner, &elsewhere, ["rye bread"]).await;
    let cluster = create(&planner, &place, "Bread", &[]).await;
    let refused = move_to(&planner, &place, Some(&cluster.id), &[foreign]).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["keyword_ids"]);
    let refused = move_to(&planner, &place, Some(&Uuid::now_v7().to_string()), &[cluster.id]).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["cluster_id"]);
}

#[tokio::test]
async fn merged_clusters_are_one_and_split_ones_two() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let [rye, spelt, oven] = keywords(&planner, &place, ["rye bread", "spelt bread", "bread oven"]).await;
    let one = create(&planner, &place, "One", std::slice::from_ref(&rye)).await;
    let other = create(&planner, &place, "Other", &[spelt.clone(), oven.clone()]).await;
    let request = pb::MergeClustersRequest { cluster_ids: vec![one.id.clone(), other.id.clone()] };
    let merged = clusters(&planner).merge_clusters(place.owner.request(request.clone())).await.unwrap().into_inner();
    assert_eq!((&merged.id, merged.name.as_str(), sums(&merged)), (&one.id, "One", (3, 30)));
    assert_eq!(get(&planner, &place.owner, &other.id).await.unwrap_err().kind(), Kind::NotFound);
    let again = refusal(clusters(&planner).merge_clusters(place.owner.request(request)).await);
    assert_eq!(wrong_fields(&again), ["cluster_ids"]);

    let request =
        pb::SplitClusterRequest { id: one.id.clone(), name: "Ovens".to_owned(), keyword_ids: vec![oven.clone()] };
    let part = clusters(&planner).split_cluster(place.owner.request(request.clone())).await.unwrap().into_inner();
    assert_eq!((part.name.as_str(), sums(&part)), ("Ovens", (1, 10)));
    assert_eq!(sums(&get(&planner, &place.owner, &one.id).await.unwrap()), (2, 20));
    let gone = refusal(clusters(&planner).split_cluster(place.owner.request(request)).await);
    assert_eq!(wrong_fields(&gone), ["keyword_ids"]);
}

#[tokio::test]
async fn keywords_of_a_deleted_cluster_are_new_and_go_back_when_it_is_restored() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let [rye, spelt] = keywords(&planner, &place, ["rye bread", "spelt bread"]).await;
    let cluster = create(&planner, &place, "Bread", &[rye.clone(), spelt.clone()]).await;
    let request = pb::DeleteClusterRequest { id: cluster.id.clone() };
    let deleted = clusters(&planner).delete_cluster(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!(get(&planner, &place.owner, &cluster.id).await.unwrap_err().kind(), Kind::NotFound);
    let keyword = planner.get(&place.owner, &rye).await.unwrap();
    assert_eq!((keyword.status(), keyword.cluster, keyword.pinned), (KeywordStatus::New, None, false));

    let elsewhere = create(&planner, &place, "Elsewhere", std::slice::from_ref(&spelt)).await;
    assert_eq!(planner.undo(&place.owner, &deleted.undo_token).await.unwrap().object, "cluster");
    assert_eq!(sums(&get(&planner, &place.owner, &cluster.id).await.unwrap()), (1, 10));
    assert_eq!(planner.get(&place.owner, &rye).await.unwrap().cluster.unwrap().id, cluster.id);
    assert_eq!(planner.get(&place.owner, &spelt).await.unwrap().cluster.unwrap().id, elsewhere.id);
    assert_eq!(planner.undo(&place.owner, &deleted.undo_token).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn many_clusters_are_deleted_by_what_was_seen_and_restored_with_one_token() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let [rye] = keywords(&planner, &place, ["rye bread"]).await;
    let kept = create(&planner, &place, "Kept", &[]).await;
    let gone = create(&planner, &place, "Gone", std::slice::from_ref(&rye)).await;
    let selection = pb::ClusterSelection {
        filter: Some(pb::ClusterFilter::default()),
        except_ids: vec![kept.id.clone()],
        expected_count: Some(7),
        ..pb::ClusterSelection::default()
    };
    let refused = refusal(clusters(&planner).bulk_delete_clusters(place.owner.request(selection.clone())).await);
    assert_eq!((refused.kind(), refused.reason()), (Kind::Aborted, "SELECTION_CHANGED"));
    let selection = pb::ClusterSelection { expected_count: Some(1), ..selection };
    let deleted = clusters(&planner).bulk_delete_clusters(place.owner.request(selection)).await.unwrap().into_inner();
    assert_eq!(deleted.count, 1);
    assert!(get(&planner, &place.owner, &kept.id).await.is_ok());
    let undone = planner.undo(&place.owner, &deleted.undo_token).await.unwrap();
    assert_eq!((undone.object.as_str(), undone.count), ("clusters", 1));
    assert_eq!(sums(&get(&planner, &place.owner, &gone.id).await.unwrap()), (1, 10));
    let nothing =
        refusal(clusters(&planner).bulk_delete_clusters(place.owner.request(pb::ClusterSelection::default())).await);
    assert_eq!(wrong_fields(&nothing), ["ids"]);
}

#[tokio::test]
async fn a_cluster_is_renamed_put_aside_and_taken_back() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let cluster = planner.cluster(&place, "rye bread").await.to_string();
    let change = |paths: &[&str], name: &str, status: ClusterStatus| pb::UpdateClusterRequest {
        id: cluster.clone(),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }),
        name: name.to_owned(),
        status: status.into(),
        ..pb::UpdateClusterRequest::default()
    };
    let mut client = clusters(&planner);
    let request = change(&["name", "status"], "Rye", ClusterStatus::Archived);
    let changed = client.update_cluster(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!((changed.name.as_str(), changed.manual, changed.status()), ("Rye", true, ClusterStatus::Archived));
    let mapped =
        refusal(client.update_cluster(place.owner.request(change(&["status"], "", ClusterStatus::Mapped))).await);
    assert_eq!(wrong_fields(&mapped), ["status"]);
}

#[tokio::test]
async fn nobody_sees_or_changes_the_clusters_of_another_account_or_of_sites_not_granted() {
    let planner = Planner::start().await;
    let (place, other) = (planner.place().await, planner.place().await);
    let cluster = create(&planner, &place, "Bread", &[]).await;
    let stranger = get(&planner, &other.owner, &cluster.id).await.unwrap_err();
    assert_eq!(stranger.kind(), Kind::NotFound);
    let granted_elsewhere = Actor::new(place.owner.account(), Role::Editor).sites([Uuid::now_v7()]);
    assert_eq!(get(&planner, &granted_elsewhere, &cluster.id).await.unwrap_err().kind(), Kind::NotFound);
    let viewer = place.member(Role::Viewer);
    assert!(get(&planner, &viewer, &cluster.id).await.is_ok());
    let request = viewer.request(pb::DeleteClusterRequest { id: cluster.id });
    assert_eq!(refusal(clusters(&planner).delete_cluster(request).await).kind(), Kind::PermissionDenied);
}

#[tokio::test]
async fn an_inactive_site_keeps_its_clusters_as_they_are() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let [rye] = keywords(&planner, &place, ["rye bread"]).await;
    let cluster = create(&planner, &place, "Bread", std::slice::from_ref(&rye)).await;
    planner.deactivate(&place).await;
    assert_eq!(move_to(&planner, &place, None, &[rye]).await.unwrap_err().reason(), "SITE_INACTIVE");
    let request = place.owner.request(pb::DeleteClusterRequest { id: cluster.id });
    assert_eq!(refusal(clusters(&planner).delete_cluster(request).await).reason(), "SITE_INACTIVE");
}

fn auto_cluster(place: &Place) -> pb::AutoClusterRequest {
    pb::AutoClusterRequest {
        site_id: place.site.to_string(),
        sector_id: place.sector.to_string(),
        ..pb::AutoClusterRequest::default()
    }
}

#[tokio::test]
async fn there_is_nothing_to_cluster_without_keywords_and_thresholds_are_checked() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let start = async |request: pb::AutoClusterRequest| {
        refusal(clusters(&planner).auto_cluster(place.owner.request(request)).await)
    };
    assert_eq!(start(auto_cluster(&place)).await.reason(), "NOTHING_TO_CLUSTER");
    let request = pb::AutoClusterRequest { page_threshold: Some(2.0), ..auto_cluster(&place) };
    assert_eq!(wrong_fields(&start(request).await), ["page_threshold"]);
    let request = pb::RethresholdClustersRequest {
        site_id: place.site.to_string(),
        sector_id: place.sector.to_string(),
        ..pb::RethresholdClustersRequest::default()
    };
    let refused = refusal(clusters(&planner).rethreshold_clusters(place.owner.request(request)).await);
    assert_eq!(refused.reason(), "NOT_CLUSTERED");
}

#[tokio::test]
async fn a_start_without_billing_is_given_up_and_may_be_repeated_with_the_same_key() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    keywords(&planner, &place, ["rye bread", "spelt bread"]).await;
    for _ in 0..2 {
        let request =
            testkit::metadata(place.owner.request(auto_cluster(&place)), rpc::metadata::IDEMPOTENCY_KEY, "once");
        assert_eq!(refusal(clusters(&planner).auto_cluster(request).await).kind(), Kind::Unavailable);
    }
    let steps = planner.texts("SELECT step FROM igny8_job_requests").await;
    assert_eq!(steps, ["abandoned", "abandoned"]);
}

#[tokio::test]
async fn the_database_lets_no_keyword_into_a_cluster_that_is_not_there() {
    let planner = Planner::start().await;
    let (place, other) = (planner.place().await, planner.place().await);
    let [rye] = keywords(&planner, &place, ["rye bread"]).await;
    let theirs = create(&planner, &other, "Theirs", &[]).await;
    let refused = async |statement: String| {
        let account = rpc::AccountId::of_message(place.owner.account());
        let run = planner.app.db.account(account, async |conn| {
            Ok(diesel_async::RunQueryDsl::execute(diesel::sql_query(&statement), conn).await?)
        });
        run.await.is_err()
    };
    let into = |cluster: &str| format!("UPDATE igny8_keywords SET cluster_id = '{cluster}' WHERE id = '{rye}'");
    assert!(refused(into(&Uuid::now_v7().to_string())).await);
    assert!(refused(into(&theirs.id)).await, "of another account");
    let own = create(&planner, &place, "Own", &[]).await;
    assert!(!refused(into(&own.id)).await);
    // No trigger looks at new keywords: they begin without one.
    let new = format!(
        "INSERT INTO igny8_keywords (account_id, id, site_id, sector_id, keyword, normalised, cluster_id)
         SELECT account_id, gen_random_uuid(), site_id, sector_id, 'new', 'new', '{}' FROM igny8_keywords",
        own.id
    );
    assert!(refused(new).await);
    assert_eq!(sums(&get(&planner, &place.owner, &own.id).await.unwrap()), (1, 10));
}
