//! `test`: prepares what the checks need and runs them all, one after the other. A failed one stops no other.

mod needs;
pub mod steps;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::signal::Signal;

use crate::errors;
use crate::process::{exit_text, guarded, run};
use crate::progress::{Progress, say};
use crate::state::State;
use needs::{Prepared, Provided};
use steps::{Action, STEPS, Step};

/// How a step ended.
#[derive(Debug)]
enum Outcome {
    Passed,
    Failed { why: String, last_lines: String },
    Skipped(String),
}

/// One line of the summary.
#[derive(Debug)]
struct Row {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// What to run the checks on.
#[derive(Debug)]
pub struct Place<'a> {
    /// The fleet's state: tools and logs.
    pub state: &'a State,
    /// The test servers' state.
    pub test: &'a State,
    pub progress: &'a Progress,
}

/// Prints the names of the steps.
pub fn list() {
    for step in STEPS {
        say(&format!("{:<14} {}", step.name, step.what));
    }
}

/// Runs the steps named in `only`, or all of them.
pub async fn run(place: &Place<'_>, only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        let fix = format!("use one of: {}", names.join(", "));
        return Err(errors::problem(format!("there is no check `{unknown}`"), "no step has this name", fix).into());
    }
    let chosen = STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name));
    run_steps(place, chosen).await
}

/// Runs these.
pub async fn run_steps(place: &Place<'_>, steps: impl IntoIterator<Item = &'static Step>) -> Result<()> {
    let mut prepared = Prepared::default();
    let mut rows = Vec::new();
    for step in steps {
        say(&format!("\n── {}: {}", step.name, step.what));
        let begun = Instant::now();
        let outcome = match one(place, step, &mut prepared).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed { why: format!("{error:#}"), last_lines: String::new() },
        };
        let row = Row { name: step.name, outcome, took: begun.elapsed() };
        say(&row.line());
        rows.push(row);
    }
    prepared.finish(place).await;
    summary(&rows)
}

async fn one(place: &Place<'_>, step: &'static Step, prepared: &mut Prepared) -> Result<Outcome> {
    let provided = match prepared.provide(place, step.needs).await? {
        Ok(provided) => provided,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    match step.action {
        Action::Quiet(command) => quiet(place, step, command, &provided).await,
        Action::Shown(command) => shown(place, command, &provided).await,
        Action::RustTests => shown(place, rust_tests().await, &provided).await,
    }
}

/// Nextest where it is installed, else what comes with cargo.
async fn rust_tests() -> &'static [&'static str] {
    let nextest = tokio::process::Command::new("cargo").args(["nextest", "--version"]).output().await;
    if nextest.is_ok_and(|output| output.status.success()) {
        &["cargo", "nextest", "run", "--workspace", "--no-fail-fast"]
    } else {
        &["cargo", "test", "--workspace", "--no-fail-fast"]
    }
}

/// Output goes to a log, of which the end is shown when it failed.
async fn quiet(place: &Place<'_>, step: &Step, command: &[&str], provided: &Provided) -> Result<Outcome> {
    let screen = place.progress.step(step.name);
    let log = place.state.log(&format!("test-{}", step.name));
    let Some(mut command) = prepare(place, command, provided) else { return Ok(no_command()) };
    let ended = run::logged(&mut command, &log, &screen).await?;
    Ok(match ended {
        Ok(()) => Outcome::Passed,
        Err(failure) => Outcome::Failed {
            why: format!("{}; all of it: {}", failure.exit, log.display()),
            last_lines: failure.last_lines,
        },
    })
}

/// Output goes to the screen as it comes.
async fn shown(place: &Place<'_>, command: &[&str], provided: &Provided) -> Result<Outcome> {
    let Some(mut command) = prepare(place, command, provided) else { return Ok(no_command()) };
    let status = command.stdin(Stdio::null()).kill_on_drop(true).status().await?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed { why: format!("{}; its output stands above", exit_text(status)), last_lines: String::new() }
    })
}

fn prepare(place: &Place<'_>, command: &[&str], provided: &Provided) -> Option<tokio::process::Command> {
    let (program, arguments) = command.split_first()?;
    let mut prepared = guarded(Path::new(program), None, Signal::SIGTERM);
    prepared.args(arguments).current_dir(&place.state.root).envs(provided.env.iter().cloned());
    Some(prepared)
}

fn no_command() -> Outcome {
    Outcome::Failed { why: "the step has no command".to_owned(), last_lines: String::new() }
}

impl Row {
    fn line(&self) -> String {
        let seconds = self.took.as_secs_f32();
        match &self.outcome {
            Outcome::Passed => format!("  ✓ {:<14} {seconds:>6.1} s  ok", self.name),
            Outcome::Failed { why, .. } => format!("  ✗ {:<14} {seconds:>6.1} s  failed: {why}", self.name),
            Outcome::Skipped(why) => format!("  - {:<14} {seconds:>6.1} s  skipped: {why}", self.name),
        }
    }
}

fn summary(rows: &[Row]) -> Result<()> {
    say("\n── summary");
    for row in rows {
        if let Outcome::Failed { last_lines, .. } = &row.outcome
            && !last_lines.is_empty()
        {
            say(&format!("\n  last lines of {}:\n    {}\n", row.name, last_lines.replace('\n', "\n    ")));
        }
    }
    for row in rows {
        say(&row.line());
    }
    let count = |wanted: fn(&Outcome) -> bool| rows.iter().filter(|row| wanted(&row.outcome)).count();
    let failed = count(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    say(&format!("\n  {} passed, {failed} failed, {skipped} skipped", rows.len() - failed - skipped));
    anyhow::ensure!(failed == 0, "{failed} of {} checks failed", rows.len());
    Ok(())
}

/// Variables of a step's environment.
type Variables = Vec<(String, OsString)>;

/// Directories that go before `PATH`.
type Bins = Vec<PathBuf>;
