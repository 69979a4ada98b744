//! Signing keys come and go without anybody noticing.

use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use contracts::auth::v1::key_service_client::KeyServiceClient;
use rpc::Kind;
use testkit::anonymous;

use crate::harness::{Auth, refusal};

async fn listed(auth: &Auth) -> Vec<pb::PublicKey> {
    auth.keys().list_public_keys(anonymous(pb::ListPublicKeysRequest {})).await.unwrap().into_inner().keys
}

/// The key that a token names.
fn key_of(token: &str) -> String {
    use base64::Engine as _;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn after_a_rotation_old_tokens_hold_and_new_ones_are_signed_by_the_key_published_before() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let before = listed(&auth).await;
    let published = before.iter().find(|key| key.key_id != key_of(ada.token())).unwrap();
    assert_eq!((before.len(), published.public_key.len()), (2, 32));

    auth.execute("UPDATE igny8_signing_keys SET created_at = created_at - interval '31 days', current_at = current_at - interval '31 days'").await;
    auth.app.keys.rotate().await.unwrap();
    let later = auth.sign_in("ada@example.com").await;
    assert_eq!(key_of(later.token()), published.key_id);
    for person in [&ada, &later] {
        assert!(auth.sessions().get_me(person.request(pb::GetMeRequest {})).await.is_ok());
        assert!(auth.exchange(Credential::AccessToken(person.token().to_owned())).await.is_ok());
    }
    let after = listed(&auth).await;
    let retired = after.iter().find(|key| key.key_id == key_of(ada.token())).unwrap();
    assert!(retired.not_after.is_some());
    assert_eq!(after.len(), 3);

    auth.execute("UPDATE igny8_signing_keys SET not_after = now() - interval '1 second' WHERE state = 'retired'").await;
    auth.app.keys.rotate().await.unwrap();
    assert!(!listed(&auth).await.iter().any(|key| key.key_id == key_of(ada.token())));
}

#[tokio::test]
async fn nothing_moves_before_its_time() {
    let auth = Auth::start().await;
    auth.app.keys.rotate().await.unwrap();
    let before = listed(&auth).await;
    auth.app.keys.rotate().await.unwrap();
    assert_eq!(listed(&auth).await, before);
}

#[tokio::test]
async fn processes_that_start_at_once_agree_on_the_keys() {
    let auth = Auth::start().await;
    let rotate = || auth.app.keys.rotate();
    let (one, two, three) = tokio::join!(rotate(), rotate(), rotate());
    one.and(two).and(three).unwrap();
    assert_eq!(listed(&auth).await.len(), 2);
}

#[tokio::test]
async fn private_keys_are_sealed() {
    let auth = Auth::start().await;
    auth.app.keys.rotate().await.unwrap();
    assert_eq!(auth.count("SELECT FROM igny8_signing_keys WHERE sealed LIKE '%test%'").await, 2);
}

#[tokio::test]
async fn only_services_ask_for_the_keys() {
    let auth = Auth::start().await;
    let mut stranger = KeyServiceClient::new(auth.served.channel("stranger"));
    let error = refusal(stranger.list_public_keys(anonymous(pb::ListPublicKeysRequest {})).await);
    assert_eq!(error.kind(), Kind::PermissionDenied);
}
