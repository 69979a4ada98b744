//! API keys: shown once, bounded, and ended for good.

use std::time::{Duration, SystemTime};

use contracts::auth::v1 as pb;
use contracts::auth::v1::api_key_service_client::ApiKeyServiceClient;
use contracts::auth::v1::exchange_request::Credential;
use contracts::rest::v1::Role;
use rpc::client::Channel;
use rpc::{Error, Kind};
use uuid::Uuid;

use crate::fixtures::{actor, create_site, mask, wrong_fields};
use crate::harness::{Auth, Person, refusal};

fn client(auth: &Auth) -> ApiKeyServiceClient<Channel> {
    ApiKeyServiceClient::new(auth.channel())
}

pub fn key(name: &str) -> pb::CreateApiKeyRequest {
    pb::CreateApiKeyRequest { name: name.to_owned(), role: Role::Editor.into(), ..pb::CreateApiKeyRequest::default() }
}

pub async fn create(auth: &Auth, by: &Person, request: pb::CreateApiKeyRequest) -> Result<pb::CreatedApiKey, Error> {
    Ok(client(auth).create_api_key(by.request(request)).await?.into_inner())
}

async fn list(auth: &Auth, by: &Person) -> Vec<pb::ApiKey> {
    client(auth).list_api_keys(by.request(pb::ListApiKeysRequest::default())).await.unwrap().into_inner().results
}

#[tokio::test]
async fn a_secret_is_shown_once_and_stored_nowhere() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let pb::CreatedApiKey { api_key, secret } = create(&auth, &ada, key("importer")).await.unwrap();
    let api_key = api_key.unwrap();
    assert!(secret.starts_with("igny8_") && secret.len() == 6 + 43 + 8, "{secret}");
    assert!(secret.starts_with(&api_key.prefix) && api_key.prefix.len() == 12);
    assert_eq!((api_key.name.as_str(), api_key.role(), api_key.last_used_at), ("importer", Role::Editor, None));
    auth.exchange(Credential::ApiKey(secret.clone())).await.unwrap();

    let get = pb::GetApiKeyRequest { id: api_key.id.clone() };
    let read = client(&auth).get_api_key(ada.request(get)).await.unwrap().into_inner();
    assert_eq!((read.id.as_str(), read.prefix.as_str()), (api_key.id.as_str(), api_key.prefix.as_str()));
    for table in ["igny8_api_keys", "igny8_audit_log", "igny8_idempotency_keys"] {
        let found = format!("SELECT FROM {table} t WHERE t::text LIKE '%{}%'", &secret[12..]);
        assert_eq!(auth.count(&found).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_key_can_do_no_more_than_who_made_it_and_nothing_once_they_are_out() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let admin = auth.add_user(&ada, "admin@example.com", "admin").await;
    let request = pb::CreateApiKeyRequest { role: Role::Admin.into(), ..key("importer") };
    let secret = create(&auth, &admin, request).await.unwrap().secret;
    let role = async || {
        let token = auth.exchange(Credential::ApiKey(secret.clone())).await?;
        Ok::<_, Error>(auth.app.keys.verify(&token).await?.role)
    };
    assert_eq!(role().await.unwrap(), Role::Admin);
    auth.execute("UPDATE igny8_users SET role = 'viewer' WHERE email = 'admin@example.com'").await;
    assert_eq!(role().await.unwrap(), Role::Viewer);
    auth.execute("UPDATE igny8_users SET active = false WHERE email = 'admin@example.com'").await;
    assert_eq!(role().await.unwrap_err().reason(), "API_KEY_INVALID");
}

#[tokio::test]
async fn a_key_is_bounded_by_role_sites_cap_and_time() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let tomorrow = SystemTime::now() + Duration::from_hours(24);
    let request = pb::CreateApiKeyRequest {
        site_ids: vec![site.id.clone()],
        daily_credit_cap: Some(500),
        expires_at: Some(tomorrow.into()),
        ..key("importer")
    };
    let made = create(&auth, &ada, request).await.unwrap().api_key.unwrap();
    assert_eq!((made.site_ids.as_slice(), made.daily_credit_cap), ([site.id.clone()].as_slice(), Some(500)));
    assert!(made.expires_at.is_some());

    let too_high = pb::CreateApiKeyRequest { role: Role::Owner.into(), ..key("importer") };
    let admin = actor(&ada, Role::Admin).user(ada.user());
    assert_eq!(refusal(client(&auth).create_api_key(admin.request(too_high)).await).reason(), "ROLE_NOT_GRANTABLE");
    let developer = pb::CreateApiKeyRequest { role: Role::Developer.into(), ..key("importer") };
    assert_eq!(create(&auth, &ada, developer).await.unwrap_err().reason(), "ROLE_NOT_GRANTABLE");
    let past = pb::CreateApiKeyRequest { expires_at: Some(SystemTime::UNIX_EPOCH.into()), ..key("importer") };
    assert_eq!(wrong_fields(client(&auth).create_api_key(ada.request(past)).await), ["expires_at"]);
    let site_ids = vec![site.id, Uuid::nil().to_string()];
    let nowhere = pb::CreateApiKeyRequest { site_ids, ..key("importer") };
    assert_eq!(wrong_fields(client(&auth).create_api_key(ada.request(nowhere)).await), ["site_ids.1"]);
}

#[tokio::test]
async fn a_key_cannot_make_keys() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let program = testkit::Actor::program(ada.account(), Role::Admin, Uuid::now_v7());
    let refused = refusal(client(&auth).create_api_key(program.request(key("another"))).await);
    assert_eq!(refused.kind(), Kind::PermissionDenied);
}

#[tokio::test]
async fn name_and_cap_of_a_key_are_changed_and_cleared() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let request = pb::CreateApiKeyRequest { daily_credit_cap: Some(500), ..key("importer") };
    let made = create(&auth, &ada, request).await.unwrap().api_key.unwrap();
    let update = async |fields: &[&str], name: &str| {
        let (id, name) = (made.id.clone(), name.to_owned());
        let request = pb::UpdateApiKeyRequest { id, name, update_mask: mask(fields), daily_credit_cap: None };
        client(&auth).update_api_key(ada.request(request)).await.unwrap().into_inner()
    };
    assert_eq!(update(&["name"], "exporter").await, pb::ApiKey { name: "exporter".to_owned(), ..made.clone() });
    assert_eq!(update(&["daily_credit_cap"], "").await.daily_credit_cap, None);
    assert_eq!(update(&[], "").await.name, "exporter");
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_is_not_listed() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.sign_up("bob@example.com").await;
    let first = create(&auth, &ada, key("first")).await.unwrap();
    create(&auth, &ada, key("second")).await.unwrap();
    assert_eq!(list(&auth, &ada).await.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(list(&auth, &bob).await, []);

    let delete = pb::DeleteApiKeyRequest { id: first.api_key.unwrap().id };
    let foreign = client(&auth).delete_api_key(bob.request(delete.clone())).await;
    assert_eq!(refusal(foreign).kind(), Kind::NotFound);
    client(&auth).delete_api_key(ada.request(delete.clone())).await.unwrap();
    assert!(auth.exchange(Credential::ApiKey(first.secret)).await.is_err());
    assert_eq!(list(&auth, &ada).await.len(), 1);
    assert_eq!(refusal(client(&auth).delete_api_key(ada.request(delete)).await).kind(), Kind::NotFound);
}
