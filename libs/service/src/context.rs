//! What a service is built from.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::{Context as _, anyhow};
use rpc::{
    client::{Channel, Target},
    tls::Identity,
    token::{Keys, Verifier},
};
use tokio_util::sync::CancellationToken;

use crate::{Addresses, ProcessConfig, Readiness, keys, tasks::Tasks};

/// The process around a service: its identity, the way to other services, checks, background tasks and its end. Clones are
/// the same.
#[derive(Debug, Clone)]
pub struct Context(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: &'static str,
    identity: Identity,
    addresses: Addresses,
    channels: Mutex<HashMap<String, Channel>>,
    verifier: OnceLock<Verifier>,
    readiness: Readiness,
    tasks: Tasks,
    shutdown: CancellationToken,
}

impl Context {
    /// The surroundings of one service. [`crate::run`] makes them for a process; only a test that starts several services in one process
    /// makes them itself, serves with them, and cancels [`Self::shutdown`] in the end.
    ///
    /// # Errors
    /// There are no certificates in the directory that the settings name.
    pub fn new(service: &'static str, config: &ProcessConfig) -> anyhow::Result<Self> {
        let identity = Identity::load(&config.tls_dir)?;
        let shutdown = CancellationToken::new();
        let tasks = Tasks::new(shutdown.clone());
        tasks.spawn("identity", identity.clone().watch());
        Ok(Self(Arc::new(Inner {
            service,
            identity,
            addresses: config.addresses.clone(),
            channels: Mutex::default(),
            verifier: OnceLock::new(),
            readiness: Readiness::new(),
            tasks,
            shutdown,
        })))
    }

    /// The name under which the process runs.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Who this process is to the other services.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The way to another service, at `IGNY8_<SERVICE>_URL`. It connects when it is used; one channel serves all callers.
    ///
    /// # Errors
    /// The registry does not know a gRPC service of this name.
    pub fn client(&self, service: &str) -> anyhow::Result<Channel> {
        let mut channels = self.0.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(service) {
            return Ok(channel.clone());
        }
        let url = self.0.addresses.of(service).with_context(|| format!("no service {service} to call"))?;
        let channel = Channel::new(&Target::new(service, url.as_str())?, &self.0.identity);
        channels.insert(service.to_owned(), channel.clone());
        Ok(channel)
    }

    /// Verifies access tokens, by default with the public keys that auth answers.
    ///
    /// # Errors
    /// The registry has no auth service.
    pub fn verifier(&self) -> anyhow::Result<&Verifier> {
        if let Some(verifier) = self.0.verifier.get() {
            return Ok(verifier);
        }
        let auth = self.client("auth")?;
        Ok(self.0.verifier.get_or_init(|| Verifier::new(keys::of_auth(auth))))
    }

    /// Takes the public keys from somewhere else, as auth itself does. Call it before anything asks for [`Self::verifier`].
    ///
    /// # Errors
    /// There is a verifier already.
    pub fn verify_with(&self, keys: Keys) -> anyhow::Result<()> {
        self.0.verifier.set(Verifier::new(keys)).map_err(|_| anyhow!("the verifier is in use with other keys"))
    }

    /// Registers a readiness check: cheap, because it runs with every question, and failed after a second.
    pub fn ready<F>(&self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.0.readiness.register(name, check);
    }

    /// The checks and the phase of the process.
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Starts a background task. It is dropped at its next `await` when the process stops, and awaited then. If it panics,
    /// the process stops with an error, so that whatever runs it can start it again; it may end by itself.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(name, task);
    }

    /// Starts a background task that must not be dropped in the middle: it begins to end by itself when [`Self::shutdown`] is cancelled, and
    /// is awaited as long as the grace allows. For the rest as [`Self::spawn`].
    pub fn spawn_to_end(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn_to_end(name, task);
    }

    /// Cancelled when the process begins to drain: accept nothing new, end endless streams.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }
}
