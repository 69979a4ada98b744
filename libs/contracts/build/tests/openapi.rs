//! What the OpenAPI document says of a contract.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot set itself up has failed")]

use std::{fs, path::Path, sync::LazyLock};

use serde_json::{Value, json};

/// The fleet that it is a part of.
const REGISTRY: &str = "[[service]]\nname = 'test'\ngrpc_port = 1";

/// The document of `sound.proto`.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("proto/igny8/test/v1");
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("things.proto"), include_str!("sound.proto")).unwrap();
    let registry = folder.path().join("registry.toml");
    fs::write(&registry, REGISTRY).unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../proto");
    contracts_build::generate(&[&folder.path().join("proto"), &repository], &registry, folder.path()).unwrap();
    serde_json::from_str(&fs::read_to_string(folder.path().join("openapi.json")).unwrap()).unwrap()
});

fn operation(verb: &str, path: &str) -> &'static Value {
    &DOCUMENT["paths"][path][verb]
}

fn schema(name: &str) -> &'static Value {
    &DOCUMENT["components"]["schemas"][name]
}

fn parameter<'a>(operation: &'a Value, name: &str) -> &'a Value {
    operation["parameters"].as_array().unwrap().iter().find(|parameter| parameter["name"] == name).unwrap()
}

#[test]
fn an_operation_is_described_by_its_comment_and_its_options() {
    let list = operation("get", "/api/v1/test/things/");
    assert_eq!(list["operationId"], "things_list");
    assert_eq!(list["tags"], json!(["things"]));
    assert_eq!(list["summary"], "The things of the account");
    let description = list["description"].as_str().unwrap();
    assert!(
        description.starts_with("The things of the account. Newest first.\n\nNeeds the role `viewer` or above."),
        "{description}"
    );
    assert_eq!(DOCUMENT["tags"], json!([{"name": "things", "description": "Things of all kinds."}]));
}

#[test]
fn only_public_operations_need_no_credentials() {
    assert_eq!(DOCUMENT["security"], json!([{"bearerAuth": []}, {"cookieAuth": []}]));
    assert_eq!(operation("post", "/api/v1/test/subscriptions/")["security"], json!([]));
    assert_eq!(operation("get", "/api/v1/test/things/").get("security"), None);
}

#[test]
fn internal_methods_are_not_in_it() {
    assert!(!DOCUMENT.to_string().contains("Recount"));
}

#[test]
fn the_fields_of_a_filter_stand_in_the_query() {
    let list = operation("get", "/api/v1/test/things/");
    let names: Vec<_> =
        list["parameters"].as_array().unwrap().iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["page", "page_size", "ordering", "search", "colour", "weight__gte"]);
    assert_eq!(parameter(list, "search")["schema"], json!({"type": "string", "maxLength": 120}));
    assert_eq!(
        parameter(list, "colour")["schema"],
        json!({"type": "array", "items": {"$ref": "#/components/schemas/Colour"}})
    );
    assert_eq!(parameter(list, "weight__gte")["schema"], json!({"type": "integer", "format": "int64"}));
    assert_eq!(
        parameter(list, "page_size")["schema"],
        json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 500, "default": 50})
    );
    assert_eq!(parameter(list, "ordering")["schema"]["pattern"], "^(-?(name|created_at)(,-?(name|created_at))*)?$");
}

#[test]
fn a_path_parameter_is_required_and_not_in_the_body() {
    let update = operation("patch", "/api/v1/test/things/{id}/");
    let id = parameter(update, "id");
    assert_eq!((&id["in"], &id["required"]), (&json!("path"), &json!(true)));
    assert_eq!(id["schema"], json!({"type": "string", "format": "uuid", "minLength": 1}));
    let body = &update["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body, &json!({"$ref": "#/components/schemas/UpdateThingRequest"}));
    let properties = schema("UpdateThingRequest")["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["name", "tags"]);
}

#[test]
fn a_patch_requires_nothing_and_refuses_what_is_unknown() {
    let update = schema("UpdateThingRequest");
    assert_eq!(update.get("required"), None);
    assert_eq!(update["additionalProperties"], false);
    assert_eq!(update["properties"]["name"], json!({"type": "string", "minLength": 1, "pattern": "\\S"}));
    assert_eq!(update["properties"]["tags"], json!({"type": "array", "items": {"type": "string", "maxLength": 20}}));
}

#[test]
fn a_request_requires_what_may_not_have_its_default() {
    let subscribe = schema("SubscribeRequest");
    assert_eq!(subscribe["required"], json!(["email", "pace"]));
    assert_eq!(subscribe["properties"]["email"], json!({"type": "string", "format": "email", "minLength": 1}));
    assert_eq!(
        subscribe["properties"]["pace"],
        json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 10})
    );
    let empty_or_long = json!({"anyOf": [{"type": "string", "format": "password", "minLength": 10}, {"type": "string", "maxLength": 0}]});
    assert_eq!(subscribe["properties"]["password"], empty_or_long);
}

