//! The settings of this service.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    #[command(flatten)]
    pub db: db::Config,

    #[command(flatten)]
    pub mail: MailConfig,

    /// Keys that seal secrets in the database, `id:base64` joined by commas; the first one seals, all of them open
    #[arg(long, env = "IGNY8_SEAL_KEYS", hide_env_values = true)]
    pub seal_keys: SecretString,
}

/// How people are written to, and where the links in mails lead.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct MailConfig {
    /// The address of the console, in links of mails
    #[arg(long, env = "IGNY8_PUBLIC_URL", default_value = "http://127.0.0.1:7000")]
    pub public_url: Url,

    /// The sender of mails
    #[arg(long, env = "IGNY8_MAIL_FROM", default_value = "IGNY8 <no-reply@localhost>")]
    pub mail_from: String,

    /// The relay for mails, `smtps://user:password@host`; without one they are written as files
    #[arg(long, env = "IGNY8_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<SecretString>,

    /// The directory for mails as .eml files, where there is no relay
    #[arg(long, env = "IGNY8_MAIL_DIR", default_value = ".igny8/mail")]
    pub mail_dir: PathBuf,
}
