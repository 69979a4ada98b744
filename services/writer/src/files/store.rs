//! Where the bytes of files are: a folder, or a bucket that speaks S3. Their names are hashes, so that a file is written once and never
//! changed, and writing it again does no harm.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use rpc::{AccountId, Error, Result};
use secrecy::{ExposeSecret as _, SecretString};

/// How much of a file one message carries.
const PIECE: usize = 64 * 1024;

/// How long a bucket is asked again: somebody waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// The settings of files.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Where files are kept, unless a bucket is named; replicas share it
    #[arg(long, env = "IGNY8_FILES_DIR", default_value = ".igny8/files")]
    pub files_dir: PathBuf,

    /// The bucket where files are kept
    #[arg(long, env = "IGNY8_FILES_S3_BUCKET")]
    pub files_s3_bucket: Option<String>,

    /// Who keeps the bucket, when it is not Amazon: `https://s3.example`
    #[arg(long, env = "IGNY8_FILES_S3_ENDPOINT")]
    pub files_s3_endpoint: Option<String>,

    /// The region of the bucket
    #[arg(long, env = "IGNY8_FILES_S3_REGION", default_value = "us-east-1")]
    pub files_s3_region: String,

    /// The key that may read and write the bucket
    #[arg(long, env = "IGNY8_FILES_S3_ACCESS_KEY_ID", hide_env_values = true)]
    pub files_s3_access_key_id: Option<SecretString>,

    /// The secret of that key
    #[arg(long, env = "IGNY8_FILES_S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub files_s3_secret_access_key: Option<SecretString>,
}

/// The bytes of files, by account and hash.
#[derive(Clone)]
pub struct Store(Arc<dyn ObjectStore>);

impl Store {
    /// Reads the settings, and makes the folder; connects to nothing yet.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let store: Arc<dyn ObjectStore> = if let Some(bucket) = &config.files_s3_bucket {
            Arc::new(s3(config, bucket).build()?)
        } else {
            let dir = &config.files_dir;
            std::fs::create_dir_all(dir).with_context(|| format!("could not make {}", dir.display()))?;
            Arc::new(LocalFileSystem::new_with_prefix(dir)?)
        };
        Ok(Self(store))
    }

    /// Writes a file: readers see all of it or nothing.
    pub async fn put(&self, account: AccountId, sha256: &[u8], body: Bytes) -> Result<()> {
        self.0.put(&name(account, sha256), PutPayload::from(body)).await.map_err(unwritable)?;
        Ok(())
    }

    /// The bytes of a file, in pieces of at most 64 KiB.
    pub async fn read(&self, account: AccountId, sha256: &[u8]) -> Result<BoxStream<'static, Result<Bytes>>> {
        let found = self.0.get(&name(account, sha256)).await.map_err(unreadable)?;
        let pieces = found.into_stream().flat_map(|chunk| {
            let pieces = match chunk {
                Ok(chunk) => cut(&chunk).into_iter().map(Ok).collect(),
                Err(error) => vec![Err(unreadable(error))],
            };
            futures_util::stream::iter(pieces)
        });
        Ok(pieces.boxed())
    }

    /// Removes a file; one that is not there is gone already.
    pub async fn remove(&self, account: AccountId, sha256: &[u8]) -> Result<()> {
        match self.0.delete(&name(account, sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unwritable(error)),
        }
    }

    /// Removes all files of an account.
    pub async fn erase(&self, account: AccountId) -> Result<()> {
        let folder = Path::from(account.to_string());
        let names = self.0.list(Some(&folder)).map(|found| found.map(|object| object.location)).boxed();
        let mut removed = self.0.delete_stream(names);
        while let Some(outcome) = removed.next().await {
            outcome.map_err(unwritable)?;
        }
        Ok(())
    }
}

fn s3(config: &Config, bucket: &str) -> AmazonS3Builder {
    let retry = RetryConfig { max_retries: 2, retry_timeout: PATIENCE, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_region(&config.files_s3_region);
    builder = builder.with_retry(retry);
    if let Some(endpoint) = &config.files_s3_endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(id) = &config.files_s3_access_key_id {
        builder = builder.with_access_key_id(id.expose_secret());
    }
    if let Some(secret) = &config.files_s3_secret_access_key {
        builder = builder.with_secret_access_key(secret.expose_secret());
    }
    builder
}

/// The first two digits are a folder of their own, so that none grows without end.
fn name(account: AccountId, sha256: &[u8]) -> Path {
    let mut hash = String::with_capacity(2 * sha256.len());
    for byte in sha256 {
        let _ = write!(hash, "{byte:02x}"); // a String takes whatever is written
    }
    let (folder, rest) = hash.split_at_checked(2).unwrap_or((&hash, ""));
    Path::from(format!("{account}/{folder}/{rest}"))
}

fn cut(chunk: &Bytes) -> Vec<Bytes> {
    let starts = (0..chunk.len()).step_by(PIECE);
    starts.map(|from| chunk.slice(from..chunk.len().min(from + PIECE))).collect()
}

fn unwritable(error: object_store::Error) -> Error {
    Error::unavailable(anyhow::Error::new(error).context("could not write to the store of files"))
}

fn unreadable(error: object_store::Error) -> Error {
    Error::unavailable(anyhow::Error::new(error).context("could not read from the store of files"))
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bucket_that_is_away_is_told_of_soon() {
        drop(rustls::crypto::ring::default_provider().install_default()); // as a service does when it starts
        let store = Store::new(&Config {
            files_dir: PathBuf::new(),
            files_s3_bucket: Some("pictures".to_owned()),
            files_s3_endpoint: Some("http://127.0.0.1:9".to_owned()),
            files_s3_region: "us-east-1".to_owned(),
            files_s3_access_key_id: Some("key".into()),
            files_s3_secret_access_key: Some("secret".into()),
        });
        let (store, account) = (store.unwrap(), AccountId::of_message(uuid::Uuid::now_v7()));
        let put = store.put(account, &[7; 32], Bytes::from_static(b"picture"));
        let refused = tokio::time::timeout(2 * PATIENCE, put).await.unwrap().unwrap_err();
        assert_eq!(refused.kind(), rpc::Kind::Unavailable);
    }

    #[test]
    fn pieces_are_small_and_complete() {
        let chunk = Bytes::from(vec![7; 2 * PIECE + 1]);
        let pieces = cut(&chunk);
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE, PIECE, 1]);
        assert!(cut(&Bytes::new()).is_empty());
    }
}
