//! Who may come in, and as whom.

use contracts::rest::v1::Role;
use reqwest::Method;
use rpc::token::{Signer, generate_pkcs8};
use serde_json::json;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Answer, PASSWORD, Send, World};

const ME: &str = "/api/v1/auth/me/";

async fn me(world: &World, authorization: &str) -> Answer {
    world.get(ME).header("authorization", authorization).answer().await
}

#[tokio::test]
async fn nobody_is_asked_for_a_token() {
    let world = World::start().await;
    let answer = world.get(ME).answer().await;
    answer.refused(401, "TOKEN_REQUIRED");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="igny8""#);
}

#[tokio::test]
async fn a_token_that_does_not_verify_is_refused() {
    let world = World::start().await;
    let actor = || Actor::new(Uuid::now_v7(), Role::Owner);
    let signed_by_a_stranger = {
        let key = generate_pkcs8();
        Signer::new("stranger", &key).unwrap().sign(&actor().claims).unwrap()
    };
    let mut for_others = actor();
    for_others.claims.aud = "others".to_owned();
    let mut from_others = actor();
    from_others.claims.iss = "others".to_owned();
    let mut changed = actor().token();
    changed.truncate(changed.len() - 4);
    // {"alg":"HS256","typ":"JWT","kid":"testkit"} and {"alg":"none"}, with the claims of a good token.
    let claims = actor().token().split('.').nth(1).unwrap().to_owned();
    let symmetric = format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InRlc3RraXQifQ.{claims}.AAAA");
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");

    let cases =
        [signed_by_a_stranger, for_others.token(), from_others.token(), changed, symmetric, unsigned, "x".to_owned()];
    for token in cases {
        let answer = me(&world, &format!("Bearer {token}")).await;
        answer.refused(401, "TOKEN_INVALID");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="igny8", error="invalid_token""#);
    }
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let world = World::start().await;
    let mut actor = Actor::new(Uuid::now_v7(), Role::Owner);
    actor.claims.exp -= 3600;
    me(&world, &format!("Bearer {}", actor.token())).await.refused(401, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_well_signed_token_without_a_session_behind_it_is_refused_by_auth() {
    let world = World::start().await;
    let actor = Actor::new(Uuid::now_v7(), Role::Owner);
    me(&world, &format!("Bearer {}", actor.token())).await.expect(401);
}

#[tokio::test]
async fn an_authorization_of_another_kind_is_refused() {
    let world = World::start().await;
    for header in ["Basic YTpi", "Bearer", "Bearer ", "token"] {
        me(&world, header).await.refused(401, "AUTHORIZATION_MALFORMED");
    }
}

#[tokio::test]
async fn the_scheme_is_read_whatever_its_case() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    me(&world, &format!("bearer {}", owner.token)).await.expect(200);
}

#[tokio::test]
async fn a_cookie_session_works_until_it_is_signed_out_and_not_a_moment_longer() {
    let world = World::start().await;
    world.sign_up("ada@example.com").await;
    let cookie = world.sign_in_with_cookie("ada@example.com").await;
    assert!(cookie.starts_with("__Host-session="));

    let before = world.get(ME).header("cookie", &cookie).answer().await;
    assert_eq!(before.expect(200).json["data"]["user"]["email"], "ada@example.com");

    let out = world.request(Method::POST, "/api/v1/auth/sign_out/").header("cookie", &cookie).answer().await;
    out.expect(200);
    assert!(out.header("set-cookie").starts_with("__Host-session=; Path=/; Max-Age=0;"), "{out:?}");
    world.get(ME).header("cookie", &cookie).answer().await.refused(401, "SESSION_ENDED");
}

#[tokio::test]
async fn the_cookie_is_for_this_host_over_https_and_out_of_reach_of_scripts() {
    let world = World::start().await;
    world.sign_up("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "cookie": true});
    let answer = world.post("/api/v1/auth/sign_in/", &body).answer().await;
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age="] {
        assert!(answer.header("set-cookie").contains(attribute), "{attribute}");
    }
    assert_eq!(answer.json["data"]["access_token"], json!(null));
}

#[tokio::test]
async fn signing_out_with_a_token_ends_that_token_too() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let bearer = format!("Bearer {}", owner.token);
    me(&world, &bearer).await.expect(200);
    world.request(Method::POST, "/api/v1/auth/sign_out/").bearer_auth(&owner.token).answer().await.expect(200);
    me(&world, &bearer).await.refused(401, "SESSION_ENDED");
}

#[tokio::test]
async fn a_program_works_with_its_key_until_the_key_is_revoked() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let body = json!({"name": "importer", "role": "viewer"});
    let made = world.post("/api/v1/auth/api_keys/", &body).bearer_auth(&owner.token).answer().await;
    made.expect(201);
    let secret = made.json["data"]["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("igny8_"));

    let program = me(&world, &format!("Bearer {secret}")).await;
    assert_eq!(program.expect(200).json["data"]["user"], json!(null));
    world.get("/api/v1/auth/sessions/").bearer_auth(&secret).answer().await.refused(403, "USER_REQUIRED");
    world.post("/api/v1/auth/sites/", &json!({})).bearer_auth(&secret).answer().await.refused(403, "ROLE_TOO_LOW");

    let path = format!("/api/v1/auth/api_keys/{}/", made.json["data"]["api_key"]["id"].as_str().unwrap());
    world.request(Method::DELETE, &path).bearer_auth(&owner.token).answer().await.expect(200);
    me(&world, &format!("Bearer {secret}")).await.refused(401, "API_KEY_INVALID");
}

#[tokio::test]
async fn what_a_client_claims_under_our_names_goes_no_further() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let other = world.sign_up("eve@example.com").await;
    let request = world.get("/api/v1/auth/account/").bearer_auth(&owner.token);
    let answer = request.header("x-igny8-account", &other.account).header("x-request-id", "mine").answer().await;
    assert_eq!(answer.expect(200).json["data"]["id"], owner.account.as_str());
    assert_ne!(answer.header("x-request-id"), "mine");
}
