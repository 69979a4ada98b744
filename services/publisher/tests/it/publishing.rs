//! An article goes live, once, as it was written.

use contracts::progress::v1::GetProgressRequest;
use contracts::progress::v1::TaskState;
use contracts::progress::v1::progress_service_client::ProgressServiceClient;
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::PublicationState;
use contracts::publisher::v1::publish_request_service_client::PublishRequestServiceClient;
use contracts::rest::v1::Role;
use serde_json::json;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::refusal;
use crate::newsroom::{Draft, Newsroom, gif, title};

#[tokio::test]
async fn an_article_goes_live_with_its_picture_its_terms_and_what_search_engines_are_told() {
    let newsroom = Newsroom::open().await;
    newsroom.wordpress.allow_seo_fields(true);
    let (title, tag) = (title("Rye & spelt"), title("tag"));
    let draft = Draft {
        title: title.clone(),
        tags: vec![tag.clone(), "Bread & butter".to_owned()],
        categories: vec!["Baking".to_owned()],
        ..Draft::default()
    };
    let content = newsroom.draft(draft).await;
    let image = newsroom.picture(&content, gif()).await;
    newsroom
        .rewrite(&content, &format!("<p>Bread.</p><figure><img src=\"igny8-image:{image}\" alt=\"Loaf\"></figure>"))
        .await;
    newsroom.approve(&content).await;
    let publication = newsroom.publish(&content).await;
    assert_eq!(publication.state(), PublicationState::New);
    let live = newsroom.live(&publication.id).await;
    assert_eq!(live.refused, [], "the site took everything as it was sent");
    assert_eq!(live.published_revision, Some(live.content_revision));
    let post = newsroom.post(live.remote_id.unwrap()).await;
    assert_eq!((&post["status"], &post["title"]["raw"]), (&json!("publish"), &json!(title)));
    assert_eq!(post["link"], json!(live.url.unwrap()));
    assert_eq!(post["meta"]["_yoast_wpseo_metadesc"], "What this page says in short.");
    assert_eq!(post["excerpt"]["raw"], "A page about bread.");
    assert_eq!((post["tags"].as_array().unwrap().len(), post["categories"].as_array().unwrap().len()), (2, 1));
    let media = newsroom.site().get(&format!("/wp/v2/media/{}", post["featured_media"]), &[]).await.unwrap().body;
    assert_eq!(media["alt_text"], "A loaf of bread");
    let text = post["content"]["raw"].as_str().unwrap();
    assert!(text.contains(&format!("<img src=\"{}\"", media["source_url"].as_str().unwrap())), "{text}");
    assert!(text.starts_with(&format!("<!-- igny8:{} -->", publication.id.replace('-', ""))), "{text}");
    assert_eq!(newsroom.told(&publication.id).await, ["published"]);
    assert_eq!(newsroom.posts_with(&title).await.len(), 1);
}

#[tokio::test]
async fn where_no_plugin_takes_a_description_the_excerpt_has_it() {
    let newsroom = Newsroom::open().await;
    let publication = newsroom.publish(&newsroom.article(&title("Plain")).await).await;
    let live = newsroom.live(&publication.id).await;
    let post = newsroom.post(live.remote_id.unwrap()).await;
    assert_eq!(post["excerpt"]["raw"], "What this page says in short.");
}

#[tokio::test]
async fn a_picture_that_the_site_has_is_not_uploaded_again() {
    let newsroom = Newsroom::open().await;
    let file = gif();
    let mut pictures = Vec::new();
    for about in ["One", "Two"] {
        let content = newsroom.draft(Draft { title: title(about), ..Draft::default() }).await;
        newsroom.picture(&content, file.clone()).await;
        newsroom.approve(&content).await;
        let live = newsroom.live(&newsroom.publish(&content).await.id).await;
        pictures.push(newsroom.post(live.remote_id.unwrap()).await["featured_media"].as_i64().unwrap());
        // As after a loss of everything that was remembered: the name of the file is enough.
        newsroom.publisher.execute("DELETE FROM igny8_site_media").await;
    }
    assert!(pictures[0] > 0);
    assert_eq!(pictures[0], pictures[1]);
}

