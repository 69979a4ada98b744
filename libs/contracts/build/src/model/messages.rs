//! Messages, their fields, and enums.

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor};

use super::{Rules, comments::Comments, names, options::FieldOptions, rules};
use crate::problems::Problems;

/// One message.
pub(crate) struct Message {
    /// The full name.
    pub(crate) name: String,
    /// The last part of the name.
    pub(crate) short: String,
    pub(crate) place: String,
    pub(crate) comment: String,
    pub(crate) fields: Vec<Field>,
    /// The names of its oneofs.
    pub(crate) oneofs: Vec<String>,
    /// As a request: the proto names of the fields in the path.
    pub(crate) path_fields: BTreeSet<String>,
}

impl Message {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field that says which others a PATCH changes.
    pub(crate) fn mask(&self) -> Option<&Field> {
        self.fields.iter().find(|field| matches!(field.kind, Kind::Mask))
    }

    /// The names of the messages in its fields.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|field| field.kind.message())
    }

    /// The names of the enums in its fields.
    pub(crate) fn enums(&self) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter_map(|field| if let Kind::Enum(name) = &field.kind { Some(name.as_str()) } else { None })
    }

    /// What stands in the path is never empty.
    pub(super) fn mark_path_fields(&mut self, names: impl Iterator<Item = String>) {
        for name in names {
            self.fields.iter_mut().filter(|field| field.name == name).for_each(|field| field.rules.required = true);
            self.path_fields.insert(name);
        }
    }

    /// A list request keeps its filters in a message of their own; in the query there is no nesting.
    pub(super) fn flatten_filter(&mut self) {
        for field in &mut self.fields {
            field.flattened = field.name == "filter" && matches!(field.kind, Kind::Message(_)) && !field.repeated;
        }
    }
}

/// One field.
pub(crate) struct Field {
    /// The file, message and field, for problems.
    pub(crate) place: String,
    /// The proto's name.
    pub(crate) name: String,
    /// The key in JSON.
    pub(crate) json: String,
    pub(crate) kind: Kind,
    pub(crate) repeated: bool,
    /// Declared `optional`: null in JSON when unset.
    pub(crate) optional: bool,
    /// The oneof that it is a member of.
    pub(crate) oneof: Option<String>,
    pub(crate) comment: String,
    pub(crate) rules: Rules,
    pub(crate) options: FieldOptions,
    /// The `filter` of a list request.
    pub(crate) flattened: bool,
}

impl Field {
    /// Whether the value that an absent field has breaks a rule: then it must be given.
    pub(crate) fn refuses_default(&self) -> bool {
        let rules = &self.rules;
        let zero = rules.min.is_some_and(|min| min > 0) || rules.max.is_some_and(|max| max < 0);
        let empty = rules.min_items.is_some_and(|min| min > 0);
        rules.required || (self.repeated && empty) || (!self.repeated && !self.optional && zero)
    }
}

/// The type of a field.
pub(crate) enum Kind {
    Bool,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Double,
    Text,
    Bytes,
    Timestamp,
    Mask,
    /// From text to text.
    Map,
    /// By full name.
    Enum(String),
    /// By full name.
    Message(String),
}

impl Kind {
    pub(crate) fn message(&self) -> Option<&str> {
        if let Self::Message(name) = self { Some(name) } else { None }
    }

    /// Whether a rule for whole numbers means something.
    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, Self::Int32 | Self::Int64)
    }
}

/// One enum.
pub(crate) struct Enum {
    /// The full name.
    pub(crate) name: String,
    /// The last part of the name.
    pub(crate) short: String,
    pub(crate) place: String,
    pub(crate) comment: String,
    /// Without the unspecified one.
    pub(crate) values: Vec<EnumValue>,
}

/// One value of an enum.
pub(crate) struct EnumValue {
    pub(crate) number: i32,
    pub(crate) json: String,
    pub(crate) comment: String,
}

pub(crate) fn messages(file: &FileDescriptor, comments: &Comments, problems: &mut Problems) -> Vec<(String, Message)> {
    file.messages()
        .map(|message| (message.full_name().to_owned(), read_message(file, &message, comments, problems)))
        .collect()
}

fn read_message(
    file: &FileDescriptor,
    message: &MessageDescriptor,
    comments: &Comments,
    problems: &mut Problems,
) -> Message {
    let place = format!("{}: {}", file.name(), message.name());
    let nested = message.child_messages().filter(|child| !child.is_map_entry()).map(|child| child.name().to_owned());
    for name in nested.chain(message.child_enums().map(|child| child.name().to_owned())) {
        problems.add(
            &place,
            format!(
                "{name} is declared inside: declare it beside {}, so that it has one name in Rust and in JSON",
                message.name()
            ),
        );
    }
    Message {
        name: message.full_name().to_owned(),
        short: message.name().to_owned(),
        fields: declared(message).iter().filter_map(|field| read_field(&place, field, comments, problems)).collect(),
        oneofs: message.oneofs().filter(|oneof| !oneof.is_synthetic()).map(|oneof| oneof.name().to_owned()).collect(),
        comment: comments.at(message.path()),
        path_fields: BTreeSet::new(),
        place,
    }
}

