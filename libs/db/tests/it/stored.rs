use contracts::rest::v1::Role;
use db::Stored;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::database::{Database, somebody};
use crate::pages::{self, dsl};

#[tokio::test]
async fn an_enum_is_stored_under_its_json_name() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let read = db.transaction(&caller, async |conn| {
        pages::insert(conn, "page").await?;
        diesel::update(dsl::igny8_pages).set(dsl::role.eq(Stored(Role::Editor))).execute(conn).await?;
        let text: String = dsl::igny8_pages.select(dsl::role).first(conn).await?;
        let role: Stored<Role> =
            dsl::igny8_pages.filter(dsl::role.eq(Stored(Role::Editor))).select(dsl::role).first(conn).await?;
        Ok((text, role))
    });
    assert_eq!(read.await.unwrap(), ("editor".to_owned(), Stored(Role::Editor)));
}

#[tokio::test]
async fn the_unspecified_value_and_an_unknown_name_are_refused() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    database.admin("ALTER TABLE igny8_pages DROP CONSTRAINT igny8_pages_role_check").await;
    db.transaction(&caller, async |conn| {
        pages::insert(conn, "page").await?;
        Ok(diesel::update(dsl::igny8_pages).set(dsl::role.eq("emperor")).execute(conn).await?)
    })
    .await
    .unwrap();
    let read = db
        .transaction(&caller, async |conn| Ok(dsl::igny8_pages.select(dsl::role).first::<Stored<Role>>(conn).await?))
        .await;
    assert!(format!("{:?}", read.unwrap_err()).contains("emperor"));
    let unspecified = diesel::update(dsl::igny8_pages).set(dsl::role.eq(Stored(Role::Unspecified)));
    assert!(db.transaction(&caller, async |conn| Ok(unspecified.execute(conn).await?)).await.is_err());
}

#[tokio::test]
async fn a_search_takes_wildcards_as_they_are_written() {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let found = db.transaction(&caller, async |conn| {
        for name in [r"100% a_b\c", "100 axb"] {
            pages::insert(conn, name).await?;
        }
        let mut found = Vec::new();
        for search in ["0% A", "a_b", r"b\c", "100", "%"] {
            let pattern = db::contains_pattern(search);
            found.push(dsl::igny8_pages.filter(dsl::name.ilike(pattern)).count().get_result::<i64>(conn).await?);
        }
        Ok(found)
    });
    assert_eq!(found.await.unwrap(), [1, 1, 1, 2, 1]);
}
