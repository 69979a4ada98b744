//! What goes wrong, as an HTTP answer.
//!
//! A [`Failure`] travels outwards inside the extensions of a response without a body. [`render`], near the outside, writes the
//! body, because only there the request's id is at hand; the trace layer reads it on the way to log what is our fault.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use rpc::{Error, Kind};
use serde::Serialize;

use crate::edge::request_id::RequestId;

/// An error with the status that tells it over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    status: StatusCode,
    error: Arc<Error>,
    allow: Option<HeaderValue>,
}

impl Failure {
    /// A refusal of the edge's own, with a status that no service answers.
    pub(crate) fn edge(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        let kind = match status {
            StatusCode::NOT_FOUND => Kind::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Kind::Unimplemented,
            StatusCode::PAYLOAD_TOO_LARGE => Kind::OutOfRange,
            StatusCode::REQUEST_TIMEOUT => Kind::DeadlineExceeded,
            _ => Kind::InvalidArgument,
        };
        Self { status, error: Arc::new(Error::new(kind, reason, message)), allow: None }
    }

    /// 404 for an address that nothing answers.
    pub(crate) fn nothing_here() -> Self {
        Self::edge(StatusCode::NOT_FOUND, "NOT_FOUND", "There is nothing at this address. Check it against /api/docs/.")
    }

    /// 405 with the verbs that the address does answer.
    pub(crate) fn other_verb(allow: HeaderValue) -> Self {
        let message =
            format!("This address does not answer that method, only: {}.", allow.to_str().unwrap_or_default());
        let failure = Self::edge(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
        Self { allow: Some(allow), ..failure }
    }

    /// The body that tells it.
    pub(crate) fn body(&self, request_id: &RequestId) -> Vec<u8> {
        serde_json::to_vec(&self.envelope(request_id)).unwrap_or_default() // a struct of texts always serialises
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn error(&self) -> &Error {
        &self.error
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.extend(self.allow.clone().map(|allow| (ALLOW, allow)));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, challenge(self.error.reason()));
        }
        if let Some(delay) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds_rounded_up(delay)));
        }
        headers
    }

    /// 429 and 503 always say when to come back.
    fn retry_after(&self) -> Option<Duration> {
        let late = matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        self.error.retry_after().or_else(|| late.then_some(Duration::from_secs(1)))
    }

    fn envelope<'a>(&'a self, request_id: &'a RequestId) -> Envelope<'a> {
        Envelope {
            success: false,
            message: self.error.message(),
            code: self.error.kind().name(),
            reason: self.error.reason(),
            errors: by_field(&self.error),
            request_id,
        }
    }
}

/// The reason of a 401 whose request brought no credential at all.
pub(crate) const NO_CREDENTIAL: &str = "TOKEN_REQUIRED";

/// RFC 6750: an error code only where a token was sent.
fn challenge(reason: &str) -> HeaderValue {
    HeaderValue::from_static(match reason {
        NO_CREDENTIAL => r#"Bearer realm="igny8""#,
        _ => r#"Bearer realm="igny8", error="invalid_token""#,
    })
}

fn seconds_rounded_up(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

/// The wrong fields by path. What is wrong as a whole stands under `non_field_errors`.
fn by_field(error: &Error) -> BTreeMap<&str, Vec<&str>> {
    const WHOLE: &str = "non_field_errors";
    let mut fields = BTreeMap::<_, Vec<_>>::new();
    for violation in error.violations() {
        let field = if violation.field.is_empty() { WHOLE } else { &violation.field };
        fields.entry(field).or_default().push(violation.message.as_str());
    }
    if fields.is_empty() && matches!(error.kind(), Kind::InvalidArgument | Kind::OutOfRange) {
        fields.insert(WHOLE, vec![error.message()]);
    }
    fields
}

#[derive(Serialize)]
struct Envelope<'a> {
    success: bool,
    message: &'a str,
    code: &'a str,
    reason: &'a str,
    errors: BTreeMap<&'a str, Vec<&'a str>>,
    request_id: &'a RequestId,
}

