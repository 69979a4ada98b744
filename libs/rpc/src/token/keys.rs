use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonwebtoken::DecodingKey;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::LEEWAY_SECONDS;
use crate::{Error, Result};

/// An unknown `kid` costs auth one call in this time, however many tokens carry one.
const REFRESH_AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// The public half of a signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What the token's header names as `kid`.
    pub key_id: String,
    /// 32 bytes, Ed25519.
    pub bytes: Vec<u8>,
    /// The time after which no token of this key is good any more.
    pub not_after: Option<DateTime<Utc>>,
}

/// The public keys in use, asked for when a token names one that is not among them. Clones share one set.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

type Fetch = dyn Fn() -> BoxFuture<'static, Result<Vec<PublicKey>>> + Send + Sync;

struct Inner {
    set: ArcSwap<HashMap<String, Key>>,
    fetch: Box<Fetch>,
    last: Mutex<Option<Refresh>>,
}

struct Key {
    decoding: Arc<DecodingKey>,
    not_after: Option<DateTime<Utc>>,
}

struct Refresh {
    at: Instant,
    reached: bool,
}

impl Keys {
    /// Keys that `fetch` answers in full: from auth over [`crate::client`], or in auth from its own database.
    pub fn new<F: Future<Output = Result<Vec<PublicKey>>> + Send + 'static>(
        fetch: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            set: ArcSwap::default(),
            fetch: Box::new(move || fetch().boxed()),
            last: Mutex::new(None),
        }))
    }

    /// The key of this id: asked for if unknown, `None` if there is none or it has ended.
    pub(super) async fn get(&self, key_id: &str) -> Result<Option<Arc<DecodingKey>>> {
        if !self.0.set.load().contains_key(key_id) {
            self.refresh(key_id).await?;
        }
        let set = self.0.set.load();
        Ok(set.get(key_id).filter(|key| !key.has_ended()).map(|key| Arc::clone(&key.decoding)))
    }

    async fn refresh(&self, key_id: &str) -> Result<()> {
        let mut last = self.0.last.lock().await;
        if self.0.set.load().contains_key(key_id) {
            return Ok(()); // somebody else refreshed while this call waited for the lock
        }
        match last.as_ref().filter(|last| last.at.elapsed() < REFRESH_AT_MOST_EVERY) {
            Some(Refresh { reached: true, .. }) => return Ok(()),
            Some(_) => {
                return Err(Error::unavailable(anyhow::anyhow!("the signing keys could not be fetched just now")));
            }
            None => {}
        }
        let fetched = (self.0.fetch)().await;
        *last = Some(Refresh { at: Instant::now(), reached: fetched.is_ok() });
        let keys =
            fetched.map_err(|error| Error::unavailable(error).with_cause(anyhow::anyhow!("fetch the signing keys")))?;
        self.0.set.store(Arc::new(keys.into_iter().map(PublicKey::into_entry).collect()));
        Ok(())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.set.load().keys()).finish()
    }
}

impl PublicKey {
    fn into_entry(self) -> (String, Key) {
        let decoding = Arc::new(DecodingKey::from_ed_der(&self.bytes));
        (self.key_id, Key { decoding, not_after: self.not_after })
    }
}

impl Key {
    fn has_ended(&self) -> bool {
        let leeway = chrono::TimeDelta::seconds(i64::try_from(LEEWAY_SECONDS).unwrap_or_default());
        self.not_after.is_some_and(|end| end + leeway < Utc::now())
    }
}
