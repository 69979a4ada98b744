//! Files that people send.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::unfold;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, RequestBuilder};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::backend::{TASK, Upload};
use crate::harness::{Person, Send, World};

const PATH: &str = "/api/v1/planner/imports/";

fn fields() -> Form {
    Form::new().text("site_id", TASK).text("sector_id", TASK).text("country", "de")
}

fn upload(world: &World, person: &Person, form: Form) -> RequestBuilder {
    world.request(reqwest::Method::POST, PATH).bearer_auth(&person.token).multipart(form)
}

/// One that goes well. Before the first call a connection and auth's keys are fetched, and a quick end would not reach the service at all.
async fn warm_up(world: &World, person: &Person) {
    let part = Part::bytes(b"a".as_slice()).file_name("a.csv");
    upload(world, person, fields().part("file", part)).answer().await.expect(201);
    world.planner.forget_upload();
}

/// `frames` times 64 KiB, counted as they leave; a second apart when they are slow.
fn endless(frames: usize, slowly: bool) -> (Body, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let body = unfold(0, move |frame| {
        let count = Arc::clone(&count);
        async move {
            if slowly {
                tokio::time::sleep(Duration::from_secs(if frame == 0 { 0 } else { 60 })).await;
            }
            count.fetch_add(64 << 10, Ordering::Relaxed);
            (frame < frames).then(|| (Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 64 << 10])), frame + 1))
        }
    });
    (Body::wrap_stream(body), sent)
}

#[tokio::test]
async fn a_file_arrives_whole_in_pieces_with_the_fields_before_it() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let file: Vec<u8> = (0..3_000_001_u32).map(|index| u8::try_from(index % 251).unwrap()).collect();
    let part = Part::bytes(file.clone()).file_name("C:\\lists\\mine.csv");
    let answer = upload(&world, &ada, fields().part("file", part)).answer().await;
    let data = &answer.expect(201).json["data"];
    assert_eq!(
        (&data["site_id"], &data["country"], &data["file_name"]),
        (&json!(TASK), &json!("de"), &json!("mine.csv"))
    );
    assert!(world.planner.uploaded().await == Upload::Whole { file, largest_piece: 64 << 10 });
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let part = Part::bytes(b"".as_slice()).file_name("empty.csv");
    upload(&world, &ada, fields().part("file", part)).answer().await.expect(201);
    assert_eq!(world.planner.uploaded().await, Upload::Whole { file: Vec::new(), largest_piece: 0 });
}

#[tokio::test]
async fn what_is_wrong_with_the_form_is_said() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let part = || Part::bytes(b"a".as_slice()).file_name("a.csv");
    let send = async |form| upload(&world, &ada, form).answer().await;
    let missing = send(fields()).await;
    assert!(missing.refused(400, "INVALID_FIELD").json["errors"]["file"].is_array());
    let misspelt = send(fields().text("contry", "de").part("file", part())).await;
    assert_eq!(misspelt.refused(400, "INVALID_FIELD").json["errors"]["contry"], json!(["There is no such field."]));
    let smuggled = send(fields().text("piece", "YQ==").part("file", part())).await;
    assert!(smuggled.refused(400, "INVALID_FIELD").json["errors"]["piece"].is_array());
    let invalid = send(Form::new().text("site_id", "7").part("file", part())).await;
    assert!(invalid.refused(400, "INVALID_FIELD").json["errors"]["sector_id"].is_array());
    let large = send(fields().text("country", "x".repeat(65 << 10)).part("file", part())).await;
    large.refused(413, "BODY_TOO_LARGE");

    let post = || world.request(reqwest::Method::POST, PATH).bearer_auth(&ada.token);
    post().json(&json!({})).answer().await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let broken = post().header("content-type", "multipart/form-data; boundary=x").body("no form at all");
    broken.answer().await.refused(400, "MALFORMED_FORM");
    let query = world.request(reqwest::Method::POST, &format!("{PATH}?country=de")).bearer_auth(&ada.token);
    query.multipart(fields().part("file", part())).answer().await.refused(400, "INVALID_FIELD");
    world.request(reqwest::Method::POST, PATH).multipart(fields()).answer().await.refused(401, "TOKEN_REQUIRED");
}

#[tokio::test]
async fn a_field_after_the_file_is_refused_and_the_file_with_it() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    warm_up(&world, &ada).await;
    let part = || Part::bytes(vec![b'x'; 1_000_000]).file_name("a.csv");
    let form = fields().part("file", part()).part("file", part());
    upload(&world, &ada, form).answer().await.refused(400, "FIELD_AFTER_FILE");
    assert!(world.planner.uploaded().await == Upload::BrokenOff);
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_whether_it_says_so_or_not() {
    let world = World::with(&["--upload-limit-bytes=1000000"]).await;
    let ada = world.sign_up("ada@example.com").await;
    let announced = Part::bytes(vec![b'x'; 1_000_001]).file_name("a.csv");
    upload(&world, &ada, fields().part("file", announced)).answer().await.refused(413, "BODY_TOO_LARGE");
    warm_up(&world, &ada).await;
    let (body, _) = endless(20, false);
    let counted = upload(&world, &ada, fields().part("file", Part::stream(body).file_name("a.csv")));
    counted.answer().await.refused(413, "BODY_TOO_LARGE");
    assert!(world.planner.uploaded().await == Upload::BrokenOff);
}

#[tokio::test]
async fn a_file_that_stops_coming_is_cut_off() {
    let world = World::with(&["--body-timeout-seconds=1"]).await;
    let ada = world.sign_up("ada@example.com").await;
    let (body, _) = endless(9, true);
    let slow = upload(&world, &ada, fields().part("file", Part::stream(body).file_name("a.csv")));
    slow.answer().await.refused(408, "BODY_TIMEOUT");
    assert!(world.planner.uploaded().await == Upload::BrokenOff);
}

#[tokio::test]
async fn a_sender_that_leaves_leaves_no_file() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await.unwrap();
    let field = |name: &str| format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{TASK}\r\n");
    let file = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let head =
        format!("POST {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 9000000", ada.token);
    let request = format!(
        "{head}\r\ncontent-type: multipart/form-data; boundary=x\r\n\r\n{}{}{file}{}",
        field("site_id"),
        field("sector_id"),
        "x".repeat(200_000)
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(stream);
    assert!(world.planner.uploaded().await == Upload::BrokenOff);
}

#[tokio::test]
async fn a_slow_service_holds_the_sender_back_and_not_the_file_in_memory() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    world.planner.stop_reading();
    let (body, sent) = endless(2000, false);
    let request = upload(&world, &ada, fields().part("file", Part::stream(body).file_name("a.csv")));
    let sending = tokio::spawn(request.send());
    tokio::time::sleep(Duration::from_secs(2)).await;
    // What fits into the buffers of the sockets.
    assert!(sent.load(Ordering::Relaxed) < 32 << 20, "{} bytes were taken in", sent.load(Ordering::Relaxed));
    assert!(!sending.is_finished());
    sending.abort();
}

#[tokio::test]
async fn the_head_of_a_part_that_does_not_end_is_refused() {
    let world = World::start().await;
    let ada = world.sign_up("ada@example.com").await;
    let body = ["--x\r\nx-padding: ".to_owned(), "x".repeat(6 << 20)].concat();
    let post = world.request(reqwest::Method::POST, PATH).bearer_auth(&ada.token);
    let endless = post.header("content-type", "multipart/form-data; boundary=x").body(body);
    endless.answer().await.refused(400, "MALFORMED_FORM");
}
