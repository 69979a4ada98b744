use std::net::IpAddr;
use std::time::{Duration, Instant};

use contracts::rest::v1::Role;
use http::HeaderMap;
use uuid::Uuid;

use crate::token::Verified;
use crate::{AccountId, Error, Result, metadata};

const MAX_REQUEST_ID: usize = 64;
const MAX_USER_AGENT: usize = 300;

/// Whom a call comes from, as far as the gateway could see. For a public method it is all there is.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// One id for everything that follows from one request to the gateway.
    pub request_id: String,
    /// The address of the browser or program.
    pub address: Option<IpAddr>,
    /// What it calls itself; empty when it does not.
    pub user_agent: String,
    /// The client's key for a request that must not happen twice, as it came: whether it is well formed is checked where it is used.
    pub idempotency_key: Option<String>,
    /// When whoever called stops waiting.
    pub deadline: Option<Instant>,
}

impl Peer {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let request_id = text(metadata::REQUEST_ID).filter(|id| is_request_id(id));
        Self {
            request_id: request_id.unwrap_or_else(|| Uuid::now_v7().to_string()),
            address: text(metadata::ADDRESS).and_then(|address| address.parse().ok()),
            user_agent: text(metadata::USER_AGENT).unwrap_or_default().chars().take(MAX_USER_AGENT).collect(),
            idempotency_key: text(metadata::IDEMPOTENCY_KEY),
            deadline: deadline(headers),
        }
    }
}

fn is_request_id(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// When the caller stops waiting.
pub(crate) fn deadline(headers: &HeaderMap) -> Option<Instant> {
    let timeout = headers.get(metadata::TIMEOUT).and_then(|value| value.to_str().ok()).and_then(timeout)?;
    Instant::now().checked_add(timeout)
}

/// `TimeoutValue TimeoutUnit` of the gRPC protocol: at most eight digits and one letter.
fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// A verified caller: a person or a program, in one account.
#[derive(Debug, Clone)]
pub struct Caller {
    token: Verified,
    peer: Peer,
}

impl Caller {
    /// The bearer of a verified token.
    pub fn new(token: Verified, peer: Peer) -> Self {
        Self { token, peer }
    }

    /// The account in which the caller acts.
    pub fn account(&self) -> AccountId {
        self.token.account()
    }

    /// What the caller may do there.
    pub fn role(&self) -> Role {
        self.token.role
    }

    /// The person, if it is one. A program with an API key has none.
    pub fn user(&self) -> Option<Uuid> {
        self.token.user
    }

    /// The person, or the answer that this is not for programs.
    pub fn user_required(&self) -> Result<Uuid> {
        self.user().ok_or_else(user_required)
    }

    /// The API key of a program.
    pub fn api_key(&self) -> Option<Uuid> {
        self.token.api_key
    }

    /// The session of a person.
    pub fn session(&self) -> Option<Uuid> {
        self.token.session
    }

    /// The sites that the caller may see. Empty: all of the account.
    pub fn sites(&self) -> &[Uuid] {
        &self.token.sites
    }

    /// The member of staff who entered the account and acts in it.
    pub fn acting(&self) -> Option<Uuid> {
        self.token.act
    }

    /// Whether the caller belongs to the system account.
    pub fn is_system(&self) -> bool {
        self.token.system
    }

    /// One id for everything that follows from one request to the gateway.
    pub fn request_id(&self) -> &str {
        &self.peer.request_id
    }

    /// The address of the browser or program.
    pub fn address(&self) -> Option<IpAddr> {
        self.peer.address
    }

    /// The client's key for a request that must not happen twice.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.peer.idempotency_key.as_deref()
    }

    /// Whom the call comes from, beside the token.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What the token says in full.
    pub fn token(&self) -> &Verified {
        &self.token
    }
}

pub(crate) fn user_required() -> Error {
    Error::denied("USER_REQUIRED", "This is for signed-in people only. A program with an API key may not do it.")
}

/// A service of the fleet that calls an internal method, named by its certificate.
#[derive(Debug, Clone)]
pub struct Service {
    name: String,
    account: Option<AccountId>,
    peer: Peer,
}

impl Service {
    /// For the access layer, which has checked that the contract allows the caller.
    pub(crate) fn checked(name: &str, account: Option<AccountId>, peer: Peer) -> Self {
        Self { name: name.to_owned(), account, peer }
    }

    /// The name in its certificate, for example `gateway`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The account that the call is about, if it names one.
    pub fn account(&self) -> Option<AccountId> {
        self.account
    }

    /// The account that the call is about, or the answer that it must name one.
    pub fn account_required(&self) -> Result<AccountId> {
        self.account.ok_or_else(|| Error::invalid(metadata::ACCOUNT, "The call must name the account it is about."))
    }

    /// Whom the call comes from in the first place.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_as_grpc_writes_it() {
        assert_eq!(timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(timeout("99999999H"), Some(Duration::from_hours(99_999_999)));
        for wrong in ["", "S", "10", "10s", "-1S", "123456789S", "1é"] {
            assert_eq!(timeout(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_request_id_that_could_disturb_a_log_is_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert(metadata::REQUEST_ID, "01J-abc".parse().unwrap());
        assert_eq!(Peer::of(&headers).request_id, "01J-abc");
        headers.insert(metadata::REQUEST_ID, "a b".parse().unwrap());
        assert_eq!(Peer::of(&headers).request_id.len(), 36);
        headers.insert(metadata::REQUEST_ID, "x".repeat(65).parse().unwrap());
        assert_eq!(Peer::of(&headers).request_id.len(), 36);
    }
}
