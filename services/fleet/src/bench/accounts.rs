//! Accounts to measure with, made as people make them, and filled as nobody does: by `COPY`.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{World, keywords};
use crate::databases;
use crate::postgres;

const PASSWORD: &str = "correct horse battery";
/// Rows in one piece of a `COPY`.
const PIECE: usize = 2_000;

/// An account with one site of one sector.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub id: Uuid,
    pub token: String,
    pub site: Uuid,
    pub sector: Uuid,
}

impl World<'_> {
    /// A new account, which planner knows.
    pub(super) async fn account(&self, name: &str) -> Result<Account> {
        let email = format!("{name}@example.com");
        let body = json!({ "account_name": name, "name": name, "email": email, "password": PASSWORD });
        let signed_up = self.post("/api/v1/auth/sign_up/", None, &body).await?;
        let token = text(&signed_up, "/data/access_token")?;
        let site = json!({ "name": name, "domain": format!("{name}.example.com"), "sectors": [{ "name": "All" }] });
        let site = self.post("/api/v1/auth/sites/", Some(&token), &site).await?;
        let account = Account {
            id: id(&signed_up, "/data/account_id")?,
            site: id(&site, "/data/id")?,
            sector: id(&site, "/data/sectors/0/id")?,
            token,
        };
        self.post("/api/v1/planner/keywords/", Some(&account.token), &account.keyword("the first one")).await?;
        Ok(account)
    }

    /// As superuser, in the database of a service.
    pub(super) async fn sql(&self, service: &str) -> Result<Client> {
        let database = service::registry::service(service).and_then(|service| service.database.as_ref());
        let database = database.with_context(|| format!("{service} has a database"))?;
        Ok(postgres::connect(&databases::at(&self.servers.postgres, &database.name)).await?)
    }

    /// Gives an account so many keywords. Answers how many seconds the `COPY` took.
    pub(super) async fn fill(&self, account: &Account, count: usize) -> Result<f64> {
        let planner = self.sql("planner").await?;
        let pieces: Vec<Bytes> = (0..count)
            .step_by(PIECE)
            .map(|first| (first..(first + PIECE).min(count)).map(|n| account.row(n)).collect::<String>().into())
            .collect();
        let begun = std::time::Instant::now();
        let copy = "COPY igny8_keywords (account_id, id, site_id, sector_id, keyword, normalised, volume, difficulty, \
                    cpc_micros, intent, source) FROM STDIN";
        let mut sink = Box::pin(planner.copy_in(copy).await?);
        for piece in pieces {
            sink.send(piece).await?;
        }
        let rows = sink.as_mut().finish().await?;
        let seconds = begun.elapsed().as_secs_f64();
        anyhow::ensure!(usize::try_from(rows)? == count, "COPY took {rows} of {count} rows");
        Ok(seconds)
    }

    /// After large changes, as autovacuum would do some time later.
    pub(super) async fn settle(&self) -> Result<()> {
        self.sql("planner").await?.batch_execute("VACUUM (ANALYZE) igny8_keywords").await?;
        Ok(())
    }

    pub(super) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        answer(token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth), path).await
    }

    pub(super) async fn get(&self, path: &str, token: &str) -> Result<Value> {
        answer(self.http.get(format!("{}{path}", self.base)).bearer_auth(token), path).await
    }
}

impl Account {
    /// The body that makes a keyword.
    pub(super) fn keyword(&self, keyword: &str) -> Value {
        json!({ "site_id": self.site, "sector_id": self.sector, "keyword": keyword })
    }

    /// A line of a `COPY`.
    fn row(&self, n: usize) -> String {
        let Self { id, site, sector, .. } = self;
        let (keyword, facts) = (keywords::keyword(n), keywords::facts(n));
        let keywords::Facts { volume, difficulty, cpc_micros, intent } = facts;
        let key = Uuid::now_v7();
        format!(
            "{id}\t{key}\t{site}\t{sector}\t{keyword}\t{keyword}\t{volume}\t{difficulty}\t{cpc_micros}\t{intent}\tbench\n"
        )
    }
}

/// The body of an answer of success.
pub(super) async fn answer(request: reqwest::RequestBuilder, what: &str) -> Result<Value> {
    let answer = request.send().await.with_context(|| format!("call {what}"))?;
    let (status, body) = (answer.status(), answer.text().await?);
    anyhow::ensure!(status.is_success(), "{what} answered {status}: {body}");
    Ok(serde_json::from_str(&body)?)
}

pub(super) fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("no {pointer} in {value}"))
}

pub(super) fn id(value: &Value, pointer: &str) -> Result<Uuid> {
    Ok(text(value, pointer)?.parse()?)
}
