use std::panic::AssertUnwindSafe;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use secrecy::ExposeSecret;
use testkit::TestDb;
use tokio_postgres::{Client, NoTls};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/migrations");

async fn connect(url: &secrecy::SecretString) -> Client {
    let (client, connection) = tokio_postgres::connect(url.expose_secret(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn value(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// How many databases of this name the server has.
async fn count(client: &Client, name: &str) -> i64 {
    client.query_one("SELECT count(*) FROM pg_database WHERE datname = $1", &[&name]).await.unwrap().get(0)
}

#[tokio::test]
async fn each_test_has_a_migrated_database_of_its_own() {
    let (one, two) = tokio::join!(TestDb::new("auth", MIGRATIONS), TestDb::new("auth", MIGRATIONS));
    let (one, two) = (one.superuser().await, two.superuser().await);
    one.batch_execute("INSERT INTO igny8_notes VALUES (gen_random_uuid(), gen_random_uuid())").await.unwrap();
    assert_eq!(value(&one, "SELECT count(*)::text FROM igny8_notes").await, "1");
    assert_eq!(value(&two, "SELECT count(*)::text FROM igny8_notes").await, "0");
}

#[tokio::test]
async fn the_roles_of_the_service_log_in_as_themselves() {
    let database = TestDb::new("auth", MIGRATIONS).await;
    assert_eq!(value(&connect(&database.url()).await, "SELECT session_user::text").await, "igny8_auth");
    assert_eq!(value(&connect(&database.system_url()).await, "SELECT session_user::text").await, "igny8_auth_system");
    assert_eq!(value(&connect(&database.owner_url()).await, "SELECT current_user::text").await, "igny8_auth_owner");
}

#[tokio::test]
async fn the_roles_of_the_service_cannot_get_around_row_level_security() {
    let database = TestDb::new("auth", MIGRATIONS).await;
    for url in [database.url(), database.system_url()] {
        let client = connect(&url).await;
        client.query("SELECT FROM igny8_notes", &[]).await.unwrap_err();
        client.batch_execute("SET ROLE igny8_auth_owner").await.unwrap_err();
        client.batch_execute("CREATE TABLE igny8_mine ()").await.unwrap_err();
        client.batch_execute("CREATE TEMPORARY TABLE igny8_mine ()").await.unwrap_err();
    }
}

#[tokio::test]
async fn a_role_without_business_there_cannot_connect() {
    let database = TestDb::new("auth", MIGRATIONS).await;
    let admin = database.superuser().await;
    let query = "SELECT has_database_privilege('pg_monitor', current_database(), 'CONNECT')::text";
    assert_eq!(value(&admin, query).await, "false");
}

#[tokio::test]
async fn the_database_goes_with_the_test() {
    let (watcher, gone) = (TestDb::new("auth", MIGRATIONS).await, TestDb::new("auth", MIGRATIONS).await);
    let watcher = watcher.superuser().await;
    let in_use = gone.superuser().await;
    let name = value(&in_use, "SELECT current_database()::text").await;
    assert_eq!(count(&watcher, &name).await, 1);
    drop(gone);
    assert_eq!(count(&watcher, &name).await, 0);
}

#[tokio::test]
async fn the_database_goes_with_a_test_that_panics() {
    let watcher = TestDb::new("auth", MIGRATIONS).await;
    let watcher = watcher.superuser().await;
    let failing = TestDb::new("auth", MIGRATIONS).await;
    let name = value(&failing.superuser().await, "SELECT current_database()::text").await;
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(move || {
        let _database = failing;
        panic!("on purpose");
    }));
    outcome.unwrap_err();
    assert_eq!(count(&watcher, &name).await, 0);
}

#[tokio::test]
async fn what_a_killed_run_left_behind_is_dropped_by_the_next_one() {
    let database = TestDb::new("auth", MIGRATIONS).await;
    let admin = database.superuser().await;
    let left_over = format!("test_igny8_auth_{}", uuid::Uuid::now_v7().simple());
    admin.batch_execute(&format!("CREATE DATABASE {left_over}")).await.unwrap();
    let _next = TestDb::new("auth", MIGRATIONS).await;
    assert_eq!(count(&admin, &left_over).await, 0);
    let own = value(&admin, "SELECT current_database()::text").await;
    assert_eq!(count(&admin, &own).await, 1);
}

#[tokio::test]
#[should_panic(expected = "the registry gives gateway no database")]
async fn a_service_without_a_database_gets_none() {
    TestDb::new("gateway", MIGRATIONS).await;
}
