//! Passwords and keys of the local fleet: made once, kept in one file that only its owner may read.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::write_private;

/// The secrets of one state directory.
pub struct Secrets {
    path: PathBuf,
    values: BTreeMap<String, String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("names", &self.values.keys()).finish_non_exhaustive()
    }
}

impl Secrets {
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join("secrets.json");
        let values = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?,
            Err(_) => BTreeMap::new(),
        };
        Ok(Self { path, values })
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A password of this name; made and written down when there is none.
    pub fn password(&mut self, name: &str) -> Result<String> {
        self.get_or_make(name, || URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>()))
    }

    /// The keyring that seals secrets at rest. Losing it loses what it sealed.
    pub fn seal_keys(&mut self) -> Result<String> {
        self.get_or_make("seal_keys", || format!("local:{}", STANDARD.encode(rand::random::<[u8; 32]>())))
    }

    fn get_or_make(&mut self, name: &str, make: impl FnOnce() -> String) -> Result<String> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let value = make();
        self.values.insert(name.to_owned(), value.clone());
        write_private(&self.path, &serde_json::to_string_pretty(&self.values)?)?;
        Ok(value)
    }
}
