use db::audit::{self, Actor};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::database::{Database, account, somebody};

#[derive(QueryableByName, Debug, PartialEq)]
struct Entry {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Uuid>)]
    user_id: Option<Uuid>,
    #[diesel(sql_type = diesel::sql_types::Text)]
    object: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    domain: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    request_id: String,
}

const ENTRIES: &str = "SELECT user_id, object, details->>'domain' AS domain, request_id FROM igny8_audit_log";

#[tokio::test]
async fn a_deed_is_written_with_who_did_it() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let written = db.transaction(&caller, async |conn| {
        audit::record(conn, &caller, "site.created", Some(Uuid::now_v7()), [("domain", "example.com".to_owned())])
            .await?;
        Ok(diesel::sql_query(ENTRIES).load::<Entry>(conn).await?)
    });
    let entry = Entry {
        user_id: caller.user(),
        object: "site".into(),
        domain: "example.com".into(),
        request_id: "request-1".into(),
    };
    assert_eq!(written.await.unwrap(), [entry]);
}

#[tokio::test]
async fn a_public_method_names_the_user_it_has_found() {
    let database = Database::new().await;
    let db = database.db();
    let actor = Actor { user: Some(Uuid::now_v7()), request_id: "r".into(), ..Actor::default() };
    db.account(account(&db).await, async |conn| audit::record(conn, actor, "session.created", None, []).await)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_entry_is_never_changed() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    db.transaction(&caller, async |conn| audit::record(conn, &caller, "site.created", None, []).await).await.unwrap();
    for change in ["UPDATE igny8_audit_log SET action = ''", "DELETE FROM igny8_audit_log", "TRUNCATE igny8_audit_log"]
    {
        let by_the_service =
            db.transaction(&caller, async |conn| Ok(diesel::sql_query(change).execute(conn).await?)).await;
        assert!(format!("{:?}", by_the_service.unwrap_err()).contains("permission denied"), "{change}");
        let caught =
            format!("DO $$ BEGIN {change}; RAISE 'done'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$");
        database.admin(&caught).await;
    }
}
