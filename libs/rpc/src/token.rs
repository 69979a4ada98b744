//! Access tokens: JWTs signed with Ed25519 by auth, verified by everybody.
//!
//! The algorithm follows from the key and never from the token. [`Verifier::verify`] checks signature, issuer, audience and expiry; whether
//! the session still holds is the gateway's check, against auth.

mod crypto;
mod keys;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use contracts::JsonEnum;
use contracts::rest::v1::Role;
use http::HeaderValue;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation, decode, decode_header, encode};
use moka::future::Cache;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

pub use crypto::{generate_pkcs8, install_crypto, key_id};
pub use keys::{Keys, PublicKey};

use crate::{AccountId, Error, Result};

/// Who makes the tokens.
pub const ISSUER: &str = "igny8";
/// Whom they are for.
pub const AUDIENCE: &str = "igny8-services";
/// How long a token is good for, in seconds.
pub const LIFETIME_SECONDS: i64 = 15 * 60;
/// How far the clocks of two machines may differ, in seconds.
pub const LEEWAY_SECONDS: u64 = 30;

/// How long a token that was good is not checked again, and how many of them are remembered.
const REMEMBERED: Duration = Duration::from_mins(1);
const MOST_REMEMBERED: u64 = 10_000;

/// What a token says of its bearer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Always [`ISSUER`].
    pub iss: String,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// The user or API key.
    pub sub: String,
    /// The account in which the bearer acts.
    pub account: Uuid,
    /// What the bearer may do there.
    #[serde(serialize_with = "write_role", deserialize_with = "read_role")]
    pub role: Role,
    /// The sites that the bearer may see. Empty: all of the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Uuid>,
    /// The person, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    /// The API key of a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Uuid>,
    /// The session of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// Counts the changes of what the bearer may do; the gateway compares it with auth's.
    pub epoch: i64,
    /// The member of staff who entered the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Uuid>,
    /// Whether the bearer belongs to the system account.
    #[serde(default)]
    pub system: bool,
    /// Whether the account is suspended or cancelled.
    #[serde(default)]
    pub read_only: bool,
    /// When the token ends, in Unix seconds.
    pub exp: i64,
    /// When it was made, in Unix seconds.
    pub iat: i64,
}

impl Claims {
    /// Claims that hold from now for [`LIFETIME_SECONDS`], of a bearer about whom nothing but account and role is said yet.
    pub fn new(subject: Uuid, account: Uuid, role: Role) -> Self {
        let now = chrono::Utc::now().timestamp();
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: subject.to_string(),
            account,
            role,
            sites: Vec::new(),
            user: None,
            api_key: None,
            session: None,
            epoch: 0,
            act: None,
            system: false,
            read_only: false,
            exp: now + LIFETIME_SECONDS,
            iat: now,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn write_role<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
    let name = role.json_name().ok_or_else(|| serde::ser::Error::custom("a token without a role"))?;
    serializer.serialize_str(name)
}

fn read_role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    let name = String::deserialize(deserializer)?;
    Role::from_json_name(&name).ok_or_else(|| serde::de::Error::custom("a role that does not exist"))
}

/// Claims that a [`Verifier`] has verified, and nobody else can make.
#[derive(Debug, Clone)]
pub struct Verified {
    claims: Arc<Claims>,
    /// The token itself, for calls that go on in the bearer's name. Marked sensitive: it is not printed.
    authorization: HeaderValue,
}

impl Verified {
    /// The account in which the bearer acts.
    pub fn account(&self) -> AccountId {
        AccountId::checked(self.claims.account)
    }

    /// The end is the one thing that a good token can reach by itself.
    fn is_in_time(&self) -> bool {
        let leeway = i64::try_from(LEEWAY_SECONDS).unwrap_or_default();
        self.claims.exp.saturating_add(leeway) > chrono::Utc::now().timestamp()
    }

    pub(crate) fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }
}

impl Deref for Verified {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.claims
    }
}

/// Signs tokens with one key.
pub struct Signer {
    header: Header,
    key: EncodingKey,
}

impl Signer {
    /// A signer with an Ed25519 key in PKCS#8 v1, as [`generate_pkcs8`] makes it. `key_id` goes into the header as `kid`.
    pub fn new(key_id: impl Into<String>, pkcs8: &[u8]) -> Result<Self> {
        install_crypto();
        crypto::public_key(pkcs8)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key_id.into());
        Ok(Self { header, key: EncodingKey::from_ed_der(pkcs8) })
    }

    /// The token for these claims.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        encode(&self.header, claims, &self.key).map_err(Error::internal)
    }

    /// What others need to verify it.
    pub fn public_key(&self) -> Result<PublicKey> {
        let key_id = self.header.kid.clone().unwrap_or_default();
        Ok(PublicKey { key_id, bytes: crypto::public_key(self.key.as_bytes())?, not_after: None })
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.header.kid).finish_non_exhaustive()
    }
}

/// Verifies tokens against the public keys of auth.
///
/// The check of a signature takes a good part of a short call, and a token comes with many: one that was good is remembered for a minute,
/// by its hash. So long may a key that auth withdraws still count.
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Keys,
    rules: Arc<Validation>,
    good: Cache<[u8; 32], Verified>,
}

impl Verifier {
    /// A verifier that takes its keys from `keys`.
    pub fn new(keys: Keys) -> Self {
        install_crypto();
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.leeway = LEEWAY_SECONDS;
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let good = Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(REMEMBERED).build();
        Self { keys, rules: Arc::new(rules), good }
    }

    /// What the token says, if it is good now. Unavailable, not unauthenticated, when its key is unknown and cannot be asked for.
    pub async fn verify(&self, token: &str) -> Result<Verified> {
        let hash = hash(token);
        if let Some(verified) = self.good.get(&hash).await.filter(Verified::is_in_time) {
            return Ok(verified);
        }
        let verified = self.check(token).await?;
        self.good.insert(hash, verified.clone()).await;
        Ok(verified)
    }

    async fn check(&self, token: &str) -> Result<Verified> {
        let header = decode_header(token).map_err(refused)?;
        let key_id = header.kid.filter(|_| header.alg == Algorithm::EdDSA).ok_or_else(invalid_token)?;
        let key = self.keys.get(&key_id).await?.ok_or_else(invalid_token)?;
        let claims = decode::<Claims>(token, &key, &self.rules).map_err(refused)?.claims;
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| invalid_token())?;
        authorization.set_sensitive(true);
        Ok(Verified { claims: Arc::new(claims), authorization })
    }
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref());
    hash
}

fn refused(error: jsonwebtoken::errors::Error) -> Error {
    match error.kind() {
        ErrorKind::ExpiredSignature => {
            Error::unauthenticated("TOKEN_EXPIRED", "Your access token has expired. Refresh it, or sign in again.")
        }
        _ => invalid_token().with_cause(error),
    }
}

fn invalid_token() -> Error {
    Error::unauthenticated("TOKEN_INVALID", "Your access token is not valid. Sign in again.")
}

#[cfg(test)]
mod tests;
