//! Tags over all keywords that have them.

use contracts::planner::v1 as pb;
use contracts::rest::v1::Role;
use rpc::Kind;
use testkit::Actor;

use crate::harness::{Place, Planner, refusal, wrong_fields};

async fn tagged(planner: &Planner, place: &Place, keyword: &str, tags: &[&str]) {
    let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
    planner.try_create(&place.owner, pb::KeywordInput { tags, ..place.input(keyword) }).await.unwrap();
}

async fn list(planner: &Planner, actor: &Actor, filter: pb::TagFilter) -> Vec<(String, i64)> {
    let request = pb::ListTagsRequest { filter: Some(filter), ..Default::default() };
    let page = planner.tags().list_tags(actor.request(request)).await.unwrap().into_inner();
    assert_eq!(usize::try_from(page.count).unwrap(), page.results.len());
    page.results.into_iter().map(|tag| (tag.name, tag.keyword_count)).collect()
}

fn counted(tags: &[(&str, i64)]) -> Vec<(String, i64)> {
    tags.iter().map(|&(name, count)| (name.to_owned(), count)).collect()
}

#[tokio::test]
async fn tags_are_counted_renamed_and_deleted() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    tagged(&planner, &place, "bread", &["dark", "Big"]).await;
    tagged(&planner, &place, "rolls", &["big", "dark"]).await;
    let all = pb::TagFilter::default;
    assert_eq!(list(&planner, &place.owner, all()).await, counted(&[("Big", 1), ("big", 1), ("dark", 2)]));
    let found = pb::TagFilter { search: "BI".into(), ..all() };
    assert_eq!(list(&planner, &place.owner, found).await, counted(&[("Big", 1), ("big", 1)]));

    let rename = |name: &str, new_name: &str| {
        place.owner.request(pb::RenameTagRequest { name: name.into(), new_name: new_name.into() })
    };
    let changed = planner.tags().rename_tag(rename("dark", " big  ")).await.unwrap().into_inner();
    assert_eq!(changed.keyword_count, 2);
    assert_eq!(list(&planner, &place.owner, all()).await, counted(&[("Big", 1), ("big", 2)]));
    assert_eq!(wrong_fields(&refusal(planner.tags().rename_tag(rename("big", " \t")).await)), ["new_name"]);
    assert_eq!(refusal(planner.tags().rename_tag(rename("dark", "x")).await).kind(), Kind::NotFound);

    let delete = place.owner.request(pb::DeleteTagRequest { name: "big".into() });
    assert_eq!(planner.tags().delete_tag(delete).await.unwrap().into_inner().keyword_count, 2);
    assert_eq!(list(&planner, &place.owner, all()).await, counted(&[("Big", 1)]));
}

#[tokio::test]
async fn tags_are_those_of_the_sites_that_the_caller_sees() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let other = planner.another_place(place.owner.clone()).await;
    tagged(&planner, &place, "bread", &["ours"]).await;
    tagged(&planner, &other, "bread", &["ours", "theirs"]).await;
    let viewer = place.member(Role::Viewer);
    assert_eq!(list(&planner, &viewer, pb::TagFilter::default()).await, counted(&[("ours", 1)]));
    let site = pb::TagFilter { site_id: Some(other.site.to_string()), ..Default::default() };
    assert_eq!(list(&planner, &place.owner, site).await, counted(&[("ours", 1), ("theirs", 1)]));
}
