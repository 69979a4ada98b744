//! Holds whose end was never told.

use billing::reconciler::{apply, claim};
use contracts::ai_processor::v1::{JobState, JobStatus};

use crate::harness::{Billing, START, clustering};
use contracts::billing::v1 as pb;

fn status(state: JobState, charge: Option<i64>) -> JobStatus {
    JobStatus { state: state.into(), charge, ..JobStatus::default() }
}

/// A hold whose job should have ended a while ago.
async fn overdue(billing: &Billing, account: uuid::Uuid) -> pb::ReserveRequest {
    let request = clustering(60);
    billing.credits().reserve(account, request.clone()).await.unwrap();
    let past = format!(
        "UPDATE igny8_reservations SET next_check_at = now() - interval '1 second' WHERE id = '{}'",
        request.reservation_id
    );
    billing.execute(&past).await;
    request
}

#[tokio::test]
async fn a_hold_is_looked_at_only_after_its_deadline_and_then_ever_more_rarely() {
    let billing = Billing::start().await;
    let account = billing.account().await;
    billing.credits().hold(account, 5).await;
    assert_eq!(claim(&billing.app.db).await.unwrap().len(), 0);
    let request = overdue(&billing, account).await;
    let due = claim(&billing.app.db).await.unwrap();
    assert_eq!(due.iter().map(|hold| hold.job_id.to_string()).collect::<Vec<_>>(), [request.job_id]);
    assert_eq!(
        claim(&billing.app.db).await.unwrap().len(),
        0,
        "another process takes it a minute later at the earliest"
    );
    let next = "SELECT (next_check_at > now() + interval '50 seconds')::text FROM igny8_reservations WHERE checks = 1";
    assert_eq!(billing.texts(next).await, ["true"]);
}

#[tokio::test]
async fn only_a_job_that_ended_resolves_its_hold() {
    let billing = Billing::start().await;
    let account = billing.account().await;
    overdue(&billing, account).await;
    let hold = claim(&billing.app.db).await.unwrap().remove(0);
    for state in [JobState::Waiting, JobState::Queued, JobState::Dispatched, JobState::Running, JobState::Unspecified] {
        assert!(!apply(&billing.app.db, hold, &status(state, None)).await.unwrap(), "{state:?}");
        assert_eq!(billing.balance(account).await.held, 60);
    }
    assert!(apply(&billing.app.db, hold, &status(JobState::Succeeded, Some(20))).await.unwrap());
    let balance = billing.balance(account).await;
    assert_eq!((balance.held, balance.balance), (0, START - 20));
}

#[tokio::test]
async fn a_job_that_never_came_gives_its_hold_back() {
    let billing = Billing::start().await;
    let account = billing.account().await;
    overdue(&billing, account).await;
    let hold = claim(&billing.app.db).await.unwrap().remove(0);
    // The tombstone that ai-processor writes for a job it never saw.
    assert!(apply(&billing.app.db, hold, &status(JobState::Cancelled, None)).await.unwrap());
    let balance = billing.balance(account).await;
    assert_eq!((balance.held, balance.balance), (0, START));
    // The event comes after all.
    assert!(apply(&billing.app.db, hold, &status(JobState::Succeeded, Some(20))).await.unwrap());
    assert_eq!(billing.balance(account).await.balance, START);
}