/// The status of an error that a service answered.
fn status(error: &Error) -> StatusCode {
    match (error.kind(), error.reason()) {
        (_, "IDEMPOTENCY_MISMATCH") => StatusCode::UNPROCESSABLE_ENTITY,
        (Kind::FailedPrecondition, "INSUFFICIENT_CREDITS" | "SPENDING_CAP_REACHED") => StatusCode::PAYMENT_REQUIRED,
        (Kind::InvalidArgument | Kind::OutOfRange | Kind::FailedPrecondition, _) => StatusCode::BAD_REQUEST,
        (Kind::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (Kind::PermissionDenied, _) => StatusCode::FORBIDDEN,
        (Kind::NotFound, _) => StatusCode::NOT_FOUND,
        (Kind::AlreadyExists | Kind::Aborted, _) => StatusCode::CONFLICT,
        (Kind::Exhausted, _) => StatusCode::TOO_MANY_REQUESTS,
        (Kind::Unimplemented, _) => StatusCode::NOT_IMPLEMENTED,
        (Kind::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Kind::DeadlineExceeded, _) => StatusCode::GATEWAY_TIMEOUT,
        (Kind::Internal, _) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Arc<Error>> for Failure {
    fn from(error: Arc<Error>) -> Self {
        Self { status: status(&error), error, allow: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Arc::new(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.headers()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Layer: writes the body of a failure.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(failure) = response.extensions().get::<Failure>() {
        *response.body_mut() = Body::from(failure.body(&id));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(failure: Failure) -> (u16, HeaderMap, Value) {
        let body = serde_json::to_value(failure.envelope(&RequestId::default())).unwrap();
        let response = failure.into_response();
        (response.status().as_u16(), response.headers().clone(), body)
    }

    #[test]
    fn every_kind_of_error_has_its_status() {
        let kinds = [
            (Kind::InvalidArgument, 400),
            (Kind::OutOfRange, 400),
            (Kind::FailedPrecondition, 400),
            (Kind::Unauthenticated, 401),
            (Kind::PermissionDenied, 403),
            (Kind::NotFound, 404),
            (Kind::AlreadyExists, 409),
            (Kind::Aborted, 409),
            (Kind::Exhausted, 429),
            (Kind::Internal, 500),
            (Kind::Unimplemented, 501),
            (Kind::Unavailable, 503),
            (Kind::DeadlineExceeded, 504),
        ];
        for (kind, status) in kinds {
            let (told, _, body) = told(Error::new(kind, "REASON", "What happened.").into());
            assert_eq!((told, &body["code"]), (status, &json!(kind.name())));
        }
    }

    #[test]
    fn two_reasons_have_a_status_of_their_own() {
        assert_eq!(told(Error::precondition("INSUFFICIENT_CREDITS", "Too few.").into()).0, 402);
        assert_eq!(told(Error::precondition("SPENDING_CAP_REACHED", "Too much.").into()).0, 402);
        let mismatch = Error::new(Kind::InvalidArgument, "IDEMPOTENCY_MISMATCH", "Another body.");
        assert_eq!(told(mismatch.into()).0, 422);
    }

    #[test]
    fn a_refusal_for_now_says_when_to_come_back() {
        let in_millis = |millis| Error::exhausted("RATE_LIMITED", "Too often.", Duration::from_millis(millis));
        assert_eq!(told(in_millis(1001).into()).1[RETRY_AFTER], "2");
        assert_eq!(told(in_millis(2000).into()).1[RETRY_AFTER], "2");
        assert_eq!(told(Error::new(Kind::Unavailable, "UNAVAILABLE", "Down.").into()).1[RETRY_AFTER], "1");
        assert!(!told(Error::not_found("site").into()).1.contains_key(RETRY_AFTER));
    }

    #[test]
    fn our_own_fault_is_told_in_a_fixed_text() {
        let (_, _, body) = told(Error::internal(anyhow::anyhow!("the password is hunter2")).into());
        assert!(!body.to_string().contains("hunter2"));
    }

    #[test]
    fn wrong_fields_are_told_by_path_and_the_rest_as_a_whole() {
        let error = Error::invalid("name", "Too long.").with_violation("name", "Too odd.").with_violation("", "Empty.");
        let expected = json!({"name": ["Too long.", "Too odd."], "non_field_errors": ["Empty."]});
        assert_eq!(told(error.into()).2["errors"], expected);
        assert_eq!(told(Error::not_found("site").into()).2["errors"], json!({}));
    }
}
