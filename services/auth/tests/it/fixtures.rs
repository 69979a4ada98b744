//! What the tests of several slices begin with: clients, a site, a mask.

use contracts::auth::v1 as pb;
use contracts::auth::v1::sector_service_client::SectorServiceClient;
use contracts::auth::v1::site_access_service_client::SiteAccessServiceClient;
use contracts::auth::v1::site_service_client::SiteServiceClient;
use contracts::auth::v1::undo_service_client::UndoServiceClient;
use contracts::auth::v1::user_service_client::UserServiceClient;
use contracts::rest::v1::{Deleted, Role};
use prost_types::FieldMask;
use rpc::client::Channel;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Auth, Person, refusal};

/// An industry of the catalogue: the hash of `industry:software`, on every installation.
pub const SOFTWARE: &str = "3f644b52-f8da-49a7-1b03-e0b82a4ce06c";

pub fn sites(auth: &Auth) -> SiteServiceClient<Channel> {
    SiteServiceClient::new(auth.channel())
}

pub fn sectors(auth: &Auth) -> SectorServiceClient<Channel> {
    SectorServiceClient::new(auth.channel())
}

pub fn users(auth: &Auth) -> UserServiceClient<Channel> {
    UserServiceClient::new(auth.channel())
}

pub fn site_access(auth: &Auth) -> SiteAccessServiceClient<Channel> {
    SiteAccessServiceClient::new(auth.channel())
}

pub fn site_input(domain: &str) -> pb::SiteInput {
    pb::SiteInput {
        name: format!("Site of {domain}"),
        domain: domain.to_owned(),
        sectors: vec![sector_input("General")],
        ..pb::SiteInput::default()
    }
}

pub fn sector_input(name: &str) -> pb::SectorInput {
    pb::SectorInput { name: name.to_owned(), ..pb::SectorInput::default() }
}

pub async fn create_site(auth: &Auth, person: &Person, domain: &str) -> pb::Site {
    sites(auth).create_site(person.request(site_input(domain))).await.unwrap().into_inner()
}

pub async fn try_sector(auth: &Auth, person: &Person, site: &pb::Site, name: &str) -> Result<pb::Sector, rpc::Error> {
    let (site_id, name) = (site.id.clone(), name.to_owned());
    let request = pb::CreateSectorRequest { site_id, name, ..pb::CreateSectorRequest::default() };
    Ok(sectors(auth).create_sector(person.request(request)).await?.into_inner())
}

pub async fn delete_sector(auth: &Auth, person: &Person, sector: &pb::Sector) -> Result<Deleted, rpc::Error> {
    let request = pb::DeleteSectorRequest { id: sector.id.clone() };
    Ok(sectors(auth).delete_sector(person.request(request)).await?.into_inner())
}

pub async fn delete_site(auth: &Auth, person: &Person, site: &pb::Site) -> Deleted {
    let request = pb::DeleteSiteRequest { id: site.id.clone() };
    sites(auth).delete_site(person.request(request)).await.unwrap().into_inner()
}

pub async fn get_site(auth: &Auth, person: &Person, id: &str) -> Result<pb::Site, rpc::Error> {
    Ok(sites(auth).get_site(person.request(pb::GetSiteRequest { id: id.to_owned() })).await?.into_inner())
}

pub async fn undo(auth: &Auth, person: &Person, deleted: &Deleted) -> Result<pb::Undone, rpc::Error> {
    let request = pb::UndoDeleteRequest { token: deleted.undo_token.clone() };
    Ok(UndoServiceClient::new(auth.channel()).undo_delete(person.request(request)).await?.into_inner())
}

/// Somebody of the account with this role, who sees all of its sites.
pub fn actor(of: &Person, role: Role) -> Actor {
    Actor::new(of.account(), role)
}

#[expect(clippy::unnecessary_wraps, reason = "the field that it is for is optional")]
pub fn mask(fields: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: fields.iter().map(|&field| field.to_owned()).collect() })
}

pub fn id(text: &str) -> Uuid {
    text.parse().unwrap()
}

/// The fields that an answer found wrong.
pub fn wrong_fields<T: std::fmt::Debug>(answer: Result<T, tonic::Status>) -> Vec<String> {
    refusal(answer).violations().iter().map(|violation| violation.field.clone()).collect()
}
