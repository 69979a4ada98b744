//! Secrets at rest: credentials and private keys that a service must store and read again.
//!
//! A secret is sealed with AES-256-GCM for one [`Place`]: a purpose, an account and a row. Moved to another row, account or purpose, it does
//! not open. The record names its key, so that a new key can be put in front of the old one and rows be sealed anew when they are touched.
//!
//! ```
//! use seal::{Keyring, Place};
//! use secrecy::ExposeSecret;
//! use uuid::Uuid;
//!
//! # let (account, row) = (Uuid::from_u128(1), Uuid::from_u128(2));
//! // From the setting IGNY8_SEAL_KEYS; the first key seals, all of them open.
//! let keys = Keyring::parse(&"2026:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into())?;
//!
//! let place = Place::of_account("wordpress password", account, row);
//! let sealed = keys.seal(b"hunter2", place)?;
//! assert_eq!(keys.open(&sealed, place)?.expose_secret(), b"hunter2");
//! assert!(keys.open(&sealed, Place::of_account("api key", account, row)).is_err());
//! # Ok::<_, seal::Error>(())
//! ```

#![warn(missing_docs)]

mod error;
mod keyring;
mod place;
mod record;

pub use error::{Error, KeyringError};
pub use keyring::Keyring;
pub use place::Place;
