//! Sites fail in many ways. Whatever happens, an article has one page; [`crate::ordeal`] has what is killed.

use std::time::Duration;

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::PublicationState;

use crate::newsroom::{Draft, Newsroom, gif, title};

impl Newsroom {
    /// Articles that are to be published, with their titles.
    async fn edition(&self, size: usize, about: &str) -> Vec<(String, pb::Publication)> {
        self.publisher.execute("UPDATE igny8_site_copies SET daily_pace = 1000").await;
        let mut edition = Vec::with_capacity(size);
        for _ in 0..size {
            let title = title(about);
            let content = self.article(&title).await;
            edition.push((title, self.publish(&content).await));
        }
        edition
    }

    /// Somebody does not want to wait for the next attempts.
    async fn hurry(&self, edition: &[(String, pb::Publication)]) {
        for (_, publication) in edition {
            if let Err(status) = self.publications().retry_publication(self.named(&publication.id)).await {
                let error = rpc::Error::from(status);
                assert!(["PUBLICATION_BUSY", "NOTHING_TO_RETRY"].contains(&error.reason()), "{error:?}");
            }
        }
    }

    /// Each has one post, and it is live.
    async fn each_has_one_page(&self, edition: &[(String, pb::Publication)]) {
        for (title, publication) in edition {
            let live = self.live(&publication.id).await;
            let posts = self.posts_with(title).await;
            let states: Vec<_> = posts.iter().map(|post| (post["id"].as_i64(), post["status"].as_str())).collect();
            assert_eq!(states, [(live.remote_id, Some("publish"))], "{title}");
        }
    }
}

/// How many articles lose their answers.
const MANY: usize = 20;

#[tokio::test]
async fn answers_that_are_lost_make_no_second_page() {
    let newsroom = Newsroom::open().await;
    newsroom.wordpress.fault("lost_response");
    let edition = newsroom.edition(MANY, "Lost").await;
    for (_, publication) in &edition {
        // Its draft was found, though the answer to the request for it never came.
        newsroom.until(&publication.id, |it| it.remote_id.is_some()).await;
    }
    newsroom.wordpress.fault("none");
    newsroom.hurry(&edition).await;
    newsroom.each_has_one_page(&edition).await;
}

#[tokio::test]
async fn a_site_that_fails_for_a_while_is_waited_for() {
    let newsroom = Newsroom::open().await;
    let faults = [
        ("throttle_429", "SITE_THROTTLED"),
        ("maintenance_503", "SITE_MAINTENANCE"),
        ("fatal_500", "SITE_ERROR"),
        ("truncated_json", "ANSWER_UNREADABLE"),
        ("slow:9", "SITE_TOO_SLOW"),
    ];
    for (fault, reason) in faults {
        // The site is known: a fault on the way there is another.
        let before = newsroom.edition(1, "Before").await;
        newsroom.each_has_one_page(&before).await;
        newsroom.wordpress.fault(fault);
        let edition = newsroom.edition(1, fault).await;
        let id = &edition[0].1.id;
        let waits = newsroom.until(id, |it| it.reason.as_deref() == Some(reason)).await;
        assert!(waits.next_attempt_at.is_some() && waits.error_message.is_some(), "{waits:?}");
        newsroom.wordpress.fault("none");
        newsroom.hurry(&edition).await;
        newsroom.each_has_one_page(&edition).await;
    }
}

#[tokio::test]
async fn notices_in_front_of_the_answers_do_no_harm() {
    let newsroom = Newsroom::open().await;
    newsroom.wordpress.fault("notice_prefix");
    let edition = newsroom.edition(1, "Notices").await;
    newsroom.live(&edition[0].1.id).await;
    newsroom.wordpress.fault("none");
    newsroom.each_has_one_page(&edition).await;
}

#[tokio::test]
async fn a_picture_that_the_site_cannot_store_is_told_with_what_to_do() {
    let newsroom = Newsroom::open().await;
    newsroom.wordpress.fault("upload_fails");
    let content = newsroom.draft(Draft { title: title("Picture"), ..Draft::default() }).await;
    newsroom.picture(&content, gif()).await;
    newsroom.approve(&content).await;
    let publication = newsroom.publish(&content).await;
    let failed = newsroom.until(&publication.id, |it| it.state() == PublicationState::Failed).await;
    assert_eq!(failed.reason.as_deref(), Some("UPLOAD_REFUSED"));
    assert!(failed.error_message.unwrap().contains("wp-content/uploads"));
    assert_eq!(failed.attempts, 0, "trying again would not help");
    newsroom.wordpress.fault("none");
    newsroom.publications().retry_publication(newsroom.named(&publication.id)).await.unwrap();
    newsroom.live(&publication.id).await;
}

#[tokio::test]
async fn drafts_too_many_are_binned_and_the_page_stays() {
    let newsroom = Newsroom::open().await;
    let edition = newsroom.edition(1, "Stray").await;
    let live = newsroom.live(&edition[0].1.id).await;
    let page = newsroom.post(live.remote_id.unwrap()).await;
    let stray = serde_json::json!({"title": "Stray", "status": "draft", "content": page["content"]["raw"]});
    newsroom.site().post("/wp/v2/posts", &[], &stray).await.unwrap();
    let marker = format!("igny8:{}", live.id.replace('-', ""));
    assert_eq!(newsroom.posts_with(&marker).await.len(), 2);
    newsroom.publisher.execute("UPDATE igny8_publications SET work = 'tidy', tidy_left = 1, due_at = now()").await;
    while !newsroom.publisher.texts("SELECT work FROM igny8_publications WHERE work IS NOT NULL").await.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let posts = newsroom.posts_with(&marker).await;
    assert_eq!(posts.iter().map(|post| post["id"].as_i64()).collect::<Vec<_>>(), [live.remote_id]);
    assert_eq!(newsroom.get(&live.id).await.state(), PublicationState::Published);
}
