//! What a browser shows: the reference and the console.

use std::fs;

use reqwest::Method;
use service::readiness::Phase;
use tempfile::TempDir;

use crate::harness::{Answer, Send, World};

fn console() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("assets")).unwrap();
    fs::write(directory.path().join("index.html"), "<!doctype html><title>console</title>").unwrap();
    fs::write(directory.path().join("favicon.svg"), "<svg/>").unwrap();
    fs::write(directory.path().join("assets/index-4f3a.js"), "console.log(1)".repeat(100)).unwrap();
    directory
}

#[track_caller]
fn is_locked_down(page: &Answer) {
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(page.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn the_reference_obeys_its_own_content_policy() {
    let world = World::start().await;
    let redirect = world.get("/api/docs").answer().await;
    assert_eq!((redirect.status.as_u16(), redirect.header("location")), (308, "/api/docs/"));
    let page = world.get("/api/docs/").answer().await;
    page.expect(200);
    is_locked_down(&page);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "it loads from elsewhere");
    assert!(!page.text.contains("<style") && !page.text.contains("style=") && !page.text.contains(" on"));
    for tag in page.text.split("<script").skip(1) {
        assert!(tag.contains("src=\"/api/docs/") && tag.contains("></script>"), "an inline script: {tag}");
    }
    for (file, kind) in [("docs.js", "text/javascript"), ("docs.css", "text/css")] {
        let file = world.get(&format!("/api/docs/{file}")).answer().await;
        assert!(file.expect(200).header("content-type").starts_with(kind));
    }
}

#[tokio::test]
async fn the_document_names_every_operation_with_its_final_slash() {
    let world = World::start().await;
    let document = world.get("/api/v1/openapi.json").answer().await;
    document.expect(200);
    assert!(document.json["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document.json["paths"].as_object().unwrap();
    assert!(paths.contains_key("/api/v1/auth/sites/{id}/"));
    assert!(paths.keys().all(|path| path.ends_with('/')));
}

#[tokio::test]
async fn the_console_is_served_and_its_addresses_are_its_own() {
    let directory = console();
    let world = World::with(&[&format!("--web-dir={}", directory.path().display())]).await;
    for path in ["/", "/planner/keywords", "/sites/www.example.com"] {
        let page = world.get(path).header("accept", "text/html,*/*").answer().await;
        page.expect(200);
        assert!(page.text.contains("<title>console</title>"), "{path}");
        assert_eq!(page.header("cache-control"), "no-cache");
        assert!(page.header("content-type").starts_with("text/html"));
        is_locked_down(&page);
    }
    world.get("/planner/keywords").answer().await.expect(200);
    assert_eq!(world.get("/favicon.svg").answer().await.expect(200).header("content-type"), "image/svg+xml");
    world.get("/missing.png").answer().await.refused(404, "NOT_FOUND");
    world.get("/api/v1/nothing").header("accept", "text/html").answer().await.refused(404, "NOT_FOUND");
    world.request(Method::POST, "/planner").answer().await.refused(405, "METHOD_NOT_ALLOWED");
    world.request(Method::HEAD, "/planner").answer().await.expect(200);
}

#[tokio::test]
async fn files_that_carry_their_hash_are_kept_for_ever_and_compressed() {
    let directory = console();
    let world = World::with(&[&format!("--web-dir={}", directory.path().display())]).await;
    let file = world.get("/assets/index-4f3a.js").header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(file.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert!(file.text().await.unwrap().starts_with("console.log"));
    world.get("/assets/index-0000.js").header("accept", "text/html").answer().await.refused(404, "NOT_FOUND");
    world.get("/assets/..%2f..%2fetc/passwd").answer().await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn without_a_console_there_is_nothing_at_the_root() {
    let world = World::with(&["--web-dir=/nowhere"]).await;
    world.get("/").answer().await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn an_answer_of_the_api_is_no_page() {
    let world = World::start().await;
    let answer = world.get("/api/v1/auth/industries/").answer().await;
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("script-src"), "{policy}");
}

#[tokio::test]
async fn the_gateway_says_that_it_lives_and_is_ready() {
    let world = World::start().await;
    assert_eq!(world.get("/healthz").answer().await.expect(200).text, "alive\n");
    assert_eq!(world.get("/readyz").answer().await.expect(200).text, "ready\n");
    world.readiness.enter(Phase::Stopping);
    world.get("/readyz").answer().await.expect(503);
    world.get("/healthz").answer().await.expect(200);
}
