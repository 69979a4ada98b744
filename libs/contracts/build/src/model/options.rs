//! Our own options of methods and fields (`igny8.rest.v1`), and how any option is read.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, ReflectMessage, Value};

use super::messages::json_name_of_value;

/// `igny8.rest.v1.method`. Enums are their JSON names, `None` when unspecified.
#[expect(clippy::struct_excessive_bools, reason = "the proto has them")]
pub(crate) struct Options {
    pub(crate) shape: Option<String>,
    pub(crate) status: u16,
    pub(crate) other_status: Option<u16>,
    /// The name and the number: roles are ordered by it.
    pub(crate) min_role: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) rate_policy: Option<String>,
    pub(crate) idempotency_key: bool,
    pub(crate) timeout_ms: u32,
    pub(crate) upload: bool,
    pub(crate) internal: bool,
    pub(crate) callers: Vec<String>,
    pub(crate) while_suspended: bool,
    pub(crate) owners: Vec<String>,
    pub(crate) immutable: bool,
}

impl Options {
    pub(crate) fn of(method: &MethodDescriptor) -> Option<Self> {
        let options = extension(&method.options(), "igny8.rest.v1.method")?;
        Some(Self {
            shape: choice(&options, "shape"),
            status: status(&options, "status").unwrap_or(200),
            other_status: status(&options, "other_status"),
            min_role: choice(&options, "min_role"),
            scope: choice(&options, "scope"),
            rate_policy: choice(&options, "rate_policy"),
            idempotency_key: flag(&options, "idempotency_key"),
            timeout_ms: number(&options, "timeout_ms").unwrap_or(10_000),
            upload: flag(&options, "upload"),
            internal: flag(&options, "internal"),
            callers: texts(&options, "callers"),
            while_suspended: flag(&options, "while_suspended"),
            owners: texts(&options, "owners"),
            immutable: flag(&options, "immutable"),
        })
    }

    pub(crate) fn is_public(&self) -> bool {
        self.scope.as_deref() == Some("public")
    }
}

/// What `igny8.rest.v1.field` says.
#[derive(Default)]
pub(crate) struct FieldOptions {
    pub(crate) ordering: Vec<String>,
    pub(crate) secret: bool,
    pub(crate) example: String,
}

impl FieldOptions {
    pub(crate) fn of(field: &FieldDescriptor) -> Self {
        extension(&field.options(), "igny8.rest.v1.field").map_or_else(Self::default, |options| Self {
            ordering: texts(&options, "ordering"),
            secret: flag(&options, "secret"),
            example: text(&options, "example"),
        })
    }
}

/// An extension that is a message, when it is set.
pub(crate) fn extension(options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let descriptor = options.descriptor().parent_pool().get_extension_by_name(name)?;
    options.has_extension(&descriptor).then(|| options.get_extension(&descriptor).as_message().cloned()).flatten()
}

/// A field that is set.
fn set(message: &DynamicMessage, field: &str) -> Option<Value> {
    message
        .has_field_by_name(field)
        .then(|| message.get_field_by_name(field).map(std::borrow::Cow::into_owned))
        .flatten()
}

pub(crate) fn text(message: &DynamicMessage, field: &str) -> String {
    set(message, field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn texts(message: &DynamicMessage, field: &str) -> Vec<String> {
    let value = set(message, field);
    let items = value.as_ref().and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn flag(message: &DynamicMessage, field: &str) -> bool {
    set(message, field).and_then(|value| value.as_bool()).unwrap_or_default()
}

fn number(message: &DynamicMessage, field: &str) -> Option<u32> {
    set(message, field)?.as_u32()
}

/// A status out of range is kept as 0, which the checks refuse.
fn status(message: &DynamicMessage, field: &str) -> Option<u16> {
    number(message, field).map(|status| u16::try_from(status).unwrap_or_default())
}

fn choice(message: &DynamicMessage, field: &str) -> Option<String> {
    let number = set(message, field)?.as_enum_number().filter(|number| *number != 0)?;
    let Kind::Enum(descriptor) = message.descriptor().get_field_by_name(field)?.kind() else { return None };
    json_name_of_value(&descriptor, descriptor.get_value(number)?.name())
}
