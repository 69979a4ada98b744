//! The module tree: one module for each package, `igny8.auth.v1` as `auth::v1`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Model;

/// What the compiler and clippy would say of code that nobody reads.
const LINTS: &str = "#[expect(missing_docs, clippy::all, clippy::pedantic, clippy::allow_attributes, clippy::allow_attributes_without_reason, \
                     reason = \"generated code is judged by its generator\")]";

pub(super) fn write(model: &Model) -> String {
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let names = model.messages.keys().chain(model.enums.keys()).chain(model.services.iter().map(|service| &service.name));
    for name in names {
        let mut parts = name.split('.').skip(1);
        if let (Some(service), Some(version)) = (parts.next(), parts.next()) {
            packages.entry(service).or_default().insert(version);
        }
    }
    let services = packages.into_iter().map(|(service, versions)| {
        let versions: String = versions.into_iter().map(|version| module(service, version)).collect();
        format!("/// The contracts of `{service}`.\npub mod {service} {{\n{versions}}}\n")
    });
    services.collect()
}

fn module(service: &str, version: &str) -> String {
    format!(
        "    /// Package `igny8.{service}.{version}`.\n    {LINTS}\n    pub mod {version} {{\n        \
         include!(concat!(env!(\"OUT_DIR\"), \"/igny8.{service}.{version}.rs\"));\n    }}\n"
    )
}
