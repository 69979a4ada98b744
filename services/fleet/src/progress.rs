//! What a person sees while they wait: a spinner on a terminal, plain lines everywhere else.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a long step says that it still runs, where there is no spinner.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The screen.
#[derive(Debug)]
pub struct Progress {
    /// Absent: plain lines.
    bars: Option<MultiProgress>,
    aside: bool,
}

/// One thing that is being done.
#[derive(Debug)]
#[must_use]
pub struct Step<'a> {
    screen: &'a Progress,
    what: String,
    bar: Option<ProgressBar>,
    begun: Instant,
    said: Cell<Instant>,
}

impl Progress {
    /// Spinners on a terminal, unless `plain` is wished.
    pub fn new(plain: bool) -> Self {
        let spins = !plain && io::stdout().is_terminal() && io::stderr().is_terminal();
        Self { bars: spins.then(MultiProgress::new), aside: false }
    }

    /// Plain lines to standard error, for a verb whose answer is read by a program.
    pub fn aside() -> Self {
        Self { bars: None, aside: true }
    }

    fn say(&self, text: &str) {
        if self.aside {
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            say(text);
        }
    }

    /// Whether a person looks on.
    pub fn is_plain(&self) -> bool {
        self.bars.is_none()
    }

    pub fn step(&self, what: &str) -> Step<'_> {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(style());
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let begun = Instant::now();
        Step { screen: self, what: what.to_owned(), bar, begun, said: Cell::new(begun) }
    }

    pub fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| say(text)),
            None => self.say(text),
        }
    }
}

impl Step<'_> {
    /// What it does at the moment, such as the last line of a build.
    pub fn detail(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(format!("{}: {text}", self.what)),
            None if self.said.get().elapsed() >= HEARTBEAT => {
                self.said.set(Instant::now());
                self.screen.say(&format!("  … {} ({} s): {text}", self.what, self.begun.elapsed().as_secs()));
            }
            None => {}
        }
    }

    pub fn done(self) {
        let line = format!("  ✓ {} ({:.1} s)", self.what, self.begun.elapsed().as_secs_f32());
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.screen.line(&line);
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    // Only a bad template is refused, and this one is fixed.
    ProgressStyle::with_template("  {spinner} {wide_msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// One line for the person. Nobody reading is no failure.
pub fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
