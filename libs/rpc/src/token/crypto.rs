//! EdDSA for `jsonwebtoken`, on the ring that TLS uses too. Every other algorithm is refused by construction.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, signature};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::{Error, Result};

/// What stands before the 32 secret bytes in PKCS#8 v1 (RFC 8410), the form that `openssl genpkey -algorithm ed25519` writes.
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// Gives `jsonwebtoken` its algorithm, once for the process. [`super::Signer`] and [`super::Verifier`] see to it themselves.
pub fn install_crypto() {
    // An error says that it was done before.
    let _ = PROVIDER.install_default();
}

/// A new Ed25519 key in PKCS#8 v1. (ring's own generator writes v2, which is read by fewer programs.)
pub fn generate_pkcs8() -> Zeroizing<Vec<u8>> {
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
    Zeroizing::new([PKCS8_PREFIX.as_slice(), seed.as_slice()].concat())
}

/// The id of a public key: its RFC 7638 thumbprint, SHA-256, in base64url.
pub fn key_id(public_key: &[u8]) -> String {
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public_key));
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, jwk.as_bytes()))
}

/// The public half of a key in PKCS#8.
pub(super) fn public_key(pkcs8: &[u8]) -> Result<Vec<u8>> {
    let pair = pair(pkcs8).map_err(|error| Error::internal(error).with_cause(anyhow::anyhow!("read a signing key")))?;
    Ok(pair.public_key().as_ref().to_vec())
}

fn pair(pkcs8: &[u8]) -> Result<Ed25519KeyPair, JwtError> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

struct Sign(Ed25519KeyPair);

impl signature::Signer<Vec<u8>> for Sign {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Sign {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Verify(UnparsedPublicKey<Vec<u8>>);

impl signature::Verifier<Vec<u8>> for Verify {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.verify(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verify {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "jsonwebtoken asks for this signature")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, JwtError> {
    only_eddsa(*algorithm, key.family())?;
    Ok(Box::new(Sign(pair(key.as_bytes())?)))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "jsonwebtoken asks for this signature")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, JwtError> {
    only_eddsa(*algorithm, key.family())?;
    Ok(Box::new(Verify(UnparsedPublicKey::new(&ED25519, key.try_get_as_bytes()?.to_vec()))))
}

fn only_eddsa(algorithm: Algorithm, family: AlgorithmFamily) -> Result<(), JwtError> {
    match (algorithm, family) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => Ok(()),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_8037() {
        let public_key = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(key_id(&public_key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn two_generated_keys_differ_and_can_be_read() {
        let (one, other) = (generate_pkcs8(), generate_pkcs8());
        assert_ne!(public_key(&one).unwrap(), public_key(&other).unwrap());
        assert!(public_key(b"not a key").is_err());
    }
}
