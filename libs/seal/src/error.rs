/// Why a secret was not sealed or opened. No text holds any part of a key, a secret or a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The setting with the keys.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The stored text is not a sealed secret, or only a part of one.
    #[error("the record is not a sealed secret")]
    Malformed,
    /// The key is not on the ring, as after a rotation that dropped it too early.
    #[error("the record is sealed with the key {0:?}, which is not on the ring")]
    UnknownKey(String),
    /// The record was changed, was sealed for another place, or its key's id now names another key.
    #[error("the record does not open here: it was changed, or sealed for another account, purpose or row")]
    Refused,
    /// More than AES-GCM takes (64 GiB).
    #[error("the secret is too long")]
    TooLong,
}

/// What is wrong with the setting that holds the keys. Entries are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No key at all.
    #[error("there is no key: expected id:base64,…")]
    Empty,
    /// No colon, or an id that is not one.
    #[error("key {0} is not id:base64 with an id of 1 to 32 letters, digits, '-' or '_'")]
    Entry(usize),
    /// The part after the colon.
    #[error("key {0} is not 32 bytes in base64")]
    Key(usize),
    /// An id for two keys.
    #[error("key {0} has the id of an earlier one")]
    Repeated(usize),
}
