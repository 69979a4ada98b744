//! The stored text: `v1:<key id>:<base64 of nonce and ciphertext>`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Error;

const VERSION: &str = "v1";
pub(crate) const NONCE: usize = 12;
const TAG: usize = 16;

/// A sealed secret, taken apart.
pub(crate) struct Record<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) nonce: [u8; NONCE],
    pub(crate) ciphertext: Vec<u8>,
}

impl<'a> Record<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Error> {
        let (key_id, bytes) = parts(text).ok_or(Error::Malformed)?;
        let bytes = STANDARD.decode(bytes).map_err(|_| Error::Malformed)?;
        let (nonce, ciphertext) = bytes.split_first_chunk().ok_or(Error::Malformed)?;
        if ciphertext.len() < TAG {
            return Err(Error::Malformed);
        }
        Ok(Self { key_id, nonce: *nonce, ciphertext: ciphertext.to_vec() })
    }

    pub(crate) fn write(&self) -> String {
        let bytes = [self.nonce.as_slice(), &self.ciphertext].concat();
        format!("{VERSION}:{}:{}", self.key_id, STANDARD.encode(bytes))
    }
}

/// The id of the key that a record names.
pub(crate) fn key_id(text: &str) -> Option<&str> {
    parts(text).map(|(key_id, _)| key_id)
}

fn parts(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(VERSION)?.strip_prefix(':')?.split_once(':')
}
