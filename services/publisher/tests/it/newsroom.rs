//! A writer with articles, a publisher that publishes them, and a WordPress that they go to: all of them real.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use contracts::progress::v1::GetProgressRequest;
use contracts::progress::v1::progress_service_client::ProgressServiceClient;
use contracts::publisher::v1 as pb;
use contracts::publisher::v1::publication_service_client::PublicationServiceClient;
use contracts::publisher::v1::{PublicationState, WebhookEvent};
use contracts::writer::v1 as writing;
use contracts::writer::v1::content_service_client::ContentServiceClient;
use contracts::writer::v1::image_service_client::ImageServiceClient;
use futures_util::stream;
use outbound::Lookup;
use publisher::wordpress::{Root, Site, Wire};
use publisher::{App, publications, webhooks};
use rpc::client::Channel;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Served, TestDb, TestWordpress};
use tokio::process::{Child, Command};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::harness::{Place, Publisher, config, nobody};
use crate::way::Way;

/// Where the WordPress of a test is.
const LOOPBACK: &str = "127.0.0.1/32";

pub struct Newsroom {
    pub publisher: Publisher,
    pub wordpress: TestWordpress,
    pub place: Place,
    writer: Served,
    _articles: TestDb,
    _files: TempDir,
    work: Vec<AbortOnDropHandle<()>>,
}

/// An article in the making.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub title: String,
    pub html: String,
    pub tags: Vec<String>,
    pub categories: Vec<String>,
}

impl Newsroom {
    /// It works as an editor of the site.
    pub async fn open() -> Self {
        let mut newsroom = Self::closed().await;
        newsroom.work();
        newsroom
    }

    /// Nobody works yet on what is to be published.
    pub async fn closed() -> Self {
        Self::reaching(LOOPBACK, None).await
    }

    /// As closed, with sites in this network, whose names lead where this says.
    pub async fn reaching(network: &str, lookup: Option<&Lookup>) -> Self {
        let wordpress = TestWordpress::new().await;
        let articles = TestDb::new("writer", writer::MIGRATIONS).await;
        let files = tempfile::tempdir().unwrap();
        let writer = serve_writer(&articles, &files).await;
        let publisher = serve_publisher(writer.channel("publisher"), network, lookup).await;
        let place = publisher.place().await;
        let sector = place.site;
        let account = place.owner.account();
        let copies = [
            format!(
                "INSERT INTO igny8_site_copies (account_id, id, version, name, language, facts, active, auto_publish)
                 VALUES ('{account}', '{}', 1, 'Bakery', 'en', '', true, false)",
                place.site
            ),
            format!(
                "INSERT INTO igny8_sector_copies (account_id, id, site_id, name) VALUES ('{account}', '{sector}', '{}', 'Bread')",
                place.site
            ),
        ];
        for copy in copies {
            articles.superuser().await.execute(&copy, &[]).await.unwrap();
        }
        publisher.connect(&place, wordpress.url(), wordpress.user("editor")).await;
        Self { publisher, wordpress, place, writer, _articles: articles, _files: files, work: Vec::new() }
    }

    /// Begins to work, as a process that starts.
    pub fn work(&mut self) {
        self.work.push(AbortOnDropHandle::new(tokio::spawn(publications::run(Arc::clone(&self.publisher.app)))));
        self.work.push(AbortOnDropHandle::new(tokio::spawn(webhooks::run(Arc::clone(&self.publisher.app)))));
    }

