//! The module tree: one module for each package, `igny8.auth.v1` as `auth::v1`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Model;

pub(super) fn write(model: &Model) -> String {
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let names =
        model.messages.keys().chain(model.enums.keys()).chain(model.services.iter().map(|service| &service.name));
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
    let package = format!("igny8.{service}.{version}");
    format!(
        "    /// Package `{package}`.\n    pub mod {version} {{\n        \
         include!(concat!(env!(\"OUT_DIR\"), \"/{package}.rs\"));\n    }}\n"
    )
}
