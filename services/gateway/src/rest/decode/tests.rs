use axum::response::IntoResponse;
use contracts::{METHODS, Method};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn method(operation: &str) -> &'static Method {
    METHODS.iter().find(|method| method.operation == operation).unwrap()
}

fn request(operation: &str, path: &[(&str, &str)], query: &str, body: &[u8]) -> Result<Value, Failure> {
    let path: Vec<_> = path.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let method = method(operation);
    let parts = Parts { path: &path, query, content_type: Some("application/json"), body };
    decode(method.request, method.rest.as_ref().unwrap(), parts)
}

fn body(operation: &str, body: &Value) -> Result<Value, Failure> {
    request(operation, &[], "", body.to_string().as_bytes())
}

fn query(operation: &str, query: &str) -> Result<Value, Failure> {
    request(operation, &[], query, b"")
}

/// `path: message` of everything that is wrong.
fn problems(decoded: Result<Value, Failure>) -> Vec<String> {
    let failure = decoded.unwrap_err();
    failure.error().violations().iter().map(|v| format!("{}: {}", v.field, v.message)).collect()
}

fn message(decoded: Result<Value, Failure>) -> (u16, String) {
    let failure = decoded.unwrap_err();
    let message = failure.error().message().to_owned();
    (failure.into_response().status().as_u16(), message)
}

#[test]
fn each_wrong_field_of_a_body_is_named() {
    let cases = [
        (json!({"nmae": "x"}), "nmae: There is no such field."),
        (json!({"name": 7}), "name: Must be a text."),
        (json!({"name": null}), "name: Must not be null. Leave it out to keep the default."),
        (json!({"name": "a\u{0}b"}), "name: Must not contain the character U+0000."),
        (json!({"auto_publish": "yes"}), "auto_publish: Must be true or false."),
        (json!({"daily_pace": "5"}), "daily_pace: Must be a whole number from -2147483648 to 2147483647."),
        (json!({"daily_pace": 5.5}), "daily_pace: Must be a whole number from -2147483648 to 2147483647."),
        (
            json!({"daily_pace": 3_000_000_000_i64}),
            "daily_pace: Must be a whole number from -2147483648 to 2147483647.",
        ),
        (json!({"colours": "#fff"}), "colours: Must be a list."),
        (json!({"colours": null}), "colours: Must not be null. Leave it out to keep the default."),
        (json!({"colours": ["#fff", 7]}), "colours.1: Must be a text."),
        (json!({"sectors": [{"name": "a"}, {"name": false}]}), "sectors.1.name: Must be a text."),
        (json!({"sectors": [{"nmae": "a"}]}), "sectors.0.nmae: There is no such field."),
        (json!({"sectors": ["a"]}), "sectors.0: Must be an object."),
        (json!(["name"]), ": The body must be a JSON object."),
        (json!(null), ": The body must be a JSON object."),
    ];
    for (sent, expected) in cases {
        assert_eq!(problems(body("sites_create", &sent)), [expected], "{sent}");
    }
}

#[test]
fn numbers_times_and_choices_are_checked_too() {
    let exact = "Must be a whole number from -9007199254740991 to 9007199254740991.";
    let time = "Must be a time in RFC 3339, as 2026-01-31T09:30:00Z.";
    let cases = [
        (json!({"daily_credit_cap": 9_007_199_254_740_992_i64}), format!("daily_credit_cap: {exact}")),
        (json!({"daily_credit_cap": u64::MAX}), format!("daily_credit_cap: {exact}")),
        (json!({"expires_at": "tomorrow"}), format!("expires_at: {time}")),
        (json!({"expires_at": "2026-02-30T00:00:00Z"}), format!("expires_at: {time}")),
        (json!({"expires_at": "0000-12-31T23:00:00Z"}), format!("expires_at: {time}")),
        (json!({"expires_at": "2026-12-31T23:59:60Z"}), format!("expires_at: {time}")),
        (json!({"expires_at": 5}), format!("expires_at: {time}")),
        (json!({"role": "king"}), "role: Must be one of: viewer, editor, admin, owner, developer.".to_owned()),
        (json!({"role": "unspecified"}), "role: Must be one of: viewer, editor, admin, owner, developer.".to_owned()),
    ];
    for (sent, expected) in cases {
        assert_eq!(problems(body("api_keys_create", &sent)), [expected], "{sent}");
    }
}

