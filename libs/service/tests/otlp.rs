//! Traces leave the process. A binary of its own, because a process has one logger.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::{net::SocketAddr, time::Duration};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use service::telemetry::{self, Format};
use tokio::{net::TcpListener, sync::mpsc};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test(flavor = "multi_thread")]
async fn the_span_of_a_call_continues_the_callers_trace_and_reaches_the_collector() {
    let (collector, mut spans) = collector().await;
    let config = telemetry::Config {
        log_format: Some(Format::Json),
        log_filter: "info".to_owned(),
        otlp_endpoint: Some(format!("http://{collector}").parse().unwrap()),
    };
    let telemetry = telemetry::init("auth", &config).unwrap();

    let served = testkit::serve("auth", tonic::service::Routes::default()).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = testkit::metadata(Request::new(HealthCheckRequest::default()), "traceparent", parent);
    HealthClient::new(served.channel("gateway")).check(request).await.unwrap();
    telemetry.shutdown().await;

    let span = tokio::time::timeout(Duration::from_secs(5), spans.recv()).await.unwrap().unwrap();
    assert_eq!(u128::from_be_bytes(span.trace_id.try_into().unwrap()), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    assert_eq!(u64::from_be_bytes(span.parent_span_id.try_into().unwrap()), 0xb7ad_6b71_6920_3331);
    assert!(span.name.contains("Health/Check"), "{}", span.name);
}

struct Collector(mpsc::UnboundedSender<Span>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        for span in resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans) {
            self.0.send(span).unwrap();
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector() -> (SocketAddr, mpsc::UnboundedReceiver<Span>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::unbounded_channel();
    let server = Server::builder().add_service(TraceServiceServer::new(Collector(sender)));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    (address, receiver)
}
