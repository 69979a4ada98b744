//! The faults, one after the other, each while the effects of those before are still felt.

use std::time::Duration;

use anyhow::Result;
use fleet::process::Spec;
use tokio::time::sleep;

use super::say;
use super::victims::Victims;

/// How long a killed process stays away.
const AWAY: Duration = Duration::from_millis(700);
/// From one fault to the next.
const PAUSE: Duration = Duration::from_millis(1500);
/// Longer than a lease: what such a worker says afterwards must not count.
const PAST_THE_LEASE: Duration = Duration::from_secs(7);
const SHORTLY: Duration = Duration::from_secs(3);

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Storm {
    pub(super) faults: usize,
    /// Processes that ended by themselves.
    pub(super) surprises: Vec<String>,
}

/// One thing that goes wrong.
#[derive(Debug, Clone)]
enum Fault {
    Kill(String),
    Freeze(String, Duration),
    /// Killed, and all that it had written down is gone.
    WipeBroker,
}

/// Does all faults as often as told, each time in another order.
pub(super) async fn run(victims: &Victims, rounds: usize, seed: u64) -> Result<Storm> {
    let mut storm = Storm::default();
    let mut dice = Dice(seed);
    for _ in 0..rounds {
        let mut faults = faults();
        while !faults.is_empty() {
            let fault = faults.swap_remove(dice.below(faults.len()));
            say(&format!("  {fault:?}"));
            inflict(victims, &fault).await?;
            storm.faults += 1;
            sleep(PAUSE).await;
            for (spec, exit) in victims.fallen() {
                storm.surprises.push(format!("{} ended by itself after {fault:?}: {exit}", spec.name));
                victims.start_again(spec)?;
            }
        }
    }
    Ok(storm)
}

/// Each part of a job's way once, those in the middle of it twice.
fn faults() -> Vec<Fault> {
    let workers = Victims::workers();
    let twice = ["planner", "ai-processor", "billing"].map(str::to_owned);
    let once = ["gateway", "auth", "postgres", "rabbitmq"].map(str::to_owned);
    let mut faults: Vec<Fault> =
        twice.iter().chain(&twice).chain(&once).chain(&workers).cloned().map(Fault::Kill).collect();
    faults.extend(workers.into_iter().take(1).map(|worker| Fault::Freeze(worker, PAST_THE_LEASE)));
    faults.push(Fault::Freeze("ai-processor".to_owned(), PAST_THE_LEASE));
    faults.push(Fault::Freeze("planner".to_owned(), SHORTLY));
    faults.push(Fault::Freeze("billing".to_owned(), SHORTLY));
    faults.push(Fault::WipeBroker);
    faults
}

async fn inflict(victims: &Victims, fault: &Fault) -> Result<()> {
    match fault {
        Fault::Kill(name) => {
            let killed: Spec = victims.kill(name).await?;
            sleep(AWAY).await;
            victims.start_again(killed)
        }
        Fault::WipeBroker => {
            let killed = victims.kill(fleet::rabbitmq::NAME).await?;
            victims.wipe_broker()?;
            victims.start_again(killed)
        }
        Fault::Freeze(name, how_long) => {
            victims.freeze(name, true)?;
            sleep(*how_long).await;
            victims.freeze(name, false)
        }
    }
}

/// The same order for the same seed, on every machine.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// SplitMix64.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed >> 33).unwrap_or_default() % limit.max(1)
    }
}
