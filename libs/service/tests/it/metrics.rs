//! The page for Prometheus.

use contracts::auth::v1::ListIndustriesRequest;

use crate::fixture::Running;

#[tokio::test]
async fn the_page_holds_a_counter_of_the_service() {
    let running = Running::start(&[]).await.ready().await;
    metrics::counter!("igny8.test.events", "kind" => "one").increment(3);
    let page = running.until(200, "/metrics").await;
    assert!(page.contains("igny8_test_events_total{kind=\"one\"} 3"), "{page}");
    assert!(page.contains("igny8_build_info{service=\"auth\""), "{page}");
}

#[tokio::test]
async fn calls_are_measured_as_a_histogram_in_seconds() {
    let running = Running::start(&[]).await.ready().await;
    running.industries.answer.notify_one();
    running.client().list_industries(ListIndustriesRequest::default()).await.unwrap();
    let page = running.until(200, "/metrics").await;
    let bucket = page.lines().find(|line| line.starts_with("rpc_server_call_duration_seconds_bucket"));
    assert!(bucket.is_some_and(|line| line.contains("ListIndustries")), "{page}");
}
