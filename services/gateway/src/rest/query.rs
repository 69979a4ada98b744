//! The query string as the fields of a request.

use std::collections::BTreeMap;

use contracts::{Field, Kind, Message};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::check::{self, Problems};

/// Reads a query string into `object`. Every key must be a field that is not `taken` by the path or the body, or a field of a
/// flattened message (`filter`): a misspelt filter must not return the whole table.
pub(super) fn read(
    query: &str,
    message: &Message,
    taken: &[&str],
    object: &mut Map<String, Value>,
    problems: &mut Problems,
) {
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let unknown = |key: &str| format!("There is no query parameter `{}`.", shortened(key));
    Reader { message, taken, unknown }.place_all(pairs, object, problems);
}

/// [`read`] for the texts of a form.
pub(super) fn fields(
    texts: impl Iterator<Item = (String, String)>,
    message: &Message,
    taken: &[&str],
    object: &mut Map<String, Value>,
    problems: &mut Problems,
) {
    Reader { message, taken, unknown: |_: &str| "There is no such field.".to_owned() }
        .place_all(texts, object, problems);
}

/// What keys are held against.
struct Reader<'a, U> {
    message: &'a Message,
    taken: &'a [&'a str],
    /// Says that a key names nothing.
    unknown: U,
}

impl<U: Fn(&str) -> String> Reader<'_, U> {
    fn place_all(
        &self,
        texts: impl Iterator<Item = (String, String)>,
        object: &mut Map<String, Value>,
        problems: &mut Problems,
    ) {
        for (key, values) in by_key(texts) {
            match find(self.message, self.taken, &key) {
                None => problems.add(&*key, (self.unknown)(&key)),
                Some((parent, field)) => {
                    let Some(value) = value(field, &values, &key, problems) else { continue };
                    place(object, parent, field.name, value);
                }
            }
        }
    }
}

fn by_key(texts: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut keys = BTreeMap::<_, Vec<_>>::new();
    for (key, value) in texts {
        keys.entry(key).or_default().push(value);
    }
    keys
}

/// The field that a key names, and the flattened message that it stands in.
fn find(message: &Message, taken: &[&str], key: &str) -> Option<(Option<&'static str>, &'static Field)> {
    let own = message.field(key).filter(|field| fits_a_query(field)).map(|field| (None, field));
    let inner = || {
        message.fields.iter().find_map(|parent| match parent.kind {
            Kind::Message(inner) if parent.flattened => {
                let field = inner.field(key).filter(|field| fits_a_query(field))?;
                Some((Some(parent.name), field))
            }
            _ => None,
        })
    };
    let found = own.or_else(inner)?;
    (!taken.contains(&found.0.unwrap_or(found.1.name))).then_some(found)
}

fn fits_a_query(field: &Field) -> bool {
    !matches!(field.kind, Kind::Message(_) | Kind::Map | Kind::Mask)
}

/// The checked value of a key. An empty one is an empty text: nothing to search for, but no number, no id and no choice either.
fn value(field: &'static Field, texts: &[String], key: &str, problems: &mut Problems) -> Option<Value> {
    let mut value = if field.repeated {
        let parts = texts.iter().flat_map(|text| text.split(','));
        Value::Array(parts.map(|part| typed(&field.kind, part)).collect())
    } else {
        let [text] = texts else {
            problems.add(key, "Must be given only once.");
            return None;
        };
        typed(&field.kind, text)
    };
    check::field(&mut value, field, key, problems);
    Some(value)
}

/// What a text stands for. One that is not what the field wants stays a text, and the check says so.
pub(super) fn typed(kind: &Kind, text: &str) -> Value {
    let typed = match kind {
        Kind::Bool => match text {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Int32 | Kind::UInt32 | Kind::Int64 | Kind::UInt64 => text.parse::<i64>().ok().map(Value::from),
        Kind::Double => text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn place(object: &mut Map<String, Value>, parent: Option<&str>, name: &str, value: Value) {
    match parent {
        None => {
            object.insert(name.to_owned(), value);
        }
        Some(parent) => {
            let inner = object.entry(parent).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                inner.insert(name.to_owned(), value);
            }
        }
    }
}

fn shortened(key: &str) -> String {
    key.chars().take(60).collect()
}
