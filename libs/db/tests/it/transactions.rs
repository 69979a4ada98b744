use std::time::Duration;

use db::{Config, Db};
use diesel_async::{AsyncConnection, RunQueryDsl};
use rpc::{Error, Kind};

use crate::database::{Database, account, somebody};
use crate::pages::{self, backend};
use crate::proxy::Proxy;

#[tokio::test]
async fn account_sites_and_begin_take_one_round_trip() {
    let database = Database::new().await;
    let proxy = Proxy::to(&database.url()).await;
    let db = Db::connect(&Config { database_url: proxy.url().into(), ..database.config() }).unwrap();
    let caller = somebody().await;
    for _ in 0..2 {
        db.transaction(&caller, pages::names).await.unwrap();
    }

    let before = proxy.round_trips();
    db.transaction(&caller, pages::names).await.unwrap();
    assert_eq!(proxy.round_trips() - before, 3, "begin, the query, commit");
}

#[tokio::test]
async fn two_accounts_on_one_backend_see_their_own_rows_only() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let (ann, bob) = (somebody().await, somebody().await);
    let mut backends = Vec::new();
    for (caller, name) in [(&ann, "of ann"), (&bob, "of bob")] {
        backends.push(
            db.transaction(caller, async |conn| {
                pages::insert(conn, name).await?;
                backend(conn).await
            })
            .await
            .unwrap(),
        );
    }
    assert_eq!(backends[0], backends[1]);
    assert_eq!(db.transaction(&ann, pages::names).await.unwrap(), ["of ann"]);
    assert_eq!(db.transaction(&bob, pages::names).await.unwrap(), ["of bob"]);
    assert!(db.account(account(&db).await, pages::names).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_error_of_the_body_rolls_back_and_keeps_the_connection() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let caller = somebody().await;
    let before = db.public(async |conn| backend(conn).await).await.unwrap();
    let refused = db.transaction(&caller, async |conn| {
        pages::insert(conn, "gone").await?;
        Err::<(), _>(Error::precondition("NOT_NOW", "not now"))
    });
    assert_eq!(refused.await.unwrap_err().reason(), "NOT_NOW");
    assert!(db.transaction(&caller, pages::names).await.unwrap().is_empty());
    assert_eq!(db.public(async |conn| backend(conn).await).await.unwrap(), before);
}

#[tokio::test]
async fn a_cancelled_transaction_commits_nothing_and_takes_its_connection_along() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let caller = somebody().await;
    let (sent, mut inserted) = tokio::sync::mpsc::channel(1);
    let cancelled = db.transaction(&caller, async |conn| {
        pages::insert(conn, "half").await?;
        sent.send(backend(conn).await?).await.unwrap();
        std::future::pending::<rpc::Result<()>>().await
    });
    let backend_then = tokio::select! {
        _ = cancelled => panic!("it never ends"),
        backend = inserted.recv() => backend.unwrap(),
    };

    // Its lock on the name is gone although nobody has asked this pool for another connection.
    database.db().transaction(&caller, async |conn| Ok(pages::insert(conn, "half").await?)).await.unwrap();
    let backend_now = db.public(async |conn| backend(conn).await).await.unwrap();
    assert_ne!(backend_now, backend_then);
}

#[tokio::test]
async fn a_body_that_panics_commits_nothing() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let caller = somebody().await;
    let panicking = tokio::spawn({
        let (db, caller) = (db.clone(), caller.clone());
        async move {
            db.transaction(&caller, async |conn| {
                pages::insert(conn, "half").await?;
                panic!("a bug");
                #[expect(unreachable_code, reason = "gives the body its type")]
                Ok(())
            })
            .await
        }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert!(db.transaction(&caller, pages::names).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_connection_whose_limits_the_server_refuses_is_closed() {
    let database = Database::new().await;
    let impossible = Config { database_statement_timeout_ms: u32::MAX, ..database.config() };
    let failing = Db::connect(&impossible).unwrap();
    let error = failing.transaction(&somebody().await, pages::names).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);

    let left = format!(
        "DO $$ BEGIN
            FOR i IN 1..50 LOOP
                PERFORM pg_sleep(0.05), pg_stat_clear_snapshot();
                IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{}' AND usename = 'igny8_db_test') THEN RETURN; END IF;
            END LOOP;
            RAISE 'the connection is still open';
        END $$",
        database.name()
    );
    database.admin(&left).await;
    drop(failing);
}

#[tokio::test]
async fn a_failed_statement_that_the_body_ignores_is_not_taken_for_a_commit() {
    let database = Database::new().await;
    let db = database.db();
    let caller = somebody().await;
    let swallowed = db.transaction(&caller, async |conn| {
        pages::insert(conn, "one").await?;
        let _ = pages::insert(conn, "one").await;
        Ok(())
    });
    assert_eq!(swallowed.await.unwrap_err().kind(), Kind::Internal);
    assert!(db.transaction(&caller, pages::names).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_savepoint_inside_the_body_undoes_only_itself() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let caller = somebody().await;
    for name in ["one", "two"] {
        let done = db.transaction(&caller, async |conn| {
            pages::insert(conn, name).await?;
            let inner = conn.transaction(async |conn| pages::insert(conn, name).await).await;
            assert!(inner.is_err());
            Ok(())
        });
        done.await.unwrap();
    }
    assert_eq!(db.transaction(&caller, pages::names).await.unwrap(), ["one", "two"]);
}

#[tokio::test]
async fn a_statement_that_runs_too_long_is_stopped() {
    let database = Database::new().await;
    let db = Db::connect(&Config { database_statement_timeout_ms: 200, ..database.config() }).unwrap();
    let slow = db.public(async |conn| Ok(diesel::sql_query("SELECT pg_sleep(30)").execute(conn).await?));
    let error = tokio::time::timeout(Duration::from_secs(5), slow).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::DeadlineExceeded);
}

#[tokio::test]
async fn a_pool_gives_back_what_it_lent() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let one = diesel::dsl::sql::<diesel::sql_types::Integer>("1");
    for _ in 0..20 {
        let row: i32 = db.public(async |conn| Ok(diesel::select(one.clone()).get_result(conn).await?)).await.unwrap();
        assert_eq!(row, 1);
    }
}
