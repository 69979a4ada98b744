//! Real PostgreSQL and RabbitMQ, started by the launcher itself.

use std::process::Child;
use std::time::Duration;

use fleet::postgres::connect;
use fleet::servers::Servers;
use fleet::state::State;
use fleet::state::ports::{Ports, is_free};
use fleet::state::record::{Record, Seen};

use crate::support::{Scratch, eventually, igny8, processes_of, scratch};

const START_LIMIT: Duration = Duration::from_mins(3);

/// Tests run at the same time, and two starts that choose at the same moment could choose the same free port.
fn with_ports_from(first: u16) -> Scratch {
    let scratch = scratch();
    let ports =
        serde_json::json!({ "postgres": first, "rabbitmq": first + 1, "rabbitmq-dist": first + 2, "epmd": first + 3 });
    std::fs::write(scratch.state.dir.join("ports.json"), ports.to_string()).unwrap();
    scratch
}

/// Ends the servers also when a test fails.
struct Running<'a>(&'a State);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = igny8(self.0).args(["servers", "--stop"]).status();
    }
}

fn start(state: &State) -> Servers {
    let output = igny8(state).arg("servers").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    serde_json::from_str(&text).unwrap()
}

fn supervisor(state: &State) -> Child {
    igny8(state).args(["servers", "--supervise"]).spawn().unwrap()
}

fn all_ports(state: &State) -> Vec<u16> {
    let ports = Ports::read(&state.dir).unwrap();
    ["postgres", "rabbitmq", "rabbitmq-dist", "epmd"].iter().filter_map(|name| ports.get(name)).collect()
}

fn assert_nothing_is_left(state: &State) {
    eventually("all processes are gone", Duration::from_secs(10), || processes_of(&state.dir).is_empty());
    for port in all_ports(state) {
        assert!(is_free(port), "somebody still listens on {port}");
    }
    let sockets = std::fs::read_to_string("/proc/net/unix").unwrap();
    assert!(!sockets.contains(state.dir.to_str().unwrap()), "a socket file is left");
}

#[tokio::test]
async fn servers_start_once_stop_whole_and_keep_their_data() {
    let scratch = with_ports_from(17_400);
    let state = &scratch.state;
    let _running = Running(state);
    let first = start(state);
    let client = connect(&first.postgres).await.unwrap();
    client.batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").await.unwrap();
    assert!(fleet::rabbitmq::answers(&first.amqp).await);
    let mut wrong = first.amqp.clone();
    wrong.set_password(Some("wrong")).unwrap();
    assert!(!fleet::rabbitmq::answers(&wrong).await, "a wrong password must not do");

    assert_eq!(start(state), first, "a second call answers with the servers that run");
    assert!(igny8(state).args(["servers", "--stop"]).status().unwrap().success());
    assert_nothing_is_left(state);

    let again = start(state);
    let client = connect(&again.postgres).await.unwrap();
    let n: i32 = client.query_one("SELECT n FROM kept", &[]).await.unwrap().get(0);
    assert_eq!(n, 7);
}

#[tokio::test]
async fn a_launcher_killed_by_force_leaves_no_process_and_no_socket() {
    let scratch = with_ports_from(17_410);
    let state = &scratch.state;
    let _running = Running(state);
    let mut launcher = supervisor(state);
    eventually("the servers are there", START_LIMIT, || state.dir.join("servers.json").exists());
    assert!(processes_of(&state.dir).len() > 5);
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    assert_nothing_is_left(state);

    let servers = start(state);
    assert!(connect(&servers.postgres).await.is_ok(), "the next start is not in the way of what was left");
}

#[tokio::test]
async fn a_launcher_killed_while_servers_boot_leaves_nothing_either() {
    let scratch = with_ports_from(17_420);
    let state = &scratch.state;
    let _running = Running(state);
    let mut launcher = supervisor(state);
    let is_booting = || Record::read(&state.dir).is_some_and(|record| record.processes.iter().any(is_rabbitmq));
    eventually("RabbitMQ boots", START_LIMIT, is_booting);
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    assert_nothing_is_left(state);
}

fn is_rabbitmq(seen: &Seen) -> bool {
    seen.name == "rabbitmq"
}

#[tokio::test]
async fn a_server_that_dies_ends_the_others_and_is_named() {
    let scratch = with_ports_from(17_430);
    let state = &scratch.state;
    let _running = Running(state);
    let mut launcher = igny8(state)
        .args(["servers", "--supervise"])
        .stdout(std::fs::File::create(state.dir.join("said")).unwrap())
        .spawn()
        .unwrap();
    eventually("the servers are there", START_LIMIT, || state.dir.join("servers.json").exists());
    let record = Record::read(&state.dir).unwrap();
    let postgres = record.processes.iter().find(|seen| seen.name == "postgres").unwrap();
    fleet::process::kill_leftovers(std::slice::from_ref(postgres));
    assert!(!launcher.wait().unwrap().success());
    assert_nothing_is_left(state);
    let said = std::fs::read_to_string(state.dir.join("said")).unwrap();
    assert!(said.contains("postgres ended by itself (signal 9)"), "{said}");
}
