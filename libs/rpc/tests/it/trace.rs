use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::response::IntoResponse;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use rpc::Error;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::fleet::{Fleet, answer, call, metadata};

const SIGN_IN: &str = "SessionService/SignIn";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// The lines of failed calls.
    fn failures(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("call failed")).map(str::to_owned).collect()
    }
}

/// Everything runs on the thread of the test, so that its subscriber and recorder see the server too.
#[tokio::test]
async fn a_failed_call_leaves_one_line_with_its_causes_and_one_measurement() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _subscriber = tracing::subscriber::set_default(subscriber);
    let recorder = PrometheusBuilder::new().build_recorder();
    let measurements = recorder.handle();
    let _recorder = metrics::set_default_local_recorder(&recorder);

    let fleet = Fleet::new();
    let fail = || async {
        let cause = anyhow::anyhow!("no space left on device").context("write the row");
        Status::from(Error::internal(cause)).into_http::<axum::body::Body>().into_response()
    };
    let auth = fleet.serve(&fleet.authority.identity("auth"), axum::Router::new().fallback(fail)).await;
    let channel = fleet.channel("gateway", auth.address);
    let error = call(&channel, SIGN_IN, metadata(&[("x-request-id", "req-1")])).await.unwrap_err();
    assert!(!format!("{error:?}").contains("space"), "the client does not see the cause");

    let lines = log.failures();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["ERROR", "write the row: no space left on device", "req-1", "SignIn", "gateway"] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    let rendered = measurements.render();
    assert!(rendered.contains("rpc_server_call_duration"), "{rendered}");
    assert!(rendered.contains(r#"rpc_method="SignIn""#) && rendered.contains(r#"rpc_status="INTERNAL""#), "{rendered}");
}

#[tokio::test]
async fn a_refused_call_is_no_fault_of_ours() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _subscriber = tracing::subscriber::set_default(subscriber);
    let fleet = Fleet::new();
    let auth = fleet.auth().await;
    let channel = fleet.channel("gateway", auth.address);
    call(&channel, "SessionService/GetMe", MetadataMap::new()).await.unwrap_err();
    call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap();
    let lines = log.failures();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("DEBUG") && lines[0].contains("UNAUTHENTICATED"), "{}", lines[0]);
}

fn trace_id() -> String {
    Span::current().context().span().span_context().trace_id().to_string()
}

#[tokio::test]
async fn a_trace_goes_on_in_the_service_that_is_called() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let traces = tracing_opentelemetry::layer().with_tracer(SdkTracerProvider::default().tracer("test"));
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(traces));

    let fleet = Fleet::new();
    let in_the_handler = || async { answer(trace_id().as_bytes()) };
    let auth = fleet.serve(&fleet.authority.identity("auth"), axum::Router::new().fallback(in_the_handler)).await;
    let channel = fleet.channel("gateway", auth.address);
    let calling = async { (trace_id(), call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap()) };
    let (here, there) = calling.instrument(tracing::info_span!("outer")).await;
    assert_eq!(here, there);
    assert_ne!(here, "0".repeat(32));
}