#[test]
fn everything_wrong_is_said_at_once() {
    let sent = json!({"name": 1, "nmae": 1, "sectors": [{"name": 1}]});
    assert_eq!(
        problems(body("sites_create", &sent)),
        ["name: Must be a text.", "nmae: There is no such field.", "sectors.0.name: Must be a text."]
    );
    let many: Value = (0..1000).map(|index| (format!("key{index}"), json!(0))).collect::<Map<_, _>>().into();
    assert_eq!(problems(body("sites_create", &many)).len(), 100);
}

#[test]
fn a_whole_number_may_be_written_with_a_point() {
    assert_eq!(body("sites_create", &json!({"daily_pace": 5.0})).unwrap()["daily_pace"], json!(5));
}

#[test]
fn null_is_for_what_may_be_absent() {
    assert_eq!(body("sites_create", &json!({"industry_id": null})).unwrap(), json!({"industry_id": null}));
}

#[test]
fn a_missing_body_is_missed() {
    let expected = [": This request needs a body: a JSON object. It came without one."];
    assert_eq!(problems(request("sites_create", &[], "", b"")), expected);
    assert_eq!(problems(request("accounts_update", &[], "", b"")), expected);
    assert_eq!(request("accounts_update", &[], "", b"{}").unwrap(), json!({"update_mask": []}));
}

#[test]
fn malformed_json_is_answered_with_its_place() {
    let cases: [(&[u8], &str); 5] = [
        (b"{\n  \"name\": x}", "The body is not valid JSON: see line 2, column 11."),
        (b"{\"name\": \"a\"", "The body is not complete JSON: it ends at line 1, column 12."),
        (b"{} {}", "The body is not valid JSON: see line 1, column 4."),
        (b"{\"name\": 1e999}", "The body is not valid JSON: see line 1, column 14."),
        (b"{\"name\": \"\xff\"}", "The body is not valid JSON: see line 1, column 11."),
    ];
    for (sent, expected) in cases {
        let (status, said) = message(request("sites_create", &[], "", sent));
        assert_eq!((status, said.as_str()), (400, expected));
    }
}

#[test]
fn a_body_that_is_not_json_is_refused_by_its_type() {
    let method = method("sites_create");
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")]
    {
        let parts = Parts { path: &[], query: "", content_type, body: b"{}" };
        assert_eq!(message(decode(method.request, method.rest.as_ref().unwrap(), parts)).0, 415, "{content_type:?}");
    }
    let parts = Parts { path: &[], query: "", content_type: Some("Application/JSON; charset=utf-8"), body: b"{}" };
    assert!(decode(method.request, method.rest.as_ref().unwrap(), parts).is_ok());
}

#[test]
fn a_request_without_a_body_takes_none_but_an_empty_object() {
    assert_eq!(request("sessions_sign_out", &[], "", b"{}").unwrap(), json!({}));
    let expected = [": This request takes no body. Send none, or an empty object."];
    assert_eq!(problems(request("sessions_sign_out", &[], "", b"{\"a\":1}")), expected);
    assert_eq!(problems(request("sites_list", &[], "", b"[]")), expected);
}

