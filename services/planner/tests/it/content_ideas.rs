//! Content ideas: written, decided, handed on once, and compared with one another.

use contracts::planner::v1 as pb;
use contracts::planner::v1::content_idea_service_client::ContentIdeaServiceClient;
use contracts::planner::v1::{ContentIdeaStatus, ContentStructure, ContentType, IdeaDecision, KeywordStatus};
use prost_types::FieldMask;
use rpc::Kind;
use rpc::client::Channel;

use crate::harness::{Place, Planner, refusal, wrong_fields};

fn ideas(planner: &Planner) -> ContentIdeaServiceClient<Channel> {
    ContentIdeaServiceClient::new(planner.channel())
}

fn input(place: &Place, title: &str) -> pb::CreateContentIdeaRequest {
    pb::CreateContentIdeaRequest {
        site_id: place.site.to_string(),
        sector_id: place.sector.to_string(),
        title: title.to_owned(),
        content_type: ContentType::Article.into(),
        structure: ContentStructure::HowTo.into(),
        ..pb::CreateContentIdeaRequest::default()
    }
}

async fn create(planner: &Planner, place: &Place, input: pb::CreateContentIdeaRequest) -> pb::ContentIdea {
    ideas(planner).create_content_idea(place.owner.request(input)).await.unwrap().into_inner()
}

async fn get(planner: &Planner, place: &Place, id: &str) -> Result<pb::ContentIdea, rpc::Error> {
    let request = place.owner.request(pb::GetContentIdeaRequest { id: id.to_owned() });
    Ok(ideas(planner).get_content_idea(request).await?.into_inner())
}

async fn decide(
    planner: &Planner,
    place: &Place,
    id: &str,
    decision: IdeaDecision,
) -> Result<ContentIdeaStatus, rpc::Error> {
    let request = place.owner.request(pb::DecideContentIdeaRequest { id: id.to_owned() });
    let mut client = ideas(planner);
    let decided = match decision {
        IdeaDecision::Approve => client.approve_content_idea(request).await?,
        IdeaDecision::Reject => client.reject_content_idea(request).await?,
        _ => client.queue_content_idea(request).await?,
    };
    Ok(decided.into_inner().status())
}

#[tokio::test]
async fn an_idea_maps_its_cluster_and_keywords_until_it_is_deleted() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let keyword = planner.create(&place, "rye bread").await;
    let cluster = planner.cluster(&place, "Bread").await;
    planner.put(&keyword, cluster).await;
    let request = pb::CreateContentIdeaRequest {
        cluster_id: Some(cluster.to_string()),
        keyword_ids: vec![keyword.id.clone()],
        ..input(&place, "How to Bake Rye Bread")
    };
    let idea = create(&planner, &place, request).await;
    assert_eq!((idea.status(), idea.word_count), (ContentIdeaStatus::New, 1200));
    assert_eq!(idea.cluster.as_ref().unwrap().name, "Bread");
    let statuses = || async {
        let status = planner.get(&place.owner, &keyword.id).await.unwrap().status();
        (status, planner.texts("SELECT status FROM igny8_clusters").await.remove(0))
    };
    assert_eq!(statuses().await, (KeywordStatus::Mapped, "mapped".to_owned()));

    let request = place.owner.request(pb::DeleteContentIdeaRequest { id: idea.id.clone() });
    let deleted = ideas(&planner).delete_content_idea(request).await.unwrap().into_inner();
    assert_eq!(get(&planner, &place, &idea.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(statuses().await, (KeywordStatus::Clustered, "new".to_owned()));
    assert_eq!(planner.undo(&place.owner, &deleted.undo_token).await.unwrap().object, "content_idea");
    assert_eq!(get(&planner, &place, &idea.id).await.unwrap().title, "How to Bake Rye Bread");
    assert_eq!(statuses().await, (KeywordStatus::Mapped, "mapped".to_owned()));
}

#[tokio::test]
async fn an_idea_is_approved_before_it_is_queued_and_told_to_the_writer_once() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let keyword = planner.create(&place, "rye bread").await;
    let request = pb::CreateContentIdeaRequest {
        keyword_ids: vec![keyword.id],
        outline: vec!["Why rye".to_owned()],
        ..input(&place, "How to Bake Rye Bread")
    };
    let idea = create(&planner, &place, request).await;
    let early = decide(&planner, &place, &idea.id, IdeaDecision::Queue).await.unwrap_err();
    assert_eq!(early.reason(), "IDEA_STATUS");
    let approved = decide(&planner, &place, &idea.id, IdeaDecision::Approve).await.unwrap();
    assert_eq!(approved, ContentIdeaStatus::Approved);
    for _ in 0..2 {
        let queued = decide(&planner, &place, &idea.id, IdeaDecision::Queue).await.unwrap();
        assert_eq!(queued, ContentIdeaStatus::Queued);
    }
    let told = "SELECT body::text FROM igny8_outbox";
    let told = planner.texts(told).await;
    assert_eq!(told.len(), 1);
    let event: pb::ContentIdeaQueued = serde_json::from_str(&told[0]).unwrap();
    assert_eq!(
        (event.idea_id, event.structure.as_str(), event.keywords[0].text.as_str()),
        (idea.id.clone(), "how_to", "rye bread")
    );
    assert_eq!(decide(&planner, &place, &idea.id, IdeaDecision::Reject).await.unwrap_err().reason(), "IDEA_STATUS");

    let change = pb::UpdateContentIdeaRequest {
        id: idea.id,
        update_mask: Some(FieldMask { paths: vec!["title".to_owned()] }),
        title: "Another".to_owned(),
        ..pb::UpdateContentIdeaRequest::default()
    };
    let refused = refusal(ideas(&planner).update_content_idea(place.owner.request(change)).await);
    assert_eq!(refused.reason(), "IDEA_QUEUED");
}

