//! Path, query and body of an HTTP request as one JSON object: the request message of the contract.

use contracts::{Body, Kind, Message, Rest, Verb};
use http::StatusCode;
use rpc::Error;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::check::{self, Problems};
use super::query;
use crate::failure::Failure;

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
        Body::All => message.fields.iter().map(|field| field.name).collect(),
        Body::Field(name) => in_path.into_iter().chain([name]).collect(),
    };
    query::read(parts.query, message, &elsewhere, &mut request, &mut problems);
    Ok(problems.or(Value::Object(request))?)
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
