//! The services behind their real gateway, in this process, on loopback, over mutual TLS, on databases and a virtual host of their own.

mod apart;

use std::collections::BTreeMap;

use clap::{Args, FromArgMatches};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use service::{Context, Server, readiness::Phase};
use tempfile::TempDir;
use testkit::{TestBroker, TestDb};
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;
use tonic::service::Routes;

use self::apart::Apart;

/// A fleet until it is dropped.
#[derive(Debug)]
pub struct Fleet {
    /// As `http://127.0.0.1:4711`.
    pub url: String,
    databases: BTreeMap<&'static str, TestDb>,
    client: Client,
    planner: Apart,
    _running: Vec<DropGuard>,
    _broker: TestBroker,
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

/// A service that has its address, and is not there yet.
struct Awaited {
    listener: TcpListener,
    settings: Vec<String>,
}

impl Awaited {
    fn surroundings(&self, name: &'static str) -> Context {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        Context::new(name, &self::settings(&settings, &[])).expect("certificates")
    }
}

/// The services that keep something, by their names in the registry.
const KEEPERS: [&str; 6] = ["auth", "planner", "writer", "ai-processor", "billing", "publisher"];

/// The one that can be killed: it drives all others.
const PLANNER: &str = "planner";

impl Fleet {
    /// Starts it on fresh databases.
    ///
    /// # Panics
    /// When something cannot start: then there is nothing to test.
    pub async fn start() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        // What the services log is printed with a test that fails.
        drop(tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init());
        let files = tempfile::tempdir().expect("a temporary folder");
        let broker = TestBroker::new().await;
        let databases = databases().await;
        let mut awaited = addresses().await;
        let mut running = Vec::new();
        for name in KEEPERS.into_iter().filter(|name| *name != PLANNER) {
            let place = awaited.remove(name).expect("it has an address");
            let cx = place.surroundings(name);
            let routes = routes(name, &cx, &databases[name], &broker, &files);
            running.push(cx.shutdown().clone().drop_guard());
            tokio::spawn(serve(cx, place.listener, routes));
        }
        let place = awaited.remove(PLANNER).expect("it has an address");
        let spool = format!("--spool-dir={}", files.path().join("spool").display());
        let planner = Apart::start(place, with_servers(&databases[PLANNER], &broker, &[&spool]));
        let place = awaited.remove("gateway").expect("it has an address");
        let (cx, listener) = (place.surroundings("gateway"), place.listener);
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        running.push(cx.shutdown().clone().drop_guard());
        tokio::spawn(gateway(listener, cx, url.clone()));
        let client = Client::new();
        Self { url, databases, client, planner, _running: running, _broker: broker, _files: files }
    }

    /// Ends the planner in the middle of whatever it does, as `kill -9`: it tells nobody and writes nothing more.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn kill_planner(&mut self) {
        self.planner.kill().await;
    }

    /// Starts the planner that was killed.
    pub fn start_planner(&mut self) {
        self.planner.start_again();
    }

    /// What a query of one number answers, past all policies.
    ///
    /// # Panics
    /// When the database does not.
    pub async fn number(&self, service: &str, query: &str) -> i64 {
        self.databases[service].superuser().await.query_one(query, &[]).await.expect("a row").get(0)
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

    /// A change that no method makes, as an operator would with SQL in the database of auth.
    ///
    /// # Panics
    /// When the statement fails or changes nothing.
    pub async fn change(&self, statement: &str, argument: &str) {
        let client = self.databases["auth"].superuser().await;
        let changed = client.execute(statement, &[&argument]).await.expect("the statement runs");
        assert!(changed > 0, "{statement} changed nothing for {argument}");
    }

    /// A fingerprint of all that belongs to an account, table by table. What is on its way between services is not in it, nor counts that
    /// are folded from time to time: they move by themselves.
    ///
    /// # Panics
    /// When a database does not answer.
    pub async fn rows_of(&self, account: &str) -> BTreeMap<String, String> {
        let mut rows = BTreeMap::new();
        for (service, database) in &self.databases {
            let client = database.superuser().await;
            let tables = "SELECT table_name::text FROM information_schema.columns WHERE column_name = 'account_id' \
                          AND table_schema = 'public' AND table_name NOT IN \
                          ('igny8_outbox', 'igny8_inbox', 'igny8_keyword_counts', 'igny8_webhook_deliveries')";
            let tables = client.query(tables, &[]).await.expect("the catalogue");
            for table in tables.iter().map(|row| row.get::<_, String>(0)) {
                let query = format!(
                    "SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM {table} t WHERE account_id::text = $1"
                );
                let all: Option<String> = client.query_one(&query, &[&account]).await.expect("the rows").get(0);
                rows.extend(all.map(|all| (format!("{service}.{table}"), all)));
            }
        }
        rows
    }
}

