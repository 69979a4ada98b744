//! Which method of the contract a request is for. Found first, because every other layer asks the contract.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use contracts::{METHODS, Method, Rest};
use http::HeaderValue;

/// A method of the contract that has an address in REST.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub method: &'static Method,
    pub rest: &'static Rest,
}

/// What is at the address of a request.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Operation(Operation),
    /// The address exists, and answers only these verbs. `OPTIONS` asks for them.
    OnlyVerbs(HeaderValue),
}

/// Every address of the API, by its template without a final slash.
#[derive(Debug)]
pub(crate) struct Addresses(BTreeMap<&'static str, Vec<Operation>>);

impl Addresses {
    pub(crate) fn from_contracts() -> Self {
        let mut addresses = BTreeMap::<_, Vec<_>>::new();
        for method in METHODS {
            if let Some(rest) = &method.rest {
                addresses.entry(rest.path).or_default().push(Operation { method, rest });
            }
        }
        Self(addresses)
    }

    pub(crate) fn templates(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    fn target(&self, template: &str, verb: &http::Method) -> Option<Target> {
        let operations = self.0.get(template.strip_suffix('/').unwrap_or(template))?;
        let verb = if verb == http::Method::HEAD { "GET" } else { verb.as_str() };
        match operations.iter().find(|operation| operation.rest.verb.as_str() == verb) {
            Some(operation) => Some(Target::Operation(*operation)),
            None => Some(Target::OnlyVerbs(allow(operations))),
        }
    }
}

/// The value of `Allow`.
fn allow(operations: &[Operation]) -> HeaderValue {
    let mut verbs: Vec<_> = operations.iter().map(|operation| operation.rest.verb.as_str()).collect();
    if verbs.contains(&"GET") {
        verbs.push("HEAD");
    }
    verbs.push("OPTIONS");
    HeaderValue::try_from(verbs.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

/// Layer: puts the [`Target`], if there is one, into the request.
pub(crate) async fn find(State(addresses): State<Arc<Addresses>>, mut request: Request, next: Next) -> Response {
    let template = request.extensions().get::<MatchedPath>().cloned();
    let target = template.and_then(|template| addresses.target(template.as_str(), request.method()));
    if let Some(target) = target {
        request.extensions_mut().insert(target);
    }
    next.run(request).await
}

/// The operation that a request is for.
pub(crate) fn operation(request: &Request) -> Option<Operation> {
    match request.extensions().get() {
        Some(Target::Operation(operation)) => Some(*operation),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use contracts::rest::v1::Shape;

    use super::*;

    #[test]
    fn every_method_has_a_form_that_the_handler_knows() {
        for method in METHODS {
            let Some(rest) = &method.rest else { continue };
            let codec = method.codec;
            let known = match rest.shape {
                Shape::Envelope | Shape::Page => !method.server_streaming,
                Shape::Sse => codec.event.is_some(),
                Shape::Raw => codec.chunk.is_some(),
                Shape::Unspecified => false,
            };
            assert!(known && rest.upload == codec.piece.is_some(), "{}", method.operation);
        }
    }

    #[test]
    fn an_address_is_found_with_and_without_its_final_slash() {
        let addresses = Addresses::from_contracts();
        for template in ["/api/v1/auth/sites/{id}", "/api/v1/auth/sites/{id}/"] {
            let Some(Target::Operation(found)) = addresses.target(template, &http::Method::HEAD) else { panic!() };
            assert_eq!(found.method.operation, "sites_get");
        }
        assert!(addresses.target("/api/v1/auth/sites/{id}//", &http::Method::GET).is_none());
    }
}
