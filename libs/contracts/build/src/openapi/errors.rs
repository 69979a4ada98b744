//! Errors: one schema, one response for each status.

use super::{
    Endpoint,
    json::Object,
    schema::refer,
    success::{constant, object},
};

/// A status of failure.
struct Failure {
    status: u16,
    /// The component.
    name: &'static str,
    code: &'static str,
    description: &'static str,
    headers: &'static [Header],
    /// Which operations may answer it.
    on: fn(&Endpoint<'_>) -> bool,
}

impl Failure {
    /// One that every operation may answer.
    const fn new(status: u16, name: &'static str, code: &'static str, description: &'static str) -> Self {
        Self { status, name, code, description, headers: &[], on: |_| true }
    }

    const fn on(mut self, on: fn(&Endpoint<'_>) -> bool) -> Self {
        self.on = on;
        self
    }

    const fn with(mut self, headers: &'static [Header]) -> Self {
        self.headers = headers;
        self
    }
}

/// Those of the services and those of the gateway itself.
static FAILURES: [Failure; 15] = [
    Failure::new(
        400,
        "BadRequest",
        "INVALID_ARGUMENT",
        "The request is wrong, or does not fit the state of what it is about.",
    ),
    Failure::new(
        401,
        "Unauthenticated",
        "UNAUTHENTICATED",
        "There are no credentials, or they are not valid any more.",
    )
    .with(&[WWW_AUTHENTICATE]),
    Failure::new(402, "InsufficientCredits", "FAILED_PRECONDITION", "The account has too few credits.")
        .on(|endpoint| endpoint.options.rate_policy.as_deref() == Some("ai")),
    Failure::new(
        403,
        "Forbidden",
        "PERMISSION_DENIED",
        "The role, the kind of credentials or the state of the account does not allow it.",
    ),
    Failure::new(404, "NotFound", "NOT_FOUND", "There is no such thing in this account."),
    Failure::new(405, "MethodNotAllowed", "UNIMPLEMENTED", "The path does not take this HTTP method.").with(&[ALLOW]),
    Failure::new(408, "RequestTimeout", "DEADLINE_EXCEEDED", "The request took too long to arrive."),
    Failure::new(
        409,
        "Conflict",
        "ALREADY_EXISTS",
        "It is there already, or another request is changing it right now.",
    )
    .on(|endpoint| endpoint.http.verb != "GET"),
    Failure::new(413, "ContentTooLarge", "OUT_OF_RANGE", "The body is too large.").on(has_body),
    Failure::new(
        415,
        "UnsupportedMediaType",
        "INVALID_ARGUMENT",
        "The body is of a type that the operation does not take.",
    )
    .on(has_body),
    Failure::new(422, "IdempotencyMismatch", "INVALID_ARGUMENT", "The `Idempotency-Key` was used with another body.")
        .on(|endpoint| endpoint.options.idempotency_key),
    Failure::new(
        429,
        "TooManyRequests",
        "RESOURCE_EXHAUSTED",
        "Too many requests. Wait as long as `Retry-After` says.",
    )
    .with(&[RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY]),
    Failure::new(500, "InternalError", "INTERNAL", "Something broke on our side."),
    Failure::new(
        503,
        "Unavailable",
        "UNAVAILABLE",
        "A part of the system does not answer. Try again as `Retry-After` says.",
    )
    .with(&[RETRY_AFTER]),
    Failure::new(504, "DeadlineExceeded", "DEADLINE_EXCEEDED", "The answer took too long."),
];

fn has_body(endpoint: &Endpoint<'_>) -> bool {
    endpoint.http.body.is_some() || endpoint.options.upload
}

/// A header of an answer.
#[derive(Clone, Copy)]
struct Header {
    name: &'static str,
    component: &'static str,
    kind: &'static str,
    description: &'static str,
}

const ALLOW: Header =
    Header { name: "Allow", component: "Allow", kind: "string", description: "The HTTP methods that the path takes." };
const RATE_LIMIT: Header = Header {
    name: "RateLimit",
    component: "RateLimit",
    kind: "string",
    description: "What is left of the limit, and the seconds until it is whole again.",
};
const RATE_LIMIT_POLICY: Header = Header {
    name: "RateLimit-Policy",
    component: "RateLimitPolicy",
    kind: "string",
    description: "The limit and its window in seconds.",
};
const RETRY_AFTER: Header = Header {
    name: "Retry-After",
    component: "RetryAfter",
    kind: "integer",
    description: "Seconds to wait before the next try.",
};
const WWW_AUTHENTICATE: Header = Header {
    name: "WWW-Authenticate",
    component: "WwwAuthenticate",
    kind: "string",
    description: "`Bearer`, and what is wrong with the token.",
};

pub(super) fn headers() -> Object {
    let headers = [ALLOW, RATE_LIMIT, RATE_LIMIT_POLICY, RETRY_AFTER, WWW_AUTHENTICATE];
    let component = |header: Header| {
        let schema = Object::new().with("type", header.kind);
        Object::new().with("description", header.description).with("schema", schema)
    };
    headers.into_iter().map(|header| (header.component.to_owned(), component(header))).collect()
}

/// The failures that some operation may answer.
pub(super) fn responses(endpoints: &[Endpoint<'_>]) -> Object {
    let failures = FAILURES.iter().filter(|failure| endpoints.iter().any(failure.on));
    failures.map(|failure| (failure.name.to_owned(), response(failure))).collect()
}

/// The failures of one operation, by status.
pub(super) fn references(endpoint: &Endpoint<'_>) -> impl Iterator<Item = (String, Object)> {
    let failures = FAILURES.iter().filter(|failure| (failure.on)(endpoint));
    failures.map(|failure| (failure.status.to_string(), refer("responses", failure.name)))
}

fn response(failure: &Failure) -> Object {
    let headers: Object =
        failure.headers.iter().map(|header| (header.name.to_owned(), refer("headers", header.component))).collect();
    let content = Object::new().with("schema", refer("schemas", "Error")).with("example", example(failure));
    Object::new()
        .with("description", failure.description)
        .with_some("headers", (!failure.headers.is_empty()).then_some(headers))
        .with("content", Object::new().with("application/json", content))
}

fn example(failure: &Failure) -> Object {
    let invalid = failure.status == 400;
    let errors = invalid.then(|| Object::new().with("name", vec!["This is required. Fill it in."]));
    Object::new()
        .with("success", false)
        .with("message", failure.description)
        .with("code", failure.code)
        .with("reason", if invalid { "INVALID_FIELD" } else { failure.code })
        .with("errors", errors.unwrap_or_default())
        .with("request_id", "01890a5d-ac96-774b-bcce-b302099a8057")
}

/// The body of every failure.
pub(super) fn schema() -> Object {
    let text = |description: &str| Object::new().with("type", "string").with("description", description);
    let name = |description: &str| text(description).with("pattern", "^[A-Z][A-Z0-9_]*$");
    let messages = Object::new().with("type", "array").with("items", Object::new().with("type", "string"));
    let errors = Object::new()
        .with("type", "object")
        .with(
            "description",
            "What is wrong with each field, by its path; what belongs to none is under `non_field_errors`.",
        )
        .with("additionalProperties", messages);
    object([
        ("success", constant(false)),
        ("message", text("What happened, for people.")),
        ("code", name("The kind of failure, as gRPC names it.")),
        ("reason", name("The exact failure, for programs. It does not change.")),
        ("errors", errors),
        ("request_id", text("Names this request in our logs.")),
    ])
    .with("description", "Why a request failed.")
}