#[tokio::test]
async fn ideas_about_the_same_warn_of_each_other_until_one_is_rejected() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let first = create(&planner, &place, input(&place, "How to Clean a Coffee Machine")).await;
    assert!(first.collisions.is_empty());
    let second = create(&planner, &place, input(&place, "Cleaning Coffee Machines: A Complete Guide")).await;
    assert_eq!(second.collisions.iter().map(|other| &other.id).collect::<Vec<_>>(), [&first.id]);
    assert!(second.collisions[0].similarity > 0.5 && !second.collisions[0].same_keyword);
    let other = create(&planner, &place, input(&place, "How to Choose Running Shoes")).await;
    assert!(other.collisions.is_empty());
    assert_eq!(get(&planner, &place, &first.id).await.unwrap().collisions[0].title, second.title);

    let change = pb::UpdateContentIdeaRequest {
        id: other.id.clone(),
        update_mask: Some(FieldMask { paths: vec!["primary_keyword".to_owned()] }),
        primary_keyword: "coffee machine".to_owned(),
        ..pb::UpdateContentIdeaRequest::default()
    };
    let changed = ideas(&planner).update_content_idea(place.owner.request(change)).await.unwrap().into_inner();
    assert!(changed.collisions.is_empty(), "the keyword of no other idea is named");
    decide(&planner, &place, &second.id, IdeaDecision::Reject).await.unwrap();
    assert!(get(&planner, &place, &first.id).await.unwrap().collisions.is_empty());
}

#[tokio::test]
async fn a_same_primary_keyword_is_a_collision_whatever_the_title() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let with = |title: &str, keyword: &str| pb::CreateContentIdeaRequest {
        primary_keyword: keyword.to_owned(),
        ..input(&place, title)
    };
    let first = create(&planner, &place, with("Descaling, Explained", "Clean Coffee Machine")).await;
    let second = create(&planner, &place, with("The Weekly Routine", "clean coffee  machine")).await;
    let collision = &second.collisions[0];
    assert_eq!((&collision.id, collision.same_keyword), (&first.id, true));
    let filter = pb::ContentIdeaFilter { has_collisions: Some(false), ..pb::ContentIdeaFilter::default() };
    let request = pb::ListContentIdeasRequest { filter: Some(filter), ..pb::ListContentIdeasRequest::default() };
    let page = ideas(&planner).list_content_ideas(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!(page.count, 0);
}

#[tokio::test]
async fn many_ideas_are_decided_at_once_as_far_as_their_status_allows() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let one = create(&planner, &place, input(&place, "One Thing")).await;
    create(&planner, &place, input(&place, "Another Matter")).await;
    decide(&planner, &place, &one.id, IdeaDecision::Approve).await.unwrap();
    let all = pb::ContentIdeaSelection { filter: Some(pb::ContentIdeaFilter::default()), ..Default::default() };
    let request = pb::BulkDecideContentIdeasRequest { ideas: Some(all.clone()), decision: IdeaDecision::Queue.into() };
    let decided = ideas(&planner).bulk_decide_content_ideas(place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!((decided.count, decided.skipped), (1, 1));
    let deleted = ideas(&planner).bulk_delete_content_ideas(place.owner.request(all)).await.unwrap().into_inner();
    assert_eq!(deleted.count, 2);
    assert_eq!(planner.undo(&place.owner, &deleted.undo_token).await.unwrap().count, 2);
}

#[tokio::test]
async fn an_idea_belongs_to_a_cluster_of_its_own_sector() {
    let planner = Planner::start().await;
    let (place, other) = (planner.place().await, planner.place().await);
    let foreign = planner.cluster(&other, "Foreign").await.to_string();
    let request = pb::CreateContentIdeaRequest { cluster_id: Some(foreign), ..input(&place, "A Title") };
    let refused = refusal(ideas(&planner).create_content_idea(place.owner.request(request)).await);
    assert_eq!(wrong_fields(&refused), ["cluster_id"]);
}
