//! The process's metrics for Prometheus.

use std::{fmt, time::Duration};

use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Upper bounds of histograms in seconds: OpenTelemetry's advice for calls, and longer ones for jobs.
const SECONDS: [f64; 17] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 120.0, 600.0];
const UPKEEP: Duration = Duration::from_secs(5);

/// The page of all metrics.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Prometheus' text format. `rpc.server.call.duration` in seconds appears as `rpc_server_call_duration_seconds`,
    /// counters end
    /// in `_total`. The unit must have been described with `metrics::describe_histogram!` after the start.
    pub fn render(&self) -> String {
        self.0.render()
    }

    pub(super) fn install(service: &str) -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .with_recommended_naming(true)
            .set_buckets(&SECONDS)?
            .install_recorder()
            .context("could not install the metrics recorder")?;
        let upkeep = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                upkeep.run_upkeep();
            }
        });
        // What the tracing layer of `rpc` measures, before anybody has installed a recorder.
        let text = "how long a call took, until the last byte of its answer";
        metrics::describe_histogram!("rpc.server.call.duration", metrics::Unit::Seconds, text);
        let labels = [("service", service.to_owned()), ("version", env!("CARGO_PKG_VERSION").to_owned())];
        metrics::gauge!("igny8.build.info", &labels).set(1.0);
        Ok(Self(handle))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
