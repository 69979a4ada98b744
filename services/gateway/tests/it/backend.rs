//! A small service that answers for planner, writer, publisher and ai-processor as a test tells it to. It speaks the real contract over the real layers.

#![expect(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "each has the form of a handler")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use contracts::planner::v1::{AutoClusterRequest, KeywordImport, RejectedRowsFile, UploadKeywordsRequest};
use contracts::progress::v1::{GetProgressRequest, Progress, ProgressEvent, Quote, Started};
use futures_util::stream::unfold;
use prost::Message;
use rpc::token::Keys;
use testkit::Served;
use tokio::sync::{mpsc, watch};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// The one task that it knows.
pub const TASK: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// An import without rejected rows.
pub const NO_IMPORT: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

type Answers<T> = mpsc::Receiver<Result<T, Status>>;
type Script<T> = Mutex<Option<Answers<T>>>;

pub struct Backend {
    pub served: Served,
    stage: Arc<Stage>,
}

#[derive(Default)]
struct Stage {
    knows: bool,
    events: Script<ProgressEvent>,
    file: Script<RejectedRowsFile>,
    /// Whether it reads uploads.
    reads: watch::Sender<bool>,
    upload: watch::Sender<Option<Upload>>,
    key: Mutex<Option<String>>,
}

/// What came of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upload {
    Whole { file: Vec<u8>, largest_piece: usize },
    BrokenOff,
}

impl Backend {
    /// As `name`. What is not told to planner, ai-processor may know.
    pub async fn start(name: &str, keys: Keys) -> Self {
        let knows = name == "ai-processor";
        let stage = Arc::new(Stage { knows, reads: watch::Sender::new(true), ..Stage::default() });
        Self { served: testkit::serve_with(name, routes(&stage), keys).await, stage }
    }

    /// The next watcher is told what is sent here. It has left when the sender is closed.
    pub fn events(&self) -> mpsc::Sender<Result<ProgressEvent, Status>> {
        let (sender, receiver) = mpsc::channel(16);
        *self.stage.events.lock().unwrap() = Some(receiver);
        sender
    }

    /// The next download is made of what is sent here.
    pub fn file(&self) -> mpsc::Sender<Result<RejectedRowsFile, Status>> {
        let (sender, receiver) = mpsc::channel(16);
        *self.stage.file.lock().unwrap() = Some(receiver);
        sender
    }

    /// It takes an upload, and reads nothing after the first message.
    pub fn stop_reading(&self) {
        self.stage.reads.send_replace(false);
    }

    pub async fn uploaded(&self) -> Upload {
        let mut uploads = self.stage.upload.subscribe();
        let uploaded = tokio::time::timeout(Duration::from_secs(10), uploads.wait_for(Option::is_some)).await;
        uploaded.unwrap().unwrap().clone().unwrap()
    }

    /// As if there had been none.
    pub fn forget_upload(&self) {
        self.stage.upload.send_replace(None);
    }

    pub fn key(&self) -> Option<String> {
        self.stage.key.lock().unwrap().clone()
    }
}

pub fn event(name: &str, percent: i32) -> ProgressEvent {
    let data = Progress { task_id: TASK.to_owned(), percent, ..Progress::default() };
    ProgressEvent { event: name.to_owned(), data: Some(data) }
}

fn routes(stage: &Arc<Stage>) -> Routes {
    let router = Router::new()
        .route("/igny8.progress.v1.ProgressService/GetProgress", unary(stage, get_progress))
        .route("/igny8.planner.v1.ClusterService/AutoCluster", unary(stage, auto_cluster))
        .route("/igny8.progress.v1.ProgressService/WatchProgress", streamed(stage, watch_progress))
        .route("/igny8.planner.v1.ImportService/DownloadRejectedRows", streamed(stage, download))
        .route("/igny8.planner.v1.ImportService/UploadKeywords", {
            let stage = Arc::clone(stage);
            post(async move |request: http::Request<Body>| {
                let upload = move |request| upload(Arc::clone(&stage), request);
                let mut grpc = tonic::server::Grpc::new(ProstCodec::<KeywordImport, UploadKeywordsRequest>::default());
                grpc.client_streaming(service_fn(upload), request).await
            })
        });
    router.into()
}

