//! The rules that the protos set for requests.

use contracts::{
    Validate, Violation,
    auth::v1::{
        AccountFilter, AuditFilter, CreateApiKeyRequest, CreateInvitationRequest, ExchangeRequest, GetSiteRequest,
        ListAccountsRequest, ListAuditEntriesRequest, ListSitesRequest, SectorInput, SignInRequest, SignUpRequest,
        SiteFilter, SiteInput, UpdateSiteRequest, exchange_request::Credential,
    },
    rest::v1::Role,
};
use prost_types::FieldMask;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn site() -> SiteInput {
    SiteInput {
        name: "Shop".to_owned(),
        domain: "shop.example.com".to_owned(),
        sectors: vec![SectorInput { name: "Tools".to_owned(), ..SectorInput::default() }],
        ..SiteInput::default()
    }
}

fn sign_up() -> SignUpRequest {
    SignUpRequest {
        account_name: "Acme".to_owned(),
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        password: "correct horse".to_owned(),
        ..SignUpRequest::default()
    }
}

/// A change of a site that names these fields.
fn change(paths: &[&str]) -> UpdateSiteRequest {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    UpdateSiteRequest { id: ID.to_owned(), update_mask: Some(FieldMask { paths }), ..UpdateSiteRequest::default() }
}

fn fields(request: &impl Validate) -> Vec<String> {
    request.violations().into_iter().map(|violation| violation.field).collect()
}

/// The one violation of a request.
#[track_caller]
fn violation(request: &impl Validate) -> Violation {
    let mut violations = request.violations();
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations.remove(0)
}

#[test]
fn a_good_request_has_no_violations() {
    assert_eq!(site().violations(), []);
    assert_eq!(sign_up().violations(), []);
    assert_eq!(change(&["facts"]).violations(), []);
}

#[test]
fn what_is_required_may_not_be_empty() {
    assert_eq!(fields(&SignUpRequest::default()), ["account_name", "name", "email", "password"]);
    let violation = violation(&SignInRequest { email: "ada@example.com".to_owned(), ..SignInRequest::default() });
    assert_eq!(
        violation,
        Violation { field: "password".to_owned(), message: "This is required. Fill it in.".to_owned() }
    );
    assert_eq!(fields(&SignUpRequest { name: " \t".to_owned(), ..sign_up() }), ["name"]);
}

#[test]
fn a_required_enum_may_not_be_unspecified_nor_unknown() {
    let invite = |role| CreateInvitationRequest {
        email: "ada@example.com".to_owned(),
        role,
        ..CreateInvitationRequest::default()
    };
    assert_eq!(invite(Role::Editor.into()).violations(), []);
    assert_eq!(violation(&invite(0)).message, "This is required. Fill it in.");
    assert_eq!(violation(&invite(99)).message, "This value is not known. Use viewer, editor, admin, owner, developer.");
}

#[test]
fn a_length_is_counted_in_characters() {
    let named = |name: String| SiteInput { name, ..site() };
    assert_eq!(named("ä".repeat(120)).violations(), []);
    assert_eq!(violation(&named("ä".repeat(121))).message, "This has 121 characters. Use at most 120.");
    let short = SignUpRequest { password: "äöüäöüäöü".to_owned(), ..sign_up() };
    assert_eq!(violation(&short).message, "This has 9 characters. Use at least 10.");
}

#[test]
fn a_text_has_the_form_that_is_asked_for() {
    let email = violation(&SignUpRequest { email: "ada".to_owned(), ..sign_up() });
    assert_eq!(
        (email.field.as_str(), email.message.as_str()),
        ("email", "This is not an e-mail address. Write it as name@example.com.")
    );
    assert_eq!(violation(&SiteInput { domain: "https://example.com".to_owned(), ..site() }).field, "domain");
    assert_eq!(violation(&GetSiteRequest { id: "1".to_owned() }).field, "id");
}

#[test]
fn what_is_in_the_path_is_required() {
    assert_eq!(violation(&GetSiteRequest::default()).message, "This is required. Fill it in.");
}

#[test]
fn an_optional_text_that_is_set_is_checked_even_when_empty() {
    assert_eq!(SiteInput { industry_id: Some(ID.to_owned()), ..site() }.violations(), []);
    assert_eq!(violation(&SiteInput { industry_id: Some(String::new()), ..site() }).field, "industry_id");
}

#[test]
fn a_number_stays_within_its_bounds() {
    let paced = |pace| SiteInput { daily_pace: Some(pace), ..site() };
    assert_eq!(paced(1).violations(), []);
    assert_eq!(paced(1000).violations(), []);
    assert_eq!(violation(&paced(0)).message, "This is 0. Use a number from 1 to 1000.");
    assert_eq!(violation(&paced(1001)).message, "This is 1001. Use a number from 1 to 1000.");
}

