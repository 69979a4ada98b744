use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use contracts::auth::v1::{
    GetIndustryRequest, Industry, ListIndustriesRequest, ListIndustriesResponse,
    industry_service_client::IndustryServiceClient,
    industry_service_server::{IndustryService, IndustryServiceServer},
};
use rpc::client::{Channel, Target};
use service::{Config, Context, Signals, shutdown::Trigger};
use testkit::Tls;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tonic::{Request, Response, Status, service::Routes};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    config: Config,
}

/// A service that runs in this process.
pub(crate) struct Running {
    pub(crate) admin: SocketAddr,
    pub(crate) config: Config,
    pub(crate) trigger: Trigger,
    pub(crate) industries: Industries,
    pub(crate) process: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub(crate) async fn start(settings: &[&str]) -> Self {
        Self::start_with(settings, |_| ()).await
    }

    /// `build` is what the service does before it serves.
    pub(crate) async fn start_with(settings: &[&str], build: impl FnOnce(&Context) + Send + 'static) -> Self {
        let config = config(testkit::tls(), free_address().await, free_address().await, settings);
        let running = Self::launch(config, build);
        running.until(200, "/healthz").await;
        running
    }

    pub(crate) fn launch(config: Config, build: impl FnOnce(&Context) + Send + 'static) -> Self {
        let admin = config.process.admin_listen.unwrap();
        let (trigger, signals) = Signals::manual();
        let industries = Industries::default();
        let served = industries.clone();
        let process = tokio::spawn(service::run_until("auth", config.clone(), signals, async move |cx: &Context| {
            build(cx);
            cx.verify_with(testkit::trusted_keys())?;
            Ok(Routes::new(IndustryServiceServer::new(served)))
        }));
        Self { admin, config, trigger, industries, process }
    }

    pub(crate) async fn ready(self) -> Self {
        self.until(200, "/readyz").await;
        self
    }

    pub(crate) fn client(&self) -> IndustryServiceClient<Channel> {
        let url = format!("https://{}", self.config.listen.unwrap());
        IndustryServiceClient::new(Channel::new(
            &Target::new("auth", &url).unwrap(),
            &testkit::tls().identity("gateway"),
        ))
    }

    pub(crate) async fn get(&self, path: &str) -> Option<(u16, String)> {
        get(self.admin, path).await.ok()
    }

    /// Waits for an answer with this status.
    pub(crate) async fn until(&self, status: u16, path: &str) -> String {
        let begin = Instant::now();
        loop {
            match self.get(path).await {
                Some((got, body)) if got == status => return body,
                got => assert!(begin.elapsed() < Duration::from_secs(10), "{path} answers {got:?}"),
            }
            assert!(!self.process.is_finished(), "the process has ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for the end of the process and answers how long that took.
    pub(crate) async fn ended(self) -> (anyhow::Result<()>, Duration) {
        let begin = Instant::now();
        let ended = tokio::time::timeout(Duration::from_secs(10), self.process).await;
        (ended.expect("the process ends").unwrap(), begin.elapsed())
    }
}

pub(crate) fn config(tls: &Tls, listen: SocketAddr, admin: SocketAddr, settings: &[&str]) -> Config {
    let (listen, admin) = (listen.to_string(), admin.to_string());
    let dir = tls.dir("auth").into_os_string().into_string().unwrap();
    let fixed = ["x", "--listen", &listen, "--admin-listen", &admin, "--tls-dir", &dir, "--log", "warn"];
    Cli::parse_from(fixed.iter().chain(settings)).config
}

pub(crate) async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn get(address: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Ok((status, body.to_owned()))
}

/// Lists nothing, after as long as it is told.
#[derive(Clone, Default)]
pub(crate) struct Industries {
    pub(crate) called: Arc<Notify>,
    pub(crate) answer: Arc<Notify>,
}

#[tonic::async_trait]
impl IndustryService for Industries {
    async fn list_industries(
        &self,
        _: Request<ListIndustriesRequest>,
    ) -> Result<Response<ListIndustriesResponse>, Status> {
        self.called.notify_one();
        self.answer.notified().await;
        Ok(Response::new(ListIndustriesResponse::default()))
    }

    async fn get_industry(&self, _: Request<GetIndustryRequest>) -> Result<Response<Industry>, Status> {
        Ok(Response::new(Industry::default()))
    }
}
