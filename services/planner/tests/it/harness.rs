//! A served planner with a database of its own, and people with sites.

use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::content_idea_service_client::ContentIdeaServiceClient;
use contracts::planner::v1::keyword_service_client::KeywordServiceClient;
use contracts::planner::v1::planner_undo_service_client::PlannerUndoServiceClient;
use contracts::planner::v1::tag_service_client::TagServiceClient;
use contracts::rest::v1::Role;
use planner::{App, Config, MIGRATIONS, Peers};
use rpc::client::{Channel, Target};
use testkit::{Actor, Served, TestDb};
use tonic::Status;
use uuid::Uuid;

pub struct Planner {
    pub database: TestDb,
    pub app: Arc<App>,
    pub served: Served,
}

/// A site with one sector, and somebody of its account who may do everything.
#[derive(Debug, Clone)]
pub struct Place {
    pub owner: Actor,
    pub site: Uuid,
    pub sector: Uuid,
}

impl Planner {
    /// With nothing at the places where auth and billing should be.
    pub async fn start() -> Self {
        Self::start_with(&nowhere("auth"), &nowhere("billing")).await
    }

    pub async fn start_with(auth: &Target, billing: &Target) -> Self {
        let database = TestDb::new("planner", MIGRATIONS).await;
        Self::on(database, auth, billing, &nowhere("ai-processor")).await
    }

    /// On a database that another planner may have left behind.
    pub async fn on(database: TestDb, auth: &Target, billing: &Target, ai_processor: &Target) -> Self {
        let config = config(&database);
        let channel = |target: &Target| Channel::new(target, &testkit::tls().identity("planner"));
        let peers = Peers {
            auth: channel(auth),
            billing: channel(billing),
            ai_processor: channel(ai_processor),
            writer: channel(&nowhere("writer")),
            publisher: channel(&nowhere("publisher")),
        };
        let app = Arc::new(App::new(&config, peers).unwrap());
        let served = testkit::serve("planner", planner::routes(&app)).await;
        Self { database, app, served }
    }

    /// As the gateway calls.
    pub fn channel(&self) -> Channel {
        self.served.channel("gateway")
    }

    pub fn keywords(&self) -> KeywordServiceClient<Channel> {
        KeywordServiceClient::new(self.channel())
    }

    pub fn tags(&self) -> TagServiceClient<Channel> {
        TagServiceClient::new(self.channel())
    }

    /// A new account with a site, as auth's event leaves it.
    pub async fn place(&self) -> Place {
        self.another_place(Actor::new(Uuid::now_v7(), Role::Owner)).await
    }

    /// One more site of the same account.
    pub async fn another_place(&self, owner: Actor) -> Place {
        let (account, site, sector) = (owner.account(), Uuid::now_v7(), Uuid::now_v7());
        self.execute(&format!(
            "INSERT INTO igny8_site_copies (account_id, id, version, name, domain, time_zone, language, country, facts, active)
             VALUES ('{account}', '{site}', 1, 'Bakery', 'bakery.example', 'UTC', 'en', 'US', '', true)"
        ))
        .await;
        let place = Place { owner, site, sector };
        self.sector(&place, sector).await;
        place
    }

    /// One more sector of the site.
    pub async fn sector(&self, place: &Place, sector: Uuid) -> Uuid {
        let (account, site) = (place.owner.account(), place.site);
        self.execute(&format!(
            "INSERT INTO igny8_sector_copies (account_id, id, site_id, name, description)
             VALUES ('{account}', '{sector}', '{site}', 'Bread', '')"
        ))
        .await;
        sector
    }

    /// A cluster with nothing in it.
    pub async fn cluster(&self, place: &Place, name: &str) -> Uuid {
        let (account, site, sector, id) = (place.owner.account(), place.site, place.sector, Uuid::now_v7());
        self.execute(&format!(
            "INSERT INTO igny8_clusters (account_id, id, site_id, sector_id, name)
             VALUES ('{account}', '{id}', '{site}', '{sector}', '{name}')"
        ))
        .await;
        id
    }

    /// Puts a keyword into a cluster, as clustering does.
    pub async fn put(&self, keyword: &pb::Keyword, cluster: Uuid) {
        self.execute(&format!(
            "UPDATE igny8_keywords SET cluster_id = '{cluster}', status = 'clustered' WHERE id = '{}'",
            keyword.id
        ))
        .await;
    }

    pub async fn deactivate(&self, place: &Place) {
        self.execute(&format!("UPDATE igny8_site_copies SET active = false WHERE id = '{}'", place.site)).await;
    }

