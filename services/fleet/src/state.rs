//! What the launcher keeps between runs, in `.igny8/` of the checkout: where everything lies, and who may hold it.

pub mod account;
pub mod ports;
pub mod record;
pub mod secrets;

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest as _, Sha256};

use crate::errors;
use account::Account;

/// Layout of the state directory. A change that cannot read what an earlier launcher wrote counts up.
pub const VERSION: &str = "1";

/// One state directory: of the fleet, or of the test servers.
#[derive(Debug, Clone)]
pub struct State {
    /// The checkout.
    pub root: PathBuf,
    /// Ports, secrets, certificates, logs.
    pub dir: PathBuf,
    /// Data of PostgreSQL and RabbitMQ: in `dir`, or under `/var/lib` when the account below cannot reach it there.
    pub data: PathBuf,
    /// Who the children run as, when the launcher is root.
    pub account: Option<Account>,
}

/// Held for as long as a launcher runs on this state.
#[derive(Debug)]
#[must_use]
pub struct Lock(#[expect(dead_code, reason = "held, never read")] Flock<File>);

impl State {
    /// The state in `dir`, made when it is not there.
    pub fn open(root: &Path, dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let account = Account::for_children(root);
        let data = account::data_dir(&dir, account.as_ref());
        let state = Self { root: root.to_owned(), dir, data, account };
        fs::create_dir_all(state.logs())?;
        Ok(state)
    }

    /// Refuses a state that another version of the launcher wrote, and signs a new one.
    pub fn check_version(&self) -> Result<()> {
        let path = self.dir.join("version");
        match fs::read_to_string(&path) {
            Ok(found) if found.trim() == VERSION => Ok(()),
            Ok(found) => Err(errors::state_of_another_version(&self.dir, found.trim(), VERSION).into()),
            Err(_) => Ok(fs::write(path, VERSION)?),
        }
    }

    /// Takes the lock; `None` when another launcher has it. The kernel frees it however the holder ends.
    pub fn lock(&self) -> Result<Option<Lock>> {
        lock_file(&self.dir.join("lock"), FlockArg::LockExclusiveNonblock)
    }

    /// Waits for the lock that orders those who would start the same thing at the same time.
    pub fn wait_for_turn(&self) -> Result<Lock> {
        lock_file(&self.dir.join("turn"), FlockArg::LockExclusive)?.context("wait for another launcher that starts")
    }

    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    pub fn tls(&self) -> PathBuf {
        self.dir.join("tls")
    }

    pub fn mail(&self) -> PathBuf {
        self.dir.join("mail")
    }

    /// A directory that the children own.
    pub fn child_dir(&self, path: &Path) -> Result<()> {
        fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        self.give(path)
    }

    /// Makes the children's account the owner of a file.
    pub fn give(&self, path: &Path) -> Result<()> {
        let Some(account) = &self.account else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid))
            .with_context(|| format!("give {} to {}", path.display(), account.name))
    }
}

fn lock_file(path: &Path, how: FlockArg) -> Result<Option<Lock>> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    match Flock::lock(file, how) {
        Ok(lock) => Ok(Some(Lock(lock))),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(errno).with_context(|| format!("lock {}", path.display())),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&fresh, path).with_context(|| format!("write {}", path.display()))
}

/// Twelve hex digits that tell one text from another.
pub fn short_hash(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let start = digest.first_chunk().map_or(0, |chunk| u64::from_be_bytes(*chunk));
    format!("{:012x}", start >> 16)
}

/// The checkout that the working directory lies in; else the one that this binary was built from.
pub fn checkout() -> Result<PathBuf> {
    let here = std::env::current_dir().context("find the working directory")?;
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .chain(built_from.ancestors())
        .find(|dir| dir.join("services/fleet/Cargo.toml").is_file())
        .map(Path::to_owned)
        .context("find the checkout: run this inside of it")
}
