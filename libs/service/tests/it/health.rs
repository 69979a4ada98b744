//! Is it serving?

use anyhow::anyhow;
use service::{healthcheck, healthcheck_admin};
use tokio::net::TcpListener;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::fixture::{Running, config, free_address};

#[tokio::test]
async fn the_report_names_the_check_that_fails() {
    let running = Running::start_with(&[], |cx| {
        cx.ready("database", async || Ok(()));
        cx.ready("broker", async || Err(anyhow!("no channel")));
    });
    let running = running.await;
    let report = loop {
        let report = running.until(503, "/readyz").await;
        if !report.contains("starting") {
            break report;
        }
    };
    assert_eq!(report, r#"{"ready":false,"failing":[{"check":"broker","error":"no channel"}]}"#);
    assert_eq!(running.get("/healthz").await.unwrap().0, 200);
}

#[tokio::test]
async fn a_ready_service_is_healthy() {
    let running = Running::start(&[]).await.ready().await;
    healthcheck("auth", &running.config).await.unwrap();
    healthcheck_admin("auth", &running.config.process).await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_not_ready_is_not_healthy() {
    let running = Running::start_with(&[], |cx| cx.ready("database", async || Err(anyhow!("down")))).await;
    let listen = running.config.listen.unwrap();
    while tokio::net::TcpStream::connect(listen).await.is_err() {}
    let error = healthcheck("auth", &running.config).await.unwrap_err();
    assert_eq!(error.to_string(), format!("auth at {listen} is NOT_SERVING"));
    let error = healthcheck_admin("auth", &running.config.process).await.unwrap_err();
    assert!(error.to_string().contains(r#""check":"database""#), "{error}");
}

#[tokio::test]
async fn an_open_port_that_does_not_serve_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let config = config(testkit::tls(), listen, listen, &[]);
    let error = healthcheck("auth", &config).await.unwrap_err();
    assert!(error.to_string().starts_with("auth "), "{error}");
    let error = healthcheck_admin("auth", &config.process).await.unwrap_err();
    assert!(error.to_string().contains("did not answer"), "{error}");
}

#[tokio::test]
async fn a_closed_port_is_not_healthy() {
    let address = free_address().await;
    let config = config(testkit::tls(), address, address, &[]);
    healthcheck("auth", &config).await.unwrap_err();
    healthcheck_admin("auth", &config.process).await.unwrap_err();
}

#[tokio::test]
async fn a_stranger_is_not_told_the_health() {
    let running = Running::start(&[]).await.ready().await;
    let mut config = running.config.clone();
    let strangers = testkit::Tls::new();
    config.process.tls_dir = strangers.dir("auth");
    healthcheck("auth", &config).await.unwrap_err();
}

#[tokio::test]
async fn the_health_of_a_served_service_follows_its_readiness() {
    let served = testkit::serve("auth", tonic::service::Routes::default()).await;
    let mut client = HealthClient::new(served.channel("gateway"));
    let mut statuses = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let mut next = async || statuses.message().await.unwrap().unwrap().status().as_str_name();
    assert_eq!(next().await, "SERVING");
    served.readiness().enter(service::readiness::Phase::Stopping);
    assert_eq!(next().await, "NOT_SERVING");
}
