//! Logs, traces and metrics of the process.
//!
//! Logs go to stdout. Traces go to an OTLP collector, when one is named; incoming and outgoing calls carry W3C trace
//! context then. Metrics are kept in the process and rendered for Prometheus on the admin port.

mod metrics;
mod traces;

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};
use url::Url;

pub use self::metrics::Metrics;

/// Settings of logs and traces.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)] // flattened blocks of one name would share a group
pub struct Config {
    /// How log lines look [default: pretty on a terminal, else json]
    #[arg(long, env = "IGNY8_LOG_FORMAT")]
    pub log_format: Option<Format>,
    /// What is logged: a level, or a list like info,rpc=debug
    #[arg(long = "log", env = "IGNY8_LOG", default_value = "info")]
    pub log_filter: String,
    /// OTLP collector (gRPC) for traces, as http://host:4317; none are made without it
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<Url>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object on each line.
    Json,
    /// For people.
    Pretty,
}

/// What [`init`] set up. Clones are the same.
#[derive(Debug, Clone)]
pub struct Telemetry {
    metrics: Metrics,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// The metrics of the process.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Sends the spans that wait. Call it last; later spans are lost.
    pub async fn shutdown(self) {
        let Some(traces) = self.traces else { return };
        // It blocks on the exporter, which needs this runtime.
        let stopped = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(traces::FLUSH_TIMEOUT)).await;
        match stopped {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not send the last spans"),
            Err(error) => tracing::warn!(%error, "the span exporter failed"),
        }
    }
}

/// Installs the process-wide logger, tracer and metrics recorder. Needs a runtime. Later calls change nothing and get
/// what the first one made, so that several services can run in one process of tests.
///
/// # Errors
/// A bad log filter, a bad collector address, or a logger or recorder that somebody else installed.
pub fn init(service: &str, config: &Config) -> anyhow::Result<Telemetry> {
    static INSTALLED: Mutex<Option<Telemetry>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(telemetry) = &*installed {
        return Ok(telemetry.clone());
    }
    let traces = config.otlp_endpoint.as_ref().map(|endpoint| traces::provider(service, endpoint)).transpose()?;
    let filter = EnvFilter::try_new(&config.log_filter)
        .with_context(|| format!("{:?} is not a log filter", config.log_filter))?;
    Registry::default()
        .with(filter)
        .with(lines(config.log_format))
        .with(traces.as_ref().map(traces::layer))
        .try_init()
        .context("could not install the logger")?;
    let telemetry = Telemetry { metrics: Metrics::install(service)?, traces };
    *installed = Some(telemetry.clone());
    Ok(telemetry)
}

fn lines(
    format: Option<Format>,
) -> Box<dyn Layer<tracing_subscriber::layer::Layered<EnvFilter, Registry>> + Send + Sync> {
    let terminal = std::io::stdout().is_terminal();
    let lines = tracing_subscriber::fmt::layer();
    match format.unwrap_or(if terminal { Format::Pretty } else { Format::Json }) {
        Format::Pretty => lines.with_ansi(terminal).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}
