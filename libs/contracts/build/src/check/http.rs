//! Paths, bodies and queries have the one form that the gateway and OpenAPI know.

use std::collections::HashMap;

use crate::{
    model::{Field, Http, Kind, Message, Method, Model, parameter},
    problems::Problems,
};

pub(super) fn check(model: &Model, method: &Method, problems: &mut Problems) {
    let (Some(http), Some(request)) = (&method.http, model.message(&method.input)) else { return };
    path(http, request, &method.place, problems);
    body(http, request, &method.place, problems);
    mask(http, request, &method.place, problems);
    for field in query_fields(http, request) {
        query_field(model, field, &method.place, problems);
    }
    clashes(model, http, request, &method.place, problems);
    streaming(method, problems);
}

pub(super) fn unique_routes(model: &Model, problems: &mut Problems) {
    let mut seen = HashMap::new();
    for method in model.methods() {
        let Some(http) = &method.http else { continue };
        if let Some(first) = seen.insert(http.route(), &method.place) {
            problems.add(
                &method.place,
                format!("{} {} is also that of {first}: give one of them another path", http.verb, http.path),
            );
        }
    }
}

fn path(http: &Http, request: &Message, place: &str, problems: &mut Problems) {
    let path = &http.path;
    if path.ends_with('/') {
        problems.add(place, format!("the path {path} ends in a slash: remove it; the gateway adds it by itself"));
        return;
    }
    if !path.starts_with("/api/v1/") {
        problems.add(place, format!("the path {path} is outside the API: begin it with /api/v1/"));
    }
    for segment in http.segments().skip(1) {
        let is_word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if !is_word(parameter(segment).unwrap_or(segment)) {
            problems.add(
                place,
                format!("the path segment {segment:?} is not supported: use lower case words, or a field as {{id}}"),
            );
        }
    }
    for name in http.parameters() {
        let is_text = |field: &Field| matches!(field.kind, Kind::Text) && !field.repeated && !field.optional;
        if !request.field(&name).is_some_and(is_text) {
            problems.add(
                place,
                format!("the path parameter {{{name}}} is no string of {}: add `string {name}`", request.short),
            );
        }
    }
}

fn body(http: &Http, request: &Message, place: &str, problems: &mut Problems) {
    let Some(body) = &http.body else { return };
    if ["GET", "DELETE"].contains(&http.verb) {
        problems.add(place, format!("a {} has no body: remove `body`", http.verb));
    }
    let is_object = request.field(body).is_some_and(|field| matches!(field.kind, Kind::Message(_)) && !field.repeated);
    if body != "*" && !is_object {
        problems.add(
            place,
            format!(
                "the body {body:?} is not supported: leave it out, or make it \"*\" or one message field of {}",
                request.short
            ),
        );
    }
}

fn mask(http: &Http, request: &Message, place: &str, problems: &mut Problems) {
    let mask = request.mask().map(|field| field.name.as_str());
    match (http.verb, mask) {
        ("PATCH", Some("update_mask")) if http.body.as_deref() == Some("*") => {}
        ("PATCH", _) => problems.add(
            place,
            format!("a PATCH changes what its body names: add `google.protobuf.FieldMask update_mask` to {} and make the body \"*\"", request.short),
        ),
        (_, Some(mask)) => problems.add(place, format!("{mask} has no meaning outside a PATCH: remove it from {}", request.short)),
        _ => {}
    }
}

/// What is in neither the path nor the body.
fn query_fields<'a>(http: &'a Http, request: &'a Message) -> impl Iterator<Item = &'a Field> {
    let all = http.body.as_deref() == Some("*");
    let elsewhere = move |field: &&Field| {
        !all && http.body.as_ref() != Some(&field.name) && !request.path_fields.contains(&field.name)
    };
    request.fields.iter().filter(elsewhere)
}

fn query_field(model: &Model, field: &Field, place: &str, problems: &mut Problems) {
    let fields = match &field.kind {
        Kind::Message(name) if field.flattened => model.message(name).map_or(&[][..], |filter| &filter.fields),
        _ => std::slice::from_ref(field),
    };
    for field in fields {
        if matches!(field.kind, Kind::Message(_) | Kind::Map | Kind::Bytes) {
            problems.add(
                place,
                format!("{} cannot stand in a query: use single values and lists of them, or a body", field.name),
            );
        }
    }
}

/// The keys of the filter stand beside those of the request.
fn clashes(model: &Model, http: &Http, request: &Message, place: &str, problems: &mut Problems) {
    let Some(filter) =
        request.fields.iter().find(|field| field.flattened).and_then(|field| model.message(field.kind.message()?))
    else {
        return;
    };
    let taken = |json: &str| query_fields(http, request).any(|field| field.json == json);
    for field in filter.fields.iter().filter(|field| taken(&field.json)) {
        problems.add(
            place,
            format!("the query has {} twice: rename it in {} or {}", field.json, filter.short, request.short),
        );
    }
}

fn streaming(method: &Method, problems: &mut Problems) {
    let Some(options) = &method.options else { return };
    let is_stream = matches!(options.shape.as_deref(), Some("raw" | "sse"));
    if options.shape.is_some() && is_stream != method.server_streaming {
        problems.add(
            &method.place,
            "the shapes raw and sse are those of a stream, and no other is: change `shape`, or `returns (stream …)`",
        );
    }
    if method.client_streaming != options.upload {
        problems.add(
            &method.place,
            "an upload is the one method that takes a stream: set `upload: true` with `(stream …)`, or neither",
        );
    }
}
