//! Every method is served by somebody.

use std::collections::BTreeSet;

use crate::{model::Method, problems::Problems};

pub(super) fn check(method: &Method, services: &BTreeSet<String>, problems: &mut Problems) {
    let (place, package) = (&method.place, &method.package_service);
    let named = method.options.as_ref().map_or(&[][..], |options| options.owners.as_slice());
    if services.contains(package) {
        if !named.is_empty() {
            problems.add(place, format!("the package is {package}'s own, and so are its methods: remove owners"));
        }
        return;
    }
    if named.is_empty() {
        problems.add(
            place,
            format!("the package belongs to no service, {package} is none of the fleet: name in `owners` who serves the method"),
        );
    }
    for owner in named.iter().filter(|owner| !services.contains(*owner)) {
        problems
            .add(place, format!("the owner {owner} is no service that can be called: see libs/service/registry.toml"));
    }
    let once: BTreeSet<&String> = named.iter().collect();
    if once.len() != named.len() {
        problems.add(place, "a service is named twice in `owners`: name each once");
    }
}
