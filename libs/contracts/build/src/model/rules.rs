//! The subset of `buf.validate` that is supported. Any other rule is a problem: one that is silently ignored would be a hole.

use prost_reflect::{DynamicMessage, FieldDescriptor, Value};

use super::{messages::Kind, options::extension};
use crate::problems::Problems;

/// What a value must be.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) required: bool,
    /// In characters, as `max_len`.
    pub(crate) min_len: Option<u64>,
    pub(crate) max_len: Option<u64>,
    pub(crate) format: Option<Format>,
    /// Inclusive, as `max`.
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique: bool,
    /// The rules of each item of a list.
    pub(crate) items: Option<Box<Rules>>,
}

/// The form of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Email,
    Hostname,
    Uuid,
}

impl Rules {
    /// The rules of each text: of the items in a list, else of the field.
    pub(crate) fn of_text(&self) -> &Self {
        self.items.as_deref().unwrap_or(self)
    }
}

pub(crate) fn of(field: &FieldDescriptor, kind: &Kind, place: &str, problems: &mut Problems) -> Rules {
    let mut reader = Reader { kind, is_list: field.is_list(), rules: Rules::default(), unsupported: Vec::new() };
    if let Some(rules) = extension(&field.options(), "buf.validate.field") {
        reader.field(&rules);
    }
    for rule in reader.unsupported {
        problems.add(
            place,
            format!(
                "the buf.validate rule `{rule}` is not supported here: use required, string (min_len, max_len, email, uuid, hostname), \
                 int32 or int64 (gte, lte, gt, lt), repeated (min_items, max_items, unique, items.string), each on a field of its type, \
                 or check it in the handler"
            ),
        );
    }
    reader.rules
}

struct Reader<'a> {
    kind: &'a Kind,
    is_list: bool,
    rules: Rules,
    unsupported: Vec<String>,
}

impl Reader<'_> {
    fn field(&mut self, rules: &DynamicMessage) {
        for (rule, value) in rules.fields() {
            match (rule.name(), value) {
                ("required", Value::Bool(required)) => self.rules.required = *required,
                ("string", Value::Message(rules)) if !self.is_list && matches!(self.kind, Kind::Text) => {
                    self.string(rules);
                }
                (name @ ("int32" | "int64"), Value::Message(rules)) if !self.is_list && self.kind.is_integer() => {
                    self.integer(name, rules);
                }
                ("repeated", Value::Message(rules)) if self.is_list => self.repeated(rules),
                (name, _) => self.unsupported.push(name.to_owned()),
            }
        }
    }

    fn string(&mut self, rules: &DynamicMessage) {
        for (rule, value) in rules.fields() {
            match (rule.name(), value) {
                ("min_len", Value::U64(length)) => self.rules.min_len = Some(*length),
                ("max_len", Value::U64(length)) => self.rules.max_len = Some(*length),
                ("email", Value::Bool(true)) => self.rules.format = Some(Format::Email),
                ("hostname", Value::Bool(true)) => self.rules.format = Some(Format::Hostname),
                ("uuid", Value::Bool(true)) => self.rules.format = Some(Format::Uuid),
                (name, _) => self.unsupported.push(format!("string.{name}")),
            }
        }
    }

    fn integer(&mut self, of: &str, rules: &DynamicMessage) {
        for (rule, value) in rules.fields() {
            let number = value.as_i64().or_else(|| value.as_i32().map(i64::from));
            match (rule.name(), number) {
                ("gte", number @ Some(_)) => self.rules.min = number,
                ("lte", number @ Some(_)) => self.rules.max = number,
                ("gt", Some(number)) => self.rules.min = number.checked_add(1),
                ("lt", Some(number)) => self.rules.max = number.checked_sub(1),
                (name, _) => self.unsupported.push(format!("{of}.{name}")),
            }
        }
    }

    fn repeated(&mut self, rules: &DynamicMessage) {
        for (rule, value) in rules.fields() {
            match (rule.name(), value) {
                ("min_items", Value::U64(count)) => self.rules.min_items = Some(*count),
                ("max_items", Value::U64(count)) => self.rules.max_items = Some(*count),
                ("unique", Value::Bool(unique)) if !matches!(self.kind, Kind::Message(_) | Kind::Double) => {
                    self.rules.unique = *unique;
                }
                ("items", Value::Message(rules)) => self.items(rules),
                (name, _) => self.unsupported.push(format!("repeated.{name}")),
            }
        }
    }

    fn items(&mut self, rules: &DynamicMessage) {
        let mut items = Reader { kind: self.kind, is_list: false, rules: Rules::default(), unsupported: Vec::new() };
        for (rule, value) in rules.fields() {
            match (rule.name(), value) {
                ("string", Value::Message(rules)) if matches!(self.kind, Kind::Text) => items.string(rules),
                (name, _) => items.unsupported.push(name.to_owned()),
            }
        }
        self.unsupported.extend(items.unsupported.into_iter().map(|rule| format!("repeated.items.{rule}")));
        self.rules.items = Some(Box::new(items.rules));
    }
}
