//! The end of an account: nothing of it stays, and nothing of others goes.

use contracts::ai_processor::v1 as pb;
use contracts::rest::v1::Role;
use rpc::AccountId;
use testkit::Actor;
use uuid::Uuid;

use crate::author_profiles::{create, profiles};
use crate::harness::{LONG, Processor};
use crate::sites::site;
use crate::strategies::{strategies, strategy};
use crate::{prompts, request_logs};

/// Something of everything.
async fn fill(processor: &Processor) -> Uuid {
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    let account = admin.account();
    let profile = create(processor, &admin, "Ada").await;
    let delete = pb::DeleteAuthorProfileRequest { id: profile.id };
    profiles(processor).delete_author_profile(admin.request(delete)).await.unwrap();
    let site = site(processor, account).await;
    strategies(processor).create_strategy(admin.request(strategy(&site))).await.unwrap();
    prompts::update(processor, &admin, "{{keywords}}").await.unwrap();
    request_logs::logged(processor, account, 0).await;
    let claim = processor.claimed(account, LONG).await;
    processor.complete(&claim, b"result").await;
    processor.claimed(account, LONG).await;
    account
}

async fn tables_with(processor: &Processor, account: Uuid) -> Vec<String> {
    let tables =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
    let mut with = Vec::new();
    for table in processor.texts(tables).await {
        if processor.count(&format!("SELECT FROM {table} WHERE account_id = '{account}'")).await > 0 {
            with.push(table);
        }
    }
    with
}

#[tokio::test]
async fn an_account_that_has_ended_leaves_only_what_is_on_its_way_to_others() {
    let processor = Processor::still().await;
    let (gone, kept) = (fill(&processor).await, fill(&processor).await);
    let before = tables_with(&processor, kept).await;
    assert!(before.len() > 10, "{before:?}");
    for _ in 0..2 {
        ai_processor::erasure::erase(&processor.app.db, AccountId::of_message(gone)).await.unwrap();
    }
    assert_eq!(tables_with(&processor, gone).await, ["igny8_ended_accounts", "igny8_outbox"]);
    assert_eq!(tables_with(&processor, kept).await, before);
}
