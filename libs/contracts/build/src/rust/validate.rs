//! The rules of requests, as calls of `contracts::validate::Checks`.

use crate::model::{Field, Format, Kind, Message, Model, Rules, camel};

use super::names;

/// `Validate` for each request and for each message inside one.
pub(super) fn write(model: &Model) -> String {
    let requests = model.reachable(model.methods().map(|method| method.input.as_str()));
    requests.into_iter().filter_map(|name| model.message(name)).map(implementation).collect()
}

fn implementation(message: &Message) -> String {
    let lines: String = message.fields.iter().map(|field| checks_of(message, field)).collect();
    let checks = if lines.is_empty() { "_" } else { "checks" };
    let path = names::path(&message.name);
    format!(
        "impl {path} {{
    fn check(&self, {checks}: &mut validate::Checks) {{
{lines}    }}
}}
impl Validate for {path} {{
    fn violations(&self) -> Vec<Violation> {{
        validate::Checks::of(|checks| self.check(checks))
    }}
}}\n\n"
    )
}

/// In a message with a mask, a field is checked when the mask names it or the path holds it.
fn checks_of(message: &Message, field: &Field) -> String {
    let calls: String = calls(message, field).into_iter().map(|call| format!("        checks.{call};\n")).collect();
    match message.mask() {
        Some(mask) if !calls.is_empty() && !message.path_fields.contains(&field.name) && mask.name != field.name => {
            format!(
                "        if validate::masked(self.{}.as_ref(), {:?}) {{\n{calls}        }}\n",
                mask.name, field.json
            )
        }
        _ => calls,
    }
}

fn calls(message: &Message, field: &Field) -> Vec<String> {
    if field.oneof.is_some() {
        return oneof_calls(message, field);
    }
    let (json, at) = (format!("{:?}", field.json), format!("self.{}", names::field(&field.name)));
    let mut calls =
        if field.repeated { list_calls(field, &json, &at) } else { single_calls(message, field, &json, &at) };
    if field.rules.unique {
        calls.push(format!("unique({json}, &{at})"));
    }
    calls
}

fn single_calls(message: &Message, field: &Field, json: &str, at: &str) -> Vec<String> {
    let required = field.rules.required;
    let present = |test: &str| if required { vec![format!("present({json}, {at}{test})")] } else { Vec::new() };
    match &field.kind {
        Kind::Text if field.optional => vec![format!("optional_text({json}, {at}.as_deref(), &{})", text(field))],
        Kind::Text => vec![format!("text({json}, &{at}, &{})", text(field))],
        Kind::Int32 | Kind::Int64 if !required && range(&field.rules).is_none() => Vec::new(),
        Kind::Int32 | Kind::Int64 => {
            let optional = if field.optional { "optional_" } else { "" };
            vec![format!(
                "{optional}number({json}, {at}, {required}, &{})",
                range(&field.rules).unwrap_or("validate::Range::ANY".to_owned())
            )]
        }
        Kind::Enum(name) => {
            let optional = if field.optional { "optional_" } else { "" };
            vec![format!("{optional}enumeration::<{}>({json}, {at}, {required})", names::path(name))]
        }
        Kind::Message(_) if field.flattened => {
            vec![format!("flattened({at}.as_ref(), |checks, message| message.check(checks))")]
        }
        Kind::Message(_) => {
            let mut calls = present(".is_some()");
            calls.push(format!("nested({json}, {at}.as_ref(), |checks, message| message.check(checks))"));
            calls
        }
        Kind::Mask => vec![format!("mask({json}, {at}.as_ref(), &{:?})", maskable(message))],
        Kind::Timestamp => present(".is_some()"),
        Kind::Map => {
            let mut calls = present_unless_empty(field, json, at);
            calls.push(format!("map_texts({json}, {at}.iter().flat_map(|(key, value)| [key, value]))"));
            calls
        }
        _ if field.optional => present(".is_some()"),
        Kind::Bytes => present_unless_empty(field, json, at),
        Kind::Bool => present(""),
        Kind::UInt32 | Kind::UInt64 => present(" != 0"),
        Kind::Double => present(" != 0.0"),
    }
}

fn present_unless_empty(field: &Field, json: &str, at: &str) -> Vec<String> {
    if field.rules.required { vec![format!("present({json}, !{at}.is_empty())")] } else { Vec::new() }
}

fn list_calls(field: &Field, json: &str, at: &str) -> Vec<String> {
    let items = items(&field.rules);
    match &field.kind {
        Kind::Text => vec![format!("texts({json}, &{at}, &{items}, &{})", text(field))],
        Kind::Enum(name) => vec![format!("enumerations::<{}>({json}, &{at}, &{items})", names::path(name))],
        Kind::Message(_) => vec![
            format!("list({json}, {at}.len(), &{items})"),
            format!("each({json}, &{at}, |checks, item| item.check(checks))"),
        ],
        _ => vec![format!("list({json}, {at}.len(), &{items})")],
    }
}

/// A member of a oneof is checked when it is the one.
fn oneof_calls(message: &Message, field: &Field) -> Vec<String> {
    let (json, rules) = (&field.json, text(field));
    let oneof = field.oneof.as_deref().unwrap_or_default();
    let variant = format!("{}::{}", names::oneof(message, oneof), camel(&field.name));
    let member = format!("if let Some({variant}(value)) = &self.{oneof} {{ Some(value) }} else {{ None }}");
    match &field.kind {
        Kind::Text => vec![format!("optional_text({json:?}, ({member}).map(String::as_str), &{rules})")],
        Kind::Message(_) => vec![format!("nested({json:?}, {member}, |checks, message| message.check(checks))")],
        _ => Vec::new(),
    }
}

fn maskable(message: &Message) -> Vec<&str> {
    let can_change = |field: &&Field| !matches!(field.kind, Kind::Mask) && !message.path_fields.contains(&field.name);
    message.fields.iter().filter(can_change).map(|field| field.json.as_str()).collect()
}

fn text(field: &Field) -> String {
    let rules = field.rules.of_text();
    let parts = [
        (rules.required && !field.repeated).then(|| "required: true".to_owned()),
        rules.min_len.map(|length| format!("min_len: {length}")),
        rules.max_len.map(|length| format!("max_len: {length}")),
        rules.format.map(|format| format!("format: Some(validate::Format::{})", variant(format))),
        (!field.options.ordering.is_empty()).then(|| format!("ordering: Some(&{:?})", field.options.ordering)),
    ];
    literal("Text", &parts)
}

fn variant(format: Format) -> &'static str {
    match format {
        Format::Email => "Email",
        Format::Hostname => "Hostname",
        Format::Uuid => "Uuid",
    }
}

fn range(rules: &Rules) -> Option<String> {
    if rules.min.is_none() && rules.max.is_none() {
        return None;
    }
    Some(format!("validate::Range {{ min: {:?}, max: {:?} }}", rules.min, rules.max))
}

fn items(rules: &Rules) -> String {
    let parts = [
        rules.required.then(|| "required: true".to_owned()),
        rules.min_items.map(|count| format!("min: {count}")),
        rules.max_items.map(|count| format!("max: {count}")),
    ];
    literal("Items", &parts)
}

/// A literal of one of the rule structs, with the rest from `ANY`.
fn literal(of: &str, parts: &[Option<String>]) -> String {
    let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
    if parts.is_empty() {
        return format!("validate::{of}::ANY");
    }
    format!("validate::{of} {{ {}, ..validate::{of}::ANY }}", parts.join(", "))
}
