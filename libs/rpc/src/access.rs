//! Holds every call against what the contract says of its method, before the handler.
//!
//! | access | who passes | what the handler finds |
//! | --- | --- | --- |
//! | public | any service of the fleet | [`Peer`] |
//! | internal | the services that the method names as callers | [`Service`], [`Peer`] |
//! | token | any service of the fleet, with a verified token of enough role and the right scope | [`Caller`], [`Peer`] |
//!
//! What is not in the contract does not exist, but for gRPC's own health service, which any certificate of the fleet may ask.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use contracts::rest::v1::{Role, Scope};
use contracts::{Access, METHODS, Method, Verb};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use http::request::Parts;
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::caller::user_required;
use crate::tls::Client;
use crate::token::{Claims, Verified, Verifier};
use crate::{AccountId, Caller, Error, Kind, Peer, Result, Service, metadata};

const HEALTH: &str = "/grpc.health.v1.Health/";

/// Every service that the contracts know. A certificate of our authority with another name opens nothing.
static FLEET: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let callers = METHODS.iter().flat_map(|method| match method.access {
        Access::Internal { callers } => callers,
        Access::Public | Access::Token { .. } => &[],
    });
    METHODS.iter().flat_map(|method| method.owners).chain(callers).copied().collect()
});

/// The layer around all services of a server. It belongs inside [`crate::trace::TraceLayer`].
#[derive(Debug, Clone)]
pub struct AccessLayer {
    verifier: Verifier,
}

impl AccessLayer {
    /// A layer that verifies tokens with `verifier`.
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }
}

impl<S> tower::Layer<S> for AccessLayer {
    type Service = AccessService<S>;

    fn layer(&self, inner: S) -> AccessService<S> {
        AccessService { inner, verifier: self.verifier.clone() }
    }
}

/// A server's services behind an [`AccessLayer`].
#[derive(Debug, Clone)]
pub struct AccessService<S> {
    inner: S,
    verifier: Verifier,
}

impl<S> tower::Service<http::Request<Body>> for AccessService<S>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        // The clone has not been polled; the one that was goes into the future.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let verifier = self.verifier.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            match admit(&mut head, &verifier).await {
                Ok(()) => {
                    let body = if takes_stream(&head) { Body::new(body.map_err(told)) } else { body };
                    inner.call(http::Request::from_parts(head, body)).await
                }
                Err(error) => Ok(Status::from(error).into_http()),
            }
        })
    }
}

async fn admit(head: &mut Parts, verifier: &Verifier) -> Result<()> {
    let client = head.extensions.get::<Client>().cloned().ok_or_else(no_certificate)?;
    if head.uri.path().starts_with(HEALTH) {
        return Ok(());
    }
    let method = contracts::method(head.uri.path()).ok_or_else(no_such_method)?;
    let peer = head.extensions.get_or_insert_with(|| Peer::of(&head.headers)).clone();
    tracing::Span::current().record("rpc.caller", &*client.service);
    match method.access {
        Access::Internal { callers } => {
            if !callers.contains(&&*client.service) {
                return Err(wrong_service(method, &client));
            }
            head.extensions.insert(Service::checked(&client.service, named_account(&head.headers)?, peer));
        }
        Access::Public | Access::Token { .. } if !FLEET.contains(&*client.service) => {
            return Err(wrong_service(method, &client));
        }
        Access::Public => {}
        Access::Token { .. } => {
            let token = verifier.verify(bearer(&head.headers)?).await?;
            tracing::Span::current().record("account", tracing::field::display(token.account));
            check(method, &token)?;
            head.extensions.insert(Caller::new(token, peer));
        }
    }
    Ok(())
}

fn takes_stream(head: &Parts) -> bool {
    contracts::method(head.uri.path()).is_some_and(|method| method.codec.piece.is_some())
}

/// tonic takes a stream that its caller cancelled for one that ended: half an upload would pass for a whole one.
fn told(status: Status) -> Status {
    if status.code() == Code::Cancelled { Status::aborted("the caller broke the stream off") } else { status }
}

fn bearer(headers: &HeaderMap) -> Result<&str> {
    let value = headers.get(metadata::AUTHORIZATION).ok_or_else(no_token)?;
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(no_token)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(no_token()) }
}

fn named_account(headers: &HeaderMap) -> Result<Option<AccountId>> {
    let Some(value) = headers.get(metadata::ACCOUNT) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| Uuid::try_parse(text).ok());
    let id = id.ok_or_else(|| Error::invalid(metadata::ACCOUNT, "This is not the id of an account."))?;
    Ok(Some(AccountId::checked(id)))
}

/// Whether the method is for the bearer of a verified token. The gateway asks it too, to refuse early.
pub fn check(method: &Method, token: &Verified) -> Result<()> {
    let Access::Token { min_role, scope, while_suspended } = method.access else { return Ok(()) };
    check_scope(scope, token)?;
    if i32::from(token.role) < i32::from(min_role) {
        return Err(role_too_low(min_role));
    }
    let reads = method.rest.as_ref().is_some_and(|rest| rest.verb == Verb::Get);
    if token.read_only && !reads && !while_suspended {
        return Err(Error::denied(
            "ACCOUNT_SUSPENDED",
            "Your account is suspended, so that nothing in it can be changed. Its owner can lift this under Billing.",
        ));
    }
    Ok(())
}

fn check_scope(scope: Scope, claims: &Claims) -> Result<()> {
    match scope {
        Scope::User if claims.user.is_none() || claims.api_key.is_some() => Err(user_required()),
        Scope::System if !claims.system && claims.role != Role::Developer => {
            Err(Error::denied("STAFF_REQUIRED", "This is for the staff of this installation only."))
        }
        Scope::Unspecified => Err(Error::internal(anyhow::anyhow!("a method without a scope"))),
        Scope::Public | Scope::User | Scope::Account | Scope::Site | Scope::System => Ok(()),
    }
}

fn role_too_low(min_role: Role) -> Error {
    let role = match min_role {
        Role::Unspecified | Role::Viewer => "a viewer",
        Role::Editor => "an editor",
        Role::Admin => "an administrator",
        Role::Owner => "the owner",
        Role::Developer => "a developer",
    };
    Error::denied("ROLE_TOO_LOW", format!("Your role does not allow this: it takes {role} of the account."))
}

fn no_such_method() -> Error {
    Error::new(Kind::Unimplemented, "NO_SUCH_METHOD", "There is no such method.")
}

/// The server was not given connections of [`crate::tls::accept`].
fn no_certificate() -> Error {
    Error::unauthenticated("CERTIFICATE_REQUIRED", "A service is called with a certificate of the fleet only.")
}

fn wrong_service(method: &Method, client: &Client) -> Error {
    Error::denied("SERVICE_NOT_ALLOWED", "This service may not call this method.").with_cause(anyhow::anyhow!(
        "{} called {}",
        client.service,
        method.path
    ))
}

fn no_token() -> Error {
    Error::unauthenticated("TOKEN_REQUIRED", "You are not signed in. Sign in and try again.")
}
