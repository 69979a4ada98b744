//! Messages and enums as JSON schemas.

use std::collections::{BTreeMap, BTreeSet};

use super::{Endpoint, errors, json::Object};
use crate::model::{Enum, Field, Format, Kind, Message, Model, Rules};

/// A request is strict and says what it must have; an answer says what it always has, and may grow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// Which messages the document needs, in which direction.
pub(super) struct Schemas<'a> {
    pub(super) model: &'a Model,
    requests: BTreeSet<&'a str>,
    responses: BTreeSet<&'a str>,
}

impl<'a> Schemas<'a> {
    pub(super) fn of(model: &'a Model, endpoints: &[Endpoint<'a>]) -> Self {
        let requests = model.reachable(endpoints.iter().filter_map(|endpoint| body(model, endpoint)));
        let responses = model.reachable(endpoints.iter().filter_map(|endpoint| answer(model, endpoint)));
        Self { model, requests, responses }
    }

    /// Everything that is referred to, sorted by name.
    pub(super) fn components(&self) -> Object {
        let mut components = BTreeMap::from([("Error".to_owned(), errors::schema())]);
        for (names, direction) in [(&self.requests, Direction::Request), (&self.responses, Direction::Response)] {
            for message in names.iter().filter_map(|name| self.model.message(name)) {
                components.insert(self.name(message, direction), self.message(message, direction));
            }
        }
        components.extend(self.enums().map(|of| (of.short.clone(), enumeration(of))));
        components.into_iter().collect()
    }

    /// Of what is in a query too, which has no message of its own here.
    fn enums(&self) -> impl Iterator<Item = &Enum> {
        let rest = self.model.methods().filter(|method| method.http.is_some());
        let messages = self.model.reachable(rest.flat_map(|method| [method.input.as_str(), method.output.as_str()]));
        let names: BTreeSet<&str> =
            messages.into_iter().filter_map(|name| self.model.message(name)).flat_map(Message::enums).collect();
        names.into_iter().filter_map(|name| self.model.enums.get(name))
    }

    /// A message that goes both ways is two schemas.
    fn name(&self, message: &Message, direction: Direction) -> String {
        let both = self.responses.contains(message.name.as_str()) && direction == Direction::Request;
        if both { format!("{}Request", message.short) } else { message.short.clone() }
    }

    pub(super) fn reference(&self, message: &str, direction: Direction) -> Object {
        self.model.message(message).map_or_else(Object::new, |message| refer("schemas", &self.name(message, direction)))
    }

    fn message(&self, message: &Message, direction: Direction) -> Object {
        let fields: Vec<&Field> = message.fields.iter().filter(|field| is_in_body(message, field)).collect();
        let must = |field: &&&Field| match direction {
            Direction::Request => field.refuses_default() && message.mask().is_none(),
            Direction::Response => true,
        };
        let required: Vec<&str> = fields.iter().filter(must).map(|field| field.json.as_str()).collect();
        let properties: Object =
            fields.iter().map(|field| (field.json.clone(), self.field(field, direction))).collect();
        Object::new()
            .with("type", "object")
            .with_text("description", &message.comment)
            .with("properties", properties)
            .with_list("required", required)
            .with_some("additionalProperties", (direction == Direction::Request).then_some(false))
    }

    /// The form of an upload: its fields as texts, and after them the file.
    pub(super) fn form(&self, message: &Message) -> Object {
        let ours = ["piece", "file_name"];
        let fields: Vec<&Field> = message
            .fields
            .iter()
            .filter(|field| is_in_body(message, field) && !ours.contains(&field.name.as_str()))
            .collect();
        let file = Object::new()
            .with("type", "string")
            .with("contentMediaType", "application/octet-stream")
            .with("description", "The file. It comes after all other fields.");
        let mut properties: Object = fields
            .iter()
            .map(|field| (field.json.clone(), describe(self.value(field, Direction::Request), field, &field.comment)))
            .collect();
        properties.insert("file", file);
        let must = fields.iter().filter(|field| field.refuses_default()).map(|field| field.json.as_str());
        Object::new()
            .with("type", "object")
            .with("properties", properties)
            .with("required", must.chain(["file"]).collect::<Vec<_>>())
            .with("additionalProperties", false)
    }

    /// A field of a body.
    fn field(&self, field: &Field, direction: Direction) -> Object {
        let schema = self.value(field, direction);
        let schema = if field.optional { nullable(schema) } else { schema };
        describe(schema, field, &field.comment)
    }

    /// A value of a field that is there: in a query or path nothing is null.
    pub(super) fn value(&self, field: &Field, direction: Direction) -> Object {
        if !field.repeated {
            return self.single(field, &field.rules, direction);
        }
        let schema =
            Object::new().with("type", "array").with("items", self.single(field, field.rules.of_text(), direction));
        if direction == Direction::Response {
            return schema;
        }
        let min = field.rules.min_items.or(field.rules.required.then_some(1));
        schema
            .with_some("minItems", min)
            .with_some("maxItems", field.rules.max_items)
            .with_some("uniqueItems", field.rules.unique.then_some(true))
    }

    fn single(&self, field: &Field, rules: &Rules, direction: Direction) -> Object {
        let integer = |format: &str| Object::new().with("type", "integer").with("format", format);
        match &field.kind {
            Kind::Bool => Object::new().with("type", "boolean"),
            Kind::Int32 => integer("int32").with_some("minimum", rules.min).with_some("maximum", rules.max),
            Kind::Int64 => integer("int64").with_some("minimum", rules.min).with_some("maximum", rules.max),
            Kind::UInt32 => integer("int64").with("minimum", 0_u64).with("maximum", u64::from(u32::MAX)),
            Kind::UInt64 => integer("int64").with("minimum", 0_u64),
            Kind::Double => Object::new().with("type", "number").with("format", "double"),
            Kind::Text if direction == Direction::Response => {
                string().with_some("format", rules.format.map(format_name))
            }
            Kind::Text => text(field, rules),
            Kind::Bytes => string().with("contentEncoding", "base64"),
            Kind::Timestamp => string().with("format", "date-time"),
            Kind::Mask => Object::new().with("type", "array").with("items", string()),
            Kind::Map => Object::new().with("type", "object").with("additionalProperties", string()),
            Kind::Enum(name) => self.model.enums.get(name).map_or_else(Object::new, |of| refer("schemas", &of.short)),
            Kind::Message(name) => self.reference(name, direction),
        }
    }
}

