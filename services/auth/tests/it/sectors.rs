//! Sectors: one to five of them, whatever happens at once.

use contracts::auth::v1 as pb;
use contracts::rest::v1::Role;
use futures_util::future::join_all;
use rpc::Kind;
use uuid::Uuid;

use crate::fixtures::{
    actor, create_site, delete_sector, get_site, mask, sector_input, sectors, site_input, sites, try_sector,
    wrong_fields,
};
use crate::harness::{Auth, refusal};

#[tokio::test]
async fn a_sector_is_made_read_changed_and_deleted() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let template = "76a2a0ae-3a5b-9ad5-8d1a-2e2d3a6f9d52";
    let sector = try_sector(&auth, &ada, &site, "Looms").await.unwrap();
    let get = pb::GetSectorRequest { id: sector.id.clone() };
    assert_eq!(sectors(&auth).get_sector(ada.request(get.clone())).await.unwrap().into_inner(), sector);

    let change = pb::UpdateSectorRequest {
        id: sector.id.clone(),
        update_mask: mask(&["description"]),
        description: "Woven by cards.".to_owned(),
        industry_sector_id: Some(template.to_owned()),
        ..pb::UpdateSectorRequest::default()
    };
    let changed = sectors(&auth).update_sector(ada.request(change.clone())).await.unwrap().into_inner();
    let description = "Woven by cards.".to_owned();
    assert_eq!(changed, pb::Sector { description, updated_at: changed.updated_at, ..sector.clone() });
    let unknown = pb::UpdateSectorRequest { update_mask: mask(&["industry_sector_id"]), ..change };
    assert_eq!(wrong_fields(sectors(&auth).update_sector(ada.request(unknown)).await), ["industry_sector_id"]);

    delete_sector(&auth, &ada, &sector).await.unwrap();
    assert_eq!(refusal(sectors(&auth).get_sector(ada.request(get)).await).kind(), Kind::NotFound);
    assert_eq!(delete_sector(&auth, &ada, &sector).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap().sectors, site.sectors);
}

#[tokio::test]
async fn a_site_has_at_most_five_sectors() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    for name in ["two", "three", "four", "five"] {
        try_sector(&auth, &ada, &site, name).await.unwrap();
    }
    let sixth = try_sector(&auth, &ada, &site, "six").await.unwrap_err();
    assert_eq!((sixth.kind(), sixth.reason()), (Kind::FailedPrecondition, "TOO_MANY_SECTORS"));
    let many = (0..6).map(|n| sector_input(&n.to_string())).collect();
    let six = pb::SiteInput { sectors: many, ..site_input("example.org") };
    assert_eq!(wrong_fields(sites(&auth).create_site(ada.request(six)).await), ["sectors"]);

    delete_sector(&auth, &ada, &site.sectors[0]).await.unwrap();
    try_sector(&auth, &ada, &site, "six").await.unwrap();
}

#[tokio::test]
async fn of_ten_sectors_made_at_once_exactly_those_exist_that_fit() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let names: Vec<String> = (0..10).map(|n| format!("sector {n}")).collect();
    let made = join_all(names.iter().map(|name| try_sector(&auth, &ada, &site, name))).await;
    assert_eq!(made.iter().filter(|answer| answer.is_ok()).count(), 4);
    assert!(made.iter().filter_map(|answer| answer.as_ref().err()).all(|error| error.reason() == "TOO_MANY_SECTORS"));
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap().sectors.len(), 5);
}

#[tokio::test]
async fn a_site_keeps_its_last_sector() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let refused = delete_sector(&auth, &ada, &site.sectors[0]).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "LAST_SECTOR"));
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap(), site);
}

#[tokio::test]
async fn of_all_sectors_deleted_at_once_one_stays() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let mut input = site_input("example.com");
    input.sectors = ["one", "two", "three", "four", "five"].map(sector_input).into();
    let site = sites(&auth).create_site(ada.request(input)).await.unwrap().into_inner();
    let deleted = join_all(site.sectors.iter().map(|sector| delete_sector(&auth, &ada, sector))).await;
    let refused: Vec<_> = deleted.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.iter().map(rpc::Error::reason).collect::<Vec<_>>(), ["LAST_SECTOR"]);
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap().sectors.len(), 1);
}

#[tokio::test]
async fn a_sector_name_is_used_once_in_a_site_whatever_its_case() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let other = create_site(&auth, &ada, "example.org").await;
    let sector = try_sector(&auth, &ada, &site, "Looms").await.unwrap();
    try_sector(&auth, &ada, &other, "Looms").await.unwrap();

    let taken = try_sector(&auth, &ada, &site, "LOOMS").await.unwrap_err();
    assert_eq!((taken.kind(), taken.reason()), (Kind::AlreadyExists, "SECTOR_NAME_TAKEN"));
    assert_eq!(taken.violations()[0].field, "name");
    let rename = pb::UpdateSectorRequest {
        id: sector.id.clone(),
        update_mask: mask(&["name"]),
        name: "general".to_owned(),
        ..pb::UpdateSectorRequest::default()
    };
    assert_eq!(refusal(sectors(&auth).update_sector(ada.request(rename)).await).reason(), "SECTOR_NAME_TAKEN");
    delete_sector(&auth, &ada, &sector).await.unwrap();
    try_sector(&auth, &ada, &site, "looms").await.unwrap();
}

#[tokio::test]
async fn a_sector_needs_a_site_and_a_role() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let nowhere = pb::Site { id: Uuid::nil().to_string(), ..site.clone() };
    assert_eq!(try_sector(&auth, &ada, &nowhere, "Looms").await.unwrap_err().violations()[0].field, "site_id");
    let (site_id, name) = (site.id, "Looms".to_owned());
    let request = pb::CreateSectorRequest { site_id, name, ..pb::CreateSectorRequest::default() };
    let refused = sectors(&auth).create_sector(actor(&ada, Role::Editor).request(request)).await;
    assert_eq!(refusal(refused).reason(), "ROLE_TOO_LOW");
}

#[tokio::test]
async fn a_list_of_sectors_is_filtered_and_ordered() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    create_site(&auth, &ada, "example.org").await;
    for name in ["Looms", "Engines"] {
        try_sector(&auth, &ada, &site, name).await.unwrap();
    }
    let list = async |ordering: &str, site: Option<&pb::Site>, search: &str| {
        let filter = pb::SectorFilter { site_id: site.map(|site| site.id.clone()), search: search.to_owned() };
        let (ordering, filter) = (ordering.to_owned(), Some(filter));
        let request = pb::ListSectorsRequest { ordering, filter, ..pb::ListSectorsRequest::default() };
        let page = sectors(&auth).list_sectors(ada.request(request)).await.unwrap().into_inner();
        (page.count, page.results.into_iter().map(|sector| sector.name).collect::<Vec<_>>())
    };
    assert_eq!(list("", None, "").await.0, 4);
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(list("-name", Some(&site), "").await, (3, names(&["Looms", "General", "Engines"])));
    assert_eq!(list("-created_at", Some(&site), "").await, (3, names(&["Engines", "Looms", "General"])));
    assert_eq!(list("", None, "NGIN").await, (1, names(&["Engines"])));
}
