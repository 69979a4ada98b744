//! Why there is no answer.

use std::error::Error as StdError;

use crate::resolve::{Inside, Unresolved};

/// Why there is no answer. The texts are for logs; whoever asked tells the user in the words of what they were doing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not public, or not HTTPS on port 443, and its network is not one that the operator allowed. No request was made.
    #[error("the address {0} may not be connected to")]
    Refused(String),
    /// The name does not exist, or nobody answers for it. No request was made.
    #[error("the name {0} has no address")]
    Unresolved(String),
    /// Nobody listens, or the connection was refused or lost before the request was sent.
    #[error("could not connect to {0}")]
    Connect(String, #[source] reqwest::Error),
    /// The certificate is not valid for the name, or TLS failed otherwise. No request was made.
    #[error("could not agree on TLS with {0}")]
    Tls(String, #[source] reqwest::Error),
    /// No whole answer in time. The request may have had its effect.
    #[error("{0} did not answer in time")]
    Timeout(String),
    /// The answer is larger than the limit. The request had its effect.
    #[error("the answer of {0} is larger than {1} bytes")]
    TooLarge(String, usize),
    /// The connection broke, or what came is not HTTP. The request may have had its effect.
    #[error("the exchange with {0} broke off")]
    Broken(String, #[source] reqwest::Error),
}

impl Error {
    /// Whether the request certainly had no effect on the other side.
    pub fn is_before_request(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Unresolved(_) | Self::Connect(..) | Self::Tls(..))
    }

    pub(crate) fn of(host: &str, error: reqwest::Error) -> Self {
        let host = host.to_owned();
        // The address in it may carry what nobody should read in a log.
        let error = error.without_url();
        if chain(&error).any(<dyn StdError>::is::<Inside>) {
            Self::Refused(host)
        } else if chain(&error).any(<dyn StdError>::is::<Unresolved>) {
            Self::Unresolved(host)
        } else if error.is_timeout() {
            Self::Timeout(host)
        } else if !error.is_connect() {
            Self::Broken(host, error)
        } else if chain(&error).any(is_tls) {
            Self::Tls(host, error)
        } else {
            Self::Connect(host, error)
        }
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

/// TLS failures come wrapped in I/O errors, which do not name what they hold as their source.
fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
    let held = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    cause.is::<rustls::Error>() || held.is_some_and(|held| is_tls(held))
}
