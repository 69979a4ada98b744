//! Copies of sites as auth's events bring them, and what the tests of several slices begin with.

use contracts::auth::v1 as auth;
use prost_types::FieldMask;
use rpc::AccountId;
use uuid::Uuid;

use crate::harness::Processor;

pub struct Site {
    pub id: Uuid,
    pub sector: Uuid,
}

/// A site of the account with one sector, as auth tells of it.
pub async fn site(processor: &Processor, account: Uuid) -> Site {
    let site = Site { id: Uuid::now_v7(), sector: Uuid::now_v7() };
    tell(processor, account, &copy(&site, 1)).await;
    site
}

pub fn copy(site: &Site, version: i64) -> auth::SiteCopy {
    let sector = auth::SectorCopy { id: site.sector.to_string(), name: "Coffee".to_owned(), ..Default::default() };
    auth::SiteCopy {
        id: site.id.to_string(),
        version,
        name: "Monday Coffee".to_owned(),
        language: "en".to_owned(),
        active: true,
        sectors: vec![sector],
        ..Default::default()
    }
}

pub async fn tell(processor: &Processor, account: Uuid, copy: &auth::SiteCopy) {
    let account = AccountId::of_message(account);
    let apply = async |conn: &mut db::AccountConn| ai_processor::site_copies::apply(conn, copy).await;
    processor.app.db.account(account, apply).await.unwrap();
}

#[expect(clippy::unnecessary_wraps, reason = "the field that it is for is optional")]
pub fn mask(fields: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: fields.iter().map(|&field| field.to_owned()).collect() })
}

#[tokio::test]
async fn an_older_copy_never_replaces_a_newer_one() {
    let processor = Processor::still().await;
    let account = Uuid::now_v7();
    let site = site(&processor, account).await;
    let named = |version: i64, name: &str| auth::SiteCopy { name: name.to_owned(), ..copy(&site, version) };
    tell(&processor, account, &named(5, "Newer")).await;
    tell(&processor, account, &named(3, "Older")).await;
    assert_eq!(processor.texts("SELECT name FROM igny8_site_copies").await, ["Newer"]);
}
