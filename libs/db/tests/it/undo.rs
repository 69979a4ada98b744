use db::undo::{self, Undone};
use rpc::Kind;
use serde_json::json;
use uuid::Uuid;

use crate::database::{Database, somebody};

#[tokio::test]
async fn a_token_works_once() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let id = Uuid::now_v7();
    let payload = json!({"slot": 3});
    let deleted = db.transaction(&caller, async |conn| undo::push(conn, "site", id, &payload).await).await.unwrap();
    let token = deleted.undo_token.parse().unwrap();

    let undone = db.transaction(&caller, async |conn| undo::take(conn, token).await).await.unwrap();
    assert_eq!(undone, Undone { object: "site".into(), id, payload });
    let again = db.transaction(&caller, async |conn| undo::take(conn, token).await).await;
    assert_eq!(again.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_token_is_good_for_ten_minutes() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let push = async |conn: &mut db::AccountConn| undo::push(conn, "site", Uuid::now_v7(), &json!(null)).await;
    let deleted = db.transaction(&caller, push).await.unwrap();
    let left = deleted.undo_until.unwrap().seconds - chrono::Utc::now().timestamp();
    assert!((598..=600).contains(&left), "{left} seconds");

    database.admin("UPDATE igny8_undo SET expires_at = expires_at - interval '10 minutes'").await;
    let token = deleted.undo_token.parse().unwrap();
    let late = db.transaction(&caller, async |conn| undo::take(conn, token).await).await;
    assert_eq!(late.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(db.sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn a_token_of_another_account_does_nothing() {
    let database = Database::new().await;
    let db = database.db();
    let push = async |conn: &mut db::AccountConn| undo::push(conn, "site", Uuid::now_v7(), &json!(null)).await;
    let token = db.transaction(&somebody().await, push).await.unwrap().undo_token.parse().unwrap();
    let undone = db.transaction(&somebody().await, async |conn| undo::take(conn, token).await).await;
    assert_eq!(undone.unwrap_err().kind(), Kind::NotFound);
}
