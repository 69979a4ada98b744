//! Imports: keywords from files and pasted lists. A file is spooled to disk, read and shown; started, it is stored whole or not at all.
//!
//! The reading itself is [`crate::import_files`]. Here is what stands around it: [`spool`] keeps the file, [`prepare`] reads it into
//! keywords, each once, [`preview`] counts and shows them, [`run`] takes started imports and [`write`] stores their keywords.

mod prepare;
mod preview;
mod progress;
mod rejected_rows;
mod row;
mod run;
mod spool;
mod start;
mod sweep;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use contracts::planner::v1 as pb;
use contracts::planner::v1::import_service_server::ImportService;
use contracts::progress::v1::Started;
use contracts::rest::v1::Empty;
use db::{AccountConn, Page};
use diesel::dsl::Eq;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Caller, Error, Kind, Mask};
use tokio::sync::{Notify, Semaphore};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use crate::App;
use crate::import_files::{self, Limits};
use crate::schema::igny8_keyword_imports;

pub use progress::progress;
pub use run::run;
pub use sweep::sweep;

use row::Import;
use spool::Spool;

/// Files that are read at the same time in one process: each takes a core.
const READERS: usize = 2;

/// The settings of imports.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Where uploaded files stay until their import ends, at most a day; replicas share it
    #[arg(long, env = "IGNY8_SPOOL_DIR", default_value = ".igny8/spool")]
    pub spool_dir: PathBuf,

    /// The largest file that can be uploaded, in bytes
    #[arg(long, env = "IGNY8_IMPORT_MAX_BYTES", default_value_t = 512 * 1024 * 1024)]
    pub import_max_bytes: u64,

    /// The most rows that one file can have
    #[arg(long, env = "IGNY8_IMPORT_MAX_ROWS", default_value_t = 2_000_000)]
    pub import_max_rows: u64,
}

/// What imports share in one process.
#[derive(Debug)]
pub struct Importer {
    spool: Spool,
    limits: Limits,
    readers: Arc<Semaphore>,
    started: Notify,
}

impl Importer {
    /// Reads the settings; the directory is made when it is needed.
    pub fn new(config: &Config) -> Self {
        Self {
            spool: Spool::new(config.spool_dir.clone(), config.import_max_bytes),
            limits: Limits { rows: config.import_max_rows, ..Limits::default() },
            readers: Arc::new(Semaphore::new(READERS)),
            started: Notify::new(),
        }
    }
}

#[derive(Debug)]
pub struct Imports(pub Arc<App>);

#[tonic::async_trait]
impl ImportService for Imports {
    type DownloadRejectedRowsStream = rejected_rows::Pieces;

    async fn upload_keywords(
        &self,
        request: Request<Streaming<pb::UploadKeywordsRequest>>,
    ) -> Result<Response<pb::KeywordImport>, Status> {
        let (caller, mut first, rest) = rpc::open_upload(request).await?;
        let piece = std::mem::take(&mut first.piece);
        let target = Target::read(&first.site_id, &first.sector_id, &first.country)?;
        let new = New { target, file_name: spool::file_name(&first.file_name), list: false };
        let import = self.begin(&caller, &new).await?;
        let stored = self.0.imports.spool.receive(import, piece, rest).await;
        Ok(Response::new(self.finish(&caller, import, &new, stored).await?))
    }

    async fn paste_keywords(
        &self,
        request: Request<pb::PasteKeywordsRequest>,
    ) -> Result<Response<pb::KeywordImport>, Status> {
        let (caller, request) = rpc::open(request)?;
        let target = Target::read(&request.site_id, &request.sector_id, &request.country)?;
        let new = New { target, file_name: String::new(), list: true };
        let import = self.begin(&caller, &new).await?;
        let text = import_files::as_lines(&request.text);
        let stored = self.0.imports.spool.write(import, text.into_bytes()).await;
        Ok(Response::new(self.finish(&caller, import, &new, stored).await?))
    }