/// In the order of the file: the descriptor gives them by number. The last part of a path is the place among its neighbours.
fn declared(message: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(|field| field.path().last().copied());
    fields
}

fn read_field(message: &str, field: &FieldDescriptor, comments: &Comments, problems: &mut Problems) -> Option<Field> {
    let place = format!("{message}.{}", field.name());
    let kind = match kind(field) {
        Ok(kind) => kind,
        Err(advice) => {
            problems.add(&place, advice);
            return None;
        }
    };
    Some(Field {
        name: field.name().to_owned(),
        json: json_name(field),
        rules: rules::of(field, &kind, &place, problems),
        repeated: field.is_list(),
        optional: field.field_descriptor_proto().proto3_optional(),
        oneof: field.containing_oneof().filter(|oneof| !oneof.is_synthetic()).map(|oneof| oneof.name().to_owned()),
        comment: comments.at(field.path()),
        options: FieldOptions::of(field),
        flattened: false,
        kind,
        place,
    })
}

/// JSON has the proto's own name, unless the proto names another one: the name in camel case is only the compiler's default.
fn json_name(field: &FieldDescriptor) -> String {
    let is_default = field.json_name() == names::lower_camel(field.name());
    if is_default { field.name().to_owned() } else { field.json_name().to_owned() }
}

fn kind(field: &FieldDescriptor) -> Result<Kind, String> {
    use prost_reflect::Kind as Proto;
    let single = |kind: Kind| {
        if field.is_list() {
            Err("a list of this type is not supported: wrap it in a message".to_owned())
        } else {
            Ok(kind)
        }
    };
    match field.kind() {
        Proto::Bool => Ok(Kind::Bool),
        Proto::Int32 => Ok(Kind::Int32),
        Proto::Uint32 => Ok(Kind::UInt32),
        Proto::Int64 => Ok(Kind::Int64),
        Proto::Uint64 => Ok(Kind::UInt64),
        Proto::Double => Ok(Kind::Double),
        Proto::String => Ok(Kind::Text),
        Proto::Bytes if field.field_descriptor_proto().proto3_optional() => {
            Err("optional bytes are not supported: use bytes, empty when there are none".to_owned())
        }
        Proto::Bytes => single(Kind::Bytes),
        Proto::Enum(of) => Ok(Kind::Enum(of.full_name().to_owned())),
        Proto::Message(of) if of.is_map_entry() => map(&of),
        Proto::Message(of) => match of.full_name() {
            "google.protobuf.Timestamp" if field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic()) => {
                Err("a time in a oneof is not supported: wrap it in a message".to_owned())
            }
            "google.protobuf.Timestamp" => single(Kind::Timestamp),
            "google.protobuf.FieldMask" => single(Kind::Mask),
            name if name.starts_with("igny8.") => Ok(Kind::Message(name.to_owned())),
            name => Err(format!("{name} has no form in JSON here: use a type of our own, Timestamp or FieldMask")),
        },
        other => Err(format!("{other:?} is not supported: use int32, int64, uint32, uint64 or double")),
    }
}

fn map(entry: &MessageDescriptor) -> Result<Kind, String> {
    use prost_reflect::Kind::String;
    match (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind()) {
        (String, String) => Ok(Kind::Map),
        _ => Err("only map<string, string> is supported: use a list of messages".to_owned()),
    }
}

pub(crate) fn enums(file: &FileDescriptor, comments: &Comments, problems: &mut Problems) -> Vec<(String, Enum)> {
    file.enums().map(|of| (of.full_name().to_owned(), read_enum(file, &of, comments, problems))).collect()
}

fn read_enum(file: &FileDescriptor, of: &EnumDescriptor, comments: &Comments, problems: &mut Problems) -> Enum {
    let place = format!("{}: {}", file.name(), of.name());
    let mut values = Vec::new();
    for value in of.values() {
        match json_name_of_value(of, value.name()) {
            None => problems.add(&place, format!("{} lacks the enum's prefix: name it {}_…", value.name(), prefix(of))),
            Some(json) if value.number() == 0 => {
                if json != "unspecified" {
                    problems
                        .add(&place, format!("the zero value is {}: name it {}_UNSPECIFIED", value.name(), prefix(of)));
                }
            }
            Some(json) => values.push(EnumValue { number: value.number(), json, comment: comments.at(value.path()) }),
        }
    }
    values.sort_by_key(|value| value.number);
    Enum {
        name: of.full_name().to_owned(),
        short: of.name().to_owned(),
        comment: comments.at(of.path()),
        values,
        place,
    }
}

/// `ACCOUNT_STATUS_TRIAL` of `AccountStatus` → `trial`.
pub(super) fn json_name_of_value(of: &EnumDescriptor, value: &str) -> Option<String> {
    Some(value.strip_prefix(&prefix(of))?.strip_prefix('_')?.to_ascii_lowercase())
}

fn prefix(of: &EnumDescriptor) -> String {
    names::snake(of.name()).to_ascii_uppercase()
}
