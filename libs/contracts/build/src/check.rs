//! The rules of `proto/README.md`, as build errors.

mod access;
mod fields;
mod forms;
mod http;
mod owners;
mod pages;
mod schemas;

use std::collections::BTreeSet;

use crate::{model::Model, problems::Problems};

/// Adds a problem for each rule that the protos break.
pub(crate) fn check(model: &Model, services: &BTreeSet<String>, problems: &mut Problems) {
    for method in model.methods() {
        access::check(method, problems);
        http::check(model, method, problems);
        pages::check(model, method, problems);
        forms::check(model, method, problems);
        owners::check(method, services, problems);
    }
    access::unique_operations(model, problems);
    http::unique_routes(model, problems);
    fields::check(model, problems);
    schemas::check(model, problems);
}
