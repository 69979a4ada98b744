//! The audit log: an entry for every change, with who and what and no secret.

use std::collections::HashMap;

use contracts::auth::v1 as pb;
use contracts::auth::v1::api_key_service_client::ApiKeyServiceClient;
use contracts::auth::v1::audit_service_client::AuditServiceClient;
use contracts::auth::v1::invitation_service_client::InvitationServiceClient;
use contracts::rest::v1::Role;
use testkit::{Actor, anonymous};
use uuid::Uuid;

use crate::fixtures::{
    actor, create_site, delete_sector, delete_site, mask, sectors, site_access, site_input, sites, try_sector, undo,
    users,
};
use crate::harness::{Auth, PASSWORD, Person, refusal};

async fn entries(auth: &Auth, by: &Person, filter: pb::AuditFilter) -> Vec<pb::AuditEntry> {
    let request = pb::ListAuditEntriesRequest { filter: Some(filter), page_size: Some(500), page: None };
    let page = AuditServiceClient::new(auth.channel()).list_audit_entries(by.request(request)).await;
    let page = page.unwrap().into_inner();
    assert_eq!(usize::try_from(page.count), Ok(page.results.len()));
    page.results
}

fn details(entry: &pb::AuditEntry) -> HashMap<&str, &str> {
    entry.details.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

async fn change_sites(auth: &Auth, ada: &Person) -> pb::Site {
    let site = create_site(auth, ada, "example.com").await;
    let id = site.id.clone();
    let facts = "A private matter.".to_owned();
    let change = pb::UpdateSiteRequest { id, facts, update_mask: mask(&["facts"]), ..pb::UpdateSiteRequest::default() };
    sites(auth).update_site(ada.request(change)).await.unwrap();
    let sector = try_sector(auth, ada, &site, "Looms").await.unwrap();
    let (id, name) = (sector.id.clone(), "Cards".to_owned());
    let change =
        pb::UpdateSectorRequest { id, name, update_mask: mask(&["name"]), ..pb::UpdateSectorRequest::default() };
    sectors(auth).update_sector(ada.request(change)).await.unwrap();
    delete_sector(auth, ada, &sector).await.unwrap();
    let deleted = delete_site(auth, ada, &site).await;
    undo(auth, ada, &deleted).await.unwrap();
    site
}

async fn change_people(auth: &Auth, ada: &Person, site: &pb::Site) -> Vec<String> {
    auth.execute("UPDATE igny8_users SET email_verified_at = now()").await;
    let mut invitations = InvitationServiceClient::new(auth.channel());
    let role = Role::Viewer.into();
    let invitation = pb::CreateInvitationRequest { email: "bob@example.com".to_owned(), role, site_ids: vec![] };
    invitations.create_invitation(ada.request(invitation)).await.unwrap();
    let token = auth.link("bob@example.com", "accept-invitation").await.unwrap();
    let name = "Bob".to_owned();
    let accept =
        pb::AcceptInvitationRequest { token: token.clone(), name, password: PASSWORD.to_owned(), cookie: false };
    let bob = Person(invitations.accept_invitation(anonymous(accept)).await.unwrap().into_inner());

    let (user_id, site_id) = (bob.user().to_string(), site.id.clone());
    let grant = pb::CreateSiteAccessRequest { user_id: user_id.clone(), site_id };
    let access = site_access(auth).create_site_access(ada.request(grant)).await.unwrap().into_inner();
    let revoke = pb::DeleteSiteAccessRequest { id: access.id };
    site_access(auth).delete_site_access(ada.request(revoke)).await.unwrap();
    let (id, role) = (user_id.clone(), Role::Editor.into());
    let change = pb::UpdateUserRequest { id, role, update_mask: mask(&["role"]), ..pb::UpdateUserRequest::default() };
    users(auth).update_user(ada.request(change)).await.unwrap();
    users(auth).delete_user(ada.request(pb::DeleteUserRequest { id: user_id })).await.unwrap();
    vec![token, bob.refresh_token(), bob.token().to_owned()]
}

async fn change_keys(auth: &Auth, ada: &Person) -> String {
    let made = crate::api_keys::create(auth, ada, crate::api_keys::key("importer")).await.unwrap();
    let id = made.api_key.unwrap().id;
    let mut keys = ApiKeyServiceClient::new(auth.channel());
    let update_mask = mask(&["daily_credit_cap"]);
    let change = pb::UpdateApiKeyRequest { id: id.clone(), update_mask, ..pb::UpdateApiKeyRequest::default() };
    keys.update_api_key(ada.request(change)).await.unwrap();
    keys.delete_api_key(ada.request(pb::DeleteApiKeyRequest { id })).await.unwrap();
    made.secret
}

#[tokio::test]
async fn every_change_leaves_one_entry_and_no_secret() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let before = auth.audited(ada.account()).await.len();
    let site = change_sites(&auth, &ada).await;
    let mut secrets = change_people(&auth, &ada, &site).await;
    secrets.push(change_keys(&auth, &ada).await);
    secrets.push(PASSWORD.to_owned());
    secrets.push("A private matter.".to_owned());

    let expected = [
        "site.created",
        "site.updated",
        "sector.created",
        "sector.updated",
        "sector.deleted",
        "site.deleted",
        "site.restored",
        "invitation.created",
        "invitation.accepted",
        "user.created",
        "session.signed_in",
        "site_access.created",
        "site_access.deleted",
        "user.updated",
        "user.deleted",
        "api_key.created",
        "api_key.updated",
        "api_key.deleted",
    ];
    assert_eq!(auth.audited(ada.account()).await[before..], expected);
    for secret in secrets {
        let found = format!("SELECT FROM igny8_audit_log t WHERE t::text LIKE '%{secret}%'");
        assert_eq!(auth.count(&found).await, 0, "{secret}");
    }
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_what() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "viewer").await;
    let role = Role::Editor.into();
    let id = bob.user().to_string();
    let change = pb::UpdateUserRequest { id, role, update_mask: mask(&["role"]), ..pb::UpdateUserRequest::default() };
    users(&auth).update_user(ada.request(change)).await.unwrap();

    let found = entries(&auth, &ada, pb::AuditFilter { action: "user.updated".to_owned(), ..Default::default() }).await;
    let [entry] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((entry.object.as_str(), entry.object_id.clone()), ("user", Some(bob.user().to_string())));
    assert_eq!(entry.user_id, Some(ada.user().to_string()));
    assert_eq!((&entry.api_key_id, &entry.entered_by), (&None, &None));
    assert_eq!(details(entry), HashMap::from([("fields", "role"), ("role", "editor")]));
    assert!(!entry.request_id.is_empty() && entry.created_at.is_some());
}