    pub async fn create(&self, place: &Place, keyword: &str) -> pb::Keyword {
        self.try_create(&place.owner, place.input(keyword)).await.unwrap()
    }

    pub async fn try_create(&self, actor: &Actor, input: pb::KeywordInput) -> Result<pb::Keyword, rpc::Error> {
        Ok(self.keywords().create_keyword(actor.request(input)).await?.into_inner())
    }

    pub async fn get(&self, actor: &Actor, id: &str) -> Result<pb::Keyword, rpc::Error> {
        let request = actor.request(pb::GetKeywordRequest { id: id.to_owned() });
        Ok(self.keywords().get_keyword(request).await?.into_inner())
    }

    pub async fn list(&self, actor: &Actor, filter: pb::KeywordFilter) -> pb::ListKeywordsResponse {
        let request = pb::ListKeywordsRequest { filter: Some(filter), ..pb::ListKeywordsRequest::default() };
        self.page(actor, request).await
    }

    pub async fn page(&self, actor: &Actor, request: pb::ListKeywordsRequest) -> pb::ListKeywordsResponse {
        self.keywords().list_keywords(actor.request(request)).await.unwrap().into_inner()
    }

    /// The texts of a list in its order.
    pub async fn texts_of(&self, actor: &Actor, filter: pb::KeywordFilter) -> Vec<String> {
        self.list(actor, filter).await.results.into_iter().map(|keyword| keyword.keyword).collect()
    }

    /// What happens in the place's account without anybody who asks for it, as when an event is heard.
    pub async fn in_account<R>(
        &self,
        place: &Place,
        body: impl AsyncFnOnce(&mut db::AccountConn) -> rpc::Result<R>,
    ) -> R {
        let account = rpc::AccountId::of_message(place.owner.account());
        self.app.db.account(account, body).await.unwrap()
    }

    /// An article idea, written by hand.
    pub async fn idea(&self, place: &Place, title: &str, keyword: &str) -> pb::ContentIdea {
        let request = pb::CreateContentIdeaRequest {
            site_id: place.site.to_string(),
            sector_id: place.sector.to_string(),
            title: title.to_owned(),
            primary_keyword: keyword.to_owned(),
            content_type: pb::ContentType::Article.into(),
            structure: pb::ContentStructure::Guide.into(),
            ..pb::CreateContentIdeaRequest::default()
        };
        self.ideas().create_content_idea(place.owner.request(request)).await.unwrap().into_inner()
    }

    pub fn ideas(&self) -> ContentIdeaServiceClient<Channel> {
        ContentIdeaServiceClient::new(self.channel())
    }

    pub async fn undo(&self, actor: &Actor, token: &str) -> Result<pb::PlannerUndone, rpc::Error> {
        let request = pb::UndoPlannerDeleteRequest { token: token.to_owned() };
        let mut client = PlannerUndoServiceClient::new(self.channel());
        Ok(client.undo_planner_delete(actor.request(request)).await?.into_inner())
    }

    /// What the database says, past all policies.
    pub async fn execute(&self, statement: &str) -> u64 {
        self.database.superuser().await.execute(statement, &[]).await.unwrap()
    }

    pub async fn number(&self, query: &str) -> i64 {
        self.database.superuser().await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// The first column of what the query finds.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.database.superuser().await.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

impl Place {
    pub fn input(&self, keyword: &str) -> pb::KeywordInput {
        pb::KeywordInput {
            site_id: self.site.to_string(),
            sector_id: self.sector.to_string(),
            keyword: keyword.to_owned(),
            ..pb::KeywordInput::default()
        }
    }

    /// Somebody of the account with this role, who sees this site only.
    pub fn member(&self, role: Role) -> Actor {
        Actor::new(self.owner.account(), role).sites([self.site])
    }
}

fn config(database: &TestDb) -> Config {
    Config {
        db: database.config(),
        bus: bus::Config { amqp_url: "amqp://nobody:nothing@127.0.0.1:9/nothing".into() },
        imports: planner::imports::Config {
            spool_dir: std::env::temp_dir().join("igny8-planner-tests"),
            import_max_bytes: 16 * 1024 * 1024,
            import_max_rows: 100_000,
        },
    }
}

pub fn nowhere(service: &str) -> Target {
    Target::new(service, "https://127.0.0.1:9").unwrap()
}

/// Reads an error as the gateway does.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> rpc::Error {
    answer.unwrap_err().into()
}

/// The fields that an answer found wrong.
pub fn wrong_fields(error: &rpc::Error) -> Vec<String> {
    error.violations().iter().map(|violation| violation.field.clone()).collect()
}
