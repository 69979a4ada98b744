//! What processes take of the memory, as the kernel counts it.

use anyhow::{Context as _, Result};

use super::World;

/// Of each service, before it has done anything.
pub(super) fn idle(world: &World<'_>) -> Result<()> {
    for service in service::registry::services() {
        world.tell("idle", &service.name, megabytes(world, &service.name, "VmRSS")?, "MiB")?;
    }
    Ok(())
}

/// Begins a new peak.
pub(super) fn forget_peak(world: &World<'_>, service: &str) -> Result<()> {
    std::fs::write(format!("/proc/{}/clear_refs", id(world, service)?), "5").context("forget the peak of memory")
}

/// The most since then.
pub(super) fn peak(world: &World<'_>, service: &str) -> Result<f64> {
    megabytes(world, service, "VmHWM")
}

fn megabytes(world: &World<'_>, service: &str, line: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", id(world, service)?))?;
    let line = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')).context("read the memory")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024.0)
}

fn id(world: &World<'_>, service: &str) -> Result<u32> {
    world.launch.processes.id_of(service).with_context(|| format!("{service} runs"))
}
