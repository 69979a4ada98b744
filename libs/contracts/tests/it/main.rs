//! What the generated contracts do, on the contracts of the auth service.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod codec;
mod json;
mod methods;
mod openapi;
mod permissions;
mod secrets;
mod validation;
