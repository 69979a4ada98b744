//! The stages of the job, timed one by one, and the table of them.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::progress::{Progress, Step};

/// What a stage hands on, and what a person reads of it.
#[derive(Debug)]
pub(super) struct Done<T> {
    pub(super) value: T,
    /// As `322 keywords`.
    pub(super) made: String,
    /// What was charged.
    pub(super) credits: i64,
}

impl<T> Done<T> {
    /// Something that costs no credits.
    pub(super) fn free(value: T, made: impl Into<String>) -> Self {
        Self { value, made: made.into(), credits: 0 }
    }
}

/// A line of the table.
#[derive(Debug)]
struct Row {
    name: &'static str,
    took: Duration,
    made: String,
    credits: i64,
}

/// What was done so far.
#[derive(Debug)]
pub(super) struct Stages<'p> {
    screen: &'p Progress,
    rows: Vec<Row>,
}

impl<'p> Stages<'p> {
    pub(super) fn new(screen: &'p Progress) -> Self {
        Self { screen, rows: Vec::new() }
    }

    /// Runs a stage.
    pub(super) async fn run<T>(
        &mut self,
        name: &'static str,
        stage: impl AsyncFnOnce(&Step<'_>) -> Result<Done<T>>,
    ) -> Result<T> {
        let step = self.screen.step(name);
        let begun = Instant::now();
        let done = stage(&step).await.with_context(|| format!("the demo's stage `{name}`"))?;
        step.done();
        self.rows.push(Row { name, took: begun.elapsed(), made: done.made, credits: done.credits });
        Ok(done.value)
    }

    /// All stages, and what they took together.
    pub(super) fn table(&self, took: Duration) -> String {
        let mut text = format!("  {:<12} {:>7}  {:>7}  what came of it\n", "stage", "seconds", "credits");
        for Row { name, took, made, credits } in &self.rows {
            let _ = writeln!(text, "  {name:<12} {:>7.2}  {credits:>7}  {made}", took.as_secs_f64());
        }
        let credits: i64 = self.rows.iter().map(|row| row.credits).sum();
        let _ = write!(text, "  {:<12} {:>7.2}  {credits:>7}", "all of it", took.as_secs_f64());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_table_has_a_line_for_each_stage_and_the_sum_of_credits() {
        let screen = Progress::aside();
        let mut stages = Stages::new(&screen);
        let ideas = async |_: &Step<'_>| Ok(Done { value: 8, made: "8 ideas".to_owned(), credits: 8 });
        assert_eq!(stages.run("ideas", ideas).await.unwrap(), 8);
        let article = async |_: &Step<'_>| Ok(Done { value: (), made: "an article".to_owned(), credits: 15 });
        stages.run("article", article).await.unwrap();
        let table = stages.table(Duration::from_secs(2));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4, "{table}");
        assert!(lines[1].starts_with("  ideas") && lines[1].ends_with("8  8 ideas"), "{table}");
        assert!(lines[3].contains("2.00") && lines[3].ends_with("23"), "{table}");
    }

    #[tokio::test]
    async fn a_stage_that_fails_is_named() {
        let screen = Progress::aside();
        let failing = async |_: &Step<'_>| -> Result<Done<()>> { anyhow::bail!("no credits are left") };
        let error = Stages::new(&screen).run("article", failing).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "the demo's stage `article`: no credits are left");
    }
}
