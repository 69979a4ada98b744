//! Passwords at rest: bound to their row, sealed anew after a rotation, gone after a deletion, and erased with their account.

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::ConnectionProblem;
use rpc::{AccountId, Kind};

use crate::harness::{KEY, NEWER_KEY, Publisher, connection, refusal};

const KEYS_OF_PASSWORDS: &str = "SELECT password_key FROM igny8_connections";

#[tokio::test]
async fn a_new_key_in_front_seals_every_password_anew_and_the_old_one_can_go() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let request = connection(&place, "https://nobody.invalid", "ada", "secret");
    let made = publisher.create(&place, request).await.unwrap();
    assert_eq!(publisher.texts(KEYS_OF_PASSWORDS).await, ["one"]);
    let publisher = publisher.with_keys(&format!("{NEWER_KEY},{KEY}")).await;
    publisher::sweeper::sweep(&publisher.app).await.unwrap();
    assert_eq!(publisher.texts(KEYS_OF_PASSWORDS).await, ["two"]);
    let publisher = publisher.with_keys(NEWER_KEY).await;
    assert_eq!(publisher.test(&place, &made.id).await.problem(), ConnectionProblem::Unreachable);
}

#[tokio::test]
async fn a_password_that_was_moved_to_another_row_does_not_open() {
    let publisher = Publisher::start().await;
    let (ours, theirs) = (publisher.place().await, publisher.place().await);
    let made = publisher.create(&ours, connection(&ours, "https://one.invalid", "ada", "secret")).await.unwrap();
    publisher.create(&theirs, connection(&theirs, "https://two.invalid", "eve", "other")).await.unwrap();
    let theirs = "SELECT password_sealed FROM igny8_connections WHERE username = 'eve'";
    publisher
        .execute(&format!("UPDATE igny8_connections SET password_sealed = ({theirs}) WHERE username = 'ada'"))
        .await;
    let request = pb::TestConnectionRequest { id: made.id };
    let refused = refusal(publisher.connections().test_connection(ours.owner.request(request)).await);
    assert_eq!(refused.kind(), Kind::Internal);
}

#[tokio::test]
async fn the_password_of_a_deleted_connection_is_forgotten_when_that_is_final() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    for (user, deleted) in
        [("ada", "NULL"), ("bob", "now() - interval '30 minutes'"), ("eve", "now() - interval '2 hours'")]
    {
        publisher.create(&place, connection(&place, "https://nobody.invalid", user, "secret")).await.unwrap();
        let change = format!("UPDATE igny8_connections SET deleted_at = {deleted} WHERE username = '{user}'");
        publisher.execute(&change).await;
    }
    publisher::sweeper::sweep(&publisher.app).await.unwrap();
    let forgotten = "SELECT username FROM igny8_connections WHERE password_sealed = ''";
    assert_eq!(publisher.texts(forgotten).await, ["eve"]);
}

#[tokio::test]
async fn an_account_that_has_ended_leaves_nothing() {
    let publisher = Publisher::start().await;
    let (gone, kept) = (publisher.place().await, publisher.place().await);
    for place in [&gone, &kept] {
        publisher.create(place, connection(place, "https://nobody.invalid", "ada", "secret")).await.unwrap();
    }
    let account = AccountId::of_message(gone.owner.account());
    for _ in 0..2 {
        publisher::erasure::erase(&publisher.app.db, account).await.unwrap();
    }
    for table in ["igny8_connections", "igny8_site_copies", "igny8_audit_log"] {
        let left = publisher.texts(&format!("SELECT DISTINCT account_id::text FROM {table}")).await;
        assert_eq!(left, [kept.owner.account().to_string()], "{table}");
    }
}
