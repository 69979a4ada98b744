//! How the services of the fleet call each other.
//!
//! One request, from outside in: [`tls`] accepts the connection and knows the calling service, [`trace`] opens the span, [`access`]
//! holds the call against what the contract says of its method, and the handler begins with [`open`], which hands out a verified
//! [`Caller`] and a validated message. What fails is an [`Error`], and `?` makes a [`tonic::Status`] of it. [`client`] is the other
//! end: a channel with mutual TLS, a deadline on every call, and its own balancing.

#![warn(missing_docs)]

pub mod access;
mod account;
mod caller;
pub mod client;
mod error;
mod mask;
pub mod metadata;
mod open;
pub mod timestamp;
pub mod tls;
pub mod token;
pub mod trace;

pub use account::AccountId;
pub use caller::{Caller, Peer, Service};
pub use error::{Error, Kind, Result};
pub use mask::Mask;
pub use open::{id, open, open_internal, open_public, open_upload, peer};
