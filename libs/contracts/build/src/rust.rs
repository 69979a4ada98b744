//! Writes the Rust side: what prost and tonic generate, and beside it what only we need.

#![expect(clippy::format_collect, reason = "it runs once in a build and is read more often")]

mod attributes;
mod debug;
mod enums;
mod names;
mod packages;
mod table;
mod validate;

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{compile::Compiled, model::Model};

/// What the code in `table.rs` names.
const USES: &str = "use crate::{Access, Body, Codec, Field, JsonEnum, Kind, Message, Method, PageInfo, Rest, Validate, Verb, Violation, \
                    codec, debug, validate};\n\n";

/// Writes one file for each proto package, and these for the crate to include: `packages.rs` (the module tree) and `table.rs` (the
/// methods and all that is said of messages outside their types).
pub(crate) fn write(compiled: &Compiled, model: &Model, out_dir: &Path) -> Result<()> {
    types(compiled, model, out_dir).context("generate the message types")?;
    let table =
        [USES.to_owned(), table::write(model), enums::write(model), validate::write(model), debug::write(model)]
            .concat();
    for (name, text) in [("packages.rs", packages::write(model)), ("table.rs", table)] {
        fs::write(out_dir.join(name), text).with_context(|| format!("write {name}"))?;
    }
    Ok(())
}

fn types(compiled: &Compiled, model: &Model, out_dir: &Path) -> Result<()> {
    let mut builder = tonic_prost_build::configure().emit_rerun_if_changed(false).out_dir(out_dir);
    for (path, attribute) in attributes::messages(model) {
        builder = builder.message_attribute(path, attribute);
    }
    for (path, attribute) in attributes::oneofs(model) {
        builder = builder.enum_attribute(path, attribute);
    }
    for (path, attribute) in attributes::fields(model) {
        builder = builder.field_attribute(path, attribute);
    }
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names(); // the bus finds the routing key of an event by the name of its type
    builder.skip_debug(debug::messages_with_secrets(model)).compile_fds_with_config(compiled.files.clone(), config)?;
    Ok(())
}