    async fn list_imports(
        &self,
        request: Request<pb::ListImportsRequest>,
    ) -> Result<Response<pb::ListImportsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = Filter::read(request.filter.as_ref())?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| {
            let count = filter.query(conn).count().get_result(conn).await?;
            let rows: Vec<Import> = filter
                .query(conn)
                .order(igny8_keyword_imports::id.desc())
                .limit(page.limit)
                .offset(page.offset)
                .select(Import::as_select())
                .load(conn)
                .await?;
            let results = rows.into_iter().map(pb::KeywordImport::from).collect();
            Ok(pb::ListImportsResponse { results, count, count_is_exact: true })
        });
        Ok(Response::new(response.await?))
    }

    async fn get_import(&self, request: Request<pb::GetImportRequest>) -> Result<Response<pb::KeywordImport>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let import = self.0.db.transaction(&caller, async |conn| Import::get(conn, id).await).await?;
        Ok(Response::new(import.into()))
    }

    async fn update_import(
        &self,
        request: Request<pb::UpdateImportRequest>,
    ) -> Result<Response<pb::KeywordImport>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let mask = Mask::of(&request.update_mask);
        let country = mask.when("country", country(&request.country)).transpose()?;
        let choices = mask.has("columns").then_some(request.columns.as_slice());
        Ok(Response::new(preview::change(&self.0, &caller, id, choices, country).await?))
    }

    async fn start_import(&self, request: Request<pb::StartImportRequest>) -> Result<Response<Started>, Status> {
        let (caller, request) = rpc::open(request)?;
        Ok(Response::new(start::start(&self.0, &caller, &request).await?))
    }

    async fn delete_import(&self, request: Request<pb::DeleteImportRequest>) -> Result<Response<Empty>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        self.0.db.transaction(&caller, async |conn| start::cancel_or_remove(conn, id).await).await?;
        self.0.imports.spool.remove(id).await;
        Ok(Response::new(Empty {}))
    }

    async fn list_rejected_rows(
        &self,
        request: Request<pb::ListRejectedRowsRequest>,
    ) -> Result<Response<pb::ListRejectedRowsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let page = Page::of(request.page, request.page_size);
        let response = self.0.db.transaction(&caller, async |conn| rejected_rows::list(conn, id, page).await);
        Ok(Response::new(response.await?))
    }

    async fn download_rejected_rows(
        &self,
        request: Request<pb::DownloadRejectedRowsRequest>,
    ) -> Result<Response<Self::DownloadRejectedRowsStream>, Status> {
        let (caller, request) = rpc::open(request)?;
        let id = rpc::id("id", &request.id)?;
        let import = self.0.db.transaction(&caller, async |conn| Import::get(conn, id).await).await?;
        Ok(Response::new(rejected_rows::download(Arc::clone(&self.0), caller, &import)))
    }
}

impl Imports {
    /// The row of a new import, once its site may be written to.
    async fn begin(&self, caller: &Caller, new: &New) -> rpc::Result<Uuid> {
        let Target { site, sector, .. } = new.target;
        self.0.sites.ensure(caller, site, sector).await?;
        self.0.db.transaction(caller, async |conn| Import::insert(conn, new).await).await
    }

    /// Reads what was stored. Of a file that cannot be read nothing stays.
    async fn finish(
        &self,
        caller: &Caller,
        import: Uuid,
        new: &New,
        stored: rpc::Result<()>,
    ) -> rpc::Result<pb::KeywordImport> {
        let read = match stored {
            Ok(()) => preview::make(&self.0, caller, import, new).await,
            Err(error) => Err(error),
        };
        if read.is_err() {
            self.0.imports.spool.remove(import).await;
            let forget = self.0.db.transaction(caller, async |conn| Import::delete(conn, import).await);
            if let Err(error) = forget.await {
                tracing::warn!(error = ?error, "could not forget an import that failed: the sweeper will");
            }
        }
        read
    }
}

/// Where keywords go.
#[derive(Debug, Clone)]
struct Target {
    site: Uuid,
    sector: Uuid,
    country: String,
}

impl Target {
    fn read(site: &str, sector: &str, code: &str) -> rpc::Result<Self> {
        Ok(Self { site: rpc::id("site_id", site)?, sector: rpc::id("sector_id", sector)?, country: country(code)? })
    }
}

/// An import that is about to be.
#[derive(Debug, Clone)]
struct New {
    target: Target,
    file_name: String,
    /// A pasted text, which needs no header.
    list: bool,
}

fn country(code: &str) -> rpc::Result<String> {
    let fits = code.is_empty() || (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let known = import_files::parse_country(code).filter(|_| fits);
    known.ok_or_else(|| Error::invalid("country", "This is no country. Write its two letters, as US or GB."))
}

struct Filter {
    site: Option<Uuid>,
    sector: Option<Uuid>,
    state: Option<&'static str>,
}

impl Filter {
    fn read(filter: Option<&pb::ImportFilter>) -> rpc::Result<Self> {
        let Some(filter) = filter else { return Ok(Self { site: None, sector: None, state: None }) };
        let id = |field, text: &Option<String>| text.as_deref().map(|text| rpc::id(field, text)).transpose();
        Ok(Self {
            site: id("site_id", &filter.site_id)?,
            sector: id("sector_id", &filter.sector_id)?,
            state: filter.state.and_then(|_| contracts::JsonEnum::json_name(filter.state())),
        })
    }

    fn query(&self, conn: &AccountConn) -> igny8_keyword_imports::BoxedQuery<'_, Pg> {
        let mut query = igny8_keyword_imports::table.filter(owned_by(conn)).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_keyword_imports::site_id.eq(site));
        }
        if let Some(sector) = self.sector {
            query = query.filter(igny8_keyword_imports::sector_id.eq(sector));
        }
        if let Some(state) = self.state {
            query = query.filter(igny8_keyword_imports::state.eq(state));
        }
        query
    }
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_keyword_imports::account_id, Uuid> {
    igny8_keyword_imports::account_id.eq(conn.account().uuid())
}

/// A file that cannot be read is the request's fault, with the file's own reason.
fn refused(error: import_files::FileError) -> Error {
    let field = if error.reason == "INVALID_MAPPING" { "columns" } else { "file" };
    Error::new(Kind::InvalidArgument, error.reason, error.message.clone()).with_violation(field, error.message)
}
