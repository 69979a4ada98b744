use contracts::rest::v1::Deleted;
use db::{Db, idempotency};
use rpc::{Caller, Error, Result};
use uuid::Uuid;

use crate::database::{Database, somebody, user_of};
use crate::pages;

const METHOD: &str = "/igny8.test.v1.PageService/CreatePage";

fn request(token: &str) -> Deleted {
    Deleted { undo_token: token.to_owned(), undo_until: None }
}

/// Creates a page under a key; the answer differs from call to call.
async fn create(db: &Db, caller: &Caller, key: &str, name: &str) -> Result<Deleted> {
    db.transaction(caller, async |conn| {
        idempotency::run(conn, Some(key), METHOD, &request(name), async |conn| {
            let id = pages::insert(conn, name).await?;
            Ok(request(&id.to_string()))
        })
        .await
    })
    .await
}

#[tokio::test]
async fn a_repeated_request_happens_once_and_gets_the_same_answer() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let first = create(&db, &caller, "key", "one").await.unwrap();
    assert_eq!(create(&db, &caller, "key", "one").await.unwrap(), first);
    assert_ne!(create(&db, &caller, "another", "two").await.unwrap(), first);
    assert_eq!(db.transaction(&caller, pages::names).await.unwrap(), ["one", "two"]);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    create(&db, &caller, "key", "one").await.unwrap();
    assert_eq!(create(&db, &caller, "key", "two").await.unwrap_err().reason(), "IDEMPOTENCY_MISMATCH");
}

#[tokio::test]
async fn keys_belong_to_their_user() {
    let database = Database::new().await;
    let db = database.db();
    let account = Uuid::now_v7();
    let ann = user_of(account, Uuid::now_v7(), &[]).await;
    let bob = user_of(account, Uuid::now_v7(), &[]).await;
    let first = create(&db, &ann, "1", "of ann").await.unwrap();
    assert_ne!(create(&db, &bob, "1", "of bob").await.unwrap(), first);
    assert!(create(&db, &somebody().await, "1", "of ann").await.is_ok());
}

#[tokio::test]
async fn a_failed_request_may_be_repeated_under_its_key() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let failed = db.transaction(&caller, async |conn| {
        idempotency::run(conn, Some("key"), METHOD, &request("one"), async |_| {
            Err::<Deleted, _>(Error::precondition("NOT_NOW", "not now"))
        })
        .await
    });
    assert_eq!(failed.await.unwrap_err().reason(), "NOT_NOW");
    assert!(create(&db, &caller, "key", "one").await.is_ok());
}

#[tokio::test]
async fn while_the_first_one_runs_a_repetition_is_told_to_wait() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let (started, mut running) = tokio::sync::mpsc::channel(1);
    let (go_on, waiting) = tokio::sync::oneshot::channel::<()>();
    let first = tokio::spawn({
        let (db, caller) = (db.clone(), caller.clone());
        async move {
            db.transaction(&caller, async |conn| {
                idempotency::run(conn, Some("key"), METHOD, &request("one"), async |conn| {
                    started.send(()).await.unwrap();
                    waiting.await.unwrap();
                    Ok(request(&pages::insert(conn, "one").await?.to_string()))
                })
                .await
            })
            .await
        }
    });
    running.recv().await.unwrap();

    assert_eq!(create(&db, &caller, "key", "one").await.unwrap_err().reason(), "IDEMPOTENCY_IN_PROGRESS");
    go_on.send(()).unwrap();
    let first = first.await.unwrap().unwrap();
    assert_eq!(create(&db, &caller, "key", "one").await.unwrap(), first);
}

#[tokio::test]
async fn of_many_at_once_one_happens() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let all: Vec<_> = (0..8)
        .map(|_| {
            let (db, caller) = (db.clone(), caller.clone());
            tokio::spawn(async move { create(&db, &caller, "key", "one").await })
        })
        .collect();
    let mut answers = Vec::new();
    for one in all {
        match one.await.unwrap() {
            Ok(answer) => answers.push(answer),
            Err(error) => assert_eq!(error.reason(), "IDEMPOTENCY_IN_PROGRESS"),
        }
    }
    assert!(!answers.is_empty() && answers.iter().all(|answer| answer == &answers[0]));
    assert_eq!(db.transaction(&caller, pages::names).await.unwrap(), ["one"]);
}

#[tokio::test]
async fn an_expired_key_is_free_again() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    create(&db, &caller, "key", "one").await.unwrap();
    database.admin("UPDATE igny8_idempotency_keys SET expires_at = now() - interval '1 second'").await;
    create(&db, &caller, "key", "two").await.unwrap();
    assert_eq!(db.sweep().await.unwrap(), 0);
    database.admin("UPDATE igny8_idempotency_keys SET expires_at = now() - interval '1 second'").await;
    assert_eq!(db.sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn a_malformed_key_is_refused_and_none_is_fine() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    assert_eq!(create(&db, &caller, "two words", "one").await.unwrap_err().reason(), "IDEMPOTENCY_KEY_MALFORMED");
    let without = db.transaction(&caller, async |conn| {
        idempotency::run(conn, None, METHOD, &request("one"), async |_| Ok(request("done"))).await
    });
    assert_eq!(without.await.unwrap().undo_token, "done");
}
