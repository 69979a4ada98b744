//! The fleet under kills: real binaries on servers of their own, people who start jobs all the time, and something that dies every other
//! second. Afterwards every job has ended once, every hold is resolved once, every result is applied once, and nothing is left on its way.

mod load;
mod proof;
mod storm;
mod victims;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;

use self::load::Load;
use self::victims::Victims;

/// The longest that everything may take to come to rest after the last kill.
const REST: Duration = Duration::from_mins(5);

/// Kills parts of a fleet at work, and proves that nothing is lost or done twice.
#[derive(Debug, Clone, Parser)]
pub struct Options {
    /// The long form: 500 jobs at any time, and eight times as many kills
    #[arg(long)]
    pub long: bool,

    /// People who start one job after the other, each in a sector of their own
    #[arg(long)]
    pub people: Option<usize>,

    /// Keywords in each sector
    #[arg(long, default_value_t = 150)]
    pub keywords: usize,

    /// How often all faults are done
    #[arg(long)]
    pub rounds: Option<usize>,

    /// Decides the order of the faults
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Options {
    fn people(&self) -> usize {
        self.people.unwrap_or(if self.long { 500 } else { 45 })
    }

    fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.long { 8 } else { 1 })
    }
}

/// Runs it, and fails with all that does not hold.
///
/// # Errors
/// What cannot be started, and what the proof finds.
pub async fn run(options: &Options) -> Result<()> {
    let begun = Instant::now();
    let victims = Victims::start().await?;
    let load = Load::prepare(&victims, options.people(), options.keywords).await?;
    say(&format!("{:?} to here: {} people are about to work", begun.elapsed(), options.people()));

    let working = load.begin();
    let storm = storm::run(&victims, options.rounds(), options.seed).await?;
    let quiet = Instant::now();
    let done = working.stop().await?;
    proof::until_at_rest(&victims, quiet + REST).await?;
    let rest = quiet.elapsed();
    let faults = proof::examine(&victims, &done).await?;
    let recovered = rest.as_secs_f32();
    say(&format!(
        "{} faults; {} jobs ended, {} of them in success; at rest {recovered:.1} s after the last fault; {:?} in all",
        storm.faults,
        done.len(),
        done.iter().filter(|task| task.succeeded).count(),
        begun.elapsed()
    ));
    victims.stop().await?;
    let all: Vec<String> = storm.surprises.into_iter().chain(faults).collect();
    ensure!(all.is_empty(), "{} things do not hold:\n  {}", all.len(), all.join("\n  "));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is what it is run for")]
fn say(line: &str) {
    println!("{line}");
}
