//! The JSON dialect, where serde's own forms are not it. Generated fields name these in `#[serde(with = "…")]`.
//!
//! Names are `snake_case`, numbers are numbers, zeros are present, an unset `optional` is `null`. Times are RFC 3339 in UTC with
//! microseconds, enums their short names, bytes base64. What is absent on input has its default.

pub mod bytes;
pub mod enumeration;
pub mod mask;
pub mod timestamp;
