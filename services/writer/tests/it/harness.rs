//! A served writer with a database of its own, and people with sites.

use std::sync::Arc;

use contracts::planner::v1::{ContentIdeaQueued, ContentStructure, ContentType, QueuedKeyword};
use contracts::rest::v1::Role;
use contracts::writer::v1 as pb;
use contracts::writer::v1::content_service_client::ContentServiceClient;
use contracts::writer::v1::publishing_service_client::PublishingServiceClient;
use contracts::writer::v1::task_service_client::TaskServiceClient;
use contracts::writer::v1::writer_undo_service_client::WriterUndoServiceClient;
use prost_types::FieldMask;
use rpc::AccountId;
use rpc::client::{Channel, Target};
use tempfile::TempDir;
use testkit::{Actor, Served, TestDb};
use tonic::Status;
use uuid::Uuid;
use writer::{App, Config, MIGRATIONS};

pub struct Writer {
    pub database: TestDb,
    pub app: Arc<App>,
    pub served: Served,
    pub files: TempDir,
}

/// A site with one sector, and somebody of its account who may do everything.
#[derive(Debug, Clone)]
pub struct Place {
    pub owner: Actor,
    pub site: Uuid,
    pub sector: Uuid,
}

impl Writer {
    /// With nothing at the places where the other services should be.
    pub async fn start() -> Self {
        Self::start_with(&nowhere("auth"), &nowhere("billing"), &nowhere("ai-processor")).await
    }

    pub async fn start_with(auth: &Target, billing: &Target, ai_processor: &Target) -> Self {
        let database = TestDb::new("writer", MIGRATIONS).await;
        let files = tempfile::tempdir().unwrap();
        let config = config(&database, &files);
        let channel = |target: &Target| Channel::new(target, &testkit::tls().identity("writer"));
        let app = Arc::new(App::new(&config, channel(auth), channel(billing), channel(ai_processor)).unwrap());
        let served = testkit::serve("writer", writer::routes(&app)).await;
        Self { database, app, served, files }
    }

    /// As the gateway calls.
    pub fn channel(&self) -> Channel {
        self.served.channel("gateway")
    }

    pub fn tasks(&self) -> TaskServiceClient<Channel> {
        TaskServiceClient::new(self.channel())
    }

    pub fn contents(&self) -> ContentServiceClient<Channel> {
        ContentServiceClient::new(self.channel())
    }

    /// As another service calls.
    pub fn publishing(&self, caller: &str) -> PublishingServiceClient<Channel> {
        PublishingServiceClient::new(self.served.channel(caller))
    }

    /// A new account with a site, as auth's event leaves it.
    pub async fn place(&self) -> Place {
        self.another_place(Actor::new(Uuid::now_v7(), Role::Owner)).await
    }

    /// One more site of the same account.
    pub async fn another_place(&self, owner: Actor) -> Place {
        let (account, site, sector) = (owner.account(), Uuid::now_v7(), Uuid::now_v7());
        self.execute(&format!(
            "INSERT INTO igny8_site_copies (account_id, id, version, name, language, facts, active, auto_publish)
             VALUES ('{account}', '{site}', 1, 'Bakery', 'en', '', true, false)"
        ))
        .await;
        self.execute(&format!(
            "INSERT INTO igny8_sector_copies (account_id, id, site_id, name)
             VALUES ('{account}', '{sector}', '{site}', 'Bread')"
        ))
        .await;
        Place { owner, site, sector }
    }

    pub async fn set_site(&self, place: &Place, assignment: &str) {
        self.execute(&format!("UPDATE igny8_site_copies SET {assignment} WHERE id = '{}'", place.site)).await;
    }

    pub async fn task(&self, place: &Place, title: &str) -> pb::Task {
        self.tasks().create_task(place.owner.request(place.task(title))).await.unwrap().into_inner()
    }

    pub async fn get_task(&self, place: &Place, id: &str) -> Result<pb::Task, rpc::Error> {
        let request = pb::GetTaskRequest { id: id.to_owned() };
        Ok(self.tasks().get_task(place.owner.request(request)).await?.into_inner())
    }

