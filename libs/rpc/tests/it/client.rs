use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use rpc::client::{Channel, Target};
use rpc::{Kind, Peer};
use tokio::net::TcpListener;
use tonic::metadata::MetadataMap;

use crate::fleet::{Fleet, Server, answer, call, metadata};

const SIGN_IN: &str = "SessionService/SignIn";

fn saying(name: &'static str) -> axum::Router {
    axum::Router::new().fallback(move || async move { answer(name.as_bytes()) })
}

async fn serve(fleet: &Fleet, name: &'static str) -> Server {
    fleet.serve(&fleet.authority.identity("auth"), saying(name)).await
}

#[tokio::test]
async fn calls_go_to_all_addresses_in_turn() {
    let fleet = Fleet::new();
    let (one, other) = (serve(&fleet, "one").await, serve(&fleet, "other").await);
    let target = Target::at("auth", [one.address, other.address]);
    let channel = Channel::new(&target, &fleet.authority.identity("gateway"));
    let mut said = Vec::new();
    for _ in 0..100 {
        said.push(call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap());
    }
    let ones = said.iter().filter(|name| *name == "one").count();
    assert!((40..=60).contains(&ones), "{ones} of 100 went to the first of two");
}

#[tokio::test]
async fn a_dead_address_rests_and_calls_go_on() {
    let fleet = Fleet::new();
    let (alive, dead) = (serve(&fleet, "alive").await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (dead_address, tried) = (dead.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&tried);
    tokio::spawn(async move {
        while let Ok((connection, _)) = dead.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            drop(connection);
        }
    });
    let target = Target::at("auth", [dead_address, alive.address]);
    let channel = Channel::new(&target, &fleet.authority.identity("gateway"));
    for _ in 0..100 {
        assert_eq!(call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap(), "alive");
    }
    assert_eq!(tried.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn no_call_fails_when_one_of_two_servers_goes_down_gracefully() {
    let fleet = Fleet::new();
    let (leaving, staying) = (serve(&fleet, "leaving").await, serve(&fleet, "staying").await);
    let target = Target::at("auth", [leaving.address, staying.address]);
    let channel = Channel::new(&target, &fleet.authority.identity("gateway"));
    let mut leaving = Some(leaving);
    for n in 0..100 {
        if n == 50 {
            leaving.take();
        }
        call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap();
    }
    assert_eq!(call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap(), "staying");
}

#[tokio::test]
async fn a_service_that_comes_back_is_called_at_once() {
    let fleet = Fleet::new();
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let channel = fleet.channel("gateway", address);
    let error = call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (Kind::Unavailable, Some(Duration::from_secs(1))));

    let listener = TcpListener::bind(address).await.unwrap();
    let _auth = fleet.serve_on(listener, &fleet.authority.identity("auth"), saying("back"));
    assert_eq!(call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap(), "back");
}

/// Handshakes, and then says nothing more.
async fn mute(fleet: &Fleet) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = rpc::tls::accept(listener, &fleet.authority.identity("auth"));
    tokio::spawn(incoming.map(Box::new).collect::<Vec<_>>());
    address
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_though_the_server_hangs() {
    let fleet = Fleet::new();
    let channel = fleet.channel("gateway", mute(&fleet).await);
    let begun = Instant::now();
    let error = call(&channel, SIGN_IN, metadata(&[("grpc-timeout", "300m")])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::DeadlineExceeded);
    assert!((Duration::from_millis(290)..Duration::from_secs(2)).contains(&begun.elapsed()));
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_though_the_answer_has_begun() {
    let fleet = Fleet::new();
    let begin_and_hang = || async {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::convert::Infallible>>());
        Response::builder().header("content-type", "application/grpc").body(body).unwrap()
    };
    let identity = fleet.authority.identity("auth");
    let auth = fleet.serve(&identity, axum::Router::new().fallback(begin_and_hang)).await;
    let channel = fleet.channel("gateway", auth.address);
    let begun = Instant::now();
    let error = call(&channel, SIGN_IN, metadata(&[("grpc-timeout", "300m")])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::DeadlineExceeded);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn what_is_left_of_a_deadline_goes_down_to_the_next_service() {
    let fleet = Fleet::new();
    let timeout = |request: axum::extract::Request| async move { answer(request.headers()["grpc-timeout"].as_bytes()) };
    let auth = fleet.serve(&fleet.authority.identity("auth"), axum::Router::new().fallback(timeout)).await;
    let channel = fleet.channel("gateway", auth.address);
    let of_the_contract = call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap();
    assert!(milliseconds(&of_the_contract) > 9_000);

    let mut request = tonic::Request::new(());
    request.set_timeout(Duration::from_secs(3));
    let peer: Peer = rpc::peer(&request);
    let of_the_caller = call(&channel.with(&peer), SIGN_IN, MetadataMap::new()).await.unwrap();
    assert!((2_000..=3_000).contains(&milliseconds(&of_the_caller)));
}

fn milliseconds(timeout: &str) -> u64 {
    timeout.strip_suffix('m').unwrap().parse().unwrap()
}
