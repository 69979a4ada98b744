//! What the gateway gets for a cookie, an API key or an access token.

use auth::secrets::Secret;
use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use contracts::rest::v1::Role;
use rpc::Kind;
use rpc::token::Claims;
use testkit::anonymous;
use uuid::Uuid;

use crate::fixtures::mask;
use crate::harness::{Auth, PASSWORD, Person, refusal, sign_up_request};

async fn claims(auth: &Auth, token: &str) -> Claims {
    Claims::clone(&*auth.app.keys.verify(token).await.unwrap())
}

/// Signs in as a browser does.
async fn cookie(auth: &Auth, email: &str) -> Credential {
    let request = pb::SignInRequest { email: email.to_owned(), password: PASSWORD.to_owned(), cookie: true };
    let answer = auth.sessions().sign_in(anonymous(request)).await.unwrap();
    Credential::Session(answer.metadata().get("x-igny8-session").unwrap().to_str().unwrap().to_owned())
}

async fn exchanged(auth: &Auth, person: &Person) -> Result<String, rpc::Error> {
    auth.exchange(Credential::AccessToken(person.token().to_owned())).await
}

/// A key as `CreateApiKey` leaves one.
async fn api_key(auth: &Auth, person: &Person) -> (Uuid, Credential) {
    let (account, user, id, key) = (person.account(), person.user(), Uuid::now_v7(), Secret::api_key());
    let secret = key.text();
    auth.execute(&format!(
        "INSERT INTO igny8_api_keys (account_id, id, name, prefix, secret_hash, role, created_by)
         VALUES ('{account}', '{id}', 'Key', 'igny8_', sha256('{secret}'), 'editor', '{user}')"
    ))
    .await;
    (id, Credential::ApiKey(key.text().to_owned()))
}

#[tokio::test]
async fn a_cookie_becomes_a_token_of_its_user() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let token = auth.exchange(cookie(&auth, "ada@example.com").await).await.unwrap();
    let claims = claims(&auth, &token).await;
    assert_eq!((claims.account, claims.user, claims.role), (ada.account(), Some(ada.user()), Role::Owner));
    assert_eq!((claims.sites, claims.read_only, claims.system, claims.act), (vec![], false, false, None));
    assert!(claims.session.is_some());
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_after_its_session() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let cookie = cookie(&auth, "ada@example.com").await;
    let token = auth.exchange(cookie.clone()).await.unwrap();
    let ada = Person(pb::Tokens { access_token: Some(token), ..pb::Tokens::default() });
    auth.sessions().sign_out(ada.request(pb::SignOutRequest {})).await.unwrap();
    let error = auth.exchange(cookie).await.unwrap_err();
    assert_eq!((error.kind(), error.reason()), (Kind::Unauthenticated, "SESSION_ENDED"));
    let unknown = auth.exchange(Credential::Session("st_unknown".to_owned())).await.unwrap_err();
    assert_eq!(unknown.reason(), "SESSION_ENDED");
}

#[tokio::test]
async fn a_cookie_ends_after_thirty_days() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let cookie = cookie(&auth, "ada@example.com").await;
    auth.execute("UPDATE igny8_sessions SET expires_at = expires_at - interval '30 days'").await;
    assert_eq!(auth.exchange(cookie).await.unwrap_err().reason(), "SESSION_ENDED");
}

#[tokio::test]
async fn an_editor_without_grants_may_see_no_site_at_all() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    auth.add_user(&ada, "grace@example.com", "editor").await;
    let token = auth.exchange(cookie(&auth, "grace@example.com").await).await.unwrap();
    assert_eq!(claims(&auth, &token).await.sites, [Uuid::nil()]);
}

#[tokio::test]
async fn an_api_key_becomes_a_token_of_a_program() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let (id, key) = api_key(&auth, &ada).await;
    let site = Uuid::now_v7();
    auth.execute(&format!("UPDATE igny8_api_keys SET site_ids = '{{{site}}}'")).await;
    let claims = claims(&auth, &auth.exchange(key).await.unwrap()).await;
    assert_eq!((claims.account, claims.api_key, claims.user), (ada.account(), Some(id), None));
    assert_eq!((claims.role, claims.sites), (Role::Editor, vec![site]));
    assert_eq!(auth.count("SELECT FROM igny8_api_keys WHERE last_used_at > now() - interval '1 minute'").await, 1);
}

