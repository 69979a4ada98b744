//! The life of a process: start, serve, stop.

use std::{future::poll_fn, process::ExitCode, time::Duration};

use anyhow::{Context as _, anyhow};
use tokio::{net::TcpListener, task::JoinError};
use tokio_util::task::AbortOnDropHandle;
use tonic::service::Routes;

use crate::{Config, Context, ProcessConfig, Server, Signals, admin, readiness::Phase, telemetry};

/// How long blocking work may hold up the end of the process.
const BLOCKING_GRACE: Duration = Duration::from_secs(1);

/// The body of a binary's `main`: runs the future on a runtime, prints its error and ends in time.
///
/// It differs from `#[tokio::main]` in the end: work on blocking threads cannot keep the process alive.
pub fn main(work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure(&anyhow!(error).context("could not start the runtime")),
    };
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(BLOCKING_GRACE);
    result.map_or_else(|error| failure(&error), |()| ExitCode::SUCCESS)
}

fn failure(error: &anyhow::Error) -> ExitCode {
    if tracing::dispatcher::has_been_set() {
        tracing::error!(error = format!("{error:#}"), "the process failed");
    } else {
        #[expect(clippy::print_stderr, reason = "there is no log yet")]
        {
            eprintln!("error: {error:#}");
        }
    }
    ExitCode::FAILURE
}

/// Runs a gRPC service until SIGTERM or SIGINT.
///
/// `build` makes its routes: connect, register readiness checks, spawn background tasks. The admin port answers
/// meanwhile, `/readyz` with 503.
///
/// # Errors
/// Whatever keeps it from starting; a listener that fails; a background task that panicked.
pub async fn run<B>(service: &'static str, config: Config, build: B) -> anyhow::Result<()>
where
    B: AsyncFnOnce(&Context) -> anyhow::Result<Routes>,
{
    run_until(service, config, Signals::of_process()?, build).await
}

/// [`run`] with other signals than those of the process.
pub async fn run_until<B>(service: &'static str, config: Config, signals: Signals, build: B) -> anyhow::Result<()>
where
    B: AsyncFnOnce(&Context) -> anyhow::Result<Routes>,
{
    let listen = config.listen_of(service)?;
    run_process(service, &config.process, signals, async |cx: &Context| {
        let routes = build(cx).await?;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("could not listen on {listen}"))?;
        let server = Server::new(cx.identity().clone(), cx.verifier()?.clone(), cx.readiness().clone());
        Ok(server.serve(listener, routes, cx.shutdown().clone()))
    })
    .await
}

/// Runs a process that serves something else than gRPC, with the same start and end.
///
/// `build` returns the server's future. It must begin to drain when [`Context::shutdown`] is cancelled and end when the
/// last call has ended; the grace of the configuration bounds it.
///
/// # Errors
/// As [`run`].
pub async fn run_process<B, F>(
    service: &'static str,
    config: &ProcessConfig,
    signals: Signals,
    build: B,
) -> anyhow::Result<()>
where
    B: AsyncFnOnce(&Context) -> anyhow::Result<F>,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    // For libraries that look for one, such as HTTP clients. An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let telemetry = telemetry::init(service, &config.telemetry)?;
    let cx = Context::new(service, config)?;
    let listen = config.admin_listen_of(service)?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("could not listen on {listen}"))?;
    let router = admin::router(cx.readiness().clone(), telemetry.metrics());
    let admin = AbortOnDropHandle::new(tokio::spawn(axum::serve(listener, router).into_future()));
    tracing::info!(service, version = env!("CARGO_PKG_VERSION"), admin = %listen, "starting");

    let outcome = supervise(&cx, config, signals, build).await;

    cx.shutdown().cancel();
    telemetry.shutdown().await;
    drop(admin);
    outcome
}

async fn supervise<B, F>(cx: &Context, config: &ProcessConfig, mut signals: Signals, build: B) -> anyhow::Result<()>
where
    B: AsyncFnOnce(&Context) -> anyhow::Result<F>,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let server = tokio::select! {
        server = build(cx) => server?,
        () = signals.next() => return Ok(()),
    };
    let mut server = AbortOnDropHandle::new(tokio::spawn(server));
    cx.readiness().enter(Phase::Running);
    tracing::info!("serving");
    let outcome = tokio::select! {
        ended = &mut server => return Err(ended_early(ended)),
        () = cx.tasks().failed() => Err(anyhow!("a background task panicked")),
        () = signals.next() => Ok(()),
    };
    cx.readiness().enter(Phase::Stopping);
    tracing::info!("stopping");
    tokio::select! {
        () = drain(cx, config, server) => {}
        () = signals.next() => tracing::warn!("second signal: not waiting for the calls that still run"),
    }
    outcome
}

fn ended_early(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Error {
    match ended {
        Ok(Ok(())) => anyhow!("the server ended by itself"),
        Ok(Err(error)) => error.context("the server failed"),
        Err(error) => anyhow!(error).context("the server panicked"),
    }
}

async fn drain(cx: &Context, config: &ProcessConfig, mut server: AbortOnDropHandle<anyhow::Result<()>>) {
    tokio::time::sleep(config.shutdown_delay()).await;
    cx.shutdown().cancel();
    let grace = config.shutdown_grace();
    let ended = tokio::time::timeout(grace, async {
        let (server, ()) = tokio::join!(poll_fn(|task| std::pin::Pin::new(&mut server).poll(task)), cx.tasks().ended());
        match server {
            Ok(Ok(())) => tracing::info!("stopped"),
            ended => tracing::warn!(error = format!("{:#}", ended_early(ended)), "the server did not end cleanly"),
        }
    });
    if ended.await.is_err() {
        tracing::warn!(grace_seconds = grace.as_secs(), "calls or tasks still run after the grace: leaving them");
    }
}
