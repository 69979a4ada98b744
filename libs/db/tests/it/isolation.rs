use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::database::{Database, somebody, user_of};
use crate::pages::{self, dsl};

#[tokio::test]
async fn a_statement_without_an_account_fails() {
    let database = Database::new().await;
    let db = database.db_of_one();
    // On a fresh connection the setting is unset; on one that has served an account it is empty.
    for _ in 0..2 {
        let unbound = db.public(async |conn| Ok(dsl::igny8_pages.select(dsl::name).load::<String>(conn).await?)).await;
        assert!(format!("{:?}", unbound.unwrap_err()).contains("no account is set for this transaction"));
        db.transaction(&somebody().await, async |conn| Ok(pages::insert(conn, "one").await?)).await.unwrap();
    }
}

#[tokio::test]
async fn another_accounts_row_cannot_be_read_changed_deleted_or_referred_to() {
    let database = Database::new().await;
    let db = database.db();
    let (ann, bob) = (somebody().await, somebody().await);
    let page = db.transaction(&ann, async |conn| Ok(pages::insert(conn, "of ann").await?)).await.unwrap();

    db.transaction(&bob, async |conn| {
        let of_ann = dsl::igny8_pages.filter(dsl::id.eq(page));
        assert_eq!(of_ann.select(dsl::name).first::<String>(conn).await.optional()?, None);
        assert_eq!(diesel::update(of_ann).set(dsl::name.eq("of bob")).execute(conn).await?, 0);
        assert_eq!(diesel::delete(of_ann).execute(conn).await?, 0);
        Ok(())
    })
    .await
    .unwrap();
    let child = db.transaction(&bob, async |conn| {
        let child = (dsl::account_id.eq(conn.account().uuid()), dsl::name.eq("child"), dsl::parent_id.eq(page));
        Ok(diesel::insert_into(dsl::igny8_pages).values(child).execute(conn).await?)
    });
    assert!(format!("{:?}", child.await.unwrap_err()).contains("igny8_pages_account_id_parent_id_fkey"));
    assert_eq!(db.transaction(&ann, pages::names).await.unwrap(), ["of ann"]);
}

#[tokio::test]
async fn a_row_cannot_be_written_into_or_moved_to_another_account() {
    let database = Database::new().await;
    let db = database.db();
    let (ann, bob) = (somebody().await, somebody().await);
    let theirs = bob.account().uuid();
    let written = db.transaction(&ann, async |conn| {
        let page = (dsl::account_id.eq(theirs), dsl::name.eq("planted"));
        Ok(diesel::insert_into(dsl::igny8_pages).values(page).execute(conn).await?)
    });
    assert!(format!("{:?}", written.await.unwrap_err()).contains("row-level security"));
    let moved = db.transaction(&ann, async |conn| {
        pages::insert(conn, "mine").await?;
        Ok(diesel::update(dsl::igny8_pages).set(dsl::account_id.eq(theirs)).execute(conn).await?)
    });
    assert!(format!("{:?}", moved.await.unwrap_err()).contains("row-level security"));
    assert!(db.transaction(&bob, pages::names).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_accounts_may_use_the_same_name() {
    let database = Database::new().await;
    let db = database.db();
    for caller in [somebody().await, somebody().await] {
        db.transaction(&caller, async |conn| Ok(pages::insert(conn, "the same").await?)).await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_with_sites_sees_and_writes_only_those() {
    let database = Database::new().await;
    let db = database.db_of_one();
    let account = Uuid::now_v7();
    let sites = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let admin = user_of(account, Uuid::now_v7(), &[]).await;
    let editor = user_of(account, Uuid::now_v7(), &sites[..2]).await;
    db.transaction(&admin, async |conn| {
        for (site, name) in sites.iter().zip(["a", "b", "c"]) {
            pages::insert_on(conn, *site, name).await?;
        }
        Ok(())
    })
    .await
    .unwrap();

    assert_eq!(db.transaction(&editor, pages::names).await.unwrap(), ["a", "b"]);
    let elsewhere = db.transaction(&editor, async |conn| Ok(pages::insert_on(conn, sites[2], "d").await?)).await;
    assert!(format!("{:?}", elsewhere.unwrap_err()).contains("row-level security"));
    assert_eq!(db.transaction(&admin, pages::names).await.unwrap(), ["a", "b", "c"]);
}

#[tokio::test]
async fn the_system_role_crosses_accounts_on_its_columns_only() {
    let database = Database::new().await;
    let db = database.db();
    for caller in [somebody().await, somebody().await] {
        db.transaction(&caller, async |conn| Ok(pages::insert(conn, "page").await?)).await.unwrap();
    }
    let (seen, changed) = db
        .system(async |conn| {
            let seen = dsl::igny8_pages.select((dsl::account_id, dsl::name)).load::<(Uuid, String)>(conn).await?;
            let changed = diesel::update(dsl::igny8_pages).set(dsl::role.eq("editor")).execute(conn).await?;
            Ok((seen.len(), changed))
        })
        .await
        .unwrap();
    assert_eq!((seen, changed), (2, 2));
    let hidden = db.system(async |conn| Ok(dsl::igny8_pages.select(dsl::site_id).load::<Uuid>(conn).await?)).await;
    assert!(format!("{:?}", hidden.unwrap_err()).contains("permission denied"));
    let deleted = db.system(async |conn| Ok(diesel::delete(dsl::igny8_pages).execute(conn).await?)).await;
    assert!(format!("{:?}", deleted.unwrap_err()).contains("permission denied"));
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    text: String,
}

#[tokio::test]
async fn the_policy_uses_the_index_and_reads_each_setting_once() {
    let database = Database::new().await;
    let db = database.db();
    let plan = db
        .transaction(&user_of(Uuid::now_v7(), Uuid::now_v7(), &[Uuid::now_v7()]).await, async |conn| {
            let explain = "EXPLAIN (COSTS OFF) SELECT * FROM igny8_pages WHERE id = gen_random_uuid()";
            diesel::sql_query("SET LOCAL enable_seqscan = off").execute(conn).await?;
            Ok(diesel::sql_query(explain).load::<Line>(conn).await?)
        })
        .await
        .unwrap();
    let plan = plan.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
    assert!(plan.contains("Index Cond: (account_id = $0)"), "{plan}");
    assert_eq!(plan.matches("InitPlan").count(), 3, "{plan}");
}
