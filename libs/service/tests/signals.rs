//! The signals of the operating system. A binary of its own: it sends them to itself.

use std::{process::Command, time::Duration};

use service::Signals;

#[tokio::test]
async fn sigterm_and_sigint_ask_the_process_to_stop() {
    let mut signals = Signals::of_process().unwrap();
    for signal in ["TERM", "INT"] {
        let sent = Command::new("kill").args(["-s", signal, &std::process::id().to_string()]).status().unwrap();
        assert!(sent.success());
        tokio::time::timeout(Duration::from_secs(5), signals.next()).await.expect("the signal arrives");
    }
}
