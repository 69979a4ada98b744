//! The rules of `proto/README.md`, as build errors.

mod access;
mod fields;
mod http;
mod pages;
mod schemas;

use crate::{model::Model, problems::Problems};

/// Adds a problem for each rule that the protos break.
pub(crate) fn check(model: &Model, problems: &mut Problems) {
    for method in model.methods() {
        access::check(method, problems);
        http::check(model, method, problems);
        pages::check(model, method, problems);
    }
    access::unique_operations(model, problems);
    http::unique_routes(model, problems);
    fields::check(model, problems);
    schemas::check(model, problems);
}
