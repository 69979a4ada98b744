//! Ports. One that was asked for is used or refused; any other moves out of the way and is remembered.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result};

use crate::errors;

/// How far from the default a free port is looked for.
const STEPS: std::ops::Range<u16> = 200..1200;

/// `gateway=8080` on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explicit {
    pub name: String,
    pub port: u16,
}

impl FromStr for Explicit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, port) = text.split_once('=').ok_or("expected NAME=NUMBER")?;
        let port = port.parse().map_err(|_| "the port is a number from 1 to 65535")?;
        if port == 0 {
            return Err("the port is a number from 1 to 65535".to_owned());
        }
        Ok(Self { name: name.to_owned(), port })
    }
}

/// The chosen ports of one state directory.
#[derive(Debug)]
pub struct Ports {
    path: PathBuf,
    chosen: BTreeMap<String, u16>,
}

impl Ports {
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join("ports.json");
        let chosen = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?,
            Err(_) => BTreeMap::new(),
        };
        Ok(Self { path, chosen })
    }

    pub fn get(&self, name: &str) -> Option<u16> {
        self.chosen.get(name).copied()
    }

    /// Chooses a port for every name of `defaults` and remembers them.
    pub fn choose(&mut self, defaults: &[(String, u16)], explicit: &[Explicit]) -> Result<()> {
        for wish in explicit {
            if !defaults.iter().any(|(name, _)| *name == wish.name) {
                let known: Vec<_> = defaults.iter().map(|(name, _)| name.as_str()).collect();
                return Err(errors::unknown_port_name(&wish.name, &known.join(", ")).into());
            }
            if !is_free(wish.port) {
                return Err(errors::port_in_use(&wish.name, wish.port, &holder(wish.port)).into());
            }
            self.chosen.insert(wish.name.clone(), wish.port);
        }
        for (name, default) in defaults.iter().filter(|(name, _)| !explicit.iter().any(|wish| wish.name == *name)) {
            let wanted = self.get(name).unwrap_or(*default);
            let port = if self.is_usable(name, wanted) { wanted } else { self.next_free(name, *default, defaults)? };
            self.chosen.insert(name.clone(), port);
        }
        fs::write(&self.path, serde_json::to_string_pretty(&self.chosen)?)
            .with_context(|| format!("write {}", self.path.display()))
    }

    fn is_usable(&self, name: &str, port: u16) -> bool {
        is_free(port) && !self.chosen.iter().any(|(other, taken)| other != name && *taken == port)
    }

    fn next_free(&self, name: &str, default: u16, defaults: &[(String, u16)]) -> Result<u16> {
        STEPS
            .filter_map(|step| default.checked_add(step))
            .find(|port| !defaults.iter().any(|(_, default)| default == port) && self.is_usable(name, *port))
            .ok_or_else(|| errors::no_free_port(name, default).into())
    }
}

/// Whether a server could listen there now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Who listens on a port, as far as this user may know.
pub fn holder(port: u16) -> String {
    let Some(pid) = listening_inode(port).and_then(|inode| owner_of_socket(&inode)) else {
        return "a process of another user".to_owned();
    };
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    format!("process {pid} ({})", command.trim())
}

fn listening_inode(port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|path| fs::read_to_string(path).ok()).find_map(|table| {
        table.lines().skip(1).find_map(|line| {
            let mut columns = line.split_whitespace();
            let (local, state) = (columns.nth(1)?, columns.nth(1)?);
            let (_, hex) = local.rsplit_once(':')?;
            let found = u16::from_str_radix(hex, 16).ok()? == port && state == LISTEN;
            found.then(|| columns.nth(5).map(str::to_owned))?
        })
    })
}

fn owner_of_socket(inode: &str) -> Option<u32> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.into_iter().find(|pid: &u32| {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        files
            .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
            .any(|target| target.to_str() == Some(wanted.as_str()))
    })
}
