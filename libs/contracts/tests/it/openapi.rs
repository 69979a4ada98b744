//! The committed copy of the OpenAPI document.

use contracts::{METHODS, OPENAPI};
use serde_json::Value;

#[test]
fn openapi_is_up_to_date() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/openapi.json")).unwrap();
    assert!(
        committed == OPENAPI,
        "proto/openapi.json is not what the protos say: run `cargo fleet generate` and commit the change"
    );
}

#[test]
fn every_rest_method_is_an_operation() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    for method in METHODS {
        let Some(rest) = &method.rest else { continue };
        let operation = &document["paths"][format!("{}/", rest.path)][rest.verb.as_str().to_ascii_lowercase()];
        assert_eq!(operation["operationId"], method.operation);
        assert!(operation["responses"][rest.status.to_string()].is_object(), "{}", method.operation);
    }
}
