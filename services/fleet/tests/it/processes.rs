use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fleet::launch::Launch;
use fleet::process::group::Processes;
use fleet::process::{Spec, Stage};
use fleet::progress::Progress;
use fleet::signals::Signals;
use fleet::state::State;
use fleet::state::record::{Phase, Record, Seen};
use nix::sys::signal::Signal;

use crate::support::scratch;

fn shell(home: &State, name: &str, stage: Stage, script: &str) -> Spec {
    Spec {
        name: name.to_owned(),
        stage,
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: Vec::new(),
        dir: "/".into(),
        account: home.account.clone(),
        stop: Signal::SIGTERM,
        death: Signal::SIGKILL,
        log: home.log(name),
    }
}

/// Notes the moment at which it was asked to stop.
fn noting(home: &State, name: &str, stage: Stage) -> Spec {
    shell(home, name, stage, "trap 'date +%s%N; exit 0' TERM; echo up; while :; do sleep 0.02; done")
}

async fn until_it_says(state: &State, name: &str, text: &str) {
    let begun = Instant::now();
    while !fs::read_to_string(state.log(name)).unwrap_or_default().contains(text) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{name} never said {text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn stopped_at(state: &State, name: &str) -> u128 {
    fs::read_to_string(state.log(name)).unwrap().lines().last().unwrap().parse().unwrap()
}

#[tokio::test]
async fn who_takes_work_stops_first_and_who_holds_data_last() {
    let scratch = scratch();
    let processes = Processes::new(&scratch.state.dir).unwrap();
    let children = [
        ("postgres", Stage::Database),
        ("auth", Stage::Service),
        ("rabbitmq", Stage::Broker),
        ("gateway", Stage::Edge),
    ];
    for (name, stage) in children {
        processes.start(noting(&scratch.state, name, stage)).unwrap();
        until_it_says(&scratch.state, name, "up").await;
    }
    assert_eq!(Record::read(&scratch.state.dir).unwrap().processes.len(), 4);
    processes.stop(&Signals::listen().unwrap()).await;
    let times = ["gateway", "auth", "rabbitmq", "postgres"].map(|name| stopped_at(&scratch.state, name));
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(Record::read(&scratch.state.dir), None);
}

#[tokio::test]
async fn a_process_that_will_not_stop_is_killed_with_its_children() {
    let scratch = scratch();
    let processes = Processes::new(&scratch.state.dir).unwrap();
    let script = "trap '' TERM; sleep 300 & echo $!; echo up; while :; do sleep 1; done";
    processes.start(shell(&scratch.state, "stubborn", Stage::Names, script)).unwrap();
    until_it_says(&scratch.state, "stubborn", "up").await;
    let log = fs::read_to_string(scratch.state.log("stubborn")).unwrap();
    let grandchild = Seen::now("sleep", log.lines().next().unwrap().parse().unwrap()).unwrap();
    let begun = Instant::now();
    processes.stop(&Signals::listen().unwrap()).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(!grandchild.is_alive());
}

#[tokio::test]
async fn a_crash_is_told_with_its_exit_and_last_lines() {
    let dir = scratch();
    let state = dir.state.clone();
    let held = state.lock().unwrap().unwrap();
    let launch = Launch::begin(state.clone(), Progress::new(true), held).unwrap();
    launch.processes.start(shell(&state, "auth", Stage::Service, "sleep 0.2; echo no database; exit 3")).unwrap();
    let error = launch.wait_until("auth", Duration::from_secs(10), async || false).await.unwrap_err().to_string();
    assert!(error.contains("auth ended by itself (exit status 3)"), "{error}");
    assert!(error.contains("no database") && error.contains("cargo fleet logs auth"), "{error}");
}

#[tokio::test]
async fn a_start_that_takes_too_long_is_told_with_its_last_lines() {
    let dir = scratch();
    let state = dir.state.clone();
    let held = state.lock().unwrap().unwrap();
    let launch = Launch::begin(state.clone(), Progress::new(true), held).unwrap();
    launch.processes.start(shell(&state, "auth", Stage::Service, "echo still thinking; exec sleep 60")).unwrap();
    let error = launch.wait_until("auth", Duration::from_secs(1), async || false).await.unwrap_err().to_string();
    assert!(error.contains("auth was not ready within 1 s") && error.contains("still thinking"), "{error}");
    launch.processes.stop(&Signals::listen().unwrap()).await;
}

#[tokio::test]
async fn what_a_killed_launcher_left_is_ended_at_the_next_start() {
    let dir = scratch();
    let state = dir.state.clone();
    let mut left = std::process::Command::new("sleep").arg("300").stdin(Stdio::null()).spawn().unwrap();
    let seen = Seen::now("postgres", left.id()).unwrap();
    let launcher = Seen { name: "launcher".to_owned(), pid: left.id(), started: 0 };
    Record { launcher, phase: Phase::Ready, processes: vec![seen.clone()] }.write(&state.dir).unwrap();

    let held = state.lock().unwrap().unwrap();
    let launch = Launch::begin(state.clone(), Progress::new(true), held).unwrap();
    left.wait().unwrap();
    assert!(!seen.is_alive());
    launch.processes.stop(&Signals::listen().unwrap()).await;
    assert!(!Path::new(&state.dir).join("running.json").exists());
}
