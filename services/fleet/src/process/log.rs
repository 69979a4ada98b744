//! Log files of children: a fresh one for each start, the one before kept beside it.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// As much of a log as its last lines may take.
const TAIL_BYTES: u64 = 16 * 1024;

/// Two handles on a new, empty log, for the two outputs of a child.
pub fn fresh(path: &Path) -> Result<(File, File)> {
    // There is none before the first start.
    let _ = fs::rename(path, path.with_extension("log.1"));
    let file = File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("open {}", path.display()))?;
    Ok((file.try_clone()?, file))
}

/// The last `count` lines of a log; empty when it cannot be read.
pub fn last_lines(path: &Path, count: usize) -> String {
    let text = tail(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(count)).copied().collect::<Vec<_>>().join("\n")
}

fn tail(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
