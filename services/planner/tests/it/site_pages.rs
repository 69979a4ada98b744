//! What the writer and the publisher have of a site, as ideas are compared with it.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::planner::v1 as pb;
use contracts::planner::v1::CollisionKind;
use contracts::publisher::v1::PublicationChanged;
use contracts::writer::v1::{ContentChanged, TaskCreated};
use planner::site_pages;
use uuid::Uuid;

use crate::harness::{Place, Planner};

fn at(minute: i64) -> prost_types::Timestamp {
    let time: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minute);
    rpc::timestamp::of(time)
}

fn task(place: &Place, id: Uuid, title: &str, idea: Option<&str>) -> TaskCreated {
    TaskCreated {
        task_id: id.to_string(),
        site_id: place.site.to_string(),
        sector_id: place.sector.to_string(),
        content_idea_id: idea.map(str::to_owned),
        title: title.to_owned(),
        primary_keyword: "rye bread".to_owned(),
        ..TaskCreated::default()
    }
}

fn article(place: &Place, id: Uuid, task: Uuid, (status, minute): (&str, i64)) -> ContentChanged {
    ContentChanged {
        content_id: id.to_string(),
        task_id: Some(task.to_string()),
        site_id: place.site.to_string(),
        sector_id: place.sector.to_string(),
        title: "Rye Bread at Home".to_owned(),
        primary_keyword: "rye bread".to_owned(),
        status: status.to_owned(),
        changed_at: Some(at(minute)),
        ..ContentChanged::default()
    }
}

/// What the idea collides with, by kind and title.
async fn collisions(planner: &Planner, place: &Place, idea: &pb::ContentIdea) -> Vec<(CollisionKind, String)> {
    let request = place.owner.request(pb::GetContentIdeaRequest { id: idea.id.clone() });
    let idea = planner.ideas().get_content_idea(request).await.unwrap().into_inner();
    idea.collisions.into_iter().map(|collision| (collision.kind(), collision.title)).collect()
}

#[tokio::test]
async fn an_idea_is_compared_with_tasks_then_drafts_then_live_pages_until_they_are_gone() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let (task_id, content) = (Uuid::now_v7(), Uuid::now_v7());
    let event = task(&place, task_id, "Baking Rye", None);
    planner.in_account(&place, async |conn| site_pages::task_created(conn, &event).await).await;
    let idea = planner.idea(&place, "How to Bake Rye Bread", "Rye  Bread").await;
    assert_eq!(idea.collisions.len(), 1);
    assert_eq!((idea.collisions[0].kind(), idea.collisions[0].same_keyword), (CollisionKind::Task, true));

    let changed = async |event: ContentChanged| {
        planner.in_account(&place, async |conn| site_pages::content_changed(conn, &event).await).await;
    };
    changed(article(&place, content, task_id, ("draft", 1))).await;
    let draft = (CollisionKind::Draft, "Rye Bread at Home".to_owned());
    assert_eq!(collisions(&planner, &place, &idea).await, [draft]);

    let event = PublicationChanged {
        publication_id: Uuid::now_v7().to_string(),
        content_id: content.to_string(),
        site_id: place.site.to_string(),
        state: "published".to_owned(),
        title: "Rye Bread".to_owned(),
        primary_keyword: "rye bread".to_owned(),
        url: Some("https://bakery.example/rye-bread".to_owned()),
        changed_at: Some(at(3)),
        ..PublicationChanged::default()
    };
    planner.in_account(&place, async |conn| site_pages::publication_changed(conn, &event).await).await;
    let page = (CollisionKind::Page, "Rye Bread".to_owned());
    assert_eq!(collisions(&planner, &place, &idea).await, std::slice::from_ref(&page));
    // An older event comes late.
    changed(article(&place, content, task_id, ("approved", 2))).await;
    assert_eq!(collisions(&planner, &place, &idea).await, [page]);

    changed(ContentChanged { deleted: true, ..article(&place, content, task_id, ("unpublished", 4)) }).await;
    assert!(collisions(&planner, &place, &idea).await.is_empty());
    assert_eq!(planner.idea(&place, "Rye Bread, Explained", "rye bread").await.collisions[0].id, idea.id);
}

#[tokio::test]
async fn what_was_made_of_an_idea_stands_for_it() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let idea = planner.idea(&place, "How to Bake Rye Bread", "rye bread").await;
    let rival = planner.idea(&place, "Bake Rye Bread", "bake rye bread").await;
    assert_eq!(rival.collisions.len(), 1);
    let event = task(&place, Uuid::now_v7(), "How to Bake Rye Bread", Some(&idea.id));
    planner.in_account(&place, async |conn| site_pages::task_created(conn, &event).await).await;
    let of_rival = collisions(&planner, &place, &rival).await;
    assert_eq!(of_rival, [(CollisionKind::Task, "How to Bake Rye Bread".to_owned())]);
    let of_itself = collisions(&planner, &place, &idea).await;
    assert_eq!(of_itself, [(CollisionKind::ContentIdea, "Bake Rye Bread".to_owned())]);
}
