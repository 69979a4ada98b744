//! What people do with imports, and the worker that takes them.

use std::sync::Arc;
use std::time::Duration;

use contracts::planner::v1 as pb;
use contracts::planner::v1::import_service_client::ImportServiceClient;
use contracts::planner::v1::{DuplicatePolicy, ImportState};
use rpc::client::Channel;
use testkit::Actor;
use tokio_util::task::AbortOnDropHandle;

use crate::harness::{Place, Planner};

impl Planner {
    pub fn imports(&self) -> ImportServiceClient<Channel> {
        ImportServiceClient::new(self.channel())
    }

    pub async fn upload(&self, place: &Place, name: &str, bytes: &[u8]) -> Result<pb::KeywordImport, rpc::Error> {
        let mut pieces: Vec<pb::UploadKeywordsRequest> = bytes
            .chunks(64 * 1024)
            .map(|piece| pb::UploadKeywordsRequest { piece: piece.to_vec(), ..Default::default() })
            .collect();
        if pieces.is_empty() {
            pieces.push(pb::UploadKeywordsRequest::default());
        }
        pieces[0].site_id = place.site.to_string();
        pieces[0].sector_id = place.sector.to_string();
        name.clone_into(&mut pieces[0].file_name);
        let request = place.owner.request(futures_util::stream::iter(pieces));
        Ok(self.imports().upload_keywords(request).await?.into_inner())
    }

    pub async fn sample(&self, place: &Place, name: &str) -> pb::KeywordImport {
        let bytes = std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        self.upload(place, name, &bytes).await.unwrap()
    }

    pub async fn paste(&self, place: &Place, text: &str) -> Result<pb::KeywordImport, rpc::Error> {
        let request = pb::PasteKeywordsRequest {
            site_id: place.site.to_string(),
            sector_id: place.sector.to_string(),
            text: text.to_owned(),
            ..Default::default()
        };
        Ok(self.imports().paste_keywords(place.owner.request(request)).await?.into_inner())
    }

    pub async fn start_import(&self, place: &Place, import: &pb::KeywordImport) -> Result<(), rpc::Error> {
        self.start_as(place, import, DuplicatePolicy::Update, false).await
    }

    pub async fn start_as(
        &self,
        place: &Place,
        import: &pb::KeywordImport,
        duplicates: DuplicatePolicy,
        only_good_rows: bool,
    ) -> Result<(), rpc::Error> {
        let request = pb::StartImportRequest { id: import.id.clone(), duplicates: duplicates.into(), only_good_rows };
        let started = self.imports().start_import(place.owner.request(request)).await?.into_inner();
        assert_eq!(started.task_id.as_deref(), Some(import.id.as_str()));
        Ok(())
    }

    pub async fn import_of(&self, actor: &Actor, id: &str) -> Result<pb::KeywordImport, rpc::Error> {
        let request = actor.request(pb::GetImportRequest { id: id.to_owned() });
        Ok(self.imports().get_import(request).await?.into_inner())
    }

    /// The import once it has this state.
    pub async fn awaited(&self, place: &Place, import: &pb::KeywordImport, state: ImportState) -> pb::KeywordImport {
        for _ in 0..400 {
            let now = self.import_of(&place.owner, &import.id).await.unwrap();
            if now.state() == state {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{state:?} never came");
    }

    /// What takes started imports, until it is dropped.
    pub fn worker(&self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(planner::imports::run(Arc::clone(&self.app))))
    }

    pub async fn imported(
        &self,
        place: &Place,
        import: &pb::KeywordImport,
        duplicates: DuplicatePolicy,
    ) -> pb::KeywordImport {
        self.start_as(place, import, duplicates, false).await.unwrap();
        let _worker = self.worker();
        self.awaited(place, import, ImportState::Succeeded).await
    }

    pub async fn keyword_count(&self) -> i64 {
        self.number("SELECT count(*) FROM igny8_keywords").await
    }

    pub async fn rejected(&self, place: &Place, import: &pb::KeywordImport) -> pb::ListRejectedRowsResponse {
        let request = pb::ListRejectedRowsRequest { id: import.id.clone(), ..Default::default() };
        self.imports().list_rejected_rows(place.owner.request(request)).await.unwrap().into_inner()
    }
}

/// Holds up whoever writes keywords, until it is told to go on.
pub async fn hold_up(planner: &Planner) -> tokio_postgres::Client {
    let client = planner.database.superuser().await;
    client.batch_execute("BEGIN; LOCK TABLE igny8_keywords IN SHARE MODE").await.unwrap();
    client
}
