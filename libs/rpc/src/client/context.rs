use std::time::Instant;

use http::HeaderMap;
use http::header::{Entry, HeaderName, HeaderValue};
use opentelemetry::propagation::Injector;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{AccountId, Caller, Peer, Service, metadata};

/// What a call inherits from the request that it serves: in whose name it goes, the request id, the deadline.
///
/// The default has none of it. The trace always goes along: it is the current span's.
#[derive(Debug, Clone, Default)]
pub struct Context {
    headers: HeaderMap,
    deadline: Option<Instant>,
}

impl Context {
    /// Names the account that an internal call is about.
    pub fn account(mut self, account: AccountId) -> Self {
        self.insert(metadata::ACCOUNT, &account.to_string());
        self
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Adds what the call does not say itself.
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if let Entry::Vacant(vacant) = headers.entry(name) {
                vacant.insert(value.clone());
            }
        }
        let trace = tracing::Span::current().context();
        opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&trace, &mut Carrier(headers));
        });
    }

    /// What a header cannot carry is left out: nothing that can hold such text decides anything.
    fn insert(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }
}

impl From<&Peer> for Context {
    fn from(peer: &Peer) -> Self {
        let mut context = Self { headers: HeaderMap::new(), deadline: peer.deadline };
        context.insert(metadata::REQUEST_ID, &peer.request_id);
        context.insert(metadata::USER_AGENT, &peer.user_agent);
        if let Some(address) = peer.address {
            context.insert(metadata::ADDRESS, &address.to_string());
        }
        context
    }
}

impl From<&Caller> for Context {
    fn from(caller: &Caller) -> Self {
        let mut context = Self::from(caller.peer());
        context.headers.insert(http::header::AUTHORIZATION, caller.token().authorization().clone());
        context
    }
}

impl From<&Service> for Context {
    fn from(service: &Service) -> Self {
        let context = Self::from(service.peer());
        match service.account() {
            Some(account) => context.account(account),
            None => context,
        }
    }
}

struct Carrier<'h>(&'h mut HeaderMap);

impl Injector for Carrier<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
