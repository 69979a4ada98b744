//! Sending what is queued, again and again until the relay takes it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use db::SystemConn;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::future::join_all;
use lettre::message::Body;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::{AsyncTransport, Message};
use rpc::Result;
use seal::Place;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::text::Text as MailText;
use super::{PURPOSE, Postman, Transport};
use crate::App;
use crate::schema::igny8_mails::dsl;

/// How long the relay may take for one mail.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// How many mails are on their way at once.
const AT_ONCE: i32 = 16;
/// After about three days of trying a mail is dropped: its link has ended long before.
const ATTEMPTS: i32 = 80;
const EVERY: Duration = Duration::from_secs(1);

/// Claims mails that are due by putting off their next attempt, so that another process, or this one after a crash, tries again. The delay is
/// longer than [`TIMEOUT`], and doubles up to an hour.
const CLAIM: &str = "
    UPDATE igny8_mails SET attempts = attempts + 1, next_at = now() + least(interval '1 hour', interval '1 minute' * 2 ^ least(attempts, 6))
    WHERE (account_id, id) IN (
        SELECT account_id, id FROM igny8_mails WHERE next_at <= now() ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING account_id, id, recipient, sealed, attempts";

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    recipient: String,
    #[diesel(sql_type = Text)]
    sealed: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
}

/// Sends mails for as long as the process lives.
pub async fn run(app: Arc<App>) {
    loop {
        match send_due(&app).await {
            Ok(0) => tokio::time::sleep(EVERY).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = ?error, "could not look for mails to send");
                tokio::time::sleep(EVERY * 10).await;
            }
        }
    }
}

/// Tries each mail that is due once, and answers how many there were.
pub async fn send_due(app: &App) -> Result<usize> {
    let claim =
        async |conn: &mut SystemConn| Ok(diesel::sql_query(CLAIM).bind::<Integer, _>(AT_ONCE).load(conn).await?);
    let claimed: Vec<Claimed> = app.db.system(claim).await?;
    for outcome in join_all(claimed.iter().map(|mail| deliver(app, mail))).await {
        outcome?;
    }
    Ok(claimed.len())
}

async fn deliver(app: &App, mail: &Claimed) -> Result<()> {
    match send(app, mail).await {
        Ok(()) => {}
        Err(error) if mail.attempts >= ATTEMPTS => {
            tracing::error!(mail = %mail.id, error = format!("{error:#}"), "gave up on a mail");
        }
        Err(error) => {
            tracing::warn!(mail = %mail.id, attempts = mail.attempts, error = format!("{error:#}"), "could not send a mail");
            return Ok(());
        }
    }
    let row = dsl::igny8_mails.find((mail.account_id, mail.id));
    app.db.system(async |conn| Ok(diesel::delete(row).execute(conn).await?)).await?;
    Ok(())
}

async fn send(app: &App, mail: &Claimed) -> anyhow::Result<()> {
    let sealed = app.seal.open(&mail.sealed, Place::of_account(PURPOSE, mail.account_id, mail.id));
    let text: MailText = serde_json::from_slice(sealed.context("open a sealed mail")?.expose_secret())?;
    let message = message(&app.mail, mail, text)?;
    match &app.mail.transport {
        Transport::Relay(relay) => {
            let sent = tokio::time::timeout(TIMEOUT, relay.send(message)).await;
            sent.context("the relay did not answer in time")?.context("the relay did not take a mail")?;
        }
        Transport::Directory(directory) => {
            tokio::fs::create_dir_all(directory).await.context("make the directory for mails")?;
            let (draft, file) =
                (directory.join(format!("{}.part", mail.id)), directory.join(format!("{}.eml", mail.id)));
            tokio::fs::write(&draft, message.formatted()).await.context("write a mail")?;
            tokio::fs::rename(&draft, &file).await.context("write a mail")?; // whoever watches the directory sees whole mails
        }
    }
    Ok(())
}

/// The id of a mail that was sent twice, because an answer was lost, is the same: mail programs show it once.
fn message(postman: &Postman, mail: &Claimed, text: MailText) -> anyhow::Result<Message> {
    let recipient =
        mail.recipient.parse().map_err(|_| anyhow!("the recipient of mail {} is not an address", mail.id))?;
    let message = Message::builder()
        .message_id(Some(format!("<{}@{}>", mail.id, postman.sender.email.domain())))
        .from(postman.sender.clone())
        .to(lettre::message::Mailbox::new(None, recipient))
        .subject(text.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(body(text.body))?;
    Ok(message)
}

/// Plain text as it is where the protocol allows it. The library would break lines from 77 characters on, and whoever reads a link in a file
/// would have to decode it first.
fn body(text: String) -> Body {
    const LONGEST_LINE: usize = 998; // RFC 5322, section 2.1.1
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        let lines = text.replace('\n', "\r\n");
        return Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit);
    }
    Body::new(text)
}
