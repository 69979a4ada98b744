//! A gateway before auth, and requests to it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Command, FromArgMatches};
use contracts::auth::v1::ListPublicKeysRequest;
use contracts::auth::v1::key_service_client::KeyServiceClient;
use gateway::{Backends, Gateway, Life};
use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder, StatusCode};
use rpc::client::{Channel, Target};
use rpc::token::{Keys, PublicKey, Verifier};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::Readiness;
use service::readiness::Phase;
use tempfile::TempDir;
use testkit::{Served, TestDb};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backend::Backend;
use crate::wire::Wire;

pub const PASSWORD: &str = "correct horse battery";

pub struct World {
    pub url: String,
    pub wire: Wire,
    pub shutdown: CancellationToken,
    pub serving: JoinHandle<anyhow::Result<()>>,
    http: reqwest::Client,
    pub readiness: Readiness,
    pub planner: Backend,
    database: TestDb,
    _auth: Served,
    _others: [Backend; 3],
    _files: TempDir,
}

impl World {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings of the gateway.
    pub async fn with(settings: &[&str]) -> Self {
        Self::begin(settings, true).await
    }

    pub async fn without_planner() -> Self {
        Self::begin(&[], false).await
    }

    async fn begin(settings: &[&str], planner_is_up: bool) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let database = TestDb::new("auth", auth::MIGRATIONS).await;
        let files = tempfile::tempdir().unwrap();
        let auth = auth(&database, files.path().to_owned()).await;
        let wire = Wire::to(auth.url().trim_start_matches("https://").parse().unwrap()).await;
        let target = Target::new("auth", &format!("https://{}", wire.address)).unwrap();
        let channel = Channel::new(&target, &testkit::tls().identity("gateway"));

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config: gateway::Config =
            parse(&[&["--tls-dir=unused", "--public-url=https://igny8.example"], RATES, settings]);
        let readiness = Readiness::new();
        readiness.enter(Phase::Running);
        let planner = Backend::start("planner", keys(channel.clone())).await;
        let ai_processor = Backend::start("ai-processor", keys(channel.clone())).await;
        let writer = Backend::start("writer", keys(channel.clone())).await;
        let publisher = Backend::start("publisher", keys(channel.clone())).await;
        let nowhere = Target::new("planner", "https://127.0.0.1:9").unwrap();
        let backends = Backends::new(|service| {
            Ok(match service {
                "planner" if !planner_is_up => Channel::new(&nowhere, &testkit::tls().identity("gateway")),
                "planner" => planner.served.channel("gateway"),
                "ai-processor" => ai_processor.served.channel("gateway"),
                "writer" => writer.served.channel("gateway"),
                "publisher" => publisher.served.channel("gateway"),
                _ => channel.clone(),
            })
        });
        let backends = backends.unwrap();
        let verifier = Verifier::new(keys(channel.clone()));
        let shutdown = CancellationToken::new();
        let life = Life { readiness: readiness.clone(), shutdown: shutdown.clone() };
        let gateway = Gateway::new(&config, backends, verifier, life).unwrap();
        let serving = tokio::spawn(gateway::serve(listener, gateway.router, shutdown.clone()));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self {
            url,
            wire,
            shutdown,
            serving,
            http,
            readiness,
            planner,
            database,
            _auth: auth,
            _others: [ai_processor, writer, publisher],
            _files: files,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    /// A new account with this owner.
    pub async fn sign_up(&self, email: &str) -> Person {
        let answer = self.post("/api/v1/auth/sign_up/", &sign_up(email)).answer().await;
        answer.expect(201);
        let text = |name: &str| answer.json["data"][name].as_str().unwrap().to_owned();
        Person { token: text("access_token"), account: text("account_id") }
    }

    /// As somebody does who follows the link in the first mail.
    pub async fn prove_address(&self, email: &str) {
        let prove = "UPDATE igny8_users SET email_verified_at = now() WHERE email = $1";
        self.database.superuser().await.execute(prove, &[&email]).await.unwrap();
    }

    /// The value of the session cookie of somebody who has signed up.
    pub async fn sign_in_with_cookie(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD, "cookie": true});
        let answer = self.post("/api/v1/auth/sign_in/", &body).answer().await;
        answer.expect(200);
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        cookie.split_once(';').unwrap().0.to_owned()
    }
}

pub fn sign_up(email: &str) -> Value {
    json!({"account_name": "Analytical Engines", "name": "Ada Lovelace", "email": email, "password": PASSWORD})
}

pub struct Person {
    pub token: String,
    pub account: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// Null when the text is no JSON.
    pub json: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// That it is the envelope of an error, whole, with this status and reason.
    #[track_caller]
    pub fn refused(&self, status: u16, reason: &str) -> &Self {
        self.expect(status);
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!((&self.json["success"], &self.json["reason"]), (&json!(false), &json!(reason)), "{}", self.text);
        assert!(self.json["message"].as_str().is_some_and(|text| text.ends_with('.')), "{}", self.text);
        assert!(self.json["code"].is_string() && self.json["errors"].is_object(), "{}", self.text);
        assert_eq!(self.json["request_id"], self.headers["x-request-id"].to_str().unwrap());
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

pub trait Send {
    async fn answer(self) -> Answer;
}

impl Send for RequestBuilder {
    async fn answer(self) -> Answer {
        let response = self.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer { status, headers, json: serde_json::from_str(&text).unwrap_or_default(), text }
    }
}

/// Far above what a test needs, unless it is about them.
const RATES: &[&str] = &["--rate-address-credential=1000000", "--rate-account-credential=1000000"];

async fn auth(database: &TestDb, mail_dir: PathBuf) -> Served {
    let (url, system) = (database.url(), database.system_url());
    let app = auth::App::new(&parse(&[&[
        &format!("--database-url={}", url.expose_secret()),
        &format!("--system-database-url={}", system.expose_secret()),
        &format!("--mail-dir={}", mail_dir.display()),
        "--seal-keys=test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ]]));
    let app = Arc::new(app.unwrap());
    let keys = app.keys.public();
    testkit::serve_with("auth", auth::routes(&app), keys).await
}

/// The keys of auth, asked for as the gateway does, and the one of `testkit::Actor`.
fn keys(auth: Channel) -> Keys {
    Keys::new(move || {
        let mut auth = KeyServiceClient::new(auth.clone());
        async move {
            let keys = auth.list_public_keys(ListPublicKeysRequest {}).await?.into_inner().keys.into_iter();
            let keys = keys.map(|key| PublicKey { key_id: key.key_id, bytes: key.public_key, not_after: None });
            Ok(keys.chain([testkit::public_key()]).collect())
        }
    })
}

/// The settings as a command line gives them. What comes later wins.
fn parse<C: Args + FromArgMatches>(settings: &[&[&str]]) -> C {
    let command = C::augment_args(Command::new("test")).args_override_self(true);
    let matches = command.try_get_matches_from(["test"].iter().chain(settings.iter().copied().flatten())).unwrap();
    C::from_arg_matches(&matches).unwrap()
}
