//! Mails: written down in the transaction of the deed that they tell of, and sent by a task of their own.

mod sender;
mod text;

use std::fmt;

use db::AccountConn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use rpc::{Error, Result};
use seal::Place;
use secrecy::ExposeSecret;
use std::path::PathBuf;
use url::Url;
use uuid::Uuid;

use crate::schema::igny8_mails;
use crate::secrets::Secret;
use crate::{App, MailConfig};

pub use sender::{run, send_due};

const PURPOSE: &str = "mail";

/// What people are written about.
#[derive(Debug)]
pub enum Mail<'a> {
    VerifyEmail { token: &'a Secret },
    ResetPassword { token: &'a Secret },
    PasswordChanged,
    Invitation { account: &'a str, inviter: &'a str, token: &'a Secret },
}

/// Where mails go, and what stands in all of them.
pub struct Postman {
    transport: Transport,
    sender: Mailbox,
    public_url: Url,
}

type Relay = AsyncSmtpTransport<Tokio1Executor>;

enum Transport {
    Relay(Box<Relay>),
    Directory(PathBuf),
}

impl Postman {
    /// Reads the settings; connects to nothing yet.
    pub fn new(config: &MailConfig) -> anyhow::Result<Self> {
        let relay = config.smtp_url.as_ref().map(|url| Relay::from_url(url.expose_secret())).transpose();
        // The library's error may show the address, which has a password in it.
        let relay =
            relay.map_err(|_| anyhow::anyhow!("IGNY8_SMTP_URL is not an address as smtps://user:password@host"))?;
        let transport = match relay {
            Some(relay) => Transport::Relay(Box::new(relay.timeout(Some(sender::TIMEOUT)).build())),
            None => Transport::Directory(config.mail_dir.clone()),
        };
        Ok(Self { transport, sender: config.mail_from.parse()?, public_url: config.public_url.clone() })
    }
}

impl fmt::Debug for Postman {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postman").field("public_url", &self.public_url.as_str()).finish_non_exhaustive()
    }
}

/// Queues a mail with the transaction: it is sent if and only if that commits.
pub async fn queue(conn: &mut AccountConn, app: &App, recipient: &str, mail: Mail<'_>) -> Result<()> {
    let id = Uuid::now_v7();
    let account = conn.account().uuid();
    let text = serde_json::to_vec(&mail.text(&app.mail.public_url)).map_err(Error::internal)?;
    let sealed = app.seal.seal(&text, Place::of_account(PURPOSE, account, id)).map_err(Error::internal)?;
    diesel::insert_into(igny8_mails::table)
        .values((
            igny8_mails::account_id.eq(account),
            igny8_mails::id.eq(id),
            igny8_mails::recipient.eq(recipient),
            igny8_mails::sealed.eq(sealed),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