#[tokio::test]
async fn programs_and_staff_are_named_as_what_they_are() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let (key, staff) = (Uuid::now_v7(), Uuid::now_v7());
    let program = Actor::program(ada.account(), Role::Admin, key);
    sites(&auth).create_site(program.request(site_input("a.example.com"))).await.unwrap();
    let entered = actor(&ada, Role::Admin).entered_by(staff);
    sites(&auth).create_site(entered.request(site_input("b.example.com"))).await.unwrap();

    let created = pb::AuditFilter { action: "site.created".to_owned(), ..Default::default() };
    let found = entries(&auth, &ada, created).await;
    let by: Vec<_> = found.iter().map(|entry| (entry.api_key_id.clone(), entry.entered_by.clone())).collect();
    assert_eq!(by, [(None, Some(staff.to_string())), (Some(key.to_string()), None)]);
    assert_eq!(found[1].user_id, None);
}

#[tokio::test]
async fn the_log_is_filtered_newest_first_and_seen_by_admins_of_the_account() {
    let auth = Auth::start().await;
    let (ada, bob) = (auth.sign_up("ada@example.com").await, auth.sign_up("bob@example.com").await);
    let one = create_site(&auth, &ada, "one.example.com").await;
    create_site(&auth, &ada, "two.example.com").await;
    delete_site(&auth, &ada, &one).await;

    let sites = pb::AuditFilter { object: "site".to_owned(), ..Default::default() };
    let actions = |entries: Vec<pb::AuditEntry>| entries.into_iter().map(|entry| entry.action).collect::<Vec<_>>();
    let all = entries(&auth, &ada, sites.clone()).await;
    assert_eq!(actions(all), ["site.deleted", "site.created", "site.created"]);
    let of_one = pb::AuditFilter { object_id: Some(one.id), ..sites.clone() };
    assert_eq!(actions(entries(&auth, &ada, of_one).await), ["site.deleted", "site.created"]);
    let of_bob = pb::AuditFilter { user_id: Some(bob.user().to_string()), ..sites.clone() };
    assert_eq!(entries(&auth, &ada, of_bob).await, []);
    assert_eq!(entries(&auth, &bob, sites).await, []);

    let editor = actor(&ada, Role::Editor).request(pb::ListAuditEntriesRequest::default());
    let refused = refusal(AuditServiceClient::new(auth.channel()).list_audit_entries(editor).await);
    assert_eq!(refused.reason(), "ROLE_TOO_LOW");
}
