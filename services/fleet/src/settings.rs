//! What has been chosen for a state directory: its places, ports and secrets.

use std::cell::RefCell;

use anyhow::{Context as _, Result};

use crate::state::State;
use crate::state::ports::Ports;
use crate::state::secrets::Secrets;

/// Read by every verb, changed by the launcher that holds the lock.
#[derive(Debug)]
pub struct Settings {
    pub state: State,
    pub ports: Ports,
    secrets: RefCell<Secrets>,
}

impl Settings {
    pub fn read(state: State) -> Result<Self> {
        let ports = Ports::read(&state.dir)?;
        let secrets = RefCell::new(Secrets::read(&state.dir)?);
        Ok(Self { state, ports, secrets })
    }

    /// The port that was chosen for `name`.
    pub fn port(&self, name: &str) -> Result<u16> {
        self.ports.get(name).with_context(|| format!("no port was chosen for {name} yet: start the fleet first"))
    }

    /// The password of this name; made when there is none.
    pub fn password(&self, name: &str) -> Result<String> {
        self.secrets.borrow_mut().password(name)
    }

    pub fn seal_keys(&self) -> Result<String> {
        self.secrets.borrow_mut().seal_keys()
    }
}
