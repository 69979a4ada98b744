//! What processes take of the processor, as the kernel counts it: it tells where the time goes, also on a machine with other work.

use anyhow::{Context as _, Result};

use super::World;
use crate::postgres;

/// Who has a part in a request.
pub(super) const PARTS: [&str; 4] = ["gateway", "auth", "planner", postgres::NAME];
/// What Linux counts in, on every machine that we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of the processor that a process and its children have had so far.
pub(super) fn seconds(world: &World<'_>, name: &str) -> Result<f64> {
    let id = world.launch.processes.id_of(name).with_context(|| format!("{name} runs"))?.to_string();
    let mut ticks = 0.0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name may hold anything; what follows its bracket is `state parent …`.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let is_one = entry.file_name().to_str() == Some(id.as_str()) || fields.get(1) == Some(&id.as_str());
        if is_one {
            // Its own time in user and system mode, and that of its children that have ended.
            ticks += fields.iter().skip(11).take(4).filter_map(|text| text.parse::<f64>().ok()).sum::<f64>();
        }
    }
    Ok(ticks / TICKS_PER_SECOND)
}
