//! Mails are sent when their deed is done, and tried again until they are taken.

use std::sync::{Arc, Mutex};

use contracts::auth::v1 as pb;
use testkit::anonymous;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Auth, refusal, sign_up_request};

/// A mail server of somebody else: it refuses everything until it is told to accept.
struct Relay {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    accepts: bool,
    taken: String,
}

impl Relay {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = Arc::clone(&relay.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that hangs up is none of the relay's business.
                tokio::spawn(talk(stream, Arc::clone(&state)));
            }
        });
        relay
    }

    fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }
}

/// As much of RFC 5321 as one mail takes.
async fn talk(stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut in_data = false;
    write.write_all(b"220 relay\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.as_str() {
            "." if in_data => {
                in_data = false;
                "250 taken\r\n"
            }
            line if in_data => {
                state.lock().unwrap().taken.push_str(line);
                continue;
            }
            "DATA" => {
                in_data = true;
                "354 go on\r\n"
            }
            line if line.starts_with("RCPT") && !state.lock().unwrap().accepts => "451 try again later\r\n",
            _ => "250 relay\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_mail_is_whole_and_says_who_it_is_from() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let mails = auth.mails().await;
    assert_eq!(mails.len(), 1);
    for line in ["From: IGNY8 <no-reply@example.com>", "To: ada@example.com", "Subject: Confirm your e-mail address"] {
        assert!(mails[0].lines().any(|other| other == line), "{line} is not in {}", mails[0]);
    }
    let link =
        mails[0].lines().find(|line| line.starts_with("https://console.example.com/verify-email?token=")).unwrap();
    assert_eq!(link.split_once('=').unwrap().1.len(), 43, "a link stands whole on its line");
    assert_eq!(auth.count("SELECT FROM igny8_mails").await, 0);
}

#[tokio::test]
async fn what_is_queued_shows_no_token() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    assert_eq!(auth.count("SELECT FROM igny8_mails WHERE sealed NOT LIKE '%verify-email%'").await, 1);
}

#[tokio::test]
async fn a_deed_that_fails_sends_no_mail() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    refusal(auth.sessions().sign_up(anonymous(pb::SignUpRequest { cookie: true, ..sign_up_request() })).await);
    assert_eq!(auth.mails().await.len(), 1);
}

#[tokio::test]
async fn a_mail_that_the_relay_refuses_is_sent_again_later() {
    let mut auth = Auth::start().await;
    let relay = Relay::start().await;
    auth.send_through(&relay.url()).await;
    auth.sign_up("ada@example.com").await;

    assert_eq!(auth::mail::send_due(&auth.app).await.unwrap(), 1);
    let put_off = "SELECT FROM igny8_mails WHERE attempts = 1 AND next_at > now() + interval '50 seconds'";
    assert_eq!(auth.count(put_off).await, 1);
    assert_eq!(auth::mail::send_due(&auth.app).await.unwrap(), 0, "not before its time");

    relay.state.lock().unwrap().accepts = true;
    auth.execute("UPDATE igny8_mails SET next_at = now()").await;
    assert_eq!(auth::mail::send_due(&auth.app).await.unwrap(), 1);
    assert!(relay.state.lock().unwrap().taken.contains("verify-email?token="));
    assert_eq!(auth.count("SELECT FROM igny8_mails").await, 0);
}

#[tokio::test]
async fn a_relay_that_is_away_costs_nothing_but_time() {
    let mut auth = Auth::start().await;
    auth.send_through("smtp://127.0.0.1:1").await;
    auth.sign_up("ada@example.com").await;
    assert_eq!(auth::mail::send_due(&auth.app).await.unwrap(), 1);
    assert_eq!(auth.count("SELECT FROM igny8_mails WHERE attempts = 1").await, 1);
}

#[tokio::test]
async fn a_mail_that_nobody_takes_is_given_up_in_the_end() {
    let mut auth = Auth::start().await;
    auth.send_through("smtp://127.0.0.1:1").await;
    auth.sign_up("ada@example.com").await;
    auth.execute("UPDATE igny8_mails SET attempts = 79").await;
    assert_eq!(auth::mail::send_due(&auth.app).await.unwrap(), 1);
    assert_eq!(auth.count("SELECT FROM igny8_mails").await, 0);
}

#[tokio::test]
async fn two_senders_do_not_send_a_mail_twice() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let (one, other) = tokio::join!(auth::mail::send_due(&auth.app), auth::mail::send_due(&auth.app));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
}
