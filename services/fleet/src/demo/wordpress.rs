//! The private WordPress that the demo publishes to: a child of the launcher, which ends with it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::api::text;
use crate::launch::Launch;
use crate::process::{Spec, Stage, log};
use crate::ready;

const NAME: &str = "wordpress";
/// With PHP, MariaDB and WordPress still to be installed.
const START_LIMIT: Duration = Duration::from_mins(10);

/// A WordPress that answers.
#[derive(Debug)]
pub(super) struct WordPress {
    /// How it was started.
    pub(super) spec: Spec,
    pub(super) url: String,
    /// Who publishes, with the application password made for it.
    pub(super) user: String,
    pub(super) application_password: String,
    /// For a person.
    pub(super) admin: String,
    pub(super) admin_password: String,
}

/// Starts it; what is missing on this machine is installed first.
pub(super) async fn start(launch: &Launch) -> Result<WordPress> {
    let step = launch.progress.step("WordPress");
    let dir = launch.state.dir.join(NAME);
    let spec = Spec {
        name: NAME.to_owned(),
        stage: Stage::Service,
        program: launch.state.root.join("integration-tests/wordpress/up.sh"),
        args: vec![dir.clone().into(), "serve".into()],
        env: Vec::new(),
        dir: "/".into(),
        // It may have to install packages.
        account: None,
        stop: Signal::SIGTERM,
        // It stops what it started, which SIGKILL would not let it.
        death: Signal::SIGTERM,
        log: launch.state.log(NAME),
    };
    launch.processes.start(spec.clone())?;
    let (client, credentials) = (ready::client()?, dir.join("credentials.json"));
    let is_there = async || {
        step.detail(log::last_lines(&spec.log, 1).trim());
        answers(&client, &credentials).await.unwrap_or(false)
    };
    launch.wait_until(NAME, START_LIMIT, is_there).await.context("start WordPress (`--no-wordpress` does without)")?;
    step.done();
    WordPress::read(&credentials, spec)
}

/// Whether the site of these credentials answers. They may be of an earlier run.
async fn answers(client: &reqwest::Client, credentials: &Path) -> Result<bool> {
    let url = text(&read(credentials)?, "/base_url")?;
    Ok(client.get(format!("{url}/wp-login.php")).send().await?.status().is_success())
}

fn read(credentials: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(credentials)?)?)
}

impl WordPress {
    fn read(credentials: &Path, spec: Spec) -> Result<Self> {
        let credentials = read(credentials).context("read the credentials of WordPress")?;
        Ok(Self {
            spec,
            url: text(&credentials, "/base_url")?,
            user: text(&credentials, "/user")?,
            application_password: text(&credentials, "/application_password")?,
            admin: text(&credentials, "/admin_user")?,
            admin_password: text(&credentials, "/admin_password")?,
        })
    }
}
