//! Sites: what is made, changed, found and seen.

use contracts::auth::v1 as pb;
use contracts::rest::v1::Role;
use rpc::{Error, Kind};
use tonic::Request;
use uuid::Uuid;

use crate::fixtures::{
    SOFTWARE, actor, create_site, delete_site, get_site, id, mask, sector_input, site_input, sites, try_sector,
    wrong_fields,
};
use crate::harness::{Auth, Person, refusal};

async fn update(auth: &Auth, person: &Person, request: pb::UpdateSiteRequest) -> Result<pb::Site, Error> {
    Ok(sites(auth).update_site(person.request(request)).await?.into_inner())
}

async fn list(auth: &Auth, request: Request<pb::ListSitesRequest>) -> (i64, Vec<String>) {
    let page = sites(auth).list_sites(request).await.unwrap().into_inner();
    assert!(page.count_is_exact);
    (page.count, page.results.into_iter().map(|site| site.domain).collect())
}

fn search(text: &str) -> pb::ListSitesRequest {
    let filter = pb::SiteFilter { search: text.to_owned(), ..pb::SiteFilter::default() };
    pb::ListSitesRequest { filter: Some(filter), ..pb::ListSitesRequest::default() }
}

fn ordered(ordering: &str, page: i32, page_size: i32) -> pb::ListSitesRequest {
    let (page, page_size) = (Some(page), Some(page_size));
    pb::ListSitesRequest { ordering: ordering.to_owned(), page, page_size, ..pb::ListSitesRequest::default() }
}

#[tokio::test]
async fn a_site_begins_with_its_sectors_and_with_what_was_left_open_filled_in() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let mut input = site_input("WWW.Example.com");
    input.sectors = ["Looms", "Engines", "Tables"].map(sector_input).into();
    input.industry_id = Some(SOFTWARE.to_owned());
    let site = sites(&auth).create_site(ada.request(input)).await.unwrap().into_inner();

    assert_eq!((site.domain.as_str(), site.industry_id.as_deref()), ("www.example.com", Some(SOFTWARE)));
    assert_eq!((site.time_zone.as_str(), site.language.as_str(), site.country.as_str()), ("UTC", "en", "US"));
    assert_eq!((site.active, site.auto_publish, site.daily_pace), (true, false, 5));
    assert_eq!(
        site.sectors.iter().map(|sector| sector.name.as_str()).collect::<Vec<_>>(),
        ["Looms", "Engines", "Tables"]
    );
    assert!(site.sectors.iter().all(|sector| sector.site_id == site.id));
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap(), site);
    assert_eq!(list(&auth, ada.request(search(""))).await, (1, vec!["www.example.com".to_owned()]));
}

#[tokio::test]
async fn every_wrong_field_of_a_new_site_is_named_at_once() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let input = pb::SiteInput {
        time_zone: "Mars/Olympus".to_owned(),
        language: "xx".to_owned(),
        country: "UK".to_owned(),
        colours: vec!["#aabbcc".to_owned(), "blue".to_owned()],
        sectors: vec![sector_input("Looms"), sector_input("LOOMS")],
        ..site_input("example.com")
    };
    let fields = wrong_fields(sites(&auth).create_site(ada.request(input)).await);
    assert_eq!(fields, ["sectors.1.name", "time_zone", "language", "country", "colours.1"]);

    let nowhere = Some(Uuid::nil().to_string());
    let unknown = pb::SiteInput { industry_id: nowhere.clone(), ..site_input("example.com") };
    assert_eq!(wrong_fields(sites(&auth).create_site(ada.request(unknown)).await), ["industry_id"]);
    let sector = pb::SectorInput { industry_sector_id: nowhere, ..sector_input("Looms") };
    let unknown = pb::SiteInput { sectors: vec![sector], ..site_input("example.com") };
    assert_eq!(wrong_fields(sites(&auth).create_site(ada.request(unknown)).await), ["sectors"]);
    let without = pb::SiteInput { sectors: vec![], ..site_input("example.com") };
    assert_eq!(wrong_fields(sites(&auth).create_site(ada.request(without)).await), ["sectors"]);
    assert_eq!(auth.count("SELECT FROM igny8_sites").await, 0);
}

