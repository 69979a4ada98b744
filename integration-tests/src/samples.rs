//! Requests made from `openapi.json`: enough to call any method with a body that its schema accepts, so that a new method needs no test of
//! its own to be covered.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// Ids that an account owns, by what they are ids of: `site`, `sector`, `user`, …
pub type Ids = BTreeMap<String, Vec<String>>;

/// When what is planned in tests takes place: long after them, and not too far ahead for any schedule.
pub fn in_a_month() -> DateTime<Utc> {
    Utc::now() + TimeDelta::days(30)
}

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `get`, `post`, …
    pub verb: String,
    /// With the final slash: `/api/v1/auth/sites/{id}/`.
    pub path: String,
    /// As `sites_create`.
    pub id: String,
    document: Value,
    detail: Value,
}

/// All operations of a document, in the order of their paths.
///
/// # Panics
/// When the text is no OpenAPI document.
pub fn operations(document: &str) -> Vec<Operation> {
    let document: Value = serde_json::from_str(document).expect("openapi.json is JSON");
    let paths = document["paths"].as_object().expect("openapi.json has paths");
    let mut all = Vec::new();
    for (path, verbs) in paths {
        for (verb, detail) in verbs.as_object().expect("a path has verbs") {
            let id = detail["operationId"].as_str().unwrap_or_default().to_owned();
            let document = document.clone();
            all.push(Operation { verb: verb.clone(), path: path.clone(), id, document, detail: detail.clone() });
        }
    }
    all
}

/// What a path is about: `/api/v1/auth/site_access/{id}/` is about `site_access`, `…/sites/` about `site`.
pub fn noun(path: &str) -> String {
    let collection = path.split('/').rfind(|part| !part.is_empty() && !part.starts_with('{')).unwrap_or_default();
    singular(collection)
}

fn singular(plural: &str) -> String {
    match plural.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => plural.strip_suffix('s').filter(|stem| !stem.ends_with('s')).unwrap_or(plural).to_owned(),
    }
}

impl Operation {
    /// Whether anyone may call it.
    pub fn is_public(&self) -> bool {
        self.detail["security"].as_array().is_some_and(Vec::is_empty)
    }

    /// Whether the path names an object.
    pub fn has_path_parameter(&self) -> bool {
        self.path.contains('{')
    }

    /// The path with each parameter replaced.
    pub fn at(&self, id: &str) -> String {
        let parts = self.path.split('/').map(|part| match part {
            "{number}" => "1",
            part if part.starts_with('{') => id,
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The names of the query parameters that take an id.
    pub fn id_parameters(&self) -> Vec<String> {
        let all = self.detail["parameters"].as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|parameter| self.follow(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .filter(|name| name.ends_with("_id"))
            .collect()
    }

    /// A body that the schema accepts, its ids taken from `ids`; `None` when it has none, or needs an id that is not there.
    pub fn body(&self, ids: &Ids, salt: usize) -> Option<Value> {
        let schema = &self.follow(&self.detail["requestBody"])["content"]["application/json"]["schema"];
        let maker = Maker { operation: self, ids, salt };
        if schema.is_null() { None } else { maker.value("", schema) }
    }

    /// Whether it takes a file. Any other body is refused before anybody looks whose the thing is.
    pub fn takes_a_file(&self) -> bool {
        self.follow(&self.detail["requestBody"])["content"].get("multipart/form-data").is_some()
    }

    fn follow(&self, value: &Value) -> Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).cloned().unwrap_or_default(),
            None => value.clone(),
        }
    }
}

struct Maker<'a> {
    operation: &'a Operation,
    ids: &'a Ids,
    salt: usize,
}

impl Maker<'_> {
    fn value(&self, name: &str, schema: &Value) -> Option<Value> {
        let schema = self.operation.follow(schema);
        if let Some(options) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            return self.value(name, options.first()?);
        }
        if let Some(all) = schema["allOf"].as_array() {
            return self.value(name, all.first()?);
        }
        if let Some(options) = schema["enum"].as_array() {
            return options.iter().find(|option| !option.is_null()).cloned();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("string").to_owned()
            }
            kind => kind.as_str().unwrap_or("object").to_owned(),
        };
        match kind.as_str() {
            "object" => self.object(&schema),
            "array" => Some(json!([self.value(&singular(name), &schema["items"])?])),
            "boolean" => Some(json!(true)),
            // A limit of nothing would stop what comes after it.
            "integer" if name == "daily_credits" => Some(json!(1000)),
            "integer" | "number" => Some(schema.get("minimum").cloned().unwrap_or(json!(1))),
            _ => self.text(name, &schema),
        }
    }

    /// Every property: what is optional is worth a test too, unless it needs an id that the account does not have.
    fn object(&self, schema: &Value) -> Option<Value> {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut made = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            match self.value(name, property) {
                Some(value) => drop(made.insert(name.clone(), value)),
                None if required.contains(&name.as_str()) => return None,
                None => {}
            }
        }
        Some(Value::Object(made))
    }

    fn text(&self, name: &str, schema: &Value) -> Option<Value> {
        let salt = self.salt;
        let text = match (schema["format"].as_str().unwrap_or_default(), name) {
            ("uuid", _) => self.ids.get(name.strip_suffix("_id").unwrap_or(name))?.first()?.clone(),
            ("email", _) => format!("person{salt}@example.com"),
            ("hostname", _) => format!("site{salt}.example.com"),
            ("date-time", _) => in_a_month().to_rfc3339_opts(SecondsFormat::Secs, true),
            (_, "scheduled_local") => in_a_month().format("%Y-%m-%dT%H:%M").to_string(),
            (_, "time_zone") => "Europe/Berlin".to_owned(),
            (_, "language") => "en".to_owned(),
            (_, "country") => "US".to_owned(),
            (_, "structure") => "guide".to_owned(),
            (_, "url") => format!("https://site{salt}.example.com"),
            (_, "slug") => format!("sample-slug-{salt}"),
            (_, "colour") => "#1a2b3c".to_owned(),
            _ => format!("sample {name} {salt}"),
        };
        Some(Value::String(text))
    }
}
