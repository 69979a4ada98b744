//! The JSON dialect of the messages, as serde attributes.
//!
//! Paths are without the leading dot: prost takes one with it as a prefix too, and the attributes of a oneof would reach its members.

use crate::model::{Field, Kind, Model};

use super::names;

/// Attributes by the proto path that they belong to.
pub(super) fn messages(model: &Model) -> impl Iterator<Item = (String, &'static str)> {
    model
        .messages
        .keys()
        .map(|name| (name.clone(), "#[derive(serde::Serialize, serde::Deserialize)] #[serde(default)]"))
}

/// A oneof is an enum in Rust and has no shape of its own in JSON: its members are fields of the message, of which one is there.
pub(super) fn oneofs(model: &Model) -> impl Iterator<Item = (String, &'static str)> {
    let paths = model
        .messages
        .values()
        .flat_map(|message| message.oneofs.iter().map(|oneof| format!("{}.{oneof}", message.name)));
    paths.map(|path| (path, "#[derive(serde::Serialize, serde::Deserialize)]"))
}

pub(super) fn fields(model: &Model) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    for message in model.messages.values() {
        let fields = message.fields.iter().map(|field| (path(&message.name, field), attribute(field)));
        let oneofs =
            message.oneofs.iter().map(|oneof| (format!("{}.{oneof}", message.name), "#[serde(flatten)]".to_owned()));
        attributes.extend(fields.chain(oneofs));
    }
    attributes
}

fn path(message: &str, field: &Field) -> String {
    match &field.oneof {
        Some(oneof) => format!("{message}.{oneof}.{}", field.name),
        None => format!("{message}.{}", field.name),
    }
}

/// The name is always written: prost would change some.
fn attribute(field: &Field) -> String {
    match with(field) {
        Some(with) => format!("#[serde(rename = {:?}, with = {with:?})]", field.json),
        None => format!("#[serde(rename = {:?})]", field.json),
    }
}

/// The module or type of `contracts::json` that writes a value which serde would write in another way.
fn with(field: &Field) -> Option<String> {
    let module = match &field.kind {
        Kind::Timestamp => "timestamp".to_owned(),
        Kind::Mask => "mask".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Enum(name) => {
            let form = if field.repeated {
                "Many"
            } else if field.optional {
                "Maybe"
            } else {
                "One"
            };
            format!("enumeration::{form}::<{}>", names::path(name))
        }
        _ => return None,
    };
    Some(format!("crate::json::{module}"))
}