fn unary<Q: Message + Default + 'static, A: Message + Default + 'static>(
    stage: &Arc<Stage>,
    answer: fn(&Stage, Request<Q>) -> Result<A, Status>,
) -> axum::routing::MethodRouter {
    let stage = Arc::clone(stage);
    post(async move |request: http::Request<Body>| {
        let answer = move |request| std::future::ready(answer(&stage, request).map(Response::new));
        tonic::server::Grpc::new(ProstCodec::<A, Q>::default()).unary(service_fn(answer), request).await
    })
}

type Messages<A> = std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<A, Status>> + Send>>;

fn streamed<Q: Message + Default + 'static, A: Message + Default + 'static>(
    stage: &Arc<Stage>,
    answer: fn(&Stage, Q) -> Result<Answers<A>, Status>,
) -> axum::routing::MethodRouter {
    let stage = Arc::clone(stage);
    post(async move |request: http::Request<Body>| {
        let answer = move |request: Request<Q>| {
            let messages = answer(&stage, request.into_inner()).map(|messages| {
                let messages = unfold(messages, async |mut messages| Some((messages.recv().await?, messages)));
                let messages: Messages<A> = Box::pin(messages);
                Response::new(messages)
            });
            std::future::ready(messages)
        };
        tonic::server::Grpc::new(ProstCodec::<A, Q>::default()).server_streaming(service_fn(answer), request).await
    })
}

fn not_found() -> Status {
    rpc::Error::not_found("task").into()
}

fn get_progress(stage: &Stage, request: Request<GetProgressRequest>) -> Result<Progress, Status> {
    let known = stage.knows && request.get_ref().task_id == TASK;
    known.then(|| event("", 7).data.unwrap()).ok_or_else(not_found)
}

fn watch_progress(stage: &Stage, request: GetProgressRequest) -> Result<Answers<ProgressEvent>, Status> {
    let events = stage.events.lock().unwrap().take();
    events.filter(|_| request.task_id == TASK).ok_or_else(not_found)
}

fn download(
    stage: &Stage,
    request: contracts::planner::v1::DownloadRejectedRowsRequest,
) -> Result<Answers<RejectedRowsFile>, Status> {
    let file = stage.file.lock().unwrap().take();
    file.filter(|_| request.id != NO_IMPORT).ok_or_else(not_found)
}

fn auto_cluster(stage: &Stage, request: Request<AutoClusterRequest>) -> Result<Started, Status> {
    let key = request.metadata().get(rpc::metadata::IDEMPOTENCY_KEY);
    *stage.key.lock().unwrap() = key.map(|key| key.to_str().unwrap().to_owned());
    if request.get_ref().dry_run {
        let quote = Some(Quote { rows: 3, ..Quote::default() });
        return Ok(Started { dry_run: true, quote, ..Started::default() });
    }
    Ok(Started { task_id: Some(TASK.to_owned()), ..Started::default() })
}

/// An upload that is broken off may be told by an error, or end its handler where it stands.
struct Unless<'s>(&'s Stage);

impl Drop for Unless<'_> {
    fn drop(&mut self) {
        self.0.upload.send_replace(Some(Upload::BrokenOff));
    }
}

async fn upload(
    stage: Arc<Stage>,
    request: Request<Streaming<UploadKeywordsRequest>>,
) -> Result<Response<KeywordImport>, Status> {
    let unless_whole = Unless(&stage);
    let (_, first, mut rest) = rpc::open_upload(request).await?;
    let (mut file, mut largest_piece) = (first.piece, 0);
    largest_piece = file.len().max(largest_piece);
    stage.reads.subscribe().wait_for(|reads| *reads).await.unwrap();
    while let Some(message) = rest.message().await? {
        largest_piece = message.piece.len().max(largest_piece);
        file.extend(message.piece);
    }
    std::mem::forget(unless_whole);
    stage.upload.send_replace(Some(Upload::Whole { file, largest_piece }));
    let (site_id, country, file_name) = (first.site_id, first.country, first.file_name);
    Ok(Response::new(KeywordImport { site_id, country, file_name, ..KeywordImport::default() }))
}
