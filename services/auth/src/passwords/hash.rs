//! Argon2id in a bounded pool: each hash takes 19 MiB and 40 ms of a core, and must not starve everything else.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::anyhow;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use rpc::{Error, Kind, Result};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OnceCell, Semaphore};

use crate::secrets::Secret;

/// How many hashes may wait for each core: a second of work.
const WAITING_PER_CORE: usize = 24;

/// Hashes and checks passwords, as many at once as there are cores.
#[derive(Debug)]
pub struct Hasher {
    places: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    /// What the password of a user who does not exist is compared with, so that the answer takes as long.
    nobody: OnceCell<String>,
}

/// What a comparison has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and hashed with other parameters than those of today: hash it again.
    Outdated,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            places: Arc::new(Semaphore::new(cores * (1 + WAITING_PER_CORE))),
            cores: Arc::new(Semaphore::new(cores)),
            nobody: OnceCell::new(),
        }
    }
}

impl Hasher {
    /// The hash of a password, as a PHC string.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = SecretString::from(password);
        self.work(move || hash(&password)).await?
    }

    /// Compares a password with a hash; without one it takes as long and is wrong.
    pub async fn check(&self, password: &str, expected: Option<&str>) -> Result<Verdict> {
        let known = expected.is_some();
        let expected = match expected {
            Some(hash) => hash.to_owned(),
            None => self.nobody.get_or_try_init(|| async { self.hash(Secret::new("").text()).await }).await?.clone(),
        };
        let password = SecretString::from(password);
        let verdict = self.work(move || check(&password, &expected)).await??;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    /// Runs on a blocking thread. The work goes on, and keeps its place, when the caller has left.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(Error::internal)?;
        let work = move || {
            let _held = (place, core);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

fn busy() -> Error {
    Error::new(Kind::Unavailable, "BUSY", "Too many people are signing in at this moment. Try again in a few seconds.")
        .with_retry_after(Duration::from_secs(2))
}

fn hash(password: &SecretString) -> Result<String> {
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(anyhow!("hash a password: {error}")))
}

fn check(password: &SecretString, expected: &str) -> Result<Verdict> {
    let expected =
        PasswordHash::new(expected).map_err(|error| Error::internal(anyhow!("read a password hash: {error}")))?;
    Ok(match Argon2::default().verify_password(password.expose_secret().as_bytes(), &expected) {
        Err(_) => Verdict::Wrong,
        Ok(()) if is_of_today(&expected) => Verdict::Right,
        Ok(()) => Verdict::Outdated,
    })
}

fn is_of_today(hash: &PasswordHash) -> bool {
    let params = Params::try_from(hash);
    hash.algorithm == Algorithm::default().ident()
        && hash.version == Some(Version::default().into())
        && params.is_ok_and(|params| {
            params.m_cost() == Params::DEFAULT_M_COST
                && params.t_cost() == Params::DEFAULT_T_COST
                && params.p_cost() == Params::DEFAULT_P_COST
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_wrong() {
        let hasher = Hasher::default();
        let hash = hasher.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hasher.check("correct horse", Some(&hash)).await.unwrap(), Verdict::Right);
        assert_eq!(hasher.check("wrong horse", Some(&hash)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn nobody_has_a_password() {
        assert_eq!(Hasher::default().check("", None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_outdated() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
        let hash = weak.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(Hasher::default().check("correct horse", Some(&hash)).await.unwrap(), Verdict::Outdated);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hasher = Hasher { places: Arc::new(Semaphore::new(0)), ..Hasher::default() };
        let error = hasher.hash("correct horse").await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (Kind::Unavailable, "BUSY"));
        assert!(error.retry_after().is_some());
    }
}
