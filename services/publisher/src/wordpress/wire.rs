//! One request to a site.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use outbound::{Body, Client, Limits};

use super::fault::{Class, Fault};

/// Pages of some themes are that large.
const BODY: usize = 8 << 20;

/// Sends requests to sites, each for as long as one may take.
#[derive(Debug, Clone)]
pub struct Wire {
    client: Client,
    timeout: Duration,
}

impl Wire {
    pub fn new(client: Client, timeout: Duration) -> Self {
        Self { client, timeout }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, Fault> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let limits = Limits { total: self.timeout, body: BODY };
        self.client.send(request, limits).await.map_err(|error| {
            let cause: &dyn std::error::Error = &error;
            tracing::debug!(%host, error = cause, "a request to a site failed");
            let class = match error {
                outbound::Error::Refused(_) => Class::Address,
                outbound::Error::Unresolved(_) | outbound::Error::Connect(..) => Class::Unreachable,
                outbound::Error::Tls(..) => Class::Certificate,
                outbound::Error::Timeout(_) => Class::TooSlow,
                _ => Class::BrokenAnswer,
            };
            if error.is_before_request() { Fault::before(class, &host) } else { Fault::ambiguous(class, &host) }
        })
    }
}
