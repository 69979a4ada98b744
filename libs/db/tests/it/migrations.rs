use db::migrate;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::database::{Database, MIGRATIONS};

const NONE: EmbeddedMigrations = embed_migrations!("tests/migrations_none");
const OPEN: EmbeddedMigrations = embed_migrations!("tests/migrations_open");

#[tokio::test]
async fn two_runs_at_once_apply_everything_once() {
    let database = Database::empty().await;
    let url = database.owner_url().into();
    let (one, two) = tokio::join!(migrate::run(&url, MIGRATIONS), migrate::run(&url, MIGRATIONS));
    let mut applied = [one.unwrap(), two.unwrap()];
    applied.sort_unstable();
    assert_eq!(applied, [0, 3]); // the foundation, the messages, and the one of the tests
}

#[tokio::test]
async fn a_service_is_ready_when_its_migrations_are_applied() {
    let database = Database::empty().await;
    let db = database.db();
    assert!(db.ready(&MIGRATIONS).await.is_err());
    migrate::run(&database.owner_url().into(), NONE).await.unwrap();
    db.ready(&NONE).await.unwrap();
    assert!(format!("{:?}", db.ready(&MIGRATIONS).await.unwrap_err()).contains("lacks migration 0001"));
    migrate::run(&database.owner_url().into(), MIGRATIONS).await.unwrap();
    db.ready(&MIGRATIONS).await.unwrap();
    db.ready(&NONE).await.unwrap();
}

#[tokio::test]
async fn migrations_run_as_the_owner_only() {
    let database = Database::empty().await;
    let error = migrate::run(&database.admin_url().into(), MIGRATIONS).await.unwrap_err();
    assert!(format!("{error:#}").contains("must run as the role igny8_<service>_owner"), "{error:#}");
}

#[tokio::test]
async fn a_migration_that_leaves_data_open_is_refused() {
    let database = Database::empty().await;
    let error = migrate::run(&database.owner_url().into(), OPEN).await.unwrap_err().to_string();
    for gap in [
        "table igny8_notes has an account_id and no forced row level security",
        "foreign key igny8_notes_id_fkey leaves account_id out",
        "view igny8_everything needs WITH (security_invoker = true)",
    ] {
        assert!(error.contains(gap), "{error}");
    }
}
