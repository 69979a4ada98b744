//! The contracts of the fleet, generated from `proto/`: messages, gRPC clients and servers, their JSON, their rules, the table of
//! methods, and the OpenAPI document.
//!
//! One walk over the descriptors writes all of it at build time (`libs/contracts/build`), so that none of them can say something else
//! than the protos. `proto/README.md` has the rules for the protos.
//!
//! ```
//! let method = contracts::method("/igny8.auth.v1.SiteService/GetSite").unwrap();
//! assert_eq!(method.operation, "sites_get");
//! assert_eq!(method.rest.as_ref().unwrap().path, "/api/v1/auth/sites/{id}");
//! ```
#![warn(missing_docs)]

mod codec;
mod debug;
pub mod json;
mod json_enum;
mod message;
mod method;
mod permissions;
#[doc(hidden)]
pub mod validate;

pub use codec::{Chunk, Codec, Decode, DecodeFailure, Event, Json, PageInfo};
pub use json_enum::JsonEnum;
pub use message::{Field, Kind, Message};
pub use method::{Access, Body, Method, Rest, Verb, method};
pub use packages::*;
pub use permissions::permissions;
pub use table::{ENUMS, METHODS};
pub use validate::{Validate, Violation};

/// The OpenAPI 3.1 document of the REST API, as JSON text. `proto/openapi.json` is the committed copy.
pub const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

#[expect(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    reason = "generated code is judged by its generator"
)]
mod packages {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}

#[expect(clippy::pedantic, reason = "generated code is judged by its generator")]
mod table {
    include!(concat!(env!("OUT_DIR"), "/table.rs"));
}
