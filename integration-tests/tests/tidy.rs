//! The budgets of CONTRIBUTING.md that the compiler and clippy do not see.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a checkout that cannot be read fails the test"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Beyond this a file says why in a line that holds [`REASON`]; beyond [`WALL`] nothing helps.
const LINE: usize = 400;
const WALL: usize = 600;
const REASON: &str = "Long because";

const TOP_LEVEL: &[&str] = &["Cargo.toml", "proto", "services", "libs", "k8s", "helm", "docker", "integration-tests"];
const ROOT_FILES: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    ".yamllint",
    ".dockerignore",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
];

/// A second TLS stack, or a C library, would come in under one of these.
const UNWANTED_CRATES: &[&str] = &["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl-sys", "pq-sys"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every file that git tracks or would track.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("file names are UTF-8");
    text.lines().filter(|file| root().join(file).is_file()).map(str::to_owned).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn has_extension(file: &str, extension: &str) -> bool {
    Path::new(file).extension().is_some_and(|found| found == extension)
}

/// Our own source files; generated ones and pure tables are exempt.
fn sources() -> Vec<(String, String)> {
    let exempt = |file: &str| file.ends_with("schema.rs") || file.ends_with("schema.d.ts");
    files()
        .into_iter()
        .filter(|file| ["rs", "ts", "tsx"].iter().any(|extension| has_extension(file, extension)) && !exempt(file))
        .map(|file| (file.clone(), read(&file)))
        .collect()
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}

#[test]
fn files_keep_to_their_size() {
    let faults: Vec<String> = sources()
        .iter()
        .filter_map(|(file, text)| {
            let lines = text.lines().count();
            let fault = match lines {
                0..=LINE => return None,
                _ if lines > WALL => format!("over the wall of {WALL}: split it by the rule it holds"),
                _ if text.contains(REASON) => return None,
                _ => format!("over {LINE}: split it, or say in its module doc: `{REASON} …`"),
            };
            Some(format!("{file}: {lines} lines, {fault}"))
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn modules_are_named_files() {
    let faults: Vec<String> = files()
        .into_iter()
        .filter(|f| f.ends_with("/mod.rs") && !f.contains("/tests/"))
        .map(|f| format!("{f}: name it after its module"))
        .collect();
    assert_none(&faults);
}

#[test]
fn lints_are_expected_with_a_reason_and_macros_have_one() {
    let mut faults = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| has_extension(file, "rs") && !file.ends_with("tidy.rs")) {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let place = format!("{file}:{}", number + 1);
            if line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow(") {
                faults.push(format!("{place}: write #[expect(…, reason = \"…\")]"));
            }
            let explained = number > 0 && lines[number - 1].trim_start().starts_with("//");
            if line.trim_start().starts_with("macro_rules!") && !explained {
                faults.push(format!("{place}: a macro says in the line above why a function would not do"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_top_level_is_fixed() {
    let mut seen: Vec<String> = files().iter().filter_map(|f| f.split('/').next().map(str::to_owned)).collect();
    seen.sort();
    seen.dedup();
    let unknown: Vec<String> = seen
        .iter()
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()) && !ROOT_FILES.contains(&name.as_str()))
        .map(|name| format!("{name}: not part of the fixed top level"))
        .collect();
    let missing =
        TOP_LEVEL.iter().filter(|name| !seen.iter().any(|s| s == *name)).map(|name| format!("{name}: missing"));
    assert_none(&unknown.into_iter().chain(missing).collect::<Vec<_>>());
}

#[test]
fn there_is_one_tls_stack() {
    let lock = read("Cargo.lock");
    let faults: Vec<String> = UNWANTED_CRATES
        .iter()
        .filter(|name| lock.lines().any(|line| line == format!("name = \"{name}\"")))
        .map(|name| {
            format!("{name} is in Cargo.lock: some crate lacks `default-features = false`; see `cargo tree -i {name}`")
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|(file, _)| {
            (file.starts_with("libs/") || file.starts_with("services/"))
                && has_extension(file, "rs")
                && !file.contains("/tests/")
                && !file.contains("build.rs")
                && !file.starts_with("libs/testkit/")
                && !file.starts_with("services/fleet/")
        })
        .filter(|(_, text)| text.contains("env::var"))
        .map(|(file, _)| format!("{file}: take the value from the binary's clap struct"))
        .collect();
    assert_none(&faults);
}

#[test]
fn every_crate_and_the_contracts_have_a_readme() {
    let faults: Vec<String> = files()
        .iter()
        .filter_map(|file| file.strip_suffix("/Cargo.toml"))
        .filter(|folder| !root().join(folder).join("README.md").is_file() && *folder != "libs/contracts/build")
        .map(|folder| format!("{folder}: no README.md"))
        .collect();
    assert_none(&faults);
}

#[test]
fn every_service_of_the_registry_can_be_deployed() {
    let (docker, chart) = (read("docker/Dockerfile"), read("helm/igny8/values.yaml"));
    for service in service::registry::services() {
        let name = &service.name;
        assert!(docker.contains(&format!("FROM base AS {name}\n")), "docker/Dockerfile has no target {name}");
        let entry = chart.split(&format!("\n  {name}:\n")).nth(1);
        let entry = entry.unwrap_or_else(|| panic!("helm/igny8/values.yaml has no service {name}"));
        let main = service.http_port.or(service.grpc_port).unwrap();
        for line in [format!("port: {main}"), format!("adminPort: {}", service.admin_port)] {
            assert!(
                entry.lines().take(4).any(|found| found.trim() == line),
                "helm/igny8/values.yaml: {name} lacks {line}"
            );
        }
    }
}
