//! When an article goes live: at its time, and no faster than its site wants.

use chrono::{TimeDelta, Utc};
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::PublicationState;

use crate::harness::copy;
use crate::newsroom::{Newsroom, title};

fn at(content: &str, local: &str) -> pb::PublishContentRequest {
    pb::PublishContentRequest {
        content_id: content.to_owned(),
        scheduled_local: Some(local.to_owned()),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_article_waits_for_its_time_on_the_sites_clock() {
    let newsroom = Newsroom::open().await;
    let content = newsroom.article(&title("Later")).await;
    let day = (Utc::now() + TimeDelta::days(30)).format("%Y-%m-%d").to_string();
    let scheduled = newsroom.try_publish(at(&content, &format!("{day}T09:00"))).await.unwrap();
    assert_eq!(scheduled.state(), PublicationState::Scheduled);
    let zone: chrono_tz::Tz = "Europe/Berlin".parse().unwrap();
    let time = rpc::timestamp::read(&scheduled.scheduled_for.unwrap()).unwrap().with_timezone(&zone);
    assert_eq!(time.format("%Y-%m-%dT%H:%M").to_string(), format!("{day}T09:00"));
    assert_eq!(newsroom.told(&scheduled.id).await, ["scheduled"]);

    // Soon instead.
    let soon = Utc::now() + TimeDelta::seconds(2);
    let request = pb::SchedulePublicationRequest {
        id: scheduled.id.clone(),
        scheduled_for: Some(rpc::timestamp::of(soon)),
        scheduled_local: None,
    };
    newsroom.publications().schedule_publication(newsroom.place.owner.request(request)).await.unwrap();
    let live = newsroom.live(&scheduled.id).await;
    let published = rpc::timestamp::read(&live.published_at.unwrap()).unwrap();
    assert!(published >= soon, "{published} is not before {soon}");
}

#[tokio::test]
async fn times_that_cannot_be_are_refused_in_plain_words() {
    let newsroom = Newsroom::closed().await;
    let content = newsroom.article(&title("Never")).await;
    for (time, word) in [("2020-01-01T09:00", "passed"), ("2090-01-01T09:00", "year"), ("soon", "Write it as")] {
        let refused = newsroom.try_publish(at(&content, time)).await.unwrap_err();
        assert_eq!(refused.violations()[0].field, "scheduled_local");
        assert!(refused.message().contains(word), "{time}: {}", refused.message());
    }
}

#[tokio::test]
async fn what_waits_can_be_given_up() {
    let newsroom = Newsroom::open().await;
    let content = newsroom.article(&title("Given up")).await;
    let day = (Utc::now() + TimeDelta::days(3)).format("%Y-%m-%dT09:00").to_string();
    let scheduled = newsroom.try_publish(at(&content, &day)).await.unwrap();
    let cancelled = newsroom.publications().cancel_publication(newsroom.named(&scheduled.id)).await.unwrap();
    assert_eq!(cancelled.into_inner().state(), PublicationState::Cancelled);
    assert_eq!(newsroom.told(&scheduled.id).await, ["scheduled", "cancelled"]);
    // Wanted after all: it is the same publication.
    let again = newsroom.publish(&content).await;
    assert_eq!(again.id, scheduled.id);
    newsroom.live(&again.id).await;
}

#[tokio::test]
async fn a_site_publishes_no_more_in_a_day_than_it_wants() {
    let newsroom = Newsroom::open().await;
    let slow = contracts::auth::v1::SiteCopy { daily_pace: 1, ..copy(newsroom.place.site, 2) };
    newsroom.publisher.tell(&newsroom.place.owner, &slow).await;
    let first = newsroom.publish(&newsroom.article(&title("Today")).await).await;
    newsroom.live(&first.id).await;
    let second = newsroom.publish(&newsroom.article(&title("Tomorrow")).await).await;
    let waits = newsroom.until(&second.id, |it| it.reason.is_some()).await;
    assert_eq!(waits.reason.as_deref(), Some("DAILY_PACE"));
    assert_eq!(
        waits.error_message.as_deref(),
        Some("This site publishes 1 page a day, and today's are out: this one follows tomorrow.")
    );
    assert!(rpc::timestamp::read(&waits.next_attempt_at.unwrap()).unwrap() > Utc::now());
}

#[tokio::test]
async fn two_connections_of_a_site_share_its_day() {
    let mut newsroom = Newsroom::closed().await;
    let pace = contracts::auth::v1::SiteCopy { daily_pace: 3, ..copy(newsroom.place.site, 2) };
    newsroom.publisher.tell(&newsroom.place.owner, &pace).await;
    let user = newsroom.wordpress.user("administrator");
    let other = newsroom.publisher.connect(&newsroom.place, newsroom.wordpress.url(), user).await;
    let mut publications = Vec::new();
    for number in 0..6 {
        let content_id = newsroom.article(&title("Shared day")).await;
        let connection_id = (number % 2 == 0).then(|| other.id.clone());
        let request = pb::PublishContentRequest { content_id, connection_id, ..Default::default() };
        publications.push(newsroom.try_publish(request).await.unwrap());
    }
    newsroom.work();
    let mut live = 0;
    for publication in publications {
        let is_over = |it: &pb::Publication| it.work.is_none() || it.reason.as_deref() == Some("DAILY_PACE");
        let over = newsroom.until(&publication.id, is_over).await;
        live += usize::from(over.state() == PublicationState::Published);
    }
    assert_eq!(live, 3);
}
