//! A served auth service with a database of its own, and people who sign up there.

use std::path::PathBuf;
use std::sync::Arc;

use auth::{App, Config, MIGRATIONS, MailConfig};
use contracts::auth::v1 as pb;
use contracts::auth::v1::account_service_client::AccountServiceClient;
use contracts::auth::v1::password_service_client::PasswordServiceClient;
use contracts::auth::v1::session_service_client::SessionServiceClient;
use contracts::auth::v1::{exchange_request::Credential, key_service_client::KeyServiceClient};
use rpc::client::Channel;
use rpc::metadata::AUTHORIZATION;
use rpc::token::Keys;
use tempfile::TempDir;
use testkit::{Served, TestDb, anonymous, metadata};
use tonic::{Request, Status};
use uuid::Uuid;

pub const PASSWORD: &str = "correct horse battery";

pub struct Auth {
    pub database: TestDb,
    pub app: Arc<App>,
    pub served: Served,
    mails: TempDir,
}

impl Auth {
    pub async fn start() -> Self {
        let database = TestDb::new("auth", MIGRATIONS).await;
        let mails = tempfile::tempdir().unwrap();
        let (app, served) = serve(&config(&database, mails.path().to_owned())).await;
        Self { database, app, served, mails }
    }

    fn config(&self) -> Config {
        config(&self.database, self.mails.path().to_owned())
    }

    /// The same database and settings, in a process that has just started.
    pub async fn restart(&mut self) {
        (self.app, self.served) = serve(&self.config()).await;
    }

    /// The same, with mails going to a relay in place of files.
    pub async fn send_through(&mut self, relay: &str) {
        let mut config = self.config();
        config.mail.smtp_url = Some(relay.into());
        (self.app, self.served) = serve(&config).await;
    }

    /// As the gateway calls.
    pub fn channel(&self) -> Channel {
        self.served.channel("gateway")
    }

