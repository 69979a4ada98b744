//! The OpenAPI 3.1 document of the REST API.

mod errors;
mod json;
mod operation;
mod parameters;
mod schema;
mod success;

use std::collections::BTreeMap;

use json::Object;

use crate::model::{Http, Method, Model, Options, Service};

/// What holds for every operation is told once, in prose.
const DESCRIPTION: &str = include_str!("openapi/description.md");

/// A method that is in REST, with what makes it so.
#[derive(Clone, Copy)]
struct Endpoint<'a> {
    method: &'a Method,
    http: &'a Http,
    options: &'a Options,
    service: &'a Service,
}

/// The document as JSON text with a final line break. Its keys stand in the order that a reader wants.
pub(crate) fn document(model: &Model) -> String {
    let endpoints: Vec<Endpoint<'_>> = model.services.iter().flat_map(endpoints).collect();
    let schemas = schema::Schemas::of(model, &endpoints);
    let document = Object::new()
        .with("openapi", "3.1.0")
        .with("info", info())
        .with("servers", vec![Object::new().with("url", "/").with("description", "This installation")])
        .with(
            "security",
            vec![Object::new().with("bearerAuth", no_scopes()), Object::new().with("cookieAuth", no_scopes())],
        )
        .with("tags", tags(&endpoints))
        .with("paths", paths(&schemas, &endpoints))
        .with("components", components(&schemas, &endpoints));
    document.to_pretty() + "\n"
}

fn endpoints(service: &Service) -> impl Iterator<Item = Endpoint<'_>> {
    service.methods.iter().filter_map(move |method| {
        let (http, options) = (method.http.as_ref()?, method.options.as_ref()?);
        Some(Endpoint { method, http, options, service })
    })
}

fn info() -> Object {
    let licence = Object::new().with("name", "MIT or Apache-2.0").with("identifier", "MIT OR Apache-2.0");
    Object::new()
        .with("title", "IGNY8")
        .with("version", "v1")
        .with("summary", "From keywords to published articles.")
        .with("description", DESCRIPTION.trim_end())
        .with("license", licence)
}

/// OAuth has scopes, our schemes have none.
fn no_scopes() -> Vec<String> {
    Vec::new()
}

/// One for each aggregate, sorted.
fn tags(endpoints: &[Endpoint<'_>]) -> Vec<Object> {
    let services: BTreeMap<&str, &Service> =
        endpoints.iter().map(|at| (at.service.aggregate.as_str(), at.service)).collect();
    services
        .into_iter()
        .map(|(name, service)| Object::new().with("name", name).with_text("description", &service.comment))
        .collect()
}

/// Sorted by path; the verbs of a path in the order of reading, making, changing and deleting.
fn paths(schemas: &schema::Schemas<'_>, endpoints: &[Endpoint<'_>]) -> Object {
    let mut paths: BTreeMap<String, Object> = BTreeMap::new();
    for verb in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.http.verb == verb) {
            let path = paths.entry(format!("{}/", endpoint.http.path)).or_default();
            path.insert(&verb.to_ascii_lowercase(), operation::operation(schemas, endpoint));
        }
    }
    paths.into_iter().collect()
}

fn components(schemas: &schema::Schemas<'_>, endpoints: &[Endpoint<'_>]) -> Object {
    let bearer = Object::new()
        .with("type", "http")
        .with("scheme", "bearer")
        .with("description", "An access token, or an API key (`igny8_…`).");
    let cookie = Object::new()
        .with("type", "apiKey")
        .with("in", "cookie")
        .with("name", "__Host-session")
        .with("description", "The session of a browser, from signing in with `cookie: true`.");
    Object::new()
        .with("securitySchemes", Object::new().with("bearerAuth", bearer).with("cookieAuth", cookie))
        .with("parameters", parameters::components())
        .with("headers", errors::headers())
        .with("responses", errors::responses(endpoints))
        .with("schemas", schemas.components())
}
