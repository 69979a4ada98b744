//! Who may call a method is said, and said in one way.

use std::collections::HashMap;

use crate::{
    model::{Method, Model, Options},
    problems::Problems,
};

pub(super) fn check(method: &Method, problems: &mut Problems) {
    let place = &method.place;
    let Some(options) = &method.options else {
        problems.add(
            place,
            "the method has no options: add `option (igny8.rest.v1.method) = {…}` that says who may call it",
        );
        return;
    };
    if options.internal {
        internal(options, place, problems);
    } else {
        rest(options, place, problems);
    }
    match (options.internal, method.http.is_some()) {
        (true, true) => problems.add(place, "an internal method is not in REST: remove google.api.http, or `internal`"),
        (false, false) => {
            problems.add(place, "a method in REST needs a verb and path: add google.api.http, or `internal: true`");
        }
        _ => {}
    }
}

fn internal(options: &Options, place: &str, problems: &mut Problems) {
    if options.callers.is_empty() {
        problems.add(place, "an internal method has no callers: name the services that may call it in `callers`");
    }
    if options.min_role.is_some() || options.scope.is_some() {
        problems.add(
            place,
            "an internal method carries a role or scope: its callers are services; remove min_role and scope",
        );
    }
    if options.shape.is_some() || options.rate_policy.is_some() {
        problems.add(
            place,
            "an internal method carries a shape or rate policy: it is not in REST; remove shape and rate_policy",
        );
    }
}

fn rest(options: &Options, place: &str, problems: &mut Problems) {
    if !options.callers.is_empty() {
        problems.add(place, "callers are for internal methods: remove `callers`, or add `internal: true`");
    }
    if options.is_public() && options.min_role.is_some() {
        problems.add(place, "a public method carries a role: remove min_role, or choose another scope");
    }
    if options.scope.is_none() {
        problems.add(place, "the method has no scope: set `scope` to what a caller must be bound to");
    }
    if !options.is_public() && options.min_role.is_none() {
        problems.add(place, "the method has no role: set `min_role` to the least role that may call it");
    }
    if options.shape.is_none() {
        problems.add(place, "the method has no shape: set `shape` to the form of its answer");
    }
    if options.rate_policy.is_none() {
        problems.add(place, "the method has no rate policy: set `rate_policy` to the limits that it falls under");
    }
    if ![Some(options.status), options.other_status].into_iter().flatten().all(|status| (200..300).contains(&status)) {
        problems.add(place, "the status is not one of success: set `status` and `other_status` to 2xx");
    }
}

pub(super) fn unique_operations(model: &Model, problems: &mut Problems) {
    let mut seen = HashMap::new();
    for method in model.methods() {
        if let Some(first) = seen.insert(&method.operation, &method.place) {
            problems.add(
                &method.place,
                format!("the operation {} is also that of {first}: rename one of the methods", method.operation),
            );
        }
    }
}
