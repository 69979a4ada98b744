//! The texts of everything that can go wrong here: what failed, why, and how to fix it.

use std::fmt;
use std::path::Path;

/// A failure as a person needs it.
#[derive(Debug)]
pub struct Problem {
    pub what: String,
    pub why: String,
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  why: {}\n  fix: {}", self.what, indent(&self.why), indent(&self.fix))
    }
}

impl std::error::Error for Problem {}

fn indent(text: &str) -> String {
    text.trim_end().replace('\n', "\n       ")
}

pub fn problem(what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Problem {
    Problem { what: what.into(), why: why.into(), fix: fix.into() }
}

pub fn port_in_use(name: &str, port: u16, holder: &str) -> Problem {
    problem(
        format!("port {port} for {name} is in use"),
        format!("{holder} listens on it"),
        format!("end that process, or choose another port: --port {name}=<number>"),
    )
}

pub fn no_free_port(name: &str, first: u16) -> Problem {
    problem(
        format!("no free port for {name}"),
        format!("every port that was tried from {first} upwards is in use"),
        format!("name a free one: --port {name}=<number>"),
    )
}

pub fn unknown_port_name(name: &str, known: &str) -> Problem {
    problem(
        format!("unknown port name `{name}`"),
        "a port is named after what listens on it".to_owned(),
        format!("use one of: {known}"),
    )
}

pub fn already_running(dir: &Path) -> Problem {
    problem(
        "the fleet is in use",
        format!("another launcher holds {}", dir.join("lock").display()),
        "stop it with `cargo fleet down`",
    )
}

pub fn not_running() -> Problem {
    problem("the fleet is not running", "no launcher holds its state", "start it with `cargo fleet up`")
}

pub fn state_of_another_version(dir: &Path, found: &str, expected: &str) -> Problem {
    problem(
        format!("the state in {} is from another version", dir.display()),
        format!("it says `{found}`, this launcher reads `{expected}`"),
        "erase it with `cargo fleet reset` (all data of the local fleet is lost)",
    )
}

pub fn postgres_of_another_version(data: &Path, found: &str, installed: &str) -> Problem {
    problem(
        format!("the databases in {} are from PostgreSQL {found}", data.display()),
        format!("installed is {installed}, which cannot read them"),
        format!("install PostgreSQL {found}, or erase the state with `cargo fleet reset`"),
    )
}

pub fn disk_low(dir: &Path, free_mib: u64, needed_mib: u64) -> Problem {
    problem(
        "the disk is nearly full",
        format!("{free_mib} MiB are free at {}, {needed_mib} MiB are needed", dir.display()),
        "free some space (`cargo clean` drops what was built)",
    )
}

pub fn packages_missing(packages: &str, why: &str, command: &str) -> Problem {
    problem(format!("not installed: {packages}"), why, format!("run as root: {command}"))
}

pub fn boot_timeout(name: &str, seconds: u64, last_lines: &str) -> Problem {
    problem(
        format!("{name} was not ready within {seconds} s"),
        last_words(last_lines),
        format!("read the whole log with `cargo fleet logs {name}`, then try again"),
    )
}

pub fn crashed(name: &str, exit: &str, last_lines: &str) -> Problem {
    problem(
        format!("{name} ended by itself ({exit})"),
        last_words(last_lines),
        format!("read the whole log with `cargo fleet logs {name}`; `cargo fleet doctor` checks this machine"),
    )
}

pub fn command_failed(what: &str, exit: &str, last_lines: &str) -> Problem {
    problem(
        format!("{what} failed ({exit})"),
        last_words(last_lines),
        "correct what it says and run the same command again",
    )
}

pub fn migration_failed(service: &str, exit: &str, last_lines: &str) -> Problem {
    problem(
        format!("the migrations of {service} failed ({exit})"),
        last_words(last_lines),
        "correct the migration; if it had run in another form before, `cargo fleet reset` starts from empty databases",
    )
}

pub fn round_trip_failed(step: &str, why: &str) -> Problem {
    problem(
        format!("the fleet started, but {step} through REST failed"),
        why,
        "read `cargo fleet logs gateway` and `cargo fleet logs auth`",
    )
}

/// As much of one line as helps; a log line may hold a whole backtrace.
const LINE_LIMIT: usize = 240;

fn last_words(lines: &str) -> String {
    if lines.trim().is_empty() {
        return "it wrote nothing to its log".to_owned();
    }
    let lines: Vec<_> = lines.lines().map(shortened).collect();
    format!("last lines of its log:\n{}", lines.join("\n"))
}

fn shortened(line: &str) -> String {
    if line.chars().count() <= LINE_LIMIT {
        return line.to_owned();
    }
    line.chars().take(LINE_LIMIT).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_why_and_how_to_fix() {
        let text = crashed("auth", "exit status 1", "one\ntwo").to_string();
        assert_eq!(
            text,
            "auth ended by itself (exit status 1)\n  why: last lines of its log:\n       one\n       two\n  \
             fix: read the whole log with `cargo fleet logs auth`; `cargo fleet doctor` checks this machine"
        );
    }

    #[test]
    fn a_line_with_a_backtrace_is_cut() {
        let text = boot_timeout("auth", 60, &"é".repeat(10_000)).to_string();
        assert!(text.chars().count() < 500 && text.contains("é…"));
    }
}
