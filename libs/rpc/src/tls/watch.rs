use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::{Files, Identity, Loaded};

const EVERY: Duration = Duration::from_secs(5);

impl Identity {
    /// Reads the files again when they change, for ever. New connections use the new certificate, in both directions.
    ///
    /// It looks every five seconds: what mounts certificates into a container swaps a symbolic link, which file notifications miss.
    pub async fn watch(self) {
        let mut trouble = None;
        loop {
            tokio::time::sleep(EVERY).await;
            let identity = self.clone();
            let outcome = tokio::task::spawn_blocking(move || identity.reload()).await;
            // The same trouble is told once: half-written files cure themselves, expired ones stay.
            let now = outcome.map_err(anyhow::Error::from).flatten().err().map(|error| format!("{error:#}"));
            if let Some(error) = now.as_ref().filter(|_| now != trouble) {
                tracing::warn!(%error, "could not reload the tls identity, the one before stays");
            }
            trouble = now;
        }
    }

    /// Takes the files as they are now. When they do not fit together, what was loaded before stays.
    pub fn reload(&self) -> anyhow::Result<()> {
        let files = Files::read(&self.0.dir)?;
        if files == self.0.current.load().files {
            return Ok(());
        }
        let loaded =
            Loaded::new(files).with_context(|| format!("load the tls identity in {}", self.0.dir.display()))?;
        self.0.current.store(Arc::new(loaded));
        tracing::info!(dir = %self.0.dir.display(), "loaded a new tls identity");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    fn write(dir: &std::path::Path) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["auth".to_owned()]).unwrap();
        for (name, pem) in [("ca.pem", cert.pem()), ("cert.pem", cert.pem()), ("key.pem", signing_key.serialize_pem())]
        {
            std::fs::write(dir.join(name), pem).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changed_files_are_taken_and_broken_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path());
        let identity = Identity::load(dir.path()).unwrap();
        let watch = tokio::spawn(identity.clone().watch());
        let first = identity.client_config();

        std::fs::write(dir.path().join("cert.pem"), "half a certificate").unwrap();
        tokio::time::sleep(EVERY * 2).await;
        assert!(Arc::ptr_eq(&first, &identity.client_config()));

        write(dir.path());
        tokio::time::sleep(EVERY * 2).await;
        assert!(!Arc::ptr_eq(&first, &identity.client_config()));
        watch.abort();
    }
}
