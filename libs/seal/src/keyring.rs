use std::fmt;
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use zeroize::Zeroizing;

use crate::record::{self, Record};
use crate::{Error, KeyringError, Place};

/// The keys of an installation. The first one seals, all of them open. Cheap to clone.
///
/// Nonces are random: put a new key in front before one has sealed 2³² secrets.
#[derive(Clone)]
pub struct Keyring {
    current: Arc<Key>,
    earlier: Arc<[Key]>,
}

struct Key {
    id: String,
    cipher: Aes256Gcm,
}

impl Keyring {
    /// Reads `id:base64,id2:base64`, the current key first; each key is 32 bytes. Ids are stored beside the secrets and must never be given
    /// to another key.
    ///
    /// Deliberately not `FromStr`: clap would put the keys into its error message.
    pub fn parse(setting: &SecretString) -> Result<Self, KeyringError> {
        let mut keys: Vec<Key> = Vec::new();
        let entries = setting.expose_secret().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (number, entry) in (1..).zip(entries) {
            let key = Key::parse(number, entry)?;
            if keys.iter().any(|earlier| earlier.id == key.id) {
                return Err(KeyringError::Repeated(number));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        let earlier = keys.split_off(1);
        let current = keys.pop().ok_or(KeyringError::Empty)?;
        Ok(Self { current: Arc::new(current), earlier: earlier.into() })
    }

    /// Seals a secret for one place, as text for a column. The same secret is never sealed to the same text twice.
    pub fn seal(&self, secret: &[u8], place: Place<'_>) -> Result<String, Error> {
        let Key { id, cipher } = &*self.current;
        let nonce = rand::random();
        let payload = Payload { msg: secret, aad: &place.bound_to(id) };
        let ciphertext = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| Error::TooLong)?;
        Ok(Record { key_id: id, nonce, ciphertext }.write())
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    pub fn open(&self, sealed: &str, place: Place<'_>) -> Result<SecretSlice<u8>, Error> {
        let record = Record::read(sealed)?;
        let key = self.key(record.key_id).ok_or_else(|| Error::UnknownKey(record.key_id.to_owned()))?;
        let payload = Payload { msg: &record.ciphertext, aad: &place.bound_to(&key.id) };
        let secret = key.cipher.decrypt(&Nonce::from(record.nonce), payload).map_err(|_| Error::Refused)?;
        Ok(secret.into())
    }

    /// Whether a record is sealed with another key than the current one. Open it and seal it again, and the old key can go in the end.
    pub fn needs_resealing(&self, sealed: &str) -> bool {
        record::key_id(sealed) != Some(&self.current.id)
    }

    fn key(&self, id: &str) -> Option<&Key> {
        std::iter::once(&*self.current).chain(self.earlier.iter()).find(|key| key.id == id)
    }
}

impl Key {
    fn parse(number: usize, entry: &str) -> Result<Self, KeyringError> {
        let (id, key) = entry.split_once(':').ok_or(KeyringError::Entry(number))?;
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=32).contains(&id.len()) || !id.bytes().all(named) {
            return Err(KeyringError::Entry(number));
        }
        let key = Zeroizing::new(STANDARD.decode(key).map_err(|_| KeyringError::Key(number))?);
        let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| KeyringError::Key(number))?;
        Ok(Self { id: id.to_owned(), cipher })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let earlier: Vec<_> = self.earlier.iter().map(|key| &key.id).collect();
        f.debug_struct("Keyring").field("current", &self.current.id).field("earlier", &earlier).finish_non_exhaustive()
    }
}