async fn databases() -> BTreeMap<&'static str, TestDb> {
    let (auth, planner, writer, ai_processor, billing, publisher) = tokio::join!(
        TestDb::new("auth", auth::MIGRATIONS),
        TestDb::new("planner", planner::MIGRATIONS),
        TestDb::new("writer", writer::MIGRATIONS),
        TestDb::new("ai-processor", ai_processor::MIGRATIONS),
        TestDb::new("billing", billing::MIGRATIONS),
        TestDb::new("publisher", publisher::MIGRATIONS),
    );
    KEEPERS.into_iter().zip([auth, planner, writer, ai_processor, billing, publisher]).collect()
}

/// A listener for each service, and surroundings that know those of the others.
async fn addresses() -> BTreeMap<&'static str, Awaited> {
    let mut listeners = Vec::new();
    for name in KEEPERS.into_iter().chain(["gateway"]) {
        listeners.push((name, TcpListener::bind("127.0.0.1:0").await.expect("a free port")));
    }
    let urls: Vec<String> = listeners
        .iter()
        .filter(|(name, _)| *name != "gateway")
        .map(|(name, listener)| format!("--{name}-url=https://{}", listener.local_addr().expect("an address")))
        .collect();
    let awaited = listeners.into_iter().map(|(name, listener)| {
        let dir = format!("--tls-dir={}", testkit::tls().dir(name).display());
        let settings = urls.iter().cloned().chain([dir]).collect();
        (name, Awaited { listener, settings })
    });
    awaited.collect()
}

async fn serve(cx: Context, listener: TcpListener, routes: Routes) {
    let verifier = cx.verifier().expect("the keys of auth").clone();
    let server = Server::new(cx.identity().clone(), verifier, cx.readiness().clone());
    cx.readiness().enter(Phase::Running);
    server.serve(listener, routes, cx.shutdown().clone()).await.expect("a service serves");
}

/// Starts a service, but for its server.
fn routes(name: &str, cx: &Context, database: &TestDb, broker: &TestBroker, files: &TempDir) -> Routes {
    let (db, bus) = (database.config(), broker.config());
    let routes = match name {
        "auth" => auth::start(cx, &bus, &auth_config(database, files)),
        "writer" => {
            let dir = format!("--files-dir={}", files.path().join("files").display());
            writer::start(cx, &with_servers(database, broker, &[&dir]))
        }
        "publisher" => {
            let keys = format!("--seal-keys={SEAL_KEYS}");
            publisher::start(cx, &with_servers(database, broker, &[&keys, "--outbound-allow=127.0.0.1/32"]))
        }
        "ai-processor" => {
            ai_processor::all(cx, &ai_processor::Config { db, bus, jobs: ai_processor::JobsConfig::default() })
        }
        "billing" => billing::start(cx, &billing::Config { db, bus }),
        other => panic!("no service {other}"),
    };
    routes.unwrap_or_else(|error| panic!("{name} takes its settings: {error:#}"))
}

async fn gateway(listener: TcpListener, cx: Context, url: String) {
    let config: gateway::Config = settings(&["--public-url", &url, "--tls-dir", "unused"], RATES);
    let backends = gateway::Backends::new(|service| cx.client(service)).expect("channels to the services");
    let life = gateway::Life { readiness: cx.readiness().clone(), shutdown: cx.shutdown().clone() };
    let verifier = cx.verifier().expect("the keys of auth").clone();
    let gateway = gateway::Gateway::new(&config, backends, verifier, life).expect("the gateway takes its settings");
    gateway::serve(listener, gateway.router, cx.shutdown().clone()).await.expect("the gateway serves");
}

/// Far above what a test needs: it is not the limits that are tested here.
const RATES: &[&str] = &[
    "--rate-address-standard=1000000",
    "--rate-address-credential=1000000",
    "--rate-account-standard=1000000",
    "--rate-account-credential=1000000",
    "--rate-address-ai=1000000",
    "--rate-account-ai=1000000",
    "--rate-address-bulk=1000000",
    "--rate-account-bulk=1000000",
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
        seal_keys: SEAL_KEYS.into(),
    }
}

/// For what auth and publisher keep sealed.
const SEAL_KEYS: &str = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// The settings of a service that has a database and hears of the others.
fn with_servers<C: Args + FromArgMatches>(database: &TestDb, broker: &TestBroker, own: &[&str]) -> C {
    let address = format!("--database-url={}", database.url().expose_secret());
    let system = format!("--system-database-url={}", database.system_url().expose_secret());
    let amqp = format!("--amqp-url={}", broker.url());
    settings(&[&address, &system, &amqp], own)
}

/// The settings as a command line gives them.
fn settings<C: Args + FromArgMatches>(one: &[&str], two: &[&str]) -> C {
    let command = C::augment_args(clap::Command::new("test"));
    let matches = command.try_get_matches_from(["test"].iter().chain(one).chain(two)).expect("settings");
    C::from_arg_matches(&matches).expect("settings")
}
