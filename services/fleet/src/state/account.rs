//! The account that children run as when the launcher is root: PostgreSQL refuses root, and nothing else needs it.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::short_hash;

/// An unprivileged account of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// Who children run as: nobody else unless the launcher is root; then the owner of the checkout if that is a person,
    /// else the account that comes with PostgreSQL, else `nobody`.
    pub fn for_children(root: &Path) -> Option<Self> {
        if !Uid::effective().is_root() {
            return None;
        }
        let owner = fs::metadata(root).ok().map(|meta| Uid::from_raw(meta.uid())).filter(|uid| !uid.is_root());
        owner
            .and_then(|uid| User::from_uid(uid).ok().flatten())
            .or_else(|| ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten()))
            .map(|user| Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() })
    }

    /// Whether this account may enter every directory on the way to `path`.
    pub fn reaches(&self, path: &Path) -> bool {
        path.ancestors().skip(1).all(|dir| fs::metadata(dir).is_ok_and(|meta| self.may_enter(&meta)))
    }

    fn may_enter(&self, meta: &fs::Metadata) -> bool {
        let shift = if meta.uid() == self.uid {
            6
        } else if meta.gid() == self.gid {
            3
        } else {
            0
        };
        (meta.mode() >> shift) & 1 == 1
    }
}

/// Where the servers' data lies: in the state directory, unless the account cannot get there, as in root's home.
pub fn data_dir(dir: &Path, account: Option<&Account>) -> PathBuf {
    let inside = dir.join("data");
    match account {
        Some(account) if !account.reaches(&inside) => {
            Path::new("/var/lib/igny8").join(short_hash(dir.as_os_str().as_bytes()))
        }
        _ => inside,
    }
}
