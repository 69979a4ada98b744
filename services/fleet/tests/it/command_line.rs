use std::process::Output;

use fleet::check::steps::{Action, STEPS};

use crate::support::{busy_port, igny8, scratch};

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn status_of_nothing_says_how_to_start_and_fails_for_scripts() {
    let scratch = scratch();
    let output = igny8(&scratch.state).arg("status").output().unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains("cargo fleet up"));
    let json = igny8(&scratch.state).args(["status", "--json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["phase"], serde_json::Value::Null);
}

#[test]
fn stopping_nothing_is_no_failure() {
    let scratch = scratch();
    assert!(igny8(&scratch.state).arg("down").status().unwrap().success());
    assert!(igny8(&scratch.state).args(["servers", "--stop"]).status().unwrap().success());
}

#[test]
fn a_port_in_use_ends_up_before_anything_is_started() {
    let scratch = scratch();
    let (_listener, port) = busy_port();
    let output = igny8(&scratch.state).args(["up", "--port", &format!("gateway={port}")]).output().unwrap();
    let said = said(&output);
    assert!(!output.status.success());
    assert!(said.contains(&format!("error: port {port} for gateway is in use")), "{said}");
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    assert!(!scratch.state.dir.join("running.json").exists());
}

#[test]
fn work_on_a_database_needs_a_running_fleet_and_a_known_service() {
    let scratch = scratch();
    let output = igny8(&scratch.state).args(["psql", "auth"]).output().unwrap();
    assert!(said(&output).contains("the fleet is not running"));
    let url = "postgres://postgres@127.0.0.1:1/postgres";
    let output = igny8(&scratch.state).args(["psql", "nobody", "--database-url", url]).output().unwrap();
    assert!(said(&output).contains("there is no database of `nobody`") && said(&output).contains("auth"));
}

#[test]
fn logs_of_nobody_name_those_there_are() {
    let scratch = scratch();
    std::fs::write(scratch.state.log("auth"), "one\ntwo\nthree\n").unwrap();
    let output = igny8(&scratch.state).args(["logs", "writer"]).output().unwrap();
    assert!(said(&output).contains("there are logs of: auth"));
    let output = igny8(&scratch.state).args(["logs", "auth", "-n", "2"]).output().unwrap();
    assert_eq!(said(&output), "two\nthree\n");
}

#[test]
fn every_check_has_its_own_name_and_a_command() {
    let names: std::collections::BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
    assert_eq!(names.len(), STEPS.len());
    for step in STEPS {
        match step.action {
            Action::Quiet(command) | Action::Shown(command) => assert!(!command.is_empty(), "{}", step.name),
            Action::RustTests => {}
        }
    }
    let scratch = scratch();
    let output = igny8(&scratch.state).args(["test", "--only", "nonsense"]).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("there is no check `nonsense`"));
}