/// Adds what the proto says of a field.
pub(super) fn describe(schema: Object, field: &Field, comment: &str) -> Object {
    let example = Some(field.options.example.as_str()).filter(|example| !example.is_empty());
    schema.with_text("description", comment).with_some("examples", example.map(|example| vec![example]))
}

pub(super) fn refer(kind: &str, name: &str) -> Object {
    Object::new().with("$ref", format!("#/components/{kind}/{name}"))
}

pub(super) fn nullable(mut schema: Object) -> Object {
    if schema.get("type").is_none() {
        return Object::new().with("anyOf", vec![schema, Object::new().with("type", "null")]);
    }
    schema.replace("type", |kind| vec![kind, "null".into()].into());
    schema
}

/// The message that is the body of a request.
pub(super) fn body<'a>(model: &'a Model, endpoint: &Endpoint<'a>) -> Option<&'a str> {
    match endpoint.http.body.as_deref()? {
        "*" => Some(&endpoint.method.input),
        field => model.message(&endpoint.method.input)?.field(field)?.kind.message(),
    }
}

/// The message that the answer is made of: of a page, one row.
pub(super) fn answer<'a>(model: &'a Model, endpoint: &Endpoint<'a>) -> Option<&'a str> {
    match endpoint.options.shape.as_deref()? {
        "envelope" => Some(&endpoint.method.output),
        "page" => model.message(&endpoint.method.output)?.field("results")?.kind.message(),
        _ => None,
    }
}

fn is_in_body(message: &Message, field: &Field) -> bool {
    !matches!(field.kind, Kind::Mask) && !message.path_fields.contains(&field.name)
}

fn string() -> Object {
    Object::new().with("type", "string")
}

/// A text of a request. One that may be left empty is either empty or satisfies the rules.
fn text(field: &Field, rules: &Rules) -> Object {
    let min = rules.min_len.or((rules.required && !field.optional).then_some(1));
    let format = rules.format.map(format_name).or(field.options.secret.then_some("password"));
    let schema = string()
        .with_some("format", format)
        .with_some("minLength", min.filter(|min| *min > 0))
        .with_some("maxLength", rules.max_len)
        .with_some("pattern", pattern(field, rules));
    let may_be_empty =
        !rules.required && !field.optional && !field.repeated && (rules.format.is_some() || rules.min_len.is_some());
    if may_be_empty { Object::new().with("anyOf", vec![schema, string().with("maxLength", 0_u64)]) } else { schema }
}

/// What is required is more than white space.
fn pattern(field: &Field, rules: &Rules) -> Option<String> {
    let keys = &field.options.ordering;
    let visible = rules.required && !field.optional && rules.format.is_none();
    if keys.is_empty() { visible.then(|| r"\S".to_owned()) } else { Some(ordering(keys)) }
}

fn ordering(keys: &[String]) -> String {
    let key = format!("-?({})", keys.join("|"));
    format!("^({key}(,{key})*)?$")
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Email => "email",
        Format::Hostname => "hostname",
        Format::Uuid => "uuid",
    }
}

fn enumeration(of: &Enum) -> Object {
    let meanings = of.values.iter().filter(|value| !value.comment.is_empty());
    let meanings: Vec<String> = meanings.map(|value| format!("* `{}`: {}", value.json, value.comment)).collect();
    let description =
        [of.comment.clone(), meanings.join("\n")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let names: Vec<&str> = of.values.iter().map(|value| value.json.as_str()).collect();
    string().with_text("description", &description.join("\n\n")).with("enum", names)
}