#[tokio::test]
async fn an_api_key_that_is_revoked_or_over_or_invented_is_refused() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let (_, key) = api_key(&auth, &ada).await;
    let of_key = auth.exchange(key.clone()).await.unwrap();
    for change in ["revoked_at = now()", "revoked_at = NULL, expires_at = now()"] {
        auth.execute(&format!("UPDATE igny8_api_keys SET {change}")).await;
        for credential in [key.clone(), Credential::AccessToken(of_key.clone())] {
            let error = auth.exchange(credential).await.unwrap_err();
            assert_eq!((error.kind(), error.reason()), (Kind::Unauthenticated, "API_KEY_INVALID"), "{change}");
        }
    }
    for invented in ["", "igny8_", Secret::api_key().text()] {
        let error = auth.exchange(Credential::ApiKey(invented.to_owned())).await.unwrap_err();
        assert_eq!(error.reason(), "API_KEY_INVALID");
    }
}

#[tokio::test]
async fn a_key_that_ends_soon_makes_no_token_that_lasts_longer() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let (_, key) = api_key(&auth, &ada).await;
    auth.execute("UPDATE igny8_api_keys SET expires_at = now() + interval '1 minute'").await;
    let claims = claims(&auth, &auth.exchange(key).await.unwrap()).await;
    assert!(claims.exp - claims.iat <= 60);
}

#[tokio::test]
async fn an_access_token_is_given_back_while_it_holds() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    assert_eq!(exchanged(&auth, &ada).await.unwrap(), ada.token());
    auth.sessions().sign_out(ada.request(pb::SignOutRequest {})).await.unwrap();
    assert_eq!(exchanged(&auth, &ada).await.unwrap_err().reason(), "SESSION_ENDED");
}

#[tokio::test]
async fn a_token_made_before_the_epoch_was_counted_up_is_revoked_and_refreshing_helps() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    auth.execute("UPDATE igny8_users SET epoch = epoch + 1, role = 'admin'").await;
    assert_eq!(exchanged(&auth, &ada).await.unwrap_err().reason(), "TOKEN_REVOKED");
    let request = pb::RefreshRequest { refresh_token: ada.refresh_token() };
    let ada = Person(auth.sessions().refresh(anonymous(request)).await.unwrap().into_inner());
    assert_eq!(claims(&auth, &exchanged(&auth, &ada).await.unwrap()).await.role, Role::Admin);
}

#[tokio::test]
async fn a_token_of_somebody_who_is_no_longer_active_is_refused() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let cookie = cookie(&auth, "ada@example.com").await;
    for change in ["active = false", "active = true, deleted_at = now()"] {
        auth.execute(&format!("UPDATE igny8_users SET {change}")).await;
        assert_eq!(exchanged(&auth, &ada).await.unwrap_err().reason(), "SESSION_ENDED");
        assert_eq!(auth.exchange(cookie.clone()).await.unwrap_err().reason(), "SESSION_ENDED");
    }
}

#[tokio::test]
async fn in_a_suspended_account_reading_works_and_writing_does_not() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    auth.execute("UPDATE igny8_accounts SET status = 'suspended' WHERE NOT system").await;
    let token = exchanged(&auth, &ada).await.unwrap();
    assert_ne!(token, ada.token(), "the token of before says that writing is fine");
    let ada = Person(pb::Tokens { access_token: Some(token), ..ada.0 });

    let me = auth.sessions().get_me(ada.request(pb::GetMeRequest {})).await.unwrap().into_inner();
    assert_eq!(me.account.unwrap().status(), pb::AccountStatus::Suspended);
    let update = ada.request(pb::UpdateMeRequest { update_mask: mask(&["name"]), name: "Ada".to_owned() });
    let error = refusal(auth.sessions().update_me(update).await);
    assert_eq!((error.kind(), error.reason()), (Kind::PermissionDenied, "ACCOUNT_SUSPENDED"));
    assert!(auth.sessions().sign_out(ada.request(pb::SignOutRequest {})).await.is_ok());
}

#[tokio::test]
async fn only_the_gateway_exchanges() {
    let auth = Auth::start().await;
    auth.sessions().sign_up(anonymous(sign_up_request())).await.unwrap();
    let credential = Some(cookie(&auth, "ada@example.com").await);
    let channel = auth.served.channel("writer");
    let mut sessions = pb::session_service_client::SessionServiceClient::new(channel);
    let error = refusal(sessions.exchange(anonymous(pb::ExchangeRequest { credential })).await);
    assert_eq!(error.kind(), Kind::PermissionDenied);
    let error = refusal(auth.sessions().exchange(anonymous(pb::ExchangeRequest { credential: None })).await);
    assert_eq!(error.kind(), Kind::InvalidArgument);
}
