//! The rules that the protos set for the fields of a request.

mod checks;
mod format;
mod rules;

pub use checks::{Checks, masked};
pub use format::Format;
pub use rules::{Items, Range, Text};

/// A request that knows its rules. Generated for every request and for every message inside one.
pub trait Validate {
    /// Everything that is wrong with the request, in the order of its fields; empty when it is right.
    ///
    /// In a request with an `update_mask` only the fields that the mask names are checked, and those in the path.
    fn violations(&self) -> Vec<Violation>;
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path in the JSON: `name`, `items.0.name`.
    pub field: String,
    /// A sentence for people.
    pub message: String,
}
