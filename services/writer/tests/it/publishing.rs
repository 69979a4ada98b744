//! What the publisher and automation ask and tell.

use contracts::publisher::v1::PublicationChanged;
use contracts::writer::v1 as pb;
use contracts::writer::v1::ContentStatus;
use prost_types::Timestamp;
use rpc::{AccountId, Kind};
use testkit::internal;

use crate::harness::{Place, Writer};

async fn publishable(writer: &Writer, place: &Place, id: &str) -> Result<pb::Publishable, rpc::Error> {
    let request = pb::GetPublishableRequest { content_id: id.to_owned() };
    let request = internal(place.owner.account(), request);
    Ok(writer.publishing("publisher").get_publishable(request).await?.into_inner())
}

async fn approve(writer: &Writer, place: &Place, id: &str) -> Result<(), rpc::Error> {
    let request = pb::ApproveContentRequest { content_id: id.to_owned() };
    let request = internal(place.owner.account(), request);
    writer.publishing("planner").approve_content(request).await?;
    Ok(())
}

/// The publisher's event arrives.
async fn tell(writer: &Writer, place: &Place, event: PublicationChanged) {
    let account = AccountId::of_message(place.owner.account());
    let changed = async |conn: &mut db::AccountConn| writer::contents::publication_changed(conn, &event).await;
    writer.app.db.account(account, changed).await.unwrap();
}

fn event(content: &str, state: &str, at: i64) -> PublicationChanged {
    PublicationChanged {
        content_id: content.to_owned(),
        state: state.to_owned(),
        changed_at: Some(Timestamp { seconds: 1_900_000_000 + at, nanos: 0 }),
        ..PublicationChanged::default()
    }
}

#[tokio::test]
async fn the_publisher_gets_the_newest_revision() {
    let writer = Writer::start().await;
    let (place, stranger) = (writer.place().await, writer.place().await);
    let article = writer.write(&place, "Rye Bread").await;
    let edit = pb::UpdateContentRequest {
        id: article.id.clone(),
        revision: 1,
        html: "<p>New</p>".to_owned(),
        ..Default::default()
    };
    writer.edit(&place, &["revision", "html"], edit).await.unwrap();
    let found = publishable(&writer, &place, &article.id).await.unwrap();
    assert_eq!((found.revision, found.html.as_str(), found.status.as_str()), (2, "<p>New</p>", "draft"));
    assert_eq!(found.slug, "rye-bread");
    let refused = publishable(&writer, &stranger, &article.id).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::NotFound);
}

#[tokio::test]
async fn automation_approves_only_where_the_site_allows_it() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let id = writer.write(&place, "Rye Bread").await.id;
    assert_eq!(approve(&writer, &place, &id).await.unwrap_err().reason(), "AUTO_PUBLISH_OFF");
    writer.set_site(&place, "auto_publish = true").await;
    for _ in 0..2 {
        approve(&writer, &place, &id).await.unwrap();
    }
    assert_eq!(writer.get(&place, &id).await.unwrap().status(), ContentStatus::Approved);
    let request = internal(place.owner.account(), pb::ApproveContentRequest { content_id: id });
    let stranger: rpc::Error = writer.publishing("billing").approve_content(request).await.unwrap_err().into();
    assert_eq!(stranger.kind(), Kind::PermissionDenied);
}

#[tokio::test]
async fn an_article_follows_its_page_and_no_old_event_takes_it_back() {
    let writer = Writer::start().await;
    let place = writer.place().await;
    let id = writer.write(&place, "Rye Bread").await.id;
    let time = Some(Timestamp { seconds: 1_900_000_100, nanos: 0 });
    tell(&writer, &place, PublicationChanged { scheduled_for: time, ..event(&id, "scheduled", 1) }).await;
    let scheduled = writer.get(&place, &id).await.unwrap();
    assert_eq!((scheduled.status(), scheduled.scheduled_for), (ContentStatus::Scheduled, time));

    let url = Some("https://bakery.example/rye-bread/".to_owned());
    let live = PublicationChanged { url: url.clone(), published_at: time, ..event(&id, "published", 3) };
    tell(&writer, &place, live).await;
    tell(&writer, &place, event(&id, "cancelled", 2)).await;
    let failed = PublicationChanged { error_message: Some("The site is down.".to_owned()), ..event(&id, "failed", 4) };
    tell(&writer, &place, failed).await;
    let live = writer.get(&place, &id).await.unwrap();
    assert_eq!((live.status(), &live.url, live.published_at), (ContentStatus::Published, &url, time));
    assert_eq!((live.publish_error(), live.scheduled_for, live.revision), ("The site is down.", None, 1));

    tell(&writer, &place, event(&id, "unpublished", 5)).await;
    let down = writer.get(&place, &id).await.unwrap();
    assert_eq!((down.status(), down.url, down.publish_error), (ContentStatus::Unpublished, None, None));
    let told = writer.told("writer.content.changed").await;
    assert_eq!(told.last().unwrap()["status"], "unpublished");
}
