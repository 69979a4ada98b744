//! What becomes of a page afterwards: newer revisions, changes on the site, and its end.

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::{DriftChoice, PublicationState, WebhookEvent};
use serde_json::json;

use crate::harness::refusal;
use crate::newsroom::{Newsroom, title};

impl Newsroom {
    async fn published(&self, about: &str) -> (String, pb::Publication) {
        let content = self.article(&title(about)).await;
        let publication = self.publish(&content).await;
        let live = self.live(&publication.id).await;
        (content, live)
    }

    async fn change_on_site(&self, live: &pb::Publication, change: serde_json::Value) {
        let path = format!("/wp/v2/posts/{}", live.remote_id.unwrap());
        self.site().post(&path, &[], &change).await.unwrap();
    }

    async fn update(&self, id: &str, overwrite: bool) {
        let request = pb::UpdatePublishedPageRequest { id: id.to_owned(), overwrite };
        self.publications().update_published_page(self.place.owner.request(request)).await.unwrap();
    }

    async fn resolve(&self, id: &str, choice: DriftChoice) -> pb::Publication {
        let request = pb::ResolveDriftRequest { id: id.to_owned(), choice: choice.into() };
        self.publications().resolve_drift(self.place.owner.request(request)).await.unwrap().into_inner()
    }

