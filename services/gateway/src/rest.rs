//! The one handler of the API: HTTP in, gRPC out, and back, for every method of the contract.

mod check;
mod decode;
mod events;
mod form;
mod query;
mod raw;
mod shape;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::Utc;
use contracts::{Json, Method, Verb};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use rpc::client::Context;
use rpc::{Caller, Error, Kind, Peer};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use url::Url;

use self::shape::{Asked, Links};
use crate::backends::{Backends, Envelope, Stream};
use crate::edge::authenticate::Authenticator;
use crate::edge::target::{Operation, Target};
use crate::edge::{body, session};
use crate::failure::Failure;

/// What the handler needs.
#[derive(Clone)]
pub(crate) struct Api {
    pub backends: Arc<Backends>,
    pub authenticator: Arc<Authenticator>,
    pub public_url: Arc<Url>,
    pub body: body::Policy,
    /// Of event streams.
    pub keep_alive: Duration,
    pub shutdown: CancellationToken,
}

type PathParams = Result<RawPathParams, RawPathParamsRejection>;

/// Handler of every address of the API.
pub(crate) async fn handle(State(api): State<Api>, path: PathParams, request: Request) -> Response {
    let answer = match request.extensions().get::<Target>().cloned() {
        Some(Target::Operation(operation)) => api.answer(operation, path, request).await,
        Some(Target::OnlyVerbs(allow)) if request.method() == http::Method::OPTIONS => {
            Ok((StatusCode::NO_CONTENT, [(ALLOW, allow)]).into_response())
        }
        Some(Target::OnlyVerbs(allow)) => Err(Failure::other_verb(allow)),
        None => Err(Failure::nothing_here()),
    };
    answer.into_response()
}

impl Api {
    async fn answer(&self, operation: Operation, path: PathParams, request: Request) -> Result<Response, Failure> {
        let path = params(path)?;
        let (head, body) = request.into_parts();
        let Operation { method, rest } = operation;
        if rest.upload {
            return self.upload(operation, &path, &head, body).await;
        }
        let body = body::read(&head, body).await?;
        let parts = decode::Parts {
            path: &path,
            query: head.uri.query().unwrap_or_default(),
            content_type: head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()),
            body: &body,
        };
        let message = decode::decode(method.request, rest, parts)?;
        let asked = Asked::of(&message);
        // What the check lets through, the generated code reads: anything else is a fault of ours.
        let message = (method.codec.encode)(message).map_err(Error::internal)?;

        if method.server_streaming {
            let stream = self.backends.stream(method, envelope(operation, &head), message.into()).await;
            let stream = stream.map_err(|error| unless_path(error, &path))?;
            return self.stream(method, stream, &head);
        }
        let answer = self.backends.call(method, envelope(operation, &head), message.into()).await;
        let answer = answer.map_err(|error| unless_path(error, &path))?;
        self.forget_if_changed(operation, &head);
        self.respond(operation, &answer, asked, &head)
    }

    fn stream(&self, method: &'static Method, stream: Stream, head: &Parts) -> Result<Response, Failure> {
        match (method.codec.event, method.codec.chunk) {
            (Some(read), _) => {
                let until = head.extensions.get::<Caller>().and_then(|caller| expiry(caller.token().exp));
                let request_id = head.extensions.get().cloned().unwrap_or_default();
                let end = events::End { shutdown: self.shutdown.clone(), until };
                Ok(events::respond(stream, read, self.keep_alive, end, request_id))
            }
            (None, Some(read)) => raw::respond(stream, read, method.rest.as_ref().is_some_and(|rest| rest.immutable)),
            (None, None) => Err(Error::internal(anyhow!("{} has a stream of no form", method.path)).into()),
        }
    }

    fn respond(
        &self,
        operation: Operation,
        answer: &tonic::Response<Bytes>,
        asked: Asked,
        head: &Parts,
    ) -> Result<Response, Failure> {
        let Operation { method, rest } = operation;
        let json = (method.codec.decode)(answer.get_ref()).map_err(Error::internal)?;
        let status = rest.other_status.filter(|_| json.dry_run).unwrap_or(rest.status);
        let body = self.shape(&json, asked, head);
        Ok(success(status, body, session::write(answer.metadata())))
    }

    fn shape(&self, json: &Json, asked: Asked, head: &Parts) -> Vec<u8> {
        match json.page {
            Some(info) => {
                let query = head.uri.query().unwrap_or_default();
                shape::page(json, &Links::new(&self.public_url, head.uri.path(), query, asked, info))
            }
            None => shape::envelope(json),
        }
    }

    /// A change at auth may be the end of a session, another role, a revoked key: nobody in the account passes on an old word.
    fn forget_if_changed(&self, operation: Operation, head: &Parts) {
        let changed = operation.rest.verb != Verb::Get && operation.method.owners.contains(&"auth");
        if let (true, Some(caller)) = (changed, head.extensions.get::<Caller>()) {
            self.authenticator.forget(caller.account());
        }
    }
}

/// The values in the path, percent-decoded. What does not decode is no address of ours.
fn params(path: PathParams) -> Result<Vec<(String, String)>, Failure> {
    let path = path.map_err(|_| Failure::nothing_here())?;
    Ok(path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// In whose name the call goes: the caller's, or for a public method just what we saw of the client.
fn context(head: &Parts) -> Context {
    let extensions = &head.extensions;
    let caller = extensions.get::<Caller>().map(Context::from);
    caller.or_else(|| extensions.get::<Peer>().map(Context::from)).unwrap_or_default()
}

fn envelope(operation: Operation, head: &Parts) -> Envelope {
    Envelope { context: context(head), metadata: metadata(operation, head) }
}

/// When a token ends, in Unix seconds, on our clock.
fn expiry(seconds: i64) -> Option<Instant> {
    let left = u64::try_from(seconds.saturating_sub(Utc::now().timestamp())).unwrap_or_default();
    Instant::now().checked_add(Duration::from_secs(left))
}

fn metadata(operation: Operation, head: &Parts) -> MetadataMap {
    let name = HeaderName::from_static(rpc::metadata::IDEMPOTENCY_KEY);
    let key = head.headers.get(&name).filter(|_| operation.rest.idempotency_key);
    MetadataMap::from_headers(key.map(|key| (name, key.clone())).into_iter().collect())
}

/// An id in the path that cannot be one names nothing.
fn unless_path(error: Error, path: &[(String, String)]) -> Failure {
    let is_path = |field: &str| path.iter().any(|(name, _)| name == field);
    if error.kind() == Kind::InvalidArgument && error.violations().iter().any(|violation| is_path(&violation.field)) {
        return Failure::nothing_here();
    }
    error.into()
}

fn success(status: u16, body: Vec<u8>, cookie: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response
}