#[tokio::test]
async fn a_change_touches_what_its_mask_names_and_nothing_else() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let input = pb::SiteInput {
        industry_id: Some(SOFTWARE.to_owned()),
        facts: "Founded 1843.".to_owned(),
        colours: vec!["#112233".to_owned()],
        ..site_input("example.com")
    };
    let site = sites(&auth).create_site(ada.request(input)).await.unwrap().into_inner();

    let change = pb::UpdateSiteRequest {
        id: site.id.clone(),
        update_mask: mask(&["industry_id", "colours", "time_zone"]),
        time_zone: "Europe/Berlin".to_owned(),
        ..pb::UpdateSiteRequest::default()
    };
    let changed = update(&auth, &ada, change.clone()).await.unwrap();
    assert!(changed.updated_at != site.updated_at);
    let expected = pb::Site {
        industry_id: None,
        colours: vec![],
        time_zone: "Europe/Berlin".to_owned(),
        updated_at: changed.updated_at,
        ..site.clone()
    };
    assert_eq!(changed, expected);

    let wrong = pb::UpdateSiteRequest { language: "english".to_owned(), time_zone: "Nowhere".to_owned(), ..change };
    let named = pb::UpdateSiteRequest { update_mask: mask(&["time_zone"]), ..wrong.clone() };
    assert_eq!(wrong_fields(sites(&auth).update_site(ada.request(named)).await), ["time_zone"]);
    let not_named = pb::UpdateSiteRequest { update_mask: mask(&["facts"]), ..wrong };
    assert_eq!(update(&auth, &ada, not_named).await.unwrap().facts, "");
    let nothing = pb::UpdateSiteRequest { id: site.id, update_mask: mask(&[]), ..pb::UpdateSiteRequest::default() };
    assert_eq!(update(&auth, &ada, nothing).await.unwrap().time_zone, "Europe/Berlin");
}

#[tokio::test]
async fn a_domain_is_used_once_in_an_account() {
    let auth = Auth::start().await;
    let (ada, bob) = (auth.sign_up("ada@example.com").await, auth.sign_up("bob@example.com").await);
    let first = create_site(&auth, &ada, "example.com").await;
    let second = create_site(&auth, &ada, "example.org").await;
    create_site(&auth, &bob, "example.com").await;

    let taken = refusal(sites(&auth).create_site(ada.request(site_input("EXAMPLE.com"))).await);
    assert_eq!((taken.kind(), taken.reason()), (Kind::AlreadyExists, "SITE_DOMAIN_TAKEN"));
    assert_eq!(taken.violations()[0].field, "domain");
    let change = pb::UpdateSiteRequest {
        id: second.id,
        update_mask: mask(&["domain"]),
        domain: "example.com".to_owned(),
        ..pb::UpdateSiteRequest::default()
    };
    assert_eq!(update(&auth, &ada, change).await.unwrap_err().reason(), "SITE_DOMAIN_TAKEN");

    delete_site(&auth, &ada, &first).await;
    create_site(&auth, &ada, "example.com").await;
}

#[tokio::test]
async fn an_inactive_site_is_read_only_until_it_is_activated() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let change = |fields: &[&str], active| pb::UpdateSiteRequest {
        id: site.id.clone(),
        update_mask: mask(fields),
        active,
        facts: "New.".to_owned(),
        ..pb::UpdateSiteRequest::default()
    };
    assert!(!update(&auth, &ada, change(&["active"], false)).await.unwrap().active);

    let refused = update(&auth, &ada, change(&["facts"], false)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "SITE_INACTIVE"));
    assert_eq!(try_sector(&auth, &ada, &site, "Looms").await.unwrap_err().reason(), "SITE_INACTIVE");
    let sector = pb::UpdateSectorRequest { id: site.sectors[0].id.clone(), ..pb::UpdateSectorRequest::default() };
    let sector = pb::UpdateSectorRequest { update_mask: mask(&["description"]), ..sector };
    let mut sectors = crate::fixtures::sectors(&auth);
    assert_eq!(refusal(sectors.update_sector(ada.request(sector)).await).reason(), "SITE_INACTIVE");

    let activated = update(&auth, &ada, change(&["active", "facts"], true)).await.unwrap();
    assert_eq!((activated.active, activated.facts.as_str()), (true, "New."));
    try_sector(&auth, &ada, &site, "Looms").await.unwrap();
}

