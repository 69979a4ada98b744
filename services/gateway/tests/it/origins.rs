//! What other sites may make a browser do.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{Send, World, sign_up};

const SIGN_OUT: &str = "/api/v1/auth/sign_out/";

async fn signed_in(settings: &[&str]) -> (World, String) {
    let world = World::with(settings).await;
    world.sign_up("ada@example.com").await;
    let cookie = world.sign_in_with_cookie("ada@example.com").await;
    (world, cookie)
}

fn sign_out(world: &World, cookie: &str) -> RequestBuilder {
    world.request(Method::POST, SIGN_OUT).header("cookie", cookie)
}

#[tokio::test]
async fn another_site_cannot_use_the_session_of_its_visitor() {
    let (world, cookie) = signed_in(&[]).await;
    sign_out(&world, &cookie).header("origin", "https://evil.example").answer().await.refused(403, "CROSS_ORIGIN");
    sign_out(&world, &cookie).header("sec-fetch-site", "cross-site").answer().await.refused(403, "CROSS_ORIGIN");
    sign_out(&world, &cookie).header("sec-fetch-site", "same-site").answer().await.refused(403, "CROSS_ORIGIN");
    sign_out(&world, &cookie).header("origin", "null").answer().await.refused(403, "CROSS_ORIGIN");
    world.get("/api/v1/auth/me/").header("cookie", &cookie).answer().await.expect(200);
}

#[tokio::test]
async fn our_own_pages_use_it() {
    let (world, cookie) = signed_in(&[]).await;
    let change = json!({"name": "Countess"});
    let patch = || world.request(Method::PATCH, "/api/v1/auth/me/").header("cookie", &cookie).json(&change);
    patch().header("origin", "https://igny8.example").answer().await.expect(200);
    patch().header("sec-fetch-site", "same-origin").answer().await.expect(200);
    sign_out(&world, &cookie).answer().await.expect(200);
}

#[tokio::test]
async fn a_token_is_not_sent_by_itself_and_so_needs_no_origin() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let out = world.request(Method::POST, SIGN_OUT).bearer_auth(&owner.token).header("origin", "https://evil.example");
    out.answer().await.expect(200);
}

#[tokio::test]
async fn another_site_cannot_sign_its_visitor_in_as_somebody() {
    let world = World::start().await;
    let request = world.post("/api/v1/auth/sign_up/", &sign_up("eve@example.com"));
    request.header("origin", "https://evil.example").answer().await.refused(403, "CROSS_ORIGIN");
}

#[tokio::test]
async fn only_the_named_origins_may_read_answers() {
    let world = World::with(&["--cors-origins=https://app.example.com"]).await;
    let read = |origin: &'static str| world.get("/api/v1/auth/industries/").header("origin", origin).answer();
    let named = read("https://app.example.com").await;
    assert_eq!(named.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(named.header("access-control-allow-credentials"), "true");
    for origin in
        ["https://app.example.com.evil.example", "http://app.example.com", "https://app.example.com:8443", "null"]
    {
        let other = read(origin).await;
        assert_eq!(other.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_credential() {
    let world = World::with(&["--cors-origins=https://app.example.com"]).await;
    let ask = |origin: &'static str| {
        let request = world.request(Method::OPTIONS, "/api/v1/auth/sites/").header("origin", origin);
        request.header("access-control-request-method", "POST").answer()
    };
    let named = ask("https://app.example.com").await;
    named.expect(200);
    assert_eq!(named.header("access-control-allow-origin"), "https://app.example.com");
    assert!(named.header("access-control-allow-methods").contains("PATCH"));
    assert!(named.header("access-control-allow-headers").contains("idempotency-key"));
    assert_eq!(ask("https://evil.example").await.header("access-control-allow-origin"), "");
}
