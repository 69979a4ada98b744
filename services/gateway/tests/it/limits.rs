//! How much, how often and how slowly one may ask.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{PASSWORD, Send, World};

const SIGN_IN: &str = "/api/v1/auth/sign_in/";

/// A connection on which the head of a sign-in was sent and `sent` of its body.
async fn begun(world: &World, head: &str, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await.unwrap();
    let request =
        format!("POST {SIGN_IN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{head}\r\n\r\n{sent}");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
    let world = World::start().await;
    let large = format!("{{\"email\": \"{}\"}}", "x".repeat(1 << 20));
    let announced =
        world.request(reqwest::Method::POST, SIGN_IN).header("content-type", "application/json").body(large);
    announced.answer().await.refused(413, "BODY_TOO_LARGE");

    let chunk = format!("{:x}\r\n{}\r\n", 1 << 19, "x".repeat(1 << 19));
    let head = "transfer-encoding: chunked\r\nconnection: close";
    let answer = rest(begun(&world, head, &format!("{chunk}{chunk}1\r\nx\r\n")).await).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_cut_off() {
    let world = World::with(&["--body-timeout-seconds=1"]).await;
    let mut stream = begun(&world, "content-length: 100", "{").await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.write_all(b" ").await.unwrap();
    }
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"BODY_TIMEOUT\""), "{answer}");
}

#[tokio::test]
async fn attempts_at_credentials_are_few_for_one_address_and_the_answers_say_how_many() {
    let world = World::with(&["--rate-address-credential=2"]).await;
    let attempt = || world.post(SIGN_IN, &json!({"email": "ada@example.com", "password": PASSWORD})).answer();
    let first = attempt().await;
    first.expect(401);
    assert_eq!(first.header("ratelimit-policy"), r#""address-credential";q=2;w=60"#);
    assert_eq!(first.header("ratelimit"), r#""address-credential";r=1;t=30"#);
    attempt().await.expect(401);

    let third = attempt().await;
    third.refused(429, "RATE_LIMITED");
    assert_eq!(third.json["code"], "RESOURCE_EXHAUSTED");
    let seconds: u64 = third.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert!(third.header("ratelimit").starts_with(r#""address-credential";r=0;t="#));
    world.get("/api/v1/auth/industries/").answer().await.expect(200);
}

#[tokio::test]
async fn an_account_has_a_limit_of_its_own() {
    let world = World::with(&["--rate-account-standard=1"]).await;
    let (ada, eve) = (world.sign_up("ada@example.com").await, world.sign_up("eve@example.com").await);
    let me = |token: &str| world.get("/api/v1/auth/me/").bearer_auth(token).answer();
    let first = me(&ada.token).await;
    first.expect(200);
    let policies: Vec<_> =
        first.headers.get_all("ratelimit-policy").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(policies, [r#""account-standard";q=1;w=60"#, r#""address-standard";q=1200;w=60"#]);
    me(&ada.token).await.refused(429, "RATE_LIMITED");
    me(&eve.token).await.expect(200);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_counted_by_itself() {
    let world = World::with(&["--rate-address-standard=1", "--trusted-proxies=127.0.0.0/8"]).await;
    let list = |client: &'static str| world.get("/api/v1/auth/industries/").header("x-forwarded-for", client).answer();
    list("203.0.113.1").await.expect(200);
    list("203.0.113.1").await.expect(429);
    list("203.0.113.2").await.expect(200);
    list("2001:db8::1").await.expect(200);
    list("2001:db8::2").await.expect(429);
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_talks_their_way_out_of_the_limit() {
    let world = World::with(&["--rate-address-standard=1"]).await;
    let list = |client: &'static str| world.get("/api/v1/auth/industries/").header("x-forwarded-for", client).answer();
    list("203.0.113.1").await.expect(200);
    list("203.0.113.2").await.expect(429);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_at_once() {
    let world = World::with(&["--admission-unary=1"]).await;
    let holder = begun(&world, "content-length: 100", "{").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = world.get("/api/v1/auth/industries/").answer().await;
    refused.refused(503, "OVERLOADED");
    assert_eq!(refused.header("retry-after"), "1");
    world.get("/healthz").answer().await.expect(200);
    drop(holder);
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.get("/api/v1/auth/industries/").answer().await.expect(200);
}
