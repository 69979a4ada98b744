//! Where uploaded files are while their import has not ended: on disk, so that a workbook can be sought in and nothing is held in memory.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use contracts::planner::v1::UploadKeywordsRequest;
use rpc::{Error, Kind, Result};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tonic::Streaming;
use uuid::Uuid;

/// A directory of files named by their import.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    dir: PathBuf,
    max_bytes: u64,
}

impl Spool {
    pub(super) fn new(dir: PathBuf, max_bytes: u64) -> Self {
        Self { dir, max_bytes }
    }

    /// The file as it was uploaded.
    pub(super) fn file(&self, import: Uuid) -> PathBuf {
        self.dir.join(format!("{import}.file"))
    }

    /// Its keywords, each once.
    pub(super) fn keywords(&self, import: Uuid) -> PathBuf {
        self.dir.join(format!("{import}.keywords"))
    }

    /// Its keywords as they come.
    pub(super) fn unjoined(&self, import: Uuid) -> PathBuf {
        self.dir.join(format!("{import}.unjoined"))
    }

    /// Writes a file as it arrives, within the limit.
    pub(super) async fn receive(
        &self,
        import: Uuid,
        first: Vec<u8>,
        mut rest: Streaming<UploadKeywordsRequest>,
    ) -> Result<()> {
        let mut file = self.create(import).await?;
        let (mut size, mut piece) = (0, first);
        loop {
            size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            if size > self.max_bytes {
                return Err(too_large(self.max_bytes));
            }
            file.write_all(&piece).await.map_err(unwritable)?;
            match rest.message().await? {
                Some(next) => piece = next.piece,
                None => return file.flush().await.map_err(unwritable),
            }
        }
    }

    pub(super) async fn write(&self, import: Uuid, bytes: Vec<u8>) -> Result<()> {
        let mut file = self.create(import).await?;
        file.write_all(&bytes).await.map_err(unwritable)?;
        file.flush().await.map_err(unwritable)
    }

    async fn create(&self, import: Uuid) -> Result<fs::File> {
        fs::create_dir_all(&self.dir).await.map_err(unwritable)?;
        fs::File::create(self.file(import)).await.map_err(unwritable)
    }

    /// Opens one of the files; `None` when it is no longer there.
    pub(super) fn open(path: &Path) -> Result<Option<File>> {
        match File::open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::internal(anyhow::Error::new(error).context("could not open a spooled file"))),
        }
    }

    /// Removes all of an import; what is not there need not be removed.
    pub(super) async fn remove(&self, import: Uuid) {
        for path in [self.file(import), self.keywords(import), self.unjoined(import)] {
            if let Err(error) = fs::remove_file(&path).await
                && error.kind() != ErrorKind::NotFound
            {
                tracing::warn!(error = ?error, %import, "could not remove a spooled file");
            }
        }
    }

    /// Removes files that nothing has touched for so long; answers how many. Others may remove some at the same time: they share the directory.
    pub(super) async fn sweep(&self, older_than: Duration) -> anyhow::Result<usize> {
        let mut entries = match fs::read_dir(&self.dir).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error).context("could not read the spool directory"),
        };
        let mut removed = 0;
        while let Some(entry) = entries.next_entry().await? {
            match remove_old(&entry, older_than).await {
                Ok(true) => removed += 1,
                Ok(false) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).context("could not sweep the spool directory"),
            }
        }
        Ok(removed)
    }
}

/// Whether it was removed.
async fn remove_old(entry: &fs::DirEntry, older_than: Duration) -> io::Result<bool> {
    let changed = entry.metadata().await?.modified()?;
    let old = SystemTime::now().duration_since(changed).is_ok_and(|age| age > older_than);
    if old && is_ours(&entry.path()) {
        fs::remove_file(entry.path()).await?;
        return Ok(true);
    }
    Ok(false)
}

fn is_ours(path: &Path) -> bool {
    let is_import = path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| Uuid::try_parse(stem).is_ok());
    is_import && path.extension().is_some_and(|kind| kind == "file" || kind == "keywords" || kind == "unjoined")
}

/// The name for people, without directories. It never becomes a path.
pub(super) fn file_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).collect()
}

fn too_large(limit: u64) -> Error {
    let message = format!("The file is larger than {} MiB. Split it and import the parts.", limit / (1024 * 1024));
    Error::new(Kind::InvalidArgument, "FILE_TOO_LARGE", message.clone()).with_violation("file", message)
}

fn unwritable(error: std::io::Error) -> Error {
    Error::unavailable(anyhow::Error::new(error).context("could not write to the spool directory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_no_directories() {
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\Users\\Ada\\keywords\n.csv"), "keywords.csv");
    }

    #[tokio::test]
    async fn only_old_files_of_imports_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().to_owned(), 10);
        let import = Uuid::now_v7();
        spool.write(import, b"keyword".to_vec()).await.unwrap();
        std::fs::write(dir.path().join("notes.file"), "not ours").unwrap();
        assert_eq!(spool.sweep(Duration::from_hours(1)).await.unwrap(), 0);
        assert_eq!(spool.sweep(Duration::ZERO).await.unwrap(), 1);
        assert!(dir.path().join("notes.file").exists());
    }
}
