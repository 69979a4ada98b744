//! Answers of success, in their shapes.

use super::{
    Endpoint,
    json::Object,
    schema::{self, Direction, Schemas, nullable},
};

pub(super) fn response(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>) -> Object {
    let data = schema::answer(schemas.model, endpoint).map(|name| schemas.reference(name, Direction::Response));
    let (events, bytes) = (&*events(schemas, endpoint), media_type(schemas, endpoint));
    let (description, media, schema) = match (endpoint.options.shape.as_deref(), data) {
        (Some("page"), Some(row)) => ("One page.", "application/json", page(row)),
        (Some("sse"), _) => (events, "text/event-stream", string()),
        (Some("raw"), _) => ("The bytes.", bytes.as_str(), Object::new()),
        (_, data) => ("Done.", "application/json", envelope(data.unwrap_or_default())),
    };
    Object::new()
        .with("description", description)
        .with("content", Object::new().with(media, Object::new().with("schema", schema)))
}

fn events(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>) -> String {
    let message = schemas.model.message(&endpoint.method.output);
    let data = message.and_then(|message| message.field("data")?.kind.message()).unwrap_or_default();
    let data = data.rsplit('.').next().unwrap_or_default();
    format!(
        "A stream of events, each with a `{data}` as its data. The last one is `done` or `error`; a stream that ends without it was cut off."
    )
}

/// Where the bytes are always of one type, the proto gives it as the example.
fn media_type(schemas: &Schemas<'_>, endpoint: &Endpoint<'_>) -> String {
    let message = schemas.model.message(&endpoint.method.output);
    let example = message.and_then(|message| message.field("content_type")).map(|field| field.options.example.clone());
    example.filter(|example| !example.is_empty()).unwrap_or_else(|| "application/octet-stream".to_owned())
}

fn string() -> Object {
    Object::new().with("type", "string")
}

fn envelope(data: Object) -> Object {
    let message = nullable(string()).with("description", "A sentence for people, when there is something to say.");
    object([("success", constant(true)), ("data", data), ("message", message)])
}

fn page(row: Object) -> Object {
    let link = |which: &str| {
        nullable(string().with("format", "uri"))
            .with("description", format!("The {which} page; null when there is none."))
    };
    let count = Object::new().with("type", "integer").with("format", "int64").with("minimum", 0_u64);
    let exact = Object::new()
        .with("type", "boolean")
        .with("description", "Whether `count` was counted; otherwise it is an estimate.");
    object([
        ("success", constant(true)),
        ("count", count.with("description", "How many rows there are on all pages.")),
        ("count_is_exact", exact),
        ("next", link("next")),
        ("previous", link("previous")),
        ("results", Object::new().with("type", "array").with("items", row)),
    ])
}

pub(super) fn constant(value: bool) -> Object {
    Object::new().with("type", "boolean").with("const", value)
}

/// An object that has all of these.
pub(super) fn object<const N: usize>(properties: [(&str, Object); N]) -> Object {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: Object = properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    Object::new().with("type", "object").with("properties", properties).with("required", required)
}