#[tokio::test]
async fn a_deleted_site_is_gone_with_its_sectors() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    delete_site(&auth, &ada, &site).await;

    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(list(&auth, ada.request(search(""))).await.0, 0);
    let sector = pb::GetSectorRequest { id: site.sectors[0].id.clone() };
    let mut sectors = crate::fixtures::sectors(&auth);
    assert_eq!(refusal(sectors.get_sector(ada.request(sector)).await).kind(), Kind::NotFound);
    let again = sites(&auth).delete_site(ada.request(pb::DeleteSiteRequest { id: site.id.clone() })).await;
    assert_eq!(refusal(again).kind(), Kind::NotFound);
    let change =
        pb::UpdateSiteRequest { id: site.id, update_mask: mask(&["facts"]), ..pb::UpdateSiteRequest::default() };
    assert_eq!(update(&auth, &ada, change).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_list_is_searched_filtered_ordered_and_cut_into_pages() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    for (name, domain) in [("Bakery", "b.example.com"), ("100% Wool", "a.example.com"), ("Cafe", "c.example.org")] {
        let input = pb::SiteInput { name: name.to_owned(), ..site_input(domain) };
        sites(&auth).create_site(ada.request(input)).await.unwrap();
    }
    let found = |request| list(&auth, ada.request(request));
    assert_eq!(found(search("BAKE")).await, (1, vec!["b.example.com".to_owned()]));
    assert_eq!(found(search("example.com")).await.0, 2);
    assert_eq!(found(search("0% w")).await, (1, vec!["a.example.com".to_owned()]));
    assert_eq!(found(search("%")).await.0, 1);
    assert_eq!(found(search("_")).await.0, 0);
    let inactive = pb::SiteFilter { active: Some(false), ..pb::SiteFilter::default() };
    assert_eq!(found(pb::ListSitesRequest { filter: Some(inactive), ..ordered("", 1, 10) }).await.0, 0);
    let software = pb::SiteFilter { industry_id: Some(SOFTWARE.to_owned()), ..pb::SiteFilter::default() };
    assert_eq!(found(pb::ListSitesRequest { filter: Some(software), ..ordered("", 1, 10) }).await.0, 0);

    let texts = |domains: [&str; 2]| (3, domains.map(str::to_owned).to_vec());
    assert_eq!(found(ordered("-domain", 1, 2)).await, texts(["c.example.org", "b.example.com"]));
    assert_eq!(found(ordered("-domain", 2, 2)).await, (3, vec!["a.example.com".to_owned()]));
    assert_eq!(found(ordered("created_at", 1, 2)).await, texts(["b.example.com", "a.example.com"]));
    assert_eq!(found(ordered("-updated_at,name", 1, 2)).await, texts(["c.example.org", "a.example.com"]));
    assert_eq!(found(ordered("", 9, 2)).await, (3, vec![]));
    assert_eq!(wrong_fields(sites(&auth).list_sites(ada.request(ordered("facts", 1, 2))).await), ["ordering"]);
}

#[tokio::test]
async fn an_editor_sees_the_sites_granted_and_no_other() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let granted = create_site(&auth, &ada, "granted.example.com").await;
    let other = create_site(&auth, &ada, "other.example.com").await;
    let editor = actor(&ada, Role::Editor).sites([id(&granted.id)]);

    assert_eq!(list(&auth, editor.request(search(""))).await, (1, vec![granted.domain.clone()]));
    let mut client = sites(&auth);
    let get = |site: &pb::Site| editor.request(pb::GetSiteRequest { id: site.id.clone() });
    assert_eq!(client.get_site(get(&granted)).await.unwrap().into_inner(), granted);
    assert_eq!(refusal(client.get_site(get(&other)).await).kind(), Kind::NotFound);

    let mut sectors = crate::fixtures::sectors(&auth);
    let page = sectors.list_sectors(editor.request(pb::ListSectorsRequest::default())).await.unwrap().into_inner();
    assert_eq!((page.count, page.results), (1, granted.sectors));
    let hidden = editor.request(pb::GetSectorRequest { id: other.sectors[0].id.clone() });
    assert_eq!(refusal(sectors.get_sector(hidden).await).kind(), Kind::NotFound);
}

#[tokio::test]
async fn viewers_and_editors_change_no_site() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    for role in [Role::Viewer, Role::Editor] {
        let somebody = actor(&ada, role);
        let read = sites(&auth).get_site(somebody.request(pb::GetSiteRequest { id: site.id.clone() })).await;
        assert_eq!(read.unwrap().into_inner(), site);
        let create = sites(&auth).create_site(somebody.request(site_input("example.org"))).await;
        assert_eq!(refusal(create).reason(), "ROLE_TOO_LOW");
        let delete = sites(&auth).delete_site(somebody.request(pb::DeleteSiteRequest { id: site.id.clone() })).await;
        assert_eq!(refusal(delete).reason(), "ROLE_TOO_LOW");
    }
}

#[tokio::test]
async fn another_account_cannot_see_or_change_a_site() {
    let auth = Auth::start().await;
    let (ada, bob) = (auth.sign_up("ada@example.com").await, auth.sign_up("bob@example.com").await);
    let site = create_site(&auth, &ada, "example.com").await;

    assert_eq!(get_site(&auth, &bob, &site.id).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(list(&auth, bob.request(search(""))).await.0, 0);
    let change = pb::UpdateSiteRequest { id: site.id.clone(), update_mask: mask(&["facts"]), ..Default::default() };
    assert_eq!(update(&auth, &bob, change).await.unwrap_err().kind(), Kind::NotFound);
    let delete = sites(&auth).delete_site(bob.request(pb::DeleteSiteRequest { id: site.id.clone() })).await;
    assert_eq!(refusal(delete).kind(), Kind::NotFound);
    assert_eq!(try_sector(&auth, &bob, &site, "Looms").await.unwrap_err().violations()[0].field, "site_id");
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap(), site);
}

#[tokio::test]
async fn a_key_for_some_sites_makes_no_new_one() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let program = actor(&ada, Role::Admin).sites([id(&site.id)]);
    let refused = refusal(sites(&auth).create_site(program.request(site_input("example.org"))).await);
    assert_eq!((refused.kind(), refused.reason()), (Kind::PermissionDenied, "SITES_RESTRICTED"));
}