#[test]
fn a_list_has_neither_too_few_nor_too_many_items() {
    let with = |count| SiteInput { sectors: vec![site().sectors[0].clone(); count], ..site() };
    assert_eq!(with(5).violations(), []);
    assert_eq!(violation(&with(0)).message, "This has 0 entries. Give at least 1.");
    assert_eq!(violation(&with(6)).message, "This has 6 entries. Give at most 5.");
}

#[test]
fn each_item_of_a_list_is_checked() {
    let key = |site_ids: &[&str]| CreateApiKeyRequest {
        name: "ci".to_owned(),
        role: Role::Editor.into(),
        site_ids: site_ids.iter().map(|id| (*id).to_owned()).collect(),
        ..CreateApiKeyRequest::default()
    };
    assert_eq!(key(&[ID]).violations(), []);
    assert_eq!(fields(&key(&[ID, "2", ""])), ["site_ids.1", "site_ids.2"]);
    assert_eq!(violation(&key(&[ID, ID])).message, "An entry is given twice. Give each one once.");
}

#[test]
fn a_path_leads_to_the_field_inside() {
    let mut site = site();
    site.sectors.push(SectorInput::default());
    assert_eq!(fields(&site), ["sectors.1.name"]);
    assert_eq!(fields(&SignUpRequest { site: Some(site), ..sign_up() }), ["site.sectors.1.name"]);
}

#[test]
fn the_fields_of_a_filter_are_those_of_the_query() {
    let filter = SiteFilter { industry_id: Some("1".to_owned()), ..SiteFilter::default() };
    assert_eq!(
        fields(&ListSitesRequest { filter: Some(filter), page: Some(0), ..ListSitesRequest::default() }),
        ["page", "industry_id"]
    );
    let filter = AccountFilter { status: vec![1, 0, 99], ..AccountFilter::default() };
    assert_eq!(
        fields(&ListAccountsRequest { filter: Some(filter), ..ListAccountsRequest::default() }),
        ["status.1", "status.2"]
    );
}

#[test]
fn only_what_the_mask_names_is_checked() {
    assert_eq!(change(&[]).violations(), []);
    assert_eq!(fields(&change(&["name", "daily_pace"])), ["name", "daily_pace"]);
    let long = UpdateSiteRequest { facts: "a".repeat(4001), ..change(&["language"]) };
    assert_eq!(fields(&UpdateSiteRequest { language: "en".to_owned(), ..long.clone() }), Vec::<String>::new());
    assert_eq!(fields(&UpdateSiteRequest { update_mask: change(&["facts"]).update_mask, ..long }), ["facts"]);
}

#[test]
fn the_path_is_checked_whatever_the_mask_says() {
    assert_eq!(fields(&UpdateSiteRequest { id: "1".to_owned(), ..change(&[]) }), ["id"]);
    assert_eq!(fields(&UpdateSiteRequest { id: "1".to_owned(), update_mask: None, ..change(&[]) }), ["id"]);
}

#[test]
fn a_mask_names_only_what_can_be_changed() {
    for path in ["id", "update_mask", "sectors", "name.first"] {
        assert_eq!(violation(&change(&[path])).field, "update_mask", "{path}");
    }
}

#[test]
fn an_ordering_names_known_keys_once() {
    let by = |ordering: &str| ListSitesRequest { ordering: ordering.to_owned(), ..ListSitesRequest::default() };
    for good in ["", "name", "-name", "-created_at,name"] {
        assert_eq!(by(good).violations(), [], "{good}");
    }
    for bad in ["id", "name,", "--name", "name,-name", "name, domain", "Name"] {
        assert_eq!(violation(&by(bad)).field, "ordering", "{bad}");
    }
}

#[test]
fn no_text_holds_a_nul() {
    assert_eq!(violation(&SiteInput { facts: "a\0".to_owned(), ..site() }).field, "facts");
    assert_eq!(violation(&SiteInput { colours: vec!["#\0".to_owned()], ..site() }).field, "colours.0");
    let filter = AuditFilter { action: "\0".to_owned(), ..AuditFilter::default() };
    assert_eq!(
        violation(&ListAuditEntriesRequest { filter: Some(filter), ..ListAuditEntriesRequest::default() }).field,
        "action"
    );
    assert_eq!(violation(&ExchangeRequest { credential: Some(Credential::Session("\0".to_owned())) }).field, "session");
}

#[test]
fn a_text_that_breaks_several_rules_is_told_of_each() {
    let domain = "https://".to_owned() + &"a".repeat(250);
    assert_eq!(fields(&SiteInput { domain, ..site() }), ["domain", "domain"]);
}
