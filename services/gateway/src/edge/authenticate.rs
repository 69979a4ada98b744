//! Who is calling. Three credentials come in (an access token, an API key, a session cookie), and one goes on: a fresh access token
//! that auth has just stood for.
//!
//! Auth's answer is kept for a minute at most, by the hash of the credential: that is how long a session that was ended or a role that was
//! changed through another replica may still pass at this one.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contracts::Access;
use contracts::auth::v1::ExchangeRequest;
use contracts::auth::v1::exchange_request::Credential;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use moka::future::Cache;
use rpc::token::{Verified, Verifier};
use rpc::{AccountId, Caller, Error, Peer};
use sha2::{Digest, Sha256};

use super::{client_address, session, target};
use crate::backends::Backends;
use crate::failure::{Failure, NO_CREDENTIAL};

/// How long auth's word on a credential holds here.
const REMEMBERED: Duration = Duration::from_mins(1);
const MOST_REMEMBERED: u64 = 100_000;

/// What an API key begins with, and no access token does.
const API_KEY_PREFIX: &str = "igny8_";

type Hash = [u8; 32];

/// Turns credentials into verified tokens.
#[derive(Debug)]
pub(crate) struct Authenticator {
    backends: Arc<Backends>,
    verifier: Verifier,
    known: Cache<Hash, Verified>,
}

impl Authenticator {
    pub(crate) fn new(backends: Arc<Backends>, verifier: Verifier) -> Self {
        let known = Cache::builder()
            .max_capacity(MOST_REMEMBERED)
            .time_to_live(REMEMBERED)
            .support_invalidation_closures()
            .build();
        Self { backends, verifier, known }
    }

    /// Forgets every credential of an account in which something has just changed that may decide about them.
    pub(crate) fn forget(&self, account: AccountId) {
        let theirs = move |_: &Hash, token: &Verified| token.account() == account;
        if let Err(error) = self.known.invalidate_entries_if(theirs) {
            tracing::error!(error = %error, "forget the credentials of an account");
        }
    }

    async fn verify(&self, credential: Credential, peer: &Peer) -> Result<Verified, Arc<Error>> {
        let hash = hash(&credential);
        let token = self.known.try_get_with(hash, self.exchange(credential, peer)).await?;
        if token.exp > chrono::Utc::now().timestamp() {
            return Ok(token);
        }
        self.known.invalidate(&hash).await;
        Err(Arc::new(Error::unauthenticated(
            "TOKEN_EXPIRED",
            "Your access token has expired. Refresh it, or sign in again.",
        )))
    }

    /// Asks auth whether what the credential stands for still holds. A token that does not verify is not worth the question.
    async fn exchange(&self, credential: Credential, peer: &Peer) -> Result<Verified, Error> {
        if let Credential::AccessToken(token) = &credential {
            self.verifier.verify(token).await?;
        }
        let answer = self.backends.exchange(ExchangeRequest { credential: Some(credential) }, peer).await?;
        self.verifier.verify(&answer.access_token).await
    }
}

/// The kinds cannot be mistaken for one another: a cookie holds no API key.
fn hash(credential: &Credential) -> Hash {
    let (kind, value) = match credential {
        Credential::Session(value) => (0, value),
        Credential::ApiKey(value) => (1, value),
        Credential::AccessToken(value) => (2, value),
    };
    Sha256::new().chain_update([kind]).chain_update(value).finalize().into()
}

/// Layer: finds out who calls, and refuses nobody when the method is public.
pub(crate) async fn identify(
    State(authenticator): State<Arc<Authenticator>>,
    mut request: Request,
    next: Next,
) -> Response {
    let needed =
        target::operation(&request).is_some_and(|operation| !matches!(operation.method.access, Access::Public));
    if !needed {
        return next.run(request).await;
    }
    let peer = client_address::peer(&request);
    let verified = match credential(request.headers()) {
        Ok(credential) => authenticator.verify(credential, &peer).await,
        Err(error) => Err(Arc::new(error)),
    };
    match verified {
        Ok(token) => {
            request.extensions_mut().insert(Caller::new(token, peer));
            next.run(request).await
        }
        Err(error) => Failure::from(error).into_response(),
    }
}

/// The credential of a request. `Authorization` wins over the cookie.
fn credential(headers: &HeaderMap) -> Result<Credential, Error> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        let session = session::read(headers).map(|session| Credential::Session(session.to_owned()));
        return session
            .ok_or_else(|| Error::unauthenticated(NO_CREDENTIAL, "You are not signed in. Sign in and try again."));
    };
    let bearer = value.to_str().ok().and_then(|value| value.split_once(' '));
    match bearer.map(|(scheme, token)| (scheme, token.trim())) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() => {
            let kind = if token.starts_with(API_KEY_PREFIX) { Credential::ApiKey } else { Credential::AccessToken };
            Ok(kind(token.to_owned()))
        }
        _ => Err(Error::unauthenticated(
            "AUTHORIZATION_MALFORMED",
            "The header Authorization must be the word Bearer, a space, and an access token or API key.",
        )),
    }
}
