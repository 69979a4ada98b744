//! What the gateway must find in a message to give it a form of its own: events, bytes, uploads, a second status.

use crate::{
    model::{Field, Kind, Message, Method, Model},
    problems::Problems,
};

pub(super) fn check(model: &Model, method: &Method, problems: &mut Problems) {
    let (Some(options), Some(http)) = (&method.options, &method.http) else { return };
    let (Some(request), Some(response)) = (model.message(&method.input), model.message(&method.output)) else { return };
    let place = &method.place;
    match options.shape.as_deref() {
        Some("sse") => {
            needs(response, "string event", &|field| matches!(field.kind, Kind::Text), place, problems);
            needs(response, "message data", &|field| matches!(field.kind, Kind::Message(_)), place, problems);
        }
        Some("raw") => {
            for name in ["string content_type", "string file_name"] {
                needs(response, name, &|field| matches!(field.kind, Kind::Text), place, problems);
            }
            needs(response, "bytes body", &|field| matches!(field.kind, Kind::Bytes), place, problems);
        }
        _ => {}
    }
    if options.immutable && options.shape.as_deref() != Some("raw") {
        problems.add(place, "only raw answers can be immutable: take `immutable` away");
    }
    if options.upload {
        upload(request, http.body.as_deref(), place, problems);
    }
    if options.other_status.is_some() {
        needs(response, "bool dry_run", &|field| matches!(field.kind, Kind::Bool), place, problems);
    }
}

/// The file comes in pieces; beside it a form has texts only.
fn upload(request: &Message, body: Option<&str>, place: &str, problems: &mut Problems) {
    needs(request, "bytes piece", &|field| matches!(field.kind, Kind::Bytes), place, problems);
    needs(request, "string file_name", &|field| matches!(field.kind, Kind::Text), place, problems);
    if body != Some("*") {
        problems.add(place, "the fields of an upload stand in its form: make the body \"*\"");
    }
    let no_text = |field: &&Field| {
        field.name != "piece" && matches!(field.kind, Kind::Message(_) | Kind::Map | Kind::Bytes | Kind::Mask)
    };
    for field in request.fields.iter().filter(no_text) {
        problems.add(place, format!("{} cannot stand in a form: use single values and lists of them", field.name));
    }
}

fn needs(message: &Message, declaration: &str, holds: &dyn Fn(&Field) -> bool, place: &str, problems: &mut Problems) {
    let name = declaration.rsplit(' ').next().unwrap_or_default();
    if !message.field(name).is_some_and(|field| !field.repeated && !field.optional && holds(field)) {
        problems.add(place, format!("the gateway needs the field `{declaration}`: add it to {}", message.short));
    }
}