    pub fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel())
    }

    pub fn passwords(&self) -> PasswordServiceClient<Channel> {
        PasswordServiceClient::new(self.channel())
    }

    pub fn accounts(&self) -> AccountServiceClient<Channel> {
        AccountServiceClient::new(self.channel())
    }

    pub fn keys(&self) -> KeyServiceClient<Channel> {
        KeyServiceClient::new(self.channel())
    }

    /// A new account with this owner.
    pub async fn sign_up(&self, email: &str) -> Person {
        let request = pb::SignUpRequest { email: email.to_owned(), ..sign_up_request() };
        Person(self.sessions().sign_up(anonymous(request)).await.unwrap().into_inner())
    }

    pub async fn try_sign_in(&self, email: &str, password: &str) -> Result<Person, rpc::Error> {
        let request = pb::SignInRequest { email: email.to_owned(), password: password.to_owned(), cookie: false };
        Ok(Person(self.sessions().sign_in(anonymous(request)).await?.into_inner()))
    }

    pub async fn sign_in(&self, email: &str) -> Person {
        self.try_sign_in(email, PASSWORD).await.unwrap()
    }

    /// A user of this role in the same account, as an accepted invitation leaves one.
    pub async fn add_user(&self, owner: &Person, email: &str, role: &str) -> Person {
        let (owner, id) = (owner.user(), Uuid::now_v7());
        self.execute(&format!(
            "INSERT INTO igny8_users (account_id, id, name, email, password_hash, role)
             SELECT account_id, '{id}', 'Added', '{email}', password_hash, '{role}' FROM igny8_users WHERE id = '{owner}'"
        ))
        .await;
        self.sign_in(email).await
    }

    /// A developer of the operator's making.
    pub async fn developer(&self) -> Person {
        self.sign_up("developer@example.com").await;
        auth::accounts::grant_developer(&self.app.db, "developer@example.com").await.unwrap();
        self.sign_in("developer@example.com").await
    }

    pub async fn exchange(&self, credential: Credential) -> Result<String, rpc::Error> {
        let request = anonymous(pb::ExchangeRequest { credential: Some(credential) });
        Ok(self.sessions().exchange(request).await?.into_inner().access_token)
    }

    /// What the database says, past all policies.
    pub async fn execute(&self, statement: &str) -> u64 {
        self.database.superuser().await.execute(statement, &[]).await.unwrap()
    }

    pub async fn count(&self, query: &str) -> i64 {
        let query = format!("SELECT count(*) FROM ({query}) counted");
        self.database.superuser().await.query_one(&query, &[]).await.unwrap().get(0)
    }

    /// The first column of what the query finds.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.database.superuser().await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The actions in the audit log of an account, in their order.
    pub async fn audited(&self, account: Uuid) -> Vec<String> {
        let query = format!("SELECT action FROM igny8_audit_log WHERE account_id = '{account}' ORDER BY id");
        self.texts(&query).await
    }

    /// Sends what is queued, and reads every mail that was ever sent, the oldest first.
    pub async fn mails(&self) -> Vec<String> {
        auth::mail::send_due(&self.app).await.unwrap();
        let files = std::fs::read_dir(self.mails.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap().replace("\r\n", "\n")).collect()
    }

    /// The token of the newest link to this page that was sent to this address.
    pub async fn link(&self, recipient: &str, page: &str) -> Option<String> {
        let mails = self.mails().await;
        let of_recipient = mails.iter().rev().filter(|mail| mail.contains(&format!("To: {recipient}\n")));
        let marker = format!("/{page}?token=");
        of_recipient
            .filter_map(|mail| mail.lines().find_map(|line| line.split_once(&marker)))
            .map(|(_, token)| token.to_owned())
            .next()
    }

    /// The same, for a mail that is queued after the answer.
    pub async fn awaited_link(&self, recipient: &str, page: &str) -> String {
        for _ in 0..100 {
            if let Some(token) = self.link(recipient, page).await {
                return token;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("no mail with a link to {page} for {recipient}")
    }
}

async fn serve(config: &Config) -> (Arc<App>, Served) {
    let app = Arc::new(App::new(config).unwrap());
    let keys = {
        let app = Arc::clone(&app);
        Keys::new(move || {
            let app = Arc::clone(&app);
            async move { Ok([app.keys.public_keys().await?, vec![testkit::public_key()]].concat()) }
        })
    };
    let served = testkit::serve_with("auth", auth::routes(&app), keys).await;
    (app, served)
}

fn config(database: &TestDb, mail_dir: PathBuf) -> Config {
    Config {
        db: database.config(),
        mail: MailConfig {
            public_url: "https://console.example.com".parse().unwrap(),
            mail_from: "IGNY8 <no-reply@example.com>".to_owned(),
            smtp_url: None,
            mail_dir,
        },
        seal_keys: "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into(),
    }
}

pub fn sign_up_request() -> pb::SignUpRequest {
    pb::SignUpRequest {
        account_name: "Analytical Engines".to_owned(),
        name: "Ada Lovelace".to_owned(),
        email: "ada@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        site: None,
        cookie: false,
    }
}

/// Somebody with the tokens of a session.
#[derive(Debug, Clone)]
pub struct Person(pub pb::Tokens);

impl Person {
    pub fn account(&self) -> Uuid {
        self.0.account_id.parse().unwrap()
    }

    pub fn user(&self) -> Uuid {
        self.0.user_id.as_ref().unwrap().parse().unwrap()
    }

    pub fn token(&self) -> &str {
        self.0.access_token.as_deref().unwrap()
    }

    pub fn refresh_token(&self) -> String {
        self.0.refresh_token.clone().unwrap()
    }

    pub fn request<T>(&self, message: T) -> Request<T> {
        metadata(anonymous(message), AUTHORIZATION, &format!("Bearer {}", self.token()))
    }
}

/// Reads an error as the gateway does.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> rpc::Error {
    answer.unwrap_err().into()
}
