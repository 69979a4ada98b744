//! The form of requests and answers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Send, World, sign_up};

const NOWHERE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn site() -> Value {
    json!({"name": "Engines", "domain": "engines.example.com", "sectors": [{"name": "Mills"}]})
}

#[tokio::test]
async fn an_object_comes_in_its_envelope_with_and_without_the_final_slash() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    for path in ["/api/v1/auth/account/", "/api/v1/auth/account"] {
        let answer = world.get(path).bearer_auth(&owner.token).answer().await;
        answer.expect(200);
        assert_eq!(answer.json["success"], json!(true));
        assert_eq!(answer.json["message"], Value::Null);
        assert_eq!(answer.json["data"]["id"], owner.account.as_str());
        assert_eq!(answer.json["data"]["deletes_at"], Value::Null);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-request-id").len(), 36);
    }
}

#[tokio::test]
async fn a_page_links_to_its_neighbours_under_the_public_address() {
    let world = World::start().await;
    let page = |query: &str| world.get(&format!("/api/v1/auth/industries/?{query}")).header("host", "evil.example");
    let first = page("page_size=2&search=a").answer().await;
    first.expect(200);
    assert_eq!(first.json["results"].as_array().unwrap().len(), 2);
    assert!(first.json["count"].as_i64().unwrap() > 4);
    assert_eq!(first.json["count_is_exact"], json!(true));
    assert_eq!(first.json["previous"], Value::Null);
    let next = "https://igny8.example/api/v1/auth/industries/?page_size=2&search=a&page=2";
    assert_eq!(first.json["next"], next);

    let second = page("page_size=2&search=a&page=2").answer().await;
    assert_eq!(second.json["previous"], next.replace("page=2", "page=1"));
    assert_eq!(second.json["next"], next.replace("page=2", "page=3"));
}

#[tokio::test]
async fn a_public_list_needs_no_credential_and_none_is_asked_about() {
    let world = World::start().await;
    world.get("/api/v1/auth/industries/").bearer_auth("of no use").answer().await.expect(200);
}

#[tokio::test]
async fn an_object_is_made_changed_and_deleted() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let made = world.post("/api/v1/auth/sites/", &site()).bearer_auth(&owner.token).answer().await;
    made.expect(201);
    let path = format!("/api/v1/auth/sites/{}/", made.json["data"]["id"].as_str().unwrap());

    let change = json!({"facts": "Since 1837.", "daily_pace": 3.0});
    let changed = world.request(Method::PATCH, &path).bearer_auth(&owner.token).json(&change).answer().await;
    changed.expect(200);
    assert_eq!(changed.json["data"]["facts"], "Since 1837.");
    assert_eq!(changed.json["data"]["daily_pace"], 3);
    assert_eq!(changed.json["data"]["name"], "Engines");

    let deleted = world.request(Method::DELETE, &path).bearer_auth(&owner.token).answer().await;
    deleted.expect(200);
    let undo = format!("/api/v1/auth/undo/{}/", deleted.json["data"]["undo_token"].as_str().unwrap());
    world.get(&path).bearer_auth(&owner.token).answer().await.refused(404, "NOT_FOUND");
    world.request(Method::POST, &undo).bearer_auth(&owner.token).answer().await.expect(200);
    world.get(&path).bearer_auth(&owner.token).answer().await.expect(200);
}

#[tokio::test]
async fn an_unknown_query_key_is_named_and_not_ignored() {
    let world = World::start().await;
    let answer = world.get("/api/v1/auth/industries/?serach=a").answer().await;
    answer.refused(400, "INVALID_FIELD");
    assert_eq!(answer.json["errors"], json!({"serach": ["There is no query parameter `serach`."]}));
}

#[tokio::test]
async fn every_wrong_field_of_a_body_is_named_by_its_path() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let wrong = json!({"nmae": 1, "name": 1, "sectors": [{"name": true}]});
    let answer = world.post("/api/v1/auth/sites/", &wrong).bearer_auth(&owner.token).answer().await;
    answer.refused(400, "INVALID_FIELD");
    let expected = json!({
        "nmae": ["There is no such field."],
        "name": ["Must be a text."],
        "sectors.0.name": ["Must be a text."],
    });
    assert_eq!(answer.json["errors"], expected);
}

#[tokio::test]
async fn the_rules_of_the_contract_are_the_services_and_named_the_same_way() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    let mut wrong = site();
    wrong["name"] = json!("x".repeat(121));
    wrong["sectors"] = json!([{"name": "a"}, {"name": ""}]);
    let answer = world.post("/api/v1/auth/sites/", &wrong).bearer_auth(&owner.token).answer().await;
    answer.refused(400, "INVALID_FIELD");
    let fields: Vec<_> = answer.json["errors"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["name", "sectors.1.name"]);
}

