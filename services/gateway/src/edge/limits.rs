//! How often an address and an account may ask.
//!
//! The figures hold for each replica of the gateway: replicas do not talk to each other. Answers say where the caller stands, as
//! draft-ietf-httpapi-ratelimit-headers has it: `RateLimit-Policy: "address-standard";q=600;w=60` and
//! `RateLimit: "address-standard";r=599;t=1`.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clap::Args;
use contracts::rest::v1::RatePolicy;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use rpc::{Caller, Error};
use uuid::Uuid;

use super::{client_address, target};
use crate::failure::Failure;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const WINDOW_SECONDS: u64 = 60;

/// Requests a minute, which may come all at once.
#[derive(Debug, Clone, Args)]
#[group(skip)] // flattened blocks of one name would share a group
pub struct Config {
    /// Ordinary requests a minute from one address
    #[arg(long = "rate-address-standard", env = "IGNY8_RATE_ADDRESS_STANDARD", default_value = "1200")]
    pub address_standard: NonZeroU32,
    /// Attempts at credentials a minute from one address
    #[arg(long = "rate-address-credential", env = "IGNY8_RATE_ADDRESS_CREDENTIAL", default_value = "20")]
    pub address_credential: NonZeroU32,
    /// Requests a minute from one address that start work which costs credits
    #[arg(long = "rate-address-ai", env = "IGNY8_RATE_ADDRESS_AI", default_value = "120")]
    pub address_ai: NonZeroU32,
    /// Large bodies a minute, in or out, from one address
    #[arg(long = "rate-address-bulk", env = "IGNY8_RATE_ADDRESS_BULK", default_value = "60")]
    pub address_bulk: NonZeroU32,
    /// Ordinary requests a minute of one account
    #[arg(long = "rate-account-standard", env = "IGNY8_RATE_ACCOUNT_STANDARD", default_value = "3000")]
    pub account_standard: NonZeroU32,
    /// Attempts at credentials a minute of one account
    #[arg(long = "rate-account-credential", env = "IGNY8_RATE_ACCOUNT_CREDENTIAL", default_value = "60")]
    pub account_credential: NonZeroU32,
    /// Requests a minute of one account that start work which costs credits
    #[arg(long = "rate-account-ai", env = "IGNY8_RATE_ACCOUNT_AI", default_value = "300")]
    pub account_ai: NonZeroU32,
    /// Large bodies a minute, in or out, of one account
    #[arg(long = "rate-account-bulk", env = "IGNY8_RATE_ACCOUNT_BULK", default_value = "120")]
    pub account_bulk: NonZeroU32,
}

/// The limits of one replica.
#[derive(Debug)]
pub(crate) struct Limits {
    addresses: Policies<IpAddr>,
    accounts: Policies<Uuid>,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            addresses: Policies {
                standard: Limiter::new("address-standard", config.address_standard),
                credential: Limiter::new("address-credential", config.address_credential),
                ai: Limiter::new("address-ai", config.address_ai),
                bulk: Limiter::new("address-bulk", config.address_bulk),
            },
            accounts: Policies {
                standard: Limiter::new("account-standard", config.account_standard),
                credential: Limiter::new("account-credential", config.account_credential),
                ai: Limiter::new("account-ai", config.account_ai),
                bulk: Limiter::new("account-bulk", config.account_bulk),
            },
        }
    }

    /// Forgets those whose limits are whole again, once a minute: addresses come and go without end.
    pub(crate) async fn forget_idle(self: Arc<Self>) {
        let mut minutes = tokio::time::interval(Duration::from_secs(WINDOW_SECONDS));
        loop {
            minutes.tick().await;
            self.addresses.forget_idle();
            self.accounts.forget_idle();
        }
    }
}

/// Layer: the limits of the address.
pub(crate) async fn per_address(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let address = client_address::peer(&request).address.map(network);
    limit(&limits.addresses, address, request, next).await
}

/// Layer: the limits of the account, once it is known.
pub(crate) async fn per_account(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let account = request.extensions().get::<Caller>().map(|caller| caller.account().uuid());
    limit(&limits.accounts, account, request, next).await
}

async fn limit<K: Hash + Eq + Clone>(policies: &Policies<K>, key: Option<K>, request: Request, next: Next) -> Response {
    let (Some(operation), Some(key)) = (target::operation(&request), key) else { return next.run(request).await };
    let standing = policies.of(operation.rest.rate_policy).check(&key);
    let mut response = match standing.wait {
        None => next.run(request).await,
        Some(wait) => {
            let message = "Too many requests. Wait as long as the header Retry-After says, then try again.";
            Failure::from(Error::exhausted("RATE_LIMITED", message, wait)).into_response()
        }
    };
    standing.write(response.headers_mut());
    response
}

/// A household or a server has a whole /64 of IPv6 to itself.
fn network(address: IpAddr) -> IpAddr {
    let bits = if address.is_ipv4() { 32 } else { 64 };
    IpNet::new(address, bits).map_or(address, |net| net.trunc().addr())
}

/// One limiter for each policy of the contracts.
#[derive(Debug)]
struct Policies<K: Hash + Eq + Clone> {
    standard: Limiter<K>,
    credential: Limiter<K>,
    ai: Limiter<K>,
    bulk: Limiter<K>,
}

impl<K: Hash + Eq + Clone> Policies<K> {
    fn of(&self, policy: RatePolicy) -> &Limiter<K> {
        match policy {
            RatePolicy::Standard | RatePolicy::Unspecified => &self.standard,
            RatePolicy::Credential => &self.credential,
            RatePolicy::Ai => &self.ai,
            RatePolicy::Bulk => &self.bulk,
        }
    }

    fn forget_idle(&self) {
        for limiter in [&self.standard, &self.credential, &self.ai, &self.bulk] {
            limiter.buckets.retain_recent();
            limiter.buckets.shrink_to_fit();
        }
    }
}

#[derive(Debug)]
struct Limiter<K: Hash + Eq + Clone> {
    name: &'static str,
    quota: NonZeroU32,
    buckets: RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(name: &'static str, quota: NonZeroU32) -> Self {
        let buckets = RateLimiter::keyed(Quota::per_minute(quota)).with_middleware();
        Self { name, quota, buckets }
    }

    fn check(&self, key: &K) -> Standing {
        let quota = self.quota.get();
        let name = self.name;
        match self.buckets.check_key(key) {
            Ok(state) => Standing { name, quota, remaining: state.remaining_burst_capacity(), wait: None },
            Err(until) => {
                Standing { name, quota, remaining: 0, wait: Some(until.wait_time_from(self.buckets.clock().now())) }
            }
        }
    }
}

/// Where a caller stands with one limit.
#[derive(Debug)]
struct Standing {
    name: &'static str,
    quota: u32,
    remaining: u32,
    /// How long until the next request passes; none when this one did.
    wait: Option<Duration>,
}

impl Standing {
    fn write(&self, headers: &mut HeaderMap) {
        let Self { name, quota, remaining, .. } = self;
        let used = u64::from(quota.saturating_sub(*remaining));
        let whole_again = (used * WINDOW_SECONDS).div_ceil(u64::from((*quota).max(1)));
        let policy = HeaderValue::try_from(format!("\"{name}\";q={quota};w={WINDOW_SECONDS}"));
        let limit = HeaderValue::try_from(format!("\"{name}\";r={remaining};t={whole_again}"));
        for (header, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
            // Names and digits always make a header.
            if let Ok(value) = value {
                headers.append(header, value);
            }
        }
    }
}