#[tokio::test]
async fn an_article_is_published_once_however_often_that_is_asked() {
    let newsroom = Newsroom::open().await;
    let title = title("Once");
    let content = newsroom.article(&title).await;
    let request = || pb::PublishContentRequest { content_id: content.clone(), ..Default::default() };
    let keyed = || testkit::metadata(newsroom.place.owner.request(request()), "idempotency-key", "k1");
    let first = newsroom.publications().publish_content(keyed()).await.unwrap().into_inner();
    newsroom.live(&first.id).await;
    let again = newsroom.publications().publish_content(keyed()).await.unwrap().into_inner();
    assert_eq!(again.id, first.id);
    assert_eq!(newsroom.try_publish(request()).await.unwrap_err().reason(), "ALREADY_PUBLISHED");
    let request = pb::RequestPublicationRequest { publication_id: Uuid::now_v7().to_string(), content_id: content };
    let mut automation = PublishRequestServiceClient::new(newsroom.publisher.served.channel("planner"));
    automation.request_publication(testkit::internal(newsroom.place.owner.account(), request)).await.unwrap();
    assert_eq!(newsroom.posts_with(&title).await.len(), 1);
}

#[tokio::test]
async fn automation_publishes_under_an_id_of_its_own_choice() {
    let newsroom = Newsroom::open().await;
    let content_id = newsroom.article(&title("Automatic")).await;
    let publication_id = Uuid::now_v7().to_string();
    let request =
        || pb::RequestPublicationRequest { publication_id: publication_id.clone(), content_id: content_id.clone() };
    let mut automation = PublishRequestServiceClient::new(newsroom.publisher.served.channel("planner"));
    for _ in 0..2 {
        automation.request_publication(testkit::internal(newsroom.place.owner.account(), request())).await.unwrap();
    }
    let live = newsroom.live(&publication_id).await;
    let mut progress = ProgressServiceClient::new(newsroom.publisher.channel());
    let task = newsroom.place.owner.request(GetProgressRequest { task_id: publication_id });
    let progress = progress.get_progress(task).await.unwrap().into_inner();
    assert_eq!((progress.state(), progress.percent), (TaskState::Succeeded, 100));
    assert_eq!(progress.figures["url"], live.url.unwrap());
}

#[tokio::test]
async fn what_nobody_approved_is_not_published() {
    let newsroom = Newsroom::closed().await;
    let content_id = newsroom.draft(Draft { title: title("Draft"), ..Draft::default() }).await;
    let refused = newsroom.try_publish(pb::PublishContentRequest { content_id, ..Default::default() }).await;
    assert_eq!(refused.unwrap_err().reason(), "CONTENT_NOT_APPROVED");
    assert_eq!(newsroom.publisher.texts("SELECT id::text FROM igny8_publications").await, [""; 0]);
}

#[tokio::test]
async fn another_account_and_other_sites_see_nothing_of_it() {
    let newsroom = Newsroom::closed().await;
    let content_id = newsroom.article(&title("Ours")).await;
    let publication = newsroom.publish(&content_id).await;
    let stranger = Actor::new(Uuid::now_v7(), Role::Owner);
    let elsewhere = Actor::new(newsroom.place.owner.account(), Role::Editor).sites([Uuid::now_v7()]);
    for actor in [stranger, elsewhere] {
        let named = || actor.request(pb::PublicationRequest { id: publication.id.clone() });
        let get = actor.request(pb::GetPublicationRequest { id: publication.id.clone() });
        assert_eq!(refusal(newsroom.publications().get_publication(get).await).reason(), "NOT_FOUND");
        assert_eq!(refusal(newsroom.publications().cancel_publication(named()).await).reason(), "NOT_FOUND");
        let list = actor.request(pb::ListPublicationsRequest::default());
        let list = newsroom.publications().list_publications(list).await.unwrap().into_inner();
        assert_eq!(list.count, 0);
        let publish = pb::PublishContentRequest { content_id: content_id.clone(), ..Default::default() };
        newsroom.publications().publish_content(actor.request(publish)).await.unwrap_err();
    }
    assert_eq!(newsroom.get(&publication.id).await.state(), PublicationState::New);
}

#[tokio::test]
async fn what_the_site_takes_otherwise_is_told() {
    let newsroom = Newsroom::open().await;
    let title = title("Twin");
    let theirs = serde_json::json!({"title": title, "status": "publish"});
    newsroom.site().post("/wp/v2/posts", &[], &theirs).await.unwrap();
    let ours = newsroom.publish(&newsroom.article(&title).await).await;
    let live = newsroom.live(&ours.id).await;
    let slug = &live.refused[0];
    assert_eq!((slug.field.as_str(), live.refused.len()), ("slug", 1));
    assert!(slug.found.ends_with("-2"), "{slug:?}");
}
