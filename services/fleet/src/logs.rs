//! `logs`: what the processes of the fleet wrote.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::errors;
use crate::process::log::last_lines;
use crate::progress::say;
use crate::state::State;

const LOOK: Duration = Duration::from_millis(300);

/// Which log, how much of it, and whether to stay.
#[derive(Debug)]
pub struct Wish {
    pub name: Option<String>,
    pub lines: usize,
    pub follow: bool,
}

/// Shows one log, or all of them with their names.
pub async fn show(state: &State, wish: &Wish) -> Result<()> {
    let known = names(state);
    let chosen: Vec<String> = match &wish.name {
        Some(name) if known.contains(name) => vec![name.clone()],
        Some(name) => {
            let why = format!("there are logs of: {}", known.join(", "));
            let fix = "use one of these names, or start the fleet first";
            return Err(errors::problem(format!("there is no log of `{name}`"), why, fix).into());
        }
        None => known,
    };
    let prefixed = chosen.len() > 1;
    for name in &chosen {
        print(name, &last_lines(&state.log(name), wish.lines), prefixed);
    }
    if wish.follow { follow(state, &chosen, prefixed).await } else { Ok(()) }
}

async fn follow(state: &State, names: &[String], prefixed: bool) -> Result<()> {
    let mut places: Vec<(String, PathBuf, u64)> =
        names.iter().map(|name| (name.clone(), state.log(name), size(&state.log(name)))).collect();
    loop {
        tokio::time::sleep(LOOK).await;
        for (name, path, seen) in &mut places {
            // A process that was started again has a new, shorter log.
            *seen = if size(path) < *seen { 0 } else { *seen };
            let fresh = read_from(path, *seen).unwrap_or_default();
            let complete = fresh.rfind('\n').map_or("", |end| &fresh[..=end]);
            print(name, complete, prefixed);
            *seen += u64::try_from(complete.len())?;
        }
    }
}

fn print(name: &str, text: &str, prefixed: bool) {
    for line in text.lines() {
        if prefixed { say(&format!("{name:<10} {line}")) } else { say(line) }
    }
}

fn names(state: &State) -> Vec<String> {
    let entries = fs::read_dir(state.logs()).into_iter().flatten();
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(".log")?.to_owned());
    let mut names: Vec<_> = entries.filter_map(|entry| name(entry.ok()?.path())).collect();
    names.sort();
    names
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

fn read_from(path: &Path, offset: u64) -> Option<String> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}
