use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fleet::progress::Progress;
use fleet::state::account::{Account, data_dir};
use fleet::state::ports::{Explicit, Ports, is_free};
use fleet::state::record::{Phase, Record, Seen};
use fleet::state::secrets::Secrets;

use crate::support::{busy_port, igny8, scratch};

fn defaults(ports: &[(&str, u16)]) -> Vec<(String, u16)> {
    ports.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect()
}

#[test]
fn a_port_that_was_asked_for_is_refused_by_the_name_of_its_holder() {
    let scratch = scratch();
    let (_listener, port) = busy_port();
    let mut ports = Ports::read(&scratch.state.dir).unwrap();
    let wish: Explicit = format!("gateway={port}").parse().unwrap();
    let error = ports.choose(&defaults(&[("gateway", 7000)]), &[wish]).unwrap_err().to_string();
    assert!(error.contains(&format!("port {port} for gateway is in use")), "{error}");
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    assert!(error.contains("--port gateway=<number>"), "{error}");
}

#[test]
fn a_usual_port_that_is_taken_moves_and_stays_moved() {
    let scratch = scratch();
    let (listener, port) = busy_port();
    let defaults = defaults(&[("gateway", port)]);
    let mut ports = Ports::read(&scratch.state.dir).unwrap();
    ports.choose(&defaults, &[]).unwrap();
    let moved = ports.get("gateway").unwrap();
    assert_ne!(moved, port);
    assert!(is_free(moved));

    drop(listener);
    let mut later = Ports::read(&scratch.state.dir).unwrap();
    later.choose(&defaults, &[]).unwrap();
    assert_eq!(later.get("gateway"), Some(moved), "people have it in their browser");
}

#[test]
fn two_things_never_get_one_port() {
    let scratch = scratch();
    let (_listener, port) = busy_port();
    let mut ports = Ports::read(&scratch.state.dir).unwrap();
    ports.choose(&defaults(&[("one", port), ("two", port), ("three", port)]), &[]).unwrap();
    let chosen: std::collections::BTreeSet<_> = ["one", "two", "three"].map(|name| ports.get(name).unwrap()).into();
    assert_eq!(chosen.len(), 3);
}

#[test]
fn a_port_for_something_unknown_is_refused_with_the_names_there_are() {
    let scratch = scratch();
    let mut ports = Ports::read(&scratch.state.dir).unwrap();
    let error = ports.choose(&defaults(&[("gateway", 7000)]), &["gatewy=1".parse().unwrap()]).unwrap_err().to_string();
    assert!(error.contains("`gatewy`") && error.contains("use one of: gateway"), "{error}");
    for wrong in ["gateway", "gateway=", "gateway=0", "gateway=70000", "gateway=x"] {
        assert!(wrong.parse::<Explicit>().is_err(), "{wrong}");
    }
}

#[test]
fn state_of_another_version_is_refused_with_the_way_out() {
    let scratch = scratch();
    scratch.state.check_version().unwrap();
    scratch.state.check_version().unwrap();
    fs::write(scratch.state.dir.join("version"), "0").unwrap();
    let error = scratch.state.check_version().unwrap_err().to_string();
    assert!(error.contains("it says `0`") && error.contains("cargo fleet reset"), "{error}");
}

#[test]
fn secrets_are_made_once_and_only_their_owner_reads_them() {
    let scratch = scratch();
    let mut secrets = Secrets::read(&scratch.state.dir).unwrap();
    let (password, keys) = (secrets.password("postgres").unwrap(), secrets.seal_keys().unwrap());
    assert!(password.len() >= 20);
    assert_ne!(password, secrets.password("amqp").unwrap());
    let mode = fs::metadata(scratch.state.dir.join("secrets.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut again = Secrets::read(&scratch.state.dir).unwrap();
    assert_eq!(again.password("postgres").unwrap(), password);
    assert_eq!(again.seal_keys().unwrap(), keys);
    assert!(!format!("{again:?}").contains(&password));
}

#[test]
fn one_launcher_at_a_time_holds_a_state() {
    let scratch = scratch();
    let lock = scratch.state.lock().unwrap();
    assert!(lock.is_some());
    assert!(scratch.state.lock().unwrap().is_none());
    drop(lock);
    assert!(scratch.state.lock().unwrap().is_some());
}

#[test]
fn a_process_with_the_number_of_an_earlier_one_is_not_taken_for_it() {
    let scratch = scratch();
    let dir = &scratch.state.dir;
    let me = Seen::now("launcher", std::process::id()).unwrap();
    let mut record = Record { launcher: me, phase: Phase::Ready, processes: Vec::new() };
    record.write(dir).unwrap();
    assert_eq!(Record::of_living(dir), Some(record.clone()));
    record.launcher.started += 1;
    record.write(dir).unwrap();
    assert_eq!(Record::of_living(dir), None);
}

#[test]
fn data_moves_to_where_its_account_can_reach_it() {
    let locked = tempfile::tempdir().unwrap();
    let open = scratch();
    // No directory of this test belongs to this account.
    let account = Account { name: "somebody".to_owned(), uid: 54_321, gid: 54_321 };
    let inside = locked.path().join("state");
    assert_eq!(data_dir(&inside, None), inside.join("data"));
    assert!(data_dir(&inside, Some(&account)).starts_with("/var/lib/igny8"));
    assert!(data_dir(&open.state.dir, Some(&account)).starts_with(&open.state.dir));
    assert!(account.reaches(Path::new("/usr/bin/env")));
}

#[test]
fn reset_erases_secrets_and_ports_but_not_the_state_of_tests() {
    let scratch = scratch();
    Secrets::read(&scratch.state.dir).unwrap().password("postgres").unwrap();
    fs::create_dir(scratch.state.dir.join("test")).unwrap();
    assert!(igny8(&scratch.state).arg("reset").status().unwrap().success());
    assert!(!scratch.state.dir.join("secrets.json").exists());
    assert!(scratch.state.dir.join("test").exists());
}

#[test]
fn nobody_looks_on_where_there_is_no_terminal() {
    assert!(Progress::new(true).is_plain());
}