    async fn text(&self, live: &pb::Publication) -> String {
        self.post(live.remote_id.unwrap()).await["content"]["raw"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_newer_revision_goes_to_the_same_page() {
    let newsroom = Newsroom::open().await;
    let (content, live) = newsroom.published("Revised").await;
    newsroom.rewrite(&content, "<p>Bread takes a day.</p>").await;
    newsroom.update(&live.id, false).await;
    let updated = newsroom.until(&live.id, |it| it.published_revision > live.published_revision).await;
    assert_eq!((updated.remote_id, updated.state()), (live.remote_id, PublicationState::Published));
    assert!(newsroom.text(&updated).await.ends_with("<p>Bread takes a day.</p>"));
    assert_eq!(newsroom.told(&live.id).await, ["published", "published"]);
}

#[tokio::test]
async fn what_somebody_changed_on_the_site_is_not_overwritten_unasked() {
    let newsroom = Newsroom::open().await;
    let (content, live) = newsroom.published("Changed").await;
    newsroom.change_on_site(&live, json!({"content": "<p>By hand.</p>"})).await;
    newsroom.rewrite(&content, "<p>Newer.</p>").await;
    newsroom.update(&live.id, false).await;
    let drifted = newsroom.until(&live.id, |it| it.state() == PublicationState::Drifted).await;
    assert_eq!(drifted.drift[0].field, "content");
    assert!(drifted.drift[0].found.contains("By hand"), "{:?}", drifted.drift);
    assert_eq!(newsroom.text(&live).await, "<p>By hand.</p>");

    newsroom.resolve(&live.id, DriftChoice::Overwrite).await;
    let live = newsroom.live(&live.id).await;
    assert_eq!(live.drift, []);
    assert!(newsroom.text(&live).await.ends_with("<p>Newer.</p>"));
}

#[tokio::test]
async fn a_check_finds_what_was_changed_and_theirs_can_be_kept() {
    let newsroom = Newsroom::open().await;
    let (content, live) = newsroom.published("Checked").await;
    let check =
        async || newsroom.publications().check_publication(newsroom.named(&live.id)).await.unwrap().into_inner();
    assert_eq!(check().await.state(), PublicationState::Published);
    newsroom.change_on_site(&live, json!({"title": "Another title"})).await;
    let drifted = check().await;
    assert_eq!((drifted.state(), drifted.drift[0].field.as_str()), (PublicationState::Drifted, "title"));
    assert_eq!(drifted.drift[0].found, "Another title");
    let kept = newsroom.resolve(&live.id, DriftChoice::KeepTheirs).await;
    assert_eq!((kept.state(), kept.drift.len()), (PublicationState::Published, 0));
    assert_eq!(check().await.state(), PublicationState::Published);
    // It is no drift any more: the next revision may go there.
    newsroom.rewrite(&content, "<p>Next.</p>").await;
    newsroom.update(&live.id, false).await;
    newsroom.until(&live.id, |it| it.published_revision > live.published_revision).await;
}

#[tokio::test]
async fn a_page_is_taken_down_and_comes_back_as_itself() {
    let newsroom = Newsroom::open().await;
    let (content, live) = newsroom.published("Down").await;
    newsroom.publications().unpublish_publication(newsroom.named(&live.id)).await.unwrap();
    newsroom.until(&live.id, |it| it.state() == PublicationState::Unpublished).await;
    assert_eq!(newsroom.post(live.remote_id.unwrap()).await["status"], "draft");
    let update = pb::UpdatePublishedPageRequest { id: live.id.clone(), overwrite: false };
    let refused = newsroom.publications().update_published_page(newsroom.place.owner.request(update)).await;
    assert_eq!(refusal(refused).reason(), "NOT_PUBLISHED");
    let again = newsroom.publish(&content).await;
    let back = newsroom.live(&again.id).await;
    assert_eq!((again.id, back.remote_id), (live.id, live.remote_id));
}

#[tokio::test]
async fn a_page_that_was_deleted_on_the_site_is_told_and_made_anew() {
    let newsroom = Newsroom::open().await;
    let (_, live) = newsroom.published("Deleted").await;
    let path = format!("/wp/v2/posts/{}", live.remote_id.unwrap());
    newsroom.site().delete(&path, &[("force", "true")]).await.unwrap();
    let checked = newsroom.publications().check_publication(newsroom.named(&live.id)).await.unwrap().into_inner();
    assert_eq!((checked.drift[0].field.as_str(), checked.drift[0].found.as_str()), ("status", "deleted"));
    newsroom.update(&live.id, true).await;
    let failed = newsroom.until(&live.id, |it| it.state() == PublicationState::Failed && it.work.is_none()).await;
    assert_eq!(failed.reason.as_deref(), Some("PAGE_DELETED"));
    newsroom.publications().retry_publication(newsroom.named(&live.id)).await.unwrap();
    let anew = newsroom.live(&live.id).await;
    assert_ne!(anew.remote_id, live.remote_id);
}

#[tokio::test]
async fn pages_are_looked_at_once_a_day_all_with_one_request() {
    let newsroom = Newsroom::open().await;
    let way = newsroom.way(("127.0.0.1", 0), "127.0.0.1").await;
    newsroom.hook("https://nobody.invalid/hook", &[WebhookEvent::PublicationDrifted]).await;
    let [(_, same), (_, changed), (_, binned)] =
        [newsroom.published("Same").await, newsroom.published("Changed").await, newsroom.published("Binned").await];
    // The site writes dates in whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    newsroom.change_on_site(&changed, json!({"title": "By hand"})).await;
    newsroom.site().delete(&format!("/wp/v2/posts/{}", binned.remote_id.unwrap()), &[]).await.unwrap();
    way.asked();
    assert_eq!(newsroom.publisher.execute("UPDATE igny8_publications SET due_at = now()").await, 3);
    let is_drifted = |it: &pb::Publication| it.state() == PublicationState::Drifted;
    assert_eq!(newsroom.until(&changed.id, is_drifted).await.drift[0].found, "By hand");
    assert_eq!(newsroom.until(&binned.id, is_drifted).await.drift[0].found, "trash");
    let looked_at = newsroom.until(&same.id, |it| it.checked_at != same.checked_at).await;
    assert_eq!((looked_at.state(), looked_at.updated_at), (PublicationState::Published, same.updated_at));
    let asked = way.asked();
    assert!(asked[0].starts_with("GET /wp-json/wp/v2/posts?include="), "{asked:?}");
    assert_eq!(asked.len(), 3, "the dates of all, and the two that are not as they were: {asked:?}");
    assert_eq!(newsroom.told(&changed.id).await, ["published", "drifted"]);
    let tells = "SELECT event FROM igny8_webhook_deliveries";
    assert_eq!(newsroom.publisher.texts(tells).await, ["publication_drifted", "publication_drifted"]);
    let tomorrow = "SELECT id::text FROM igny8_publications WHERE due_at > now() + interval '23 hours'";
    assert_eq!(newsroom.publisher.texts(tomorrow).await.len(), 3);
}

#[tokio::test]
async fn a_page_that_was_saved_again_and_not_changed_is_read_once() {
    let newsroom = Newsroom::open().await;
    let way = newsroom.way(("127.0.0.1", 0), "127.0.0.1").await;
    let (_, live) = newsroom.published("Saved").await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    newsroom.change_on_site(&live, json!({"title": live.title})).await;
    way.asked();
    let mut before = live;
    for requests in [2, 1] {
        newsroom.publisher.execute("UPDATE igny8_publications SET due_at = now()").await;
        before = newsroom.until(&before.id, |it| it.checked_at != before.checked_at).await;
        assert_eq!(before.state(), PublicationState::Published);
        assert_eq!(way.asked().len(), requests);
    }
}
