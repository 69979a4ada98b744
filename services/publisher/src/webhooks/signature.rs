//! How a receiver knows that a delivery is ours, and not an old one sent again.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use rpc::{Error, Result};
use secrecy::SecretString;
use sha2::Sha256;

/// A new secret: 256 random bits, as text that can be copied.
pub(super) fn secret() -> SecretString {
    let bits: [u8; 32] = rand::random();
    format!("whsec_{}", URL_SAFE_NO_PAD.encode(bits)).into()
}

/// The header `Igny8-Signature`: `v1=` and the HMAC-SHA256, in hexadecimal, of timestamp, full stop and body.
pub fn sign(secret: &[u8], timestamp: i64, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let mut signature = "v1=".to_owned();
    for byte in mac.finalize().into_bytes() {
        let _ = write!(signature, "{byte:02x}"); // a String takes whatever is written
    }
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `printf '1700000000.{}' | openssl dgst -sha256 -hmac secret` says.
    #[test]
    fn a_signature_is_what_other_tools_make_of_the_same() {
        let expected = "v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(sign(b"secret", 1_700_000_000, "{}").unwrap(), expected);
    }
}