#[test]
fn an_answer_has_every_field_and_only_optional_ones_are_null() {
    let thing = schema("Thing");
    let properties = thing["properties"].as_object().unwrap();
    assert_eq!(thing["required"].as_array().unwrap().len(), properties.len());
    assert_eq!(thing.get("additionalProperties"), None);
    assert_eq!(
        properties["name"],
        json!({"type": "string", "description": "What people call it.", "examples": ["Anvil"]})
    );
    assert_eq!(properties["colour"], json!({"$ref": "#/components/schemas/Colour"}));
    assert_eq!(properties["weight"], json!({"type": ["integer", "null"], "format": "int64"}));
    assert_eq!(properties["created_at"], json!({"type": "string", "format": "date-time"}));
    assert_eq!(properties["sold_at"], json!({"type": ["string", "null"], "format": "date-time"}));
    assert_eq!(properties["trim"], json!({"anyOf": [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}]}));
    assert_eq!(properties["maker"], json!({"anyOf": [{"$ref": "#/components/schemas/Maker"}, {"type": "null"}]}));
    assert_eq!(properties["labels"], json!({"type": "object", "additionalProperties": {"type": "string"}}));
}

#[test]
fn an_enum_lists_its_names_and_says_what_they_mean() {
    assert_eq!(
        schema("Colour"),
        &json!({"type": "string", "description": "* `red`: As a rose.", "enum": ["red", "dark_blue"]})
    );
}

#[test]
fn answers_stand_in_their_envelopes() {
    let of = |operation: &'static Value, status: &str| &operation["responses"][status]["content"]["application/json"]["schema"];
    let update = of(operation("patch", "/api/v1/test/things/{id}/"), "200");
    assert_eq!(update["required"], json!(["success", "data", "message"]));
    assert_eq!(update["properties"]["data"], json!({"$ref": "#/components/schemas/Thing"}));
    let list = of(operation("get", "/api/v1/test/things/"), "200");
    assert_eq!(list["required"], json!(["success", "count", "count_is_exact", "next", "previous", "results"]));
    assert_eq!(list["properties"]["results"]["items"], json!({"$ref": "#/components/schemas/Thing"}));
    assert!(of(operation("post", "/api/v1/test/subscriptions/"), "202").is_object());
}

#[test]
fn failures_are_those_that_the_operation_can_have() {
    let statuses = |operation: &Value| operation["responses"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        statuses(operation("get", "/api/v1/test/things/")),
        ["200", "400", "401", "403", "404", "405", "408", "429", "500", "503", "504"]
    );
    assert_eq!(
        statuses(operation("patch", "/api/v1/test/things/{id}/")),
        ["200", "400", "401", "403", "404", "405", "408", "409", "413", "415", "422", "429", "500", "503", "504"]
    );
}

#[test]
fn failures_carry_their_headers_and_the_one_schema() {
    let headers = |response: &str| DOCUMENT["components"]["responses"][response]["headers"].clone();
    assert!(headers("TooManyRequests")["Retry-After"].is_object());
    assert!(headers("Unavailable")["Retry-After"].is_object());
    assert!(headers("Unauthenticated")["WWW-Authenticate"].is_object());
    for (name, response) in DOCUMENT["components"]["responses"].as_object().unwrap() {
        let schema = &response["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/Error", "{name}");
    }
    assert_eq!(schema("Error")["required"], json!(["success", "message", "code", "reason", "errors", "request_id"]));
}

#[test]
fn an_idempotency_key_is_taken_where_it_is_declared() {
    let key = json!({"$ref": "#/components/parameters/IdempotencyKey"});
    let takes =
        |operation: &Value| operation["parameters"].as_array().is_some_and(|parameters| parameters.contains(&key));
    assert!(takes(operation("patch", "/api/v1/test/things/{id}/")));
    assert!(!takes(operation("get", "/api/v1/test/things/")));
}

#[test]
fn an_upload_is_a_form_with_its_fields_and_a_file() {
    let upload = operation("post", "/api/v1/test/things/import/");
    let form = &upload["requestBody"]["content"]["multipart/form-data"]["schema"];
    let names: Vec<_> = form["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["file", "paint", "shelf"]);
    assert_eq!(form["required"], json!(["shelf", "file"]));
    assert_eq!(form["properties"]["file"]["contentMediaType"], "application/octet-stream");
}

#[test]
fn a_trial_run_has_its_parameter_and_its_status() {
    let import = operation("post", "/api/v1/test/things/import/");
    assert_eq!(parameter(import, "dry_run")["in"], "query");
    assert!(import["responses"]["200"].is_object() && import["responses"]["202"].is_object());
}

#[test]
fn streams_have_their_media_types() {
    let sold = &operation("get", "/api/v1/test/things/sold/")["responses"]["200"];
    assert!(sold["content"]["text/event-stream"].is_object());
    assert!(sold["description"].as_str().unwrap().contains("each with a `Thing`"), "{sold}");
    let export = &operation("get", "/api/v1/test/things/export/")["responses"]["200"];
    assert!(export["content"]["text/csv"].is_object(), "{export}");
}