    /// The titles of a list of tasks in its order.
    pub async fn task_titles(&self, place: &Place, ordering: &str, filter: pb::TaskFilter) -> Vec<String> {
        let request =
            pb::ListTasksRequest { ordering: ordering.to_owned(), filter: Some(filter), ..Default::default() };
        let list = self.tasks().list_tasks(place.owner.request(request)).await.unwrap().into_inner();
        assert_eq!(list.count, i64::try_from(list.results.len()).unwrap());
        list.results.into_iter().map(|task| task.title).collect()
    }

    /// An idea of the planner arrives.
    pub async fn idea(&self, place: &Place, idea: &ContentIdeaQueued) {
        let account = AccountId::of_message(place.owner.account());
        self.app.db.account(account, async |conn| writer::tasks::from_idea(conn, idea).await).await.unwrap();
    }

    pub async fn write(&self, place: &Place, title: &str) -> pb::Content {
        self.try_write(place, place.article(title)).await.unwrap()
    }

    pub async fn try_write(&self, place: &Place, input: pb::CreateContentRequest) -> Result<pb::Content, rpc::Error> {
        Ok(self.contents().create_content(place.owner.request(input)).await?.into_inner())
    }

    pub async fn get(&self, place: &Place, id: &str) -> Result<pb::Content, rpc::Error> {
        let request = pb::GetContentRequest { id: id.to_owned() };
        Ok(self.contents().get_content(place.owner.request(request)).await?.into_inner())
    }

    /// Changes the fields of the mask, of the revision in the change.
    pub async fn edit(
        &self,
        place: &Place,
        mask: &[&str],
        change: pb::UpdateContentRequest,
    ) -> Result<pb::Content, rpc::Error> {
        let paths = mask.iter().map(|&path| path.to_owned()).collect();
        let request = pb::UpdateContentRequest { update_mask: Some(FieldMask { paths }), ..change };
        Ok(self.contents().update_content(place.owner.request(request)).await?.into_inner())
    }

    pub async fn undo(&self, place: &Place, token: &str) -> Result<pb::WriterUndone, rpc::Error> {
        let request = pb::UndoWriterDeleteRequest { token: token.to_owned() };
        let mut client = WriterUndoServiceClient::new(self.channel());
        Ok(client.undo_writer_delete(place.owner.request(request)).await?.into_inner())
    }

    /// What other services were told under this name, in its order.
    pub async fn told(&self, event: &str) -> Vec<serde_json::Value> {
        let query = format!("SELECT body::text FROM igny8_outbox WHERE event = '{event}' ORDER BY id");
        self.texts(&query).await.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
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
    pub fn task(&self, title: &str) -> pb::CreateTaskRequest {
        pb::CreateTaskRequest {
            site_id: self.site.to_string(),
            sector_id: self.sector.to_string(),
            title: title.to_owned(),
            content_type: ContentType::Article.into(),
            structure: ContentStructure::HowTo.into(),
            ..pb::CreateTaskRequest::default()
        }
    }

    pub fn article(&self, title: &str) -> pb::CreateContentRequest {
        pb::CreateContentRequest {
            site_id: self.site.to_string(),
            sector_id: self.sector.to_string(),
            title: title.to_owned(),
            html: "<p>Three short words</p>".to_owned(),
            ..pb::CreateContentRequest::default()
        }
    }

    /// As the planner tells of it.
    pub fn idea(&self, title: &str, keywords: &[(&str, i64)]) -> ContentIdeaQueued {
        let keyword = |(text, volume): &(&str, i64)| QueuedKeyword {
            id: Uuid::now_v7().to_string(),
            text: (*text).to_owned(),
            volume: Some(*volume),
        };
        ContentIdeaQueued {
            idea_id: Uuid::now_v7().to_string(),
            site_id: self.site.to_string(),
            sector_id: self.sector.to_string(),
            title: title.to_owned(),
            content_type: "article".to_owned(),
            structure: "how_to".to_owned(),
            word_count: 900,
            cluster_id: Some(Uuid::now_v7().to_string()),
            cluster_name: "Rye".to_owned(),
            keywords: keywords.iter().map(keyword).collect(),
            ..ContentIdeaQueued::default()
        }
    }
}

fn config(database: &TestDb, files: &TempDir) -> Config {
    Config {
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
