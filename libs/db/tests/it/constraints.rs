use db::{Constraint, OnConstraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, Kind};
use uuid::Uuid;

use crate::database::{Database, somebody};
use crate::pages::{self, dsl};

const CONSTRAINTS: &[Constraint] = &[
    Constraint {
        field: Some("name"),
        ..Constraint::new("igny8_pages_account_id_name_key", "PAGE_NAME_TAKEN", "Another page has this name.")
    },
    Constraint::new("igny8_pages_account_id_parent_id_fkey", "NO_SUCH_PARENT", "There is no such parent page."),
    Constraint {
        kind: Some(Kind::FailedPrecondition),
        ..Constraint::new("igny8_pages_role_check", "ROLE_NOT_ALLOWED", "A page cannot have this role.")
    },
];

async fn refused(constraints: &[Constraint], role: &str, parent: Option<Uuid>) -> Error {
    let database = Database::new().await;
    let (db, caller) = (database.db(), somebody().await);
    let refused = db.transaction(&caller, async |conn| {
        pages::insert(conn, "a secret name").await?;
        let page = (
            dsl::account_id.eq(conn.account().uuid()),
            dsl::name.eq(if parent.is_some() || role != "viewer" { "another" } else { "a secret name" }),
            dsl::role.eq(role),
            dsl::parent_id.eq(parent),
        );
        diesel::insert_into(dsl::igny8_pages).values(page).execute(conn).await.constraints(constraints)
    });
    refused.await.unwrap_err()
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_of_its_field() {
    let error = refused(CONSTRAINTS, "viewer", None).await;
    assert_eq!((error.kind(), error.reason()), (Kind::AlreadyExists, "PAGE_NAME_TAKEN"));
    assert_eq!(error.violations()[0].field, "name");
    assert_eq!(error.message(), "Another page has this name.");
}

#[tokio::test]
async fn a_missing_parent_is_an_invalid_argument() {
    let error = refused(CONSTRAINTS, "viewer", Some(Uuid::now_v7())).await;
    assert_eq!((error.kind(), error.reason()), (Kind::InvalidArgument, "NO_SUCH_PARENT"));
    assert!(error.violations().is_empty());
}

#[tokio::test]
async fn a_constraint_may_name_its_kind() {
    let error = refused(CONSTRAINTS, "emperor", None).await;
    assert_eq!((error.kind(), error.reason()), (Kind::FailedPrecondition, "ROLE_NOT_ALLOWED"));
}

#[tokio::test]
async fn a_constraint_that_nobody_named_is_our_fault_and_its_text_stays_inside() {
    let error = refused(&[], "viewer", None).await;
    assert_eq!(error.kind(), Kind::Internal);
    assert!(!error.message().contains("name"), "{}", error.message());
}

#[tokio::test]
async fn the_values_of_a_violation_are_not_even_logged() {
    let error = refused(CONSTRAINTS, "viewer", None).await;
    assert!(!format!("{error:#}").contains("a secret name"));
}
