//! Secrets that we hand out and later recognise by their hash: refresh tokens, session cookies, link tokens, API keys.
//!
//! Each holds 32 random bytes, so that one round of SHA-256 is enough, and a look-up by hash tells nothing by its time.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

pub const REFRESH_TOKEN: &str = "rt_";
pub const SESSION_COOKIE: &str = "st_";
pub const API_KEY: &str = "igny8_";
/// Tokens in links of mails need no prefix: their path says what they are.
pub const LINK: &str = "";

const CHECKSUM_CHARACTERS: usize = 8;

/// A new secret. It is shown once; the database keeps [`Self::hash`].
pub struct Secret(SecretString);

impl Secret {
    pub fn new(prefix: &str) -> Self {
        let random: [u8; 32] = rand::random();
        Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)).into())
    }

    /// An API key ends in a checksum, so that scanners of leaked keys, and we, can tell one from a look-alike without asking a database.
    pub fn api_key() -> Self {
        let body = Self::new(API_KEY);
        Self(format!("{}{}", body.text(), checksum(body.text())).into())
    }

    pub fn text(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn hash(&self) -> Vec<u8> {
        hash(self.text())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What the database keeps of a secret.
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Whether the text has the form and the checksum of an API key.
pub fn is_api_key(text: &str) -> bool {
    let split = text.len().checked_sub(CHECKSUM_CHARACTERS).and_then(|at| text.split_at_checked(at));
    split.is_some_and(|(body, end)| body.starts_with(API_KEY) && checksum(body) == end)
}

fn checksum(body: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(body.as_bytes())).chars().take(CHECKSUM_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_secrets_differ_and_carry_their_prefix() {
        let (one, other) = (Secret::new(REFRESH_TOKEN), Secret::new(REFRESH_TOKEN));
        assert!(one.text().starts_with("rt_") && one.text().len() == 3 + 43);
        assert_ne!(one.hash(), other.hash());
        assert_eq!(one.hash(), hash(one.text()));
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new(SESSION_COOKIE);
        assert!(!format!("{secret:?}").contains(secret.text()));
    }

    #[test]
    fn an_api_key_is_known_by_its_checksum() {
        let key = Secret::api_key();
        assert!(key.text().starts_with("igny8_") && is_api_key(key.text()));
        for wrong in
            ["", "igny8_", "igny8_é2345678", &key.text().replacen("igny8_", "igny9_", 1), &format!("{}x", key.text())]
        {
            assert!(!is_api_key(wrong), "{wrong}");
        }
    }
}