    /// A process of its own that works on the same database, until it is killed.
    pub fn process(&self) -> Child {
        let config = self.publisher.database.config();
        let settings = [
            ("IGNY8_DATABASE_URL", config.database_url.expose_secret()),
            ("IGNY8_SYSTEM_DATABASE_URL", config.system_database_url.as_ref().unwrap().expose_secret()),
            ("IGNY8_AMQP_URL", "amqp://nobody:nothing@127.0.0.1:9/nothing"),
            ("IGNY8_WRITER_URL", &self.writer.url()),
            ("IGNY8_SEAL_KEYS", crate::harness::KEY),
            ("IGNY8_OUTBOUND_ALLOW", LOOPBACK),
            ("IGNY8_LISTEN", "127.0.0.1:0"),
            ("IGNY8_ADMIN_LISTEN", "127.0.0.1:0"),
            ("IGNY8_PUBLISH_LEASE_SECONDS", "1"),
            ("IGNY8_PUBLISH_QUIET_SECONDS", "3"),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_publisher"));
        command.envs(settings).env("IGNY8_TLS_DIR", testkit::tls().dir("publisher"));
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap()
    }

    pub fn publications(&self) -> PublicationServiceClient<Channel> {
        PublicationServiceClient::new(self.publisher.channel())
    }

    fn contents(&self) -> ContentServiceClient<Channel> {
        ContentServiceClient::new(self.writer.channel("gateway"))
    }

    /// An article that nobody has approved, by its id.
    pub async fn draft(&self, draft: Draft) -> String {
        let request = writing::CreateContentRequest {
            site_id: self.place.site.to_string(),
            sector_id: self.place.site.to_string(),
            title: draft.title,
            meta_description: "What this page says in short.".to_owned(),
            excerpt: "A page about bread.".to_owned(),
            primary_keyword: "rye bread".to_owned(),
            html: if draft.html.is_empty() { "<p>Bread takes time.</p>".to_owned() } else { draft.html },
            tags: draft.tags,
            categories: draft.categories,
            ..writing::CreateContentRequest::default()
        };
        self.contents().create_content(self.place.owner.request(request)).await.unwrap().into_inner().id
    }

    pub async fn approve(&self, content: &str) {
        let request = || self.place.owner.request(writing::DecideContentRequest { id: content.to_owned() });
        self.contents().submit_content(request()).await.unwrap();
        self.contents().approve_content(request()).await.unwrap();
    }

    /// An approved article.
    pub async fn article(&self, title: &str) -> String {
        let content = self.draft(Draft { title: title.to_owned(), ..Draft::default() }).await;
        self.approve(&content).await;
        content
    }

    /// Gives an unapproved article its featured picture; answers the picture's id.
    pub async fn picture(&self, content: &str, file: Vec<u8>) -> String {
        let mut images = ImageServiceClient::new(self.writer.channel("gateway"));
        let request = writing::CreateImageRequest {
            content_id: content.to_owned(),
            slot: writing::ImageSlot::Featured.into(),
            alt: "A loaf of bread".to_owned(),
            ..writing::CreateImageRequest::default()
        };
        let image = images.create_image(self.place.owner.request(request)).await.unwrap().into_inner();
        let upload =
            writing::UploadImageRequest { id: image.id.clone(), file_name: "loaf.gif".to_owned(), piece: file };
        images.upload_image(self.place.owner.request(stream::iter([upload]))).await.unwrap();
        image.id
    }

    /// Writes a new text into an article.
    pub async fn rewrite(&self, content: &str, html: &str) {
        let get = writing::GetContentRequest { id: content.to_owned() };
        let there = self.contents().get_content(self.place.owner.request(get)).await.unwrap().into_inner();
        let request = writing::UpdateContentRequest {
            id: content.to_owned(),
            update_mask: Some(prost_types::FieldMask { paths: vec!["revision".to_owned(), "html".to_owned()] }),
            revision: there.revision,
            html: html.to_owned(),
            ..writing::UpdateContentRequest::default()
        };
        let changed = self.contents().update_content(self.place.owner.request(request)).await.unwrap().into_inner();
        if changed.status() == writing::ContentStatus::Review {
            // What was approved is not what it is now.
            let request = writing::DecideContentRequest { id: content.to_owned() };
            self.contents().approve_content(self.place.owner.request(request)).await.unwrap();
        }
    }

    pub async fn publish(&self, content: &str) -> pb::Publication {
        self.try_publish(pb::PublishContentRequest { content_id: content.to_owned(), ..Default::default() })
            .await
            .unwrap()
    }

    pub async fn try_publish(&self, request: pb::PublishContentRequest) -> Result<pb::Publication, rpc::Error> {
        Ok(self.publications().publish_content(self.place.owner.request(request)).await?.into_inner())
    }

    pub async fn get(&self, id: &str) -> pb::Publication {
        let request = pb::GetPublicationRequest { id: id.to_owned() };
        self.publications().get_publication(self.place.owner.request(request)).await.unwrap().into_inner()
    }

    pub fn named(&self, id: &str) -> tonic::Request<pb::PublicationRequest> {
        self.place.owner.request(pb::PublicationRequest { id: id.to_owned() })
    }

    /// Follows a publication by its progress until it is as asked.
    pub async fn until(&self, id: &str, wanted: impl Fn(&pb::Publication) -> bool) -> pb::Publication {
        let follow = async {
            loop {
                let mut progress = ProgressServiceClient::new(self.publisher.channel());
                let request = self.place.owner.request(GetProgressRequest { task_id: id.to_owned() });
                let mut events = progress.watch_progress(request).await.unwrap().into_inner();
                while events.message().await.unwrap().is_some() {
                    let publication = self.get(id).await;
                    if wanted(&publication) {
                        return publication;
                    }
                }
                // It has come to another end: perhaps the work goes on.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(90), follow).await {
            Ok(publication) => publication,
            Err(_) => unreachable!("it never came to that: {:?}", self.get(id).await),
        }
    }

    /// Follows a publication until its page is live and nothing is left to do.
    pub async fn live(&self, id: &str) -> pb::Publication {
        self.until(id, |it| it.state() == PublicationState::Published && it.work.is_none()).await
    }

    /// Leads the connection another way to its site.
    pub async fn way(&self, from: (&str, u16), name: &str) -> Way {
        let way = Way::to(&self.wordpress, from, name).await;
        self.publisher.execute(&format!("UPDATE igny8_connections SET url = '{}'", way.url())).await;
        way
    }

    /// The site, asked by hand.
    pub fn site(&self) -> Site {
        let allowed = outbound::Config { outbound_allow: vec![LOOPBACK.parse().unwrap()] };
        let wire = Wire::new(outbound::Client::new(&allowed).unwrap(), Duration::from_secs(30));
        let root = Root::parse(&format!("{}/wp-json/", self.wordpress.url())).unwrap();
        let user = self.wordpress.user("editor");
        Site::new(wire, root, &user.user, &user.application_password.clone().into())
    }

    /// A post as it is edited.
    pub async fn post(&self, id: i64) -> Value {
        self.site().get(&format!("/wp/v2/posts/{id}"), &[("context", "edit")]).await.unwrap().body
    }

    /// Every post with this text in it, drafts too.
    pub async fn posts_with(&self, text: &str) -> Vec<Value> {
        let query = [("search", text), ("status", "any"), ("context", "edit"), ("per_page", "100")];
        self.site().get("/wp/v2/posts", &query).await.unwrap().body.as_array().unwrap().clone()
    }

    /// What other services were told of a publication, state by state.
    pub async fn told(&self, id: &str) -> Vec<String> {
        let query = format!(
            "SELECT body ->> 'state' FROM igny8_outbox WHERE event = 'publisher.publication.changed' AND aggregate = '{id}' ORDER BY id"
        );
        self.publisher.texts(&query).await
    }

    /// Makes a webhook; answers its id and its secret.
    pub async fn hook(&self, url: &str, events: &[WebhookEvent]) -> (String, String) {
        let request = pb::CreateWebhookRequest {
            site_id: None,
            url: url.to_owned(),
            events: events.iter().map(|event| i32::from(*event)).collect(),
        };
        let mut hooks = pb::webhook_service_client::WebhookServiceClient::new(self.publisher.channel());
        let made = hooks.create_webhook(self.place.owner.request(request)).await.unwrap().into_inner();
        (made.webhook.unwrap().id, made.secret)
    }
}

/// A title that no other test has: the site keeps what earlier ones wrote.
pub fn title(about: &str) -> String {
    format!("{about} {}", Uuid::now_v7().simple())
}

/// A picture that nobody else has: a single white dot, with a remark in the file.
pub fn gif() -> Vec<u8> {
    let head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00";
    let remark = Uuid::now_v7().simple().to_string();
    let body = b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";
    [head.as_slice(), b"\x21\xfe\x20", remark.as_bytes(), b"\x00", body].concat()
}

async fn serve_writer(database: &TestDb, files: &TempDir) -> Served {
    let channel = |service: &str| nobody(service, "writer");
    let config = writer::Config {
        db: database.config(),
        bus: bus::Config { amqp_url: "amqp://nobody:nothing@127.0.0.1:9/nothing".into() },
        files: writer::files::Config {
            files_dir: files.path().to_owned(),
            files_s3_bucket: None,
            files_s3_endpoint: None,
            files_s3_region: "us-east-1".to_owned(),
            files_s3_access_key_id: None,
            files_s3_secret_access_key: None,
        },
    };
    let app = writer::App::new(&config, channel("auth"), channel("billing"), channel("ai-processor")).unwrap();
    testkit::serve("writer", writer::routes(&Arc::new(app))).await
}

/// It takes over after two seconds, and waits one for a draft.
async fn serve_publisher(writer: Channel, network: &str, lookup: Option<&Lookup>) -> Publisher {
    let database = TestDb::new("publisher", publisher::MIGRATIONS).await;
    let mut config = config(&database, crate::harness::KEY, network);
    config.publications = publications::Config { publish_lease_seconds: 2, publish_quiet_seconds: 1 };
    let mut app = App::new(&config, nobody("auth", "publisher"), writer).unwrap();
    if let Some(lookup) = lookup {
        app.outbound = outbound::Client::with_lookup(&config.outbound, lookup).unwrap();
    }
    let app = Arc::new(app);
    let served = testkit::serve("publisher", publisher::routes(&app)).await;
    Publisher { database, app, served }
}
