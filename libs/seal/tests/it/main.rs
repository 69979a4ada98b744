//! What sealing promises: only the right key opens a secret, and only in its place.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod keyring;
mod sealing;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seal::Keyring;
use uuid::Uuid;

const ACCOUNT: Uuid = Uuid::from_u128(1);
const ROW: Uuid = Uuid::from_u128(2);

/// An entry of the setting: a key of 32 times `byte`.
fn entry(id: &str, byte: u8) -> String {
    format!("{id}:{}", STANDARD.encode([byte; 32]))
}

fn keyring(entries: &[String]) -> Keyring {
    Keyring::parse(&entries.join(",").into()).unwrap()
}