#[tokio::test]
async fn a_bad_id_is_nowhere_in_a_path_and_wrong_in_a_body_or_query() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    for id in ["", "7", "%00", "%ff", "..%2f", NOWHERE] {
        let path = format!("/api/v1/auth/sites/{id}/");
        world.get(&path).bearer_auth(&owner.token).answer().await.refused(404, "NOT_FOUND");
    }
    let query = world.get("/api/v1/auth/sites/?industry_id=7").bearer_auth(&owner.token).answer().await;
    query.refused(400, "INVALID_FIELD");
    assert!(query.json["errors"]["industry_id"].is_array(), "{}", query.text);
    let mut body = site();
    body["industry_id"] = json!("7");
    let body = world.post("/api/v1/auth/sites/", &body).bearer_auth(&owner.token).answer().await;
    assert!(body.refused(400, "INVALID_FIELD").json["errors"]["industry_id"].is_array());
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_in_our_words() {
    let world = World::start().await;
    let send = |kind: &'static str, body: &'static str| {
        world.request(Method::POST, "/api/v1/auth/sign_in/").header("content-type", kind).body(body).answer()
    };
    let malformed = send("application/json", "{\n\"email\": oops}").await;
    malformed.refused(400, "MALFORMED_JSON");
    assert_eq!(
        malformed.json["errors"]["non_field_errors"],
        json!(["The body is not valid JSON: see line 2, column 10."])
    );
    send("application/x-www-form-urlencoded", "email=a").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    send("application/json", "[1]").await.refused(400, "INVALID_FIELD");
}

#[tokio::test]
async fn a_taken_address_is_a_conflict() {
    let world = World::start().await;
    world.sign_up("ada@example.com").await;
    let answer = world.post("/api/v1/auth/sign_up/", &sign_up("Ada@example.com")).answer().await;
    assert!(answer.expect(409).json["errors"]["email"].is_array(), "{}", answer.text);
}

#[tokio::test]
async fn an_idempotency_key_replays_and_refuses_another_body() {
    let world = World::start().await;
    let owner = world.sign_up("ada@example.com").await;
    world.prove_address("ada@example.com").await;
    let invite = |key: &'static str, email: &'static str| {
        let body = json!({"email": email, "role": "admin"});
        let request = world.post("/api/v1/auth/invitations/", &body).bearer_auth(&owner.token);
        request.header("idempotency-key", key).answer()
    };
    let first = invite("one", "bob@example.com").await;
    first.expect(201);
    assert_eq!(invite("one", "bob@example.com").await.expect(201).json["data"], first.json["data"]);
    invite("one", "eve@example.com").await.refused(422, "IDEMPOTENCY_MISMATCH");
}

#[tokio::test]
async fn an_address_says_which_verbs_it_answers() {
    let world = World::start().await;
    let path = format!("/api/v1/auth/sites/{NOWHERE}/");
    let other = world.request(Method::PUT, &path).answer().await;
    other.refused(405, "METHOD_NOT_ALLOWED");
    let mut verbs: Vec<_> = other.header("allow").split(", ").collect();
    verbs.sort_unstable();
    assert_eq!(verbs, ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"]);

    let options = world.request(Method::OPTIONS, &path).answer().await;
    options.expect(204);
    assert_eq!(options.header("allow"), other.header("allow"));
}

#[tokio::test]
async fn head_answers_the_headers_of_get() {
    let world = World::start().await;
    let path = "/api/v1/auth/industries/";
    let get = world.get(path).answer().await;
    let head = world.request(Method::HEAD, path).answer().await;
    head.expect(200);
    assert_eq!(head.text, "");
    assert_eq!(head.header("content-type"), "application/json");
    assert_eq!(head.header("content-length"), get.text.len().to_string());

    let refused = world.request(Method::HEAD, "/api/v1/auth/me/").answer().await;
    refused.expect(401);
    assert_eq!(refused.text, "");
    assert_ne!(refused.header("content-length"), "0");
}

#[tokio::test]
async fn an_address_without_anything_behind_it_is_an_error_like_any_other() {
    let world = World::start().await;
    for path in ["/api", "/api/", "/api/v1/", "/api/v1/auth/nothing/", "/api/v2/auth/sites/", "/nothing"] {
        world.get(path).answer().await.refused(404, "NOT_FOUND");
    }
}
