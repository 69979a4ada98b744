//! Services that are down, and a gateway that stops.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Send, World};

#[tokio::test]
async fn while_auth_is_down_the_answer_is_to_come_back_and_then_it_works_again() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let paths = ["/api/v1/auth/industries/", "/api/v1/auth/me/"];
    world.get("/api/v1/auth/me/").bearer_auth(&owner.token).answer().await.expect(200);
    world.wire.cut();
    for path in paths {
        let down = world.get(path).bearer_auth(&owner.token).answer().await;
        down.refused(503, "UNAVAILABLE");
        assert_eq!(down.header("retry-after"), "1");
    }
    world.get("/api/docs/").answer().await.expect(200);

    world.wire.mend();
    for path in paths {
        world.get(path).bearer_auth(&owner.token).answer().await.expect(200);
    }
}

#[tokio::test]
async fn a_request_in_hand_is_answered_before_the_gateway_stops() {
    let world = World::start().await;
    let body = r#"{"email": "ada@example.com", "password": "wrong horse battery"}"#;
    let (first, last) = body.split_at(10);
    let address = world.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = "POST /api/v1/auth/sign_in/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{first}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;

    world.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(&address).await.is_err(), "a new connection was accepted");
    stream.write_all(last.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), world.serving).await.unwrap().unwrap().unwrap();
}
