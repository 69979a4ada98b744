//! The services behind their real gateway, in this process, on loopback, over mutual TLS and a database of their own.

use std::{collections::BTreeMap, sync::Arc};

use clap::{Args, FromArgMatches};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use rpc::token::Verifier;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Served, TestDb};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A fleet until it is dropped.
#[derive(Debug)]
pub struct Fleet {
    /// As `http://127.0.0.1:4711`.
    pub url: String,
    database: TestDb,
    client: Client,
    _auth: Served,
    _gateway: JoinHandle<()>,
    _shutdown: DropGuard,
    _files: TempDir,
}

/// What the gateway answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Null when the text is no JSON.
    pub json: Value,
}

impl Fleet {
    /// Starts it on a fresh database.
    ///
    /// # Panics
    /// When something cannot start: then there is nothing to test.
    pub async fn start() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        // What the services log is printed with a test that fails.
        drop(tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init());
        let files = tempfile::tempdir().expect("a temporary folder");
        let database = TestDb::new("auth", auth::MIGRATIONS).await;
        let app = auth::App::new(&auth_config(&database, &files)).expect("auth takes its settings");
        let keys = app.keys.public();
        let auth = testkit::serve_with("auth", auth::routes(&Arc::new(app)), keys.clone()).await;

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let config: gateway::Config = settings(&["--public-url", &url, "--tls-dir", "unused"], RATES);
        let backends = gateway::Backends::new(|_| Ok(auth.channel("gateway"))).expect("channels to the services");
        let gateway = gateway::Gateway::new(&config, backends, Verifier::new(keys), auth.readiness().clone());
        let router = gateway.expect("the gateway takes its settings").router;
        let shutdown = CancellationToken::new();
        let serving = gateway::serve(listener, router, shutdown.clone());
        let gateway = tokio::spawn(async { serving.await.expect("the gateway serves") });
        let shutdown = shutdown.drop_guard();
        Self {
            url,
            database,
            client: Client::new(),
            _auth: auth,
            _gateway: gateway,
            _shutdown: shutdown,
            _files: files,
        }
    }

    /// One call, with a bearer token when there is one.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn call(&self, verb: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        let method: Method = verb.to_uppercase().parse().expect("an HTTP method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers): (StatusCode, _) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        Answer { status: status.as_u16(), headers, json: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    /// A change that no method makes, as an operator would with SQL.
    ///
    /// # Panics
    /// When the statement fails or changes nothing.
    pub async fn change(&self, statement: &str, argument: &str) {
        let changed =
            self.database.superuser().await.execute(statement, &[&argument]).await.expect("the statement runs");
        assert!(changed > 0, "{statement} changed nothing for {argument}");
    }

    /// A fingerprint of all that belongs to an account, table by table.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn rows_of(&self, account: &str) -> BTreeMap<String, String> {
        let client = self.database.superuser().await;
        let tables = "SELECT table_name::text FROM information_schema.columns WHERE column_name = 'account_id' AND table_schema = 'public'";
        let tables = client.query(tables, &[]).await.expect("the catalogue");
        let mut rows = BTreeMap::new();
        for table in tables.iter().map(|row| row.get::<_, String>(0)) {
            let query = format!(
                "SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM {table} t WHERE account_id::text = $1"
            );
            let all: Option<String> = client.query_one(&query, &[&account]).await.expect("the rows").get(0);
            rows.extend(all.map(|all| (table, all)));
        }
        rows
    }
}

/// Far above what a test needs: it is not the limits that are tested here.
const RATES: &[&str] = &[
    "--rate-address-standard=1000000",
    "--rate-address-credential=1000000",
    "--rate-account-standard=1000000",
    "--rate-account-credential=1000000",
];

fn auth_config(database: &TestDb, files: &TempDir) -> auth::Config {
    auth::Config {
        db: database.config(),
        mail: auth::MailConfig {
            public_url: "http://127.0.0.1:7000".parse().expect("an address"),
            mail_from: "IGNY8 <no-reply@localhost>".to_owned(),
            smtp_url: None,
            mail_dir: files.path().to_owned(),
        },
        seal_keys: "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into(),
    }
}

/// The settings as a command line gives them.
fn settings<C: Args + FromArgMatches>(one: &[&str], two: &[&str]) -> C {
    let command = C::augment_args(clap::Command::new("test"));
    let matches = command.try_get_matches_from(["test"].iter().chain(one).chain(two)).expect("settings");
    C::from_arg_matches(&matches).expect("settings")
}
