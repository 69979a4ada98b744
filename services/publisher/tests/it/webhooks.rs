//! Other systems are told, and can be sure that it was us.

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::webhook_service_client::WebhookServiceClient;
use contracts::publisher::v1::{WebhookDeliveryState, WebhookEvent};
use contracts::rest::v1::Role;
use publisher::webhooks::sign;
use rpc::client::Channel;
use serde_json::Value;
use testkit::Actor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::{KEY, NEWER_KEY, refusal};
use crate::newsroom::{Newsroom, title};

/// Somebody else's server: it answers what it is told to, one request after the other.
struct Receiver(TcpListener);

/// What arrived there.
struct Arrived {
    head: String,
    body: String,
}

impl Receiver {
    async fn open() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        (Self(listener), url)
    }

    /// Takes the next request and answers with this status.
    async fn answer(&self, status: &str) -> Arrived {
        let (mut stream, _) = self.0.accept().await.unwrap();
        let mut bytes = Vec::new();
        let arrived = loop {
            stream.read_buf(&mut bytes).await.unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let arrived = Arrived { head: head.to_lowercase(), body: body.to_owned() };
            if arrived.header("content-length").parse::<usize>().unwrap() == body.len() {
                break arrived;
            }
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        arrived
    }
}

impl Arrived {
    fn header(&self, name: &str) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Newsroom {
    fn hooks(&self) -> WebhookServiceClient<Channel> {
        WebhookServiceClient::new(self.publisher.channel())
    }

    async fn deliveries(&self, id: &str) -> Vec<pb::WebhookDelivery> {
        let request = pb::ListWebhookDeliveriesRequest { id: id.to_owned(), ..Default::default() };
        self.hooks().list_webhook_deliveries(self.place.owner.request(request)).await.unwrap().into_inner().results
    }

    /// What becomes of the newest delivery in the end.
    async fn settled(&self, id: &str, state: WebhookDeliveryState) -> pb::WebhookDelivery {
        loop {
            let newest = self.deliveries(id).await.swap_remove(0);
            if newest.state() == state {
                return newest;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn a_webhook_hears_of_a_page_and_can_check_that_it_was_us() {
    let newsroom = Newsroom::open().await;
    let (receiver, url) = Receiver::open().await;
    let (hook, secret) = newsroom.hook(&url, &[WebhookEvent::PublicationPublished]).await;
    let publication = newsroom.publish(&newsroom.article(&title("Heard of")).await).await;
    let arrived = receiver.answer("204 No Content").await;
    let told = arrived.json();
    assert_eq!(
        (&told["event"], &told["data"]["id"]),
        (&"publication_published".into(), &publication.id.as_str().into())
    );
    assert_eq!((&told["data"]["state"], arrived.header("igny8-event")), (&"published".into(), "publication_published"));
    let timestamp = arrived.header("igny8-timestamp").parse().unwrap();
    assert_eq!(arrived.header("igny8-signature"), sign(secret.as_bytes(), timestamp, &arrived.body).unwrap());
    let delivered = newsroom.settled(&hook, WebhookDeliveryState::Delivered).await;
    assert_eq!((delivered.attempts, delivered.response_status), (1, Some(204)));
    assert_eq!(told["id"], arrived.header("igny8-delivery"));
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_later() {
    let newsroom = Newsroom::open().await;
    let (receiver, url) = Receiver::open().await;
    let (hook, _) = newsroom.hook(&url, &[WebhookEvent::PublicationFailed]).await;
    let request = newsroom.place.owner.request(pb::TestWebhookRequest { id: hook.clone() });
    newsroom.hooks().test_webhook(request).await.unwrap();
    let first = receiver.answer("500 Oops").await;
    let waits = async || {
        let waiting = newsroom.deliveries(&hook).await.swap_remove(0);
        waiting.error_message.map(|message| (waiting.attempts, waiting.response_status, message))
    };
    let waiting = loop {
        if let Some(waiting) = waits().await {
            break waiting;
        }
    };
    assert_eq!(waiting, (1, Some(500), "The receiver answered 500.".to_owned()));
    newsroom.publisher.execute("UPDATE igny8_webhook_deliveries SET next_at = now()").await;
    let second = receiver.answer("200 OK").await;
    assert_eq!((first.json()["event"].as_str(), second.body == first.body), (Some("ping"), true));
    assert_eq!(newsroom.settled(&hook, WebhookDeliveryState::Delivered).await.attempts, 2);
}

#[tokio::test]
async fn a_webhook_never_goes_into_a_private_network() {
    let newsroom = Newsroom::open().await;
    let (hook, _) = newsroom.hook("https://169.254.169.254/latest", &[WebhookEvent::PublicationFailed]).await;
    let request = newsroom.place.owner.request(pb::TestWebhookRequest { id: hook.clone() });
    newsroom.hooks().test_webhook(request).await.unwrap();
    let failed = newsroom.settled(&hook, WebhookDeliveryState::Failed).await;
    assert!(failed.error_message.unwrap().contains("not public"));
}

#[tokio::test]
async fn a_secret_is_shown_once_and_stored_sealed() {
    let newsroom = Newsroom::closed().await;
    let (hook, secret) = newsroom.hook("https://example.com/hook", &[WebhookEvent::PublicationFailed]).await;
    let stored = newsroom.publisher.texts("SELECT secret FROM igny8_webhooks").await;
    assert!(stored[0].starts_with("v1:one:") && !stored[0].contains(&secret));
    let editor = Actor::new(newsroom.place.owner.account(), Role::Editor);
    let get = |actor: &Actor| actor.request(pb::GetWebhookRequest { id: hook.clone() });
    assert_eq!(refusal(newsroom.hooks().get_webhook(get(&editor)).await).kind(), rpc::Kind::PermissionDenied);
    let shown = newsroom.hooks().get_webhook(get(&newsroom.place.owner)).await.unwrap().into_inner();
    assert!(!format!("{shown:?}").contains(&secret));
}

#[tokio::test]
async fn a_webhook_is_changed_and_deleted() {
    let newsroom = Newsroom::closed().await;
    let (hook, _) = newsroom.hook("https://example.com/hook", &[WebhookEvent::PublicationFailed]).await;
    let request = pb::UpdateWebhookRequest {
        id: hook.clone(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["url".to_owned(), "is_active".to_owned()] }),
        url: "https://example.com/other".to_owned(),
        is_active: false,
        ..Default::default()
    };
    let changed = newsroom.hooks().update_webhook(newsroom.place.owner.request(request)).await.unwrap().into_inner();
    assert_eq!((changed.url.as_str(), changed.is_active), ("https://example.com/other", false));
    assert_eq!(changed.events().collect::<Vec<_>>(), [WebhookEvent::PublicationFailed]);
    let request = pb::CreateWebhookRequest {
        site_id: None,
        url: "ftp://example.com".to_owned(),
        events: vec![WebhookEvent::Ping.into()],
    };
    let refused = refusal(newsroom.hooks().create_webhook(newsroom.place.owner.request(request)).await);
    assert_eq!(refused.violations()[0].field, "url");
    let delete = || newsroom.place.owner.request(pb::DeleteWebhookRequest { id: hook.clone() });
    newsroom.hooks().delete_webhook(delete()).await.unwrap();
    assert_eq!(refusal(newsroom.hooks().delete_webhook(delete()).await).reason(), "NOT_FOUND");
}

#[tokio::test]
async fn a_new_key_in_front_seals_every_secret_anew_and_the_old_one_can_go() {
    let mut newsroom = Newsroom::closed().await;
    let (receiver, url) = Receiver::open().await;
    let (hook, secret) = newsroom.hook(&url, &[WebhookEvent::PublicationFailed]).await;
    newsroom.publisher = newsroom.publisher.with_keys(&format!("{NEWER_KEY},{KEY}")).await;
    publisher::sweeper::sweep(&newsroom.publisher.app).await.unwrap();
    assert_eq!(newsroom.publisher.texts("SELECT secret_key FROM igny8_webhooks").await, ["two"]);
    newsroom.publisher = newsroom.publisher.with_keys(NEWER_KEY).await;
    newsroom.work();
    let request = newsroom.place.owner.request(pb::TestWebhookRequest { id: hook });
    newsroom.hooks().test_webhook(request).await.unwrap();
    let arrived = receiver.answer("204 No Content").await;
    let timestamp = arrived.header("igny8-timestamp").parse().unwrap();
    assert_eq!(arrived.header("igny8-signature"), sign(secret.as_bytes(), timestamp, &arrived.body).unwrap());
}
