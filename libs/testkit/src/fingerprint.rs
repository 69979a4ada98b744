//! What a template database depends on.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result};
use uuid::Uuid;

use crate::servers::root;

/// A hash of every `.sql` file of the database library, of the service, and of the crate under test: 16 hex digits. Embedded
/// migrations keep their text to themselves, so it is read from where they came from.
pub(crate) fn of(service: &str) -> Result<String> {
    let mut sources = vec![root().join("libs/db"), root().join("services").join(service)];
    sources.extend(std::env::var_os("CARGO_MANIFEST_DIR").map(Into::into));
    let mut files = BTreeSet::new();
    for source in sources.iter().filter(|source| source.is_dir()) {
        let source = source.canonicalize()?;
        collect(&source, &mut files)
            .with_context(|| format!("could not look for migrations in {}", source.display()))?;
    }
    let mut text = Vec::new();
    for (name, content) in files {
        text.extend(name.into_bytes());
        text.push(0);
        text.extend(content);
    }
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, &text).simple().to_string();
    Ok(hash.chars().take(16).collect())
}

fn collect(directory: &Path, files: &mut BTreeSet<(String, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.insert((path.to_string_lossy().into_owned(), fs::read(&path)?));
        }
    }
    Ok(())
}
