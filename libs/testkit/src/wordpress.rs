//! A WordPress for one test.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use url::Url;

use crate::{or_fail, servers};

/// How many of a sort may run at once.
const SITES: u32 = 3;
/// After this many seconds that no test wants it, a site stops.
const IDLE_SECONDS: &str = "300";

/// A real WordPress that no other test has at the time. The first test that wants one waits for it to be installed.
///
/// What earlier tests wrote is still there: give titles that no other test has.
#[derive(Debug)]
pub struct TestWordpress {
    site: Site,
    dir: PathBuf,
    _lease: File,
}

/// A user of a WordPress.
#[derive(Debug, Clone, Deserialize)]
pub struct WordpressUser {
    /// The name to sign in with.
    pub user: String,
    /// As `editor`.
    pub role: String,
    /// As `abcd efgh ijkl mnop qrst uvwx`.
    pub application_password: String,
}

/// What the script prints.
#[derive(Debug, Deserialize)]
struct Site {
    base_url: Url,
    users: Vec<WordpressUser>,
}

impl TestWordpress {
    /// One as most are: permalinks are readable, its API is under `/wp-json/`.
    ///
    /// # Panics
    /// It could not be started.
    pub async fn new() -> Self {
        Self::with("pretty", &[]).await
    }

    /// One with plain permalinks: there is no `/wp-json/`, only `?rest_route=`.
    ///
    /// # Panics
    /// It could not be started.
    pub async fn plain() -> Self {
        Self::with("plain", &[("WP_PERMALINKS", "plain")]).await
    }

    /// One that gives out no application passwords, because it is a public site without TLS.
    ///
    /// # Panics
    /// It could not be started.
    pub async fn without_passwords() -> Self {
        Self::with("production", &[("WP_ENV_TYPE", "production")]).await
    }

    async fn with(sort: &'static str, settings: &'static [(&'static str, &'static str)]) -> Self {
        let started = tokio::task::spawn_blocking(move || start(sort, settings)).await;
        or_fail(started.map_err(anyhow::Error::new).flatten().context("no WordPress for this test"))
    }

    /// Its address, without a slash in the end.
    pub fn url(&self) -> &str {
        self.site.base_url.as_str().trim_end_matches('/')
    }

    /// The user of a role: `administrator`, `editor`, `author`, `contributor` or `subscriber`.
    ///
    /// # Panics
    /// There is no such role.
    pub fn user(&self, role: &str) -> &WordpressUser {
        let user = self.site.users.iter().find(|user| user.role == role);
        or_fail(user.with_context(|| format!("the WordPress has no {role}")))
    }

    /// Puts something in the way, as `waf_html_403`, until the test ends or another one is named; `none` puts it away.
    ///
    /// # Panics
    /// The script failed.
    pub fn fault(&self, name: &str) {
        or_fail(run(&self.dir, &["fault", name], &[]).map(drop));
    }

    /// Whether it lets the fields of SEO plugins be written.
    ///
    /// # Panics
    /// Its folder cannot be written.
    pub fn allow_seo_fields(&self, allowed: bool) {
        or_fail(allow_seo_fields(&self.dir, allowed));
    }
}

fn start(sort: &str, settings: &[(&str, &str)]) -> Result<TestWordpress> {
    let sites = servers::root().join(".igny8/test/wordpress");
    fs::create_dir_all(&sites)?;
    let sites = sites.canonicalize()?;
    let (dir, lease) = lease(&sites, sort)?;
    let settings: Vec<_> = settings.iter().copied().chain([("WP_IDLE_STOP", IDLE_SECONDS)]).collect();
    let site = run(&dir, &[], &settings)?;
    let site = serde_json::from_slice(&site).context("the script described no site")?;
    allow_seo_fields(&dir, false)?;
    run(&dir, &["fault", "none"], &[])?;
    Ok(TestWordpress { site, dir, _lease: lease })
}

/// A site that no other process holds; waits for one where all are taken.
fn lease(sites: &Path, sort: &str) -> Result<(PathBuf, File)> {
    let open = |number: u32| -> Result<(PathBuf, File)> {
        let dir = sites.join(format!("{sort}-{number}"));
        fs::create_dir_all(&dir)?;
        let lease = File::options().create(true).append(true).open(dir.join("lease"))?;
        Ok((dir, lease))
    };
    for number in 1..=SITES {
        let (dir, lease) = open(number)?;
        match lease.try_lock() {
            Ok(()) => return Ok((dir, lease)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    let (dir, lease) = open(std::process::id() % SITES + 1)?;
    lease.lock()?;
    Ok((dir, lease))
}

fn run(dir: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Result<Vec<u8>> {
    let script = servers::root().join("integration-tests/wordpress/up.sh");
    let mut command = Command::new(&script);
    command.arg(dir).args(arguments).envs(settings.iter().copied());
    let output = command.output().with_context(|| format!("could not run {}", script.display()))?;
    if !output.status.success() {
        bail!("{} failed: {}", script.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

fn allow_seo_fields(dir: &Path, allowed: bool) -> Result<()> {
    let flag = dir.join("run/seo_meta");
    if allowed {
        fs::write(flag, "")?;
    } else if flag.exists() {
        fs::remove_file(flag)?;
    }
    Ok(())
}
