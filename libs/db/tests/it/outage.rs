use std::time::{Duration, Instant};

use db::{Config, Db};
use rpc::Kind;

use crate::database::{Database, MIGRATIONS, somebody};
use crate::pages;
use crate::proxy::Proxy;

#[tokio::test]
async fn a_service_starts_while_its_database_is_down() {
    let url = "postgres://nobody@127.0.0.1:1/none";
    let db = Db::connect(&Config::new(url, None)).unwrap();
    assert_eq!(db.ready(&MIGRATIONS).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(db.transaction(&somebody().await, pages::names).await.unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test]
async fn with_all_connections_lent_a_request_waits_two_seconds() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let (caller, other) = (somebody().await, somebody().await);
    db.transaction(&caller, async |_| {
        let started = Instant::now();
        let error = db.transaction(&other, pages::names).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
        assert!(error.retry_after().is_some());
        assert!((Duration::from_millis(1900)..Duration::from_secs(4)).contains(&started.elapsed()));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_database_that_comes_back_is_used_without_a_restart() {
    let database = Database::new().await;
    let proxy = Proxy::to(&database.url()).await;
    let db = Db::connect(&Config { database_url: proxy.url().into(), ..database.config() }).unwrap();
    let caller = somebody().await;
    // Several connections rest in the pool when the server stops.
    let at_once = tokio::join!(
        db.transaction(&caller, async |conn| pages::backend(conn).await),
        db.transaction(&caller, async |conn| pages::backend(conn).await),
        db.transaction(&caller, async |conn| pages::backend(conn).await),
    );
    assert!(at_once.0.is_ok() && at_once.1.is_ok() && at_once.2.is_ok());

    let stop = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
        database.name()
    );
    database.admin(&stop).await;
    proxy.cut();
    assert_eq!(db.transaction(&caller, pages::names).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(db.ready(&MIGRATIONS).await.unwrap_err().kind(), Kind::Unavailable);

    proxy.mend();
    assert!(db.transaction(&caller, pages::names).await.unwrap().is_empty());
    db.ready(&MIGRATIONS).await.unwrap();
}

#[tokio::test]
async fn connections_that_died_while_resting_cost_no_request() {
    let database = Database::new().await;
    let db = database.db();
    let caller = somebody().await;
    db.transaction(&caller, pages::names).await.unwrap();
    let restart = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
        database.name()
    );
    database.admin(&restart).await;
    assert!(db.transaction(&caller, pages::names).await.is_ok());
}

#[tokio::test]
async fn a_connection_lost_in_the_middle_is_unavailable() {
    let database = Database::new().await;
    let proxy = Proxy::to(&database.url()).await;
    let db = Db::connect(&Config { database_url: proxy.url().into(), ..database.config() }).unwrap();
    let caller = somebody().await;
    let lost = db.transaction(&caller, async |conn| {
        pages::insert(conn, "one").await?;
        proxy.cut();
        pages::names(conn).await
    });
    assert_eq!(lost.await.unwrap_err().kind(), Kind::Unavailable);

    proxy.mend();
    let lost_at_commit = db.transaction(&caller, async |conn| {
        pages::insert(conn, "two").await?;
        proxy.cut();
        Ok(())
    });
    assert_eq!(lost_at_commit.await.unwrap_err().kind(), Kind::Unavailable);
}

#[test]
fn a_malformed_address_is_refused_at_start_without_its_password() {
    let error = Db::connect(&Config::new("postgres://igny8:hunter2@host:port/db", None)).unwrap_err();
    assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
}
