//! Path, query and body of an HTTP request as one JSON object: the request message of the contract.

use contracts::{Body, Kind, Message, Rest, Verb};
use http::StatusCode;
use rpc::Error;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::check::{self, Problems};
use super::query;
use crate::edge::target::Operation;
use crate::failure::Failure;

/// Asks what a request would do, in a method that can tell.
const DRY_RUN: &str = "dry_run";
/// Of an upload: written from the part with the file.
const FILE_NAME: &str = "file_name";
const PIECE: &str = "piece";

/// What of an HTTP request makes the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    /// The values of the route's `{names}`, percent-decoded.
    pub path: &'a [(String, String)],
    pub query: &'a str,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

/// The request message as JSON that the generated code accepts, or everything that is wrong with it.
pub(super) fn decode(message: &'static Message, rest: &Rest, parts: Parts<'_>) -> Result<Value, Failure> {
    let mut request = from_path(message, parts.path)?;
    let in_path: Vec<&str> = parts.path.iter().map(|(name, _)| name.as_str()).collect();

    let mut problems = Problems::default();
    let body = json(parts.content_type, parts.body)?;
    if body.is_none() && rest.body != Body::None {
        problems.add("", "This request needs a body: a JSON object. It came without one.");
    }
    if let Some(body) = body {
        let body = from_body(body, message, &rest.body, &in_path, &mut problems);
        if matches!(rest.verb, Verb::Patch) {
            request.extend(mask(message, &body));
        }
        request.extend(body);
    }
    let elsewhere: Vec<&str> = match rest.body {
        Body::None => in_path,
        // A trial run may be asked for in either place: `?dry_run=1` turns any such request into one.
        Body::All if rest.other_status.is_some() && !request.contains_key(DRY_RUN) => {
            message.fields.iter().map(|field| field.name).filter(|name| *name != DRY_RUN).collect()
        }
        Body::All => message.fields.iter().map(|field| field.name).collect(),
        Body::Field(name) => in_path.into_iter().chain([name]).collect(),
    };
    query::read(parts.query, message, &elsewhere, &mut request, &mut problems);
    Ok(problems.or(Value::Object(request))?)
}

/// The first message of an upload, encoded: the path and the texts of the form.
pub(super) fn form(
    operation: Operation,
    path: &[(String, String)],
    query: &str,
    texts: &[(String, String)],
    file_name: &str,
) -> Result<Vec<u8>, Failure> {
    let Operation { method, rest: _ } = operation;
    let message = method.request;
    let mut request = from_path(message, path)?;
    let mut problems = Problems::default();
    let taken: Vec<&str> = path.iter().map(|(name, _)| name.as_str()).chain([FILE_NAME, PIECE]).collect();
    query::fields(texts.iter().cloned(), message, &taken, &mut request, &mut problems);
    let all: Vec<&str> = message.fields.iter().map(|field| field.name).collect();
    query::read(query, message, &all, &mut request, &mut problems);
    request.insert(FILE_NAME.to_owned(), Value::String(file_name.replace('\0', "")));
    let request = problems.or(Value::Object(request))?;
    Ok((method.codec.encode)(request).map_err(Error::internal)?)
}

/// The fields that the path names. A value that cannot be one means that nothing is at that address.
fn from_path(message: &Message, path: &[(String, String)]) -> Result<Map<String, Value>, Failure> {
    let mut request = Map::new();
    for (name, text) in path {
        let mut problems = Problems::default();
        let field = message.field(name).ok_or_else(Failure::nothing_here)?;
        let mut value = query::typed(&field.kind, text);
        check::field(&mut value, field, name, &mut problems);
        request.insert(name.clone(), problems.or(value).map_err(|_| Failure::nothing_here())?);
    }
    Ok(request)
}

fn from_body(
    body: Value,
    message: &Message,
    place: &Body,
    in_path: &[&str],
    problems: &mut Problems,
) -> Map<String, Value> {
    match (place, body) {
        (Body::None, Value::Object(fields)) if fields.is_empty() => {}
        (Body::None, _) => problems.add("", "This request takes no body. Send none, or an empty object."),
        (Body::All, Value::Object(mut fields)) => {
            check::object(&mut fields, message, in_path, "", problems);
            return fields;
        }
        (Body::All, _) => problems.add("", "The body must be a JSON object."),
        (Body::Field(name), mut value) => {
            if let Some(field) = message.field(name) {
                check::field(&mut value, field, name, problems);
            }
            return Map::from_iter([((*name).to_owned(), value)]);
        }
    }
    Map::new()
}

/// A PATCH changes what its body names: the field mask is the body's keys.
fn mask(message: &Message, body: &Map<String, Value>) -> Option<(String, Value)> {
    let field = message.fields.iter().find(|field| matches!(field.kind, Kind::Mask))?;
    Some((field.name.to_owned(), body.keys().cloned().collect()))
}

/// The body as JSON; none when it is empty.
fn json(content_type: Option<&str>, body: &[u8]) -> Result<Option<Value>, Failure> {
    if body.is_empty() {
        return Ok(None);
    }
    if !content_type.is_some_and(is_json) {
        return Err(Failure::edge(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "The body must be JSON. Send it with the header Content-Type: application/json.",
        ));
    }
    serde_json::from_slice(body).map(Some).map_err(|error| malformed(&error).into())
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Serde knows where; the words are ours.
fn malformed(error: &serde_json::Error) -> Error {
    let place = format!("line {}, column {}", error.line(), error.column());
    let message = match error.classify() {
        Category::Eof => format!("The body is not complete JSON: it ends at {place}."),
        _ => format!("The body is not valid JSON: see {place}."),
    };
    Error::new(rpc::Kind::InvalidArgument, "MALFORMED_JSON", message)
}

#[cfg(test)]
mod tests;
