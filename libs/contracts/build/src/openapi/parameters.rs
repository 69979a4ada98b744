//! What stands in the path, the query and the headers of a request.

use super::{
    Endpoint,
    json::Object,
    schema::{Direction, Schemas, describe, refer},
};
use crate::model::{Field, Kind, Message};

/// Parameters that are the same wherever they are.
pub(super) fn components() -> Object {
    let key = Object::new().with("type", "string").with("pattern", "^[!-~]{1,255}$");
    let header = Object::new()
        .with("name", "Idempotency-Key")
        .with("in", "header")
        .with("required", false)
        .with("description", "Makes a repeated request safe: one with the same key and body gets the first answer again, and one with another body is refused.")
        .with("schema", key);
    Object::new().with("IdempotencyKey", header)
}

pub(super) fn of(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>) -> Vec<Object> {
    let Some(request) = schemas.model.message(&endpoint.method.input) else { return Vec::new() };
    let path = endpoint.http.parameters().filter_map(|name| Some(path(schemas, endpoint, request.field(&name)?)));
    let query = query_fields(schemas, endpoint, request).into_iter().map(|field| query(schemas, field));
    let key = endpoint.options.idempotency_key.then(|| refer("parameters", "IdempotencyKey"));
    let dry_run = endpoint.options.other_status.map(|_| dry_run());
    path.chain(query).chain(dry_run).chain(key).collect()
}

/// In the query beside the body, where it is easy to add to any such request.
fn dry_run() -> Object {
    Object::new()
        .with("name", "dry_run")
        .with("in", "query")
        .with("required", false)
        .with("description", "Only tell what the request would do. The same may be said in the body.")
        .with("schema", Object::new().with("type", "boolean"))
}

fn path(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>, field: &Field) -> Object {
    let fallback = format!("Names one of the {}.", endpoint.service.aggregate.replace('_', " "));
    let comment = if field.comment.is_empty() { &fallback } else { &field.comment };
    Object::new()
        .with("name", field.json.as_str())
        .with("in", "path")
        .with("required", true)
        .with("description", comment.as_str())
        .with("schema", schemas.value(field, Direction::Request))
}

/// What is neither in the path nor in the body; the fields of a filter stand beside the others.
fn query_fields<'a>(schemas: &Schemas<'a>, endpoint: &Endpoint<'_>, request: &'a Message) -> Vec<&'a Field> {
    let body = endpoint.http.body.as_deref();
    if body == Some("*") {
        return Vec::new();
    }
    let mut fields = Vec::new();
    for field in
        request.fields.iter().filter(|field| !request.path_fields.contains(&field.name) && body != Some(&field.name))
    {
        match &field.kind {
            Kind::Message(filter) if field.flattened => {
                fields.extend(schemas.model.message(filter).into_iter().flat_map(|filter| &filter.fields));
            }
            _ => fields.push(field),
        }
    }
    fields
}

fn query(schemas: &Schemas<'_>, field: &Field) -> Object {
    let (default, fallback) = match field.json.as_str() {
        "page" => (Some(1_u64), "The number of the page, from 1."),
        "page_size" => (Some(50), "How many rows a page has."),
        "ordering" => {
            (None, "Keys to order by, separated by commas, each at most once, with a minus for descending order.")
        }
        _ => (None, ""),
    };
    let comment = if field.comment.is_empty() { fallback } else { &field.comment };
    let schema = schemas.value(field, Direction::Request).with_some("default", default);
    Object::new()
        .with("name", field.json.as_str())
        .with("in", "query")
        .with("required", field.refuses_default())
        .with_text("description", comment)
        .with("schema", describe(schema, field, ""))
}
