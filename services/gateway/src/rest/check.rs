//! Holds a JSON value against the contract's table of a message, and says in our own words everything that does not fit.
//!
//! What passes here is sure to be read by the generated code: serde's texts never reach a user. The contract's rules on values
//! (lengths, ranges, formats) are the owning service's; here is only the shape.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Datelike, Utc};
use contracts::{Field, Kind, Message, Violation};
use serde_json::{Map, Value};

/// Everything wrong with a request, by the path of the field.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Violation>);

impl Problems {
    /// A body of a mebibyte holds a hundred thousand unknown fields; nobody reads more than a page of them.
    const MOST: usize = 100;
    /// The longest path that is repeated to the sender.
    const LONGEST_PATH: usize = 120;

    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < Self::MOST {
            let field = path.into().chars().take(Self::LONGEST_PATH).collect();
            self.0.push(Violation { field, message: message.into() });
        }
    }

    /// The value, or one error with all that is wrong.
    pub(super) fn or<T>(self, value: T) -> rpc::Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(rpc::Error::invalid_fields(self.0)) }
    }
}

/// Checks the fields of an object. A `taken` field stands elsewhere in the request (the path) and is unknown here.
pub(super) fn object(
    object: &mut Map<String, Value>,
    message: &Message,
    taken: &[&str],
    path: &str,
    problems: &mut Problems,
) {
    for (key, value) in object {
        let path = join(path, key);
        match message.field(key).filter(|field| !matches!(field.kind, Kind::Mask)) {
            None => problems.add(path, "There is no such field."),
            Some(_) if taken.contains(&key.as_str()) => {
                problems.add(path, "This stands in the path and not in the body.");
            }
            Some(field) => self::field(value, field, &path, problems),
        }
    }
}

/// Checks one field: whether it may be null, whether it is a list, and each value.
pub(super) fn field(value: &mut Value, field: &Field, path: &str, problems: &mut Problems) {
    match value {
        Value::Null if field.nullable && !field.repeated => {}
        Value::Null => problems.add(path, "Must not be null. Leave it out to keep the default."),
        Value::Array(items) if field.repeated => {
            for (index, item) in items.iter_mut().enumerate() {
                one(item, &field.kind, &join(path, &index.to_string()), problems);
            }
        }
        _ if field.repeated => problems.add(path, "Must be a list."),
        _ => one(value, &field.kind, path, problems),
    }
}

/// Checks one value that is not a list.
fn one(value: &mut Value, kind: &Kind, path: &str, problems: &mut Problems) {
    let verdict = match (kind, &mut *value) {
        (Kind::Message(message), Value::Object(fields)) => return object(fields, message, &[], path, problems),
        (Kind::Map, Value::Object(entries)) => return map(entries, path, problems),
        (Kind::Message(_) | Kind::Map, _) => Err("Must be an object.".to_owned()),
        (Kind::Bool, Value::Bool(_)) | (Kind::Double, Value::Number(_)) => Ok(()),
        (Kind::Bool, _) => Err("Must be true or false.".to_owned()),
        (Kind::Int32, _) => whole(value, i32::MIN.into(), i32::MAX.into()),
        (Kind::UInt32, _) => whole(value, 0, u32::MAX.into()),
        (Kind::Int64, _) => whole(value, -MOST_EXACT, MOST_EXACT),
        (Kind::UInt64, _) => whole(value, 0, MOST_EXACT),
        (Kind::Double, _) => Err("Must be a number.".to_owned()),
        (Kind::Text, Value::String(text)) => no_nul(text),
        (Kind::Text, _) => Err("Must be a text.".to_owned()),
        (Kind::Bytes, Value::String(text)) if BASE64_STANDARD.decode(&*text).is_ok() => Ok(()),
        (Kind::Bytes, _) => Err("Must be a text in base64.".to_owned()),
        (Kind::Timestamp, Value::String(text)) if is_timestamp(text) => Ok(()),
        (Kind::Timestamp, _) => Err("Must be a time in RFC 3339, as 2026-01-31T09:30:00Z.".to_owned()),
        (Kind::Enum(names), Value::String(text)) if names.contains(&text.as_str()) => Ok(()),
        (Kind::Enum(names), _) => Err(format!("Must be one of: {}.", names.join(", "))),
        (Kind::Mask, _) => Err("There is no such field.".to_owned()),
    };
    if let Err(message) = verdict {
        problems.add(path, message);
    }
}

/// 2^53 - 1: the largest whole number that JavaScript and other readers of JSON keep exactly.
const MOST_EXACT: i64 = 9_007_199_254_740_991;

/// Checks a whole number. JSON knows one kind of number, so `5.0` is five, and is written so for the generated code.
fn whole(value: &mut Value, least: i64, most: i64) -> Result<(), String> {
    let fraction = value.as_f64().filter(|_| value.is_f64());
    if let Some(five) =
        fraction.filter(|number| number.fract() == 0.0).and_then(|number| format!("{number:.0}").parse().ok())
    {
        *value = Value::Number(i64::into(five));
    }
    match value.as_i64() {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        _ => Err(format!("Must be a whole number from {least} to {most}.")),
    }
}

fn map(entries: &Map<String, Value>, path: &str, problems: &mut Problems) {
    for (key, value) in entries {
        let verdict =
            value.as_str().ok_or_else(|| "Must be a text.".to_owned()).and_then(no_nul).and_then(|()| no_nul(key));
        if let Err(message) = verdict {
            problems.add(join(path, key), message);
        }
    }
}

/// PostgreSQL cannot store U+0000, and no text of a person holds one.
fn no_nul(text: &str) -> Result<(), String> {
    if text.contains('\0') { Err("Must not contain the character U+0000.".to_owned()) } else { Ok(()) }
}

/// Whether it is a time that a protobuf timestamp can hold: the years 1 to 9999, no leap second.
fn is_timestamp(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text).is_ok_and(|time| {
        let time = time.with_timezone(&Utc);
        (1..=9999).contains(&time.year()) && time.timestamp_subsec_nanos() < 1_000_000_000
    })
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