#[test]
fn a_patch_changes_what_its_body_names() {
    let path = [("id", "01890a5d-ac96-774b-bcce-b302099a8057")];
    let patched = request("sites_update", &path, "", br#"{"name": "a", "industry_id": null}"#).unwrap();
    assert_eq!(patched["update_mask"], json!(["industry_id", "name"]));
    assert_eq!(patched["id"], json!(path[0].1));
    assert_eq!(patched["industry_id"], Value::Null);
}

#[test]
fn the_mask_is_not_the_clients_to_write() {
    let sent = br#"{"update_mask": ["name"], "id": "x"}"#;
    assert_eq!(
        problems(request("sites_update", &[("id", "01890a5d-ac96-774b-bcce-b302099a8057")], "", sent)),
        ["id: This stands in the path and not in the body.", "update_mask: There is no such field."]
    );
}

#[test]
fn a_query_becomes_the_fields_and_the_filter() {
    let read =
        query("users_list", "page=2&page_size=10&ordering=-name,email&search=a%20b&role=admin&role=owner&active=1");
    let expected = json!({
        "page": 2, "page_size": 10, "ordering": "-name,email",
        "filter": {"search": "a b", "role": ["admin", "owner"], "active": true},
    });
    assert_eq!(read.unwrap(), expected);
    assert_eq!(query("users_list", "role=admin,owner").unwrap()["filter"]["role"], json!(["admin", "owner"]));
}

#[test]
fn an_empty_parameter_is_an_empty_text_and_nothing_else() {
    assert_eq!(query("users_list", "search=&ordering=").unwrap(), json!({"filter": {"search": ""}, "ordering": ""}));
    for key in ["page", "active", "role"] {
        assert_eq!(problems(query("users_list", &format!("{key}="))).len(), 1, "{key}");
    }
}

#[test]
fn each_wrong_parameter_of_a_query_is_named() {
    let roles = "Must be one of: viewer, editor, admin, owner, developer.";
    let cases = [
        ("serach=a", "serach: There is no query parameter `serach`.".to_owned()),
        ("filter=a", "filter: There is no query parameter `filter`.".to_owned()),
        ("page=two", "page: Must be a whole number from -2147483648 to 2147483647.".to_owned()),
        ("page=1&page=2", "page: Must be given only once.".to_owned()),
        ("active=perhaps", "active: Must be true or false.".to_owned()),
        ("role=admin,king", format!("role.1: {roles}")),
        ("search=%00", "search: Must not contain the character U+0000.".to_owned()),
    ];
    for (sent, expected) in cases {
        assert_eq!(problems(query("users_list", sent)), [expected], "{sent}");
    }
    let in_body = problems(request("sites_create", &[], "name=a", b"{}"));
    assert_eq!(in_body, ["name: There is no query parameter `name`."]);
}

#[test]
fn a_value_in_the_path_that_cannot_be_one_is_nowhere() {
    assert_eq!(message(request("sites_get", &[("id", "a\0b")], "", b"")).0, 404);
}

/// Words of serde, of Rust and of protobuf that no user should meet.
const NOT_OURS: [&str; 9] =
    ["expected", "invalid type", "EOF", "missing field", "unknown field", "variant", "i32", "trailing", "deserialize"];

fn any_json() -> impl Strategy<Value = Value> {
    let names: Vec<_> = METHODS.iter().flat_map(|method| method.request.fields).map(|field| field.name).collect();
    let texts = prop_oneof![any::<String>(), "[0-9TZ:.+-]{0,25}", Just("admin".to_owned()), Just(String::new())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let key =
            prop_oneof![4 => proptest::sample::select(names.clone()).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

fn any_method() -> impl Strategy<Value = &'static Method> {
    proptest::sample::select(METHODS.iter().filter(|method| method.rest.is_some()).collect::<Vec<_>>())
}

/// Decodes with a good path, and checks that what passes is read by the generated code and what does not is refused in our words.
fn holds(method: &'static Method, query: &str, body: &[u8]) {
    let rest = method.rest.as_ref().unwrap();
    let names = rest.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let path: Vec<_> = names.map(|name| (name.to_owned(), "01890a5d-ac96-774b-bcce-b302099a8057".to_owned())).collect();
    let parts = Parts { path: &path, query, content_type: Some("application/json"), body };
    match decode(method.request, rest, parts) {
        Ok(request) => {
            assert!((method.codec.encode)(request.clone()).is_ok(), "{} cannot read {request}", method.operation);
        }
        Err(failure) => {
            let said = failure.error().violations().iter().map(|violation| violation.message.as_str());
            for text in said.chain([failure.error().message()]) {
                let sent = text.contains('`');
                assert!(sent || !NOT_OURS.iter().any(|word| text.contains(word)), "{text}");
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_json_comes_is_either_read_or_refused_in_our_words(method in any_method(), sent in any_json()) {
        holds(method, "", sent.to_string().as_bytes());
    }

    #[test]
    fn whatever_bytes_come_are_either_read_or_refused_in_our_words(method in any_method(), sent: Vec<u8>) {
        holds(method, "", &sent);
    }

    #[test]
    fn whatever_query_comes_is_either_read_or_refused_in_our_words(method in any_method(), sent: String) {
        holds(method, &sent, b"");
    }
}
