//! Start, serve, stop.

use std::time::Duration;

use contracts::auth::v1::ListIndustriesRequest;

use crate::fixture::{Running, config, free_address};

const NO_DELAY: [&str; 4] = ["--shutdown-delay-seconds", "0", "--shutdown-grace-seconds", "1"];

/// Starts a call and waits until the service has it.
async fn hanging_call(running: &Running) -> tokio::task::JoinHandle<Result<(), tonic::Status>> {
    let mut client = running.client();
    let call = tokio::spawn(async move { client.list_industries(ListIndustriesRequest::default()).await.map(drop) });
    running.industries.called.notified().await;
    call
}

#[tokio::test]
async fn a_process_is_ready_until_it_is_asked_to_stop() {
    let running = Running::start(&["--shutdown-delay-seconds", "1"]).await.ready().await;
    running.trigger.stop();
    let report = running.until(503, "/readyz").await;
    assert_eq!(report, r#"{"ready":false,"failing":[{"check":"phase","error":"stopping"}]}"#);
    assert_eq!(running.get("/healthz").await.unwrap().0, 200);
    running.ended().await.0.unwrap();
}

#[tokio::test]
async fn calls_are_still_answered_between_the_signal_and_the_end_of_the_delay() {
    let running = Running::start(&["--shutdown-delay-seconds", "1"]).await.ready().await;
    running.trigger.stop();
    running.until(503, "/readyz").await;
    running.industries.answer.notify_one();
    running.client().list_industries(ListIndustriesRequest::default()).await.unwrap();
    running.ended().await.0.unwrap();
}

#[tokio::test]
async fn a_running_call_is_answered_before_the_process_ends() {
    let running = Running::start(&["--shutdown-delay-seconds", "0"]).await.ready().await;
    let call = hanging_call(&running).await;
    running.trigger.stop();
    running.until(503, "/readyz").await;
    running.industries.answer.notify_one();
    call.await.unwrap().unwrap();
    running.ended().await.0.unwrap();
}

#[tokio::test]
async fn a_hanging_call_does_not_delay_the_end_past_the_grace() {
    let running = Running::start(&NO_DELAY).await.ready().await;
    let _call = hanging_call(&running).await;
    running.trigger.stop();
    let (outcome, took) = running.ended().await;
    outcome.unwrap();
    assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(2), "it took {took:?}");
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let running =
        Running::start(&["--shutdown-delay-seconds", "9", "--shutdown-grace-seconds", "9"]).await.ready().await;
    let _call = hanging_call(&running).await;
    running.trigger.stop();
    running.until(503, "/readyz").await;
    running.trigger.stop();
    let (outcome, took) = running.ended().await;
    outcome.unwrap();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

#[tokio::test]
async fn background_tasks_end_with_the_process() {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<()>(1);
    let running = Running::start_with(&NO_DELAY, |cx| {
        cx.spawn("endless", async move {
            let _held = sender;
            std::future::pending::<()>().await;
        });
    });
    let running = running.await.ready().await;
    running.trigger.stop();
    let (outcome, took) = running.ended().await;
    outcome.unwrap();
    assert!(took < Duration::from_millis(900), "it took {took:?}");
    assert!(receiver.try_recv() == Err(tokio::sync::mpsc::error::TryRecvError::Disconnected));
}

#[tokio::test]
async fn a_panic_in_a_background_task_stops_the_process_with_an_error() {
    let config = config(testkit::tls(), free_address().await, free_address().await, &NO_DELAY);
    let running = Running::launch(config, |cx| cx.spawn("broken", async { panic!("on purpose") }));
    let error = running.ended().await.0.unwrap_err();
    assert_eq!(error.to_string(), "a background task panicked");
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let first = Running::start(&NO_DELAY).await.ready().await;
    let taken = first.config.listen.unwrap();
    let second = config(testkit::tls(), taken, free_address().await, &[]);
    let error = Running::launch(second, |_| ()).ended().await.0.unwrap_err();
    assert_eq!(error.to_string(), format!("could not listen on {taken}"));
}
