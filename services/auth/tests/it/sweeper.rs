//! What has had its time goes, and nothing else.

use contracts::auth::v1 as pb;
use testkit::anonymous;

use crate::harness::{Auth, sign_up_request};

async fn sweep(auth: &Auth) {
    auth::sweeper::sweep(&auth.app.db).await.unwrap();
}

#[tokio::test]
async fn sessions_and_tokens_go_when_they_are_over() {
    let auth = Auth::start().await;
    auth.sessions().sign_up(anonymous(pb::SignUpRequest { cookie: true, ..sign_up_request() })).await.unwrap();
    auth.sign_in("ada@example.com").await;
    sweep(&auth).await;
    assert_eq!(auth.count("SELECT FROM igny8_sessions").await, 2);
    assert_eq!(auth.count("SELECT FROM igny8_refresh_tokens").await, 1);
    assert_eq!(auth.count("SELECT FROM igny8_user_tokens").await, 1);

    for table in ["igny8_sessions", "igny8_refresh_tokens", "igny8_user_tokens"] {
        auth.execute(&format!("UPDATE {table} SET expires_at = now() - interval '1 second'")).await;
    }
    sweep(&auth).await;
    for table in ["igny8_sessions", "igny8_refresh_tokens", "igny8_user_tokens"] {
        assert_eq!(auth.count(&format!("SELECT FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn deleted_people_and_sites_stay_for_thirty_days() {
    let auth = Auth::start().await;
    let site = pb::SiteInput {
        name: "Engines".to_owned(),
        domain: "engines.example.com".to_owned(),
        sectors: vec![pb::SectorInput { name: "Looms".to_owned(), ..pb::SectorInput::default() }],
        ..pb::SiteInput::default()
    };
    auth.sessions().sign_up(anonymous(pb::SignUpRequest { site: Some(site), ..sign_up_request() })).await.unwrap();
    auth.execute("UPDATE igny8_users SET deleted_at = now() - interval '29 days'").await;
    auth.execute("UPDATE igny8_sites SET deleted_at = now() - interval '29 days'").await;
    sweep(&auth).await;
    assert_eq!(auth.count("SELECT FROM igny8_users").await, 1);
    assert_eq!(auth.count("SELECT FROM igny8_sites").await, 1);

    auth.execute("UPDATE igny8_users SET deleted_at = now() - interval '31 days'").await;
    auth.execute("UPDATE igny8_sites SET deleted_at = now() - interval '31 days'").await;
    sweep(&auth).await;
    for table in ["igny8_users", "igny8_sessions", "igny8_sites", "igny8_sectors"] {
        assert_eq!(auth.count(&format!("SELECT FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn counts_of_failures_are_forgotten_after_an_hour() {
    let auth = Auth::start().await;
    auth.try_sign_in("nobody@example.com", "wrong password").await.unwrap_err();
    sweep(&auth).await;
    assert_eq!(auth.count("SELECT FROM igny8_sign_in_attempts").await, 2);
    auth.execute("UPDATE igny8_sign_in_attempts SET updated_at = now() - interval '2 hours'").await;
    sweep(&auth).await;
    assert_eq!(auth.count("SELECT FROM igny8_sign_in_attempts").await, 0);
}

#[tokio::test]
async fn the_database_itself_refuses_to_erase_before_the_time() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    auth.execute("UPDATE igny8_users SET deleted_at = now()").await;
    let erase = "DELETE FROM igny8_users WHERE deleted_at IS NOT NULL";
    let erased = auth
        .app
        .db
        .system(async |conn| Ok(diesel_async::RunQueryDsl::execute(diesel::sql_query(erase), conn).await?))
        .await;
    assert_eq!(erased.unwrap(), 0);
    assert_eq!(auth.count("SELECT FROM igny8_users").await, 1);
}
