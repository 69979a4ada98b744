//! The settings of this service.

use secrecy::SecretString;

#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Config {
    #[command(flatten)]
    pub db: db::Config,

    #[command(flatten)]
    pub bus: bus::Config,

    #[command(flatten)]
    pub outbound: outbound::Config,

    /// Keys that seal secrets in the database, `id:base64` joined by commas; the first one seals, all of them open
    #[arg(long, env = "IGNY8_SEAL_KEYS", hide_env_values = true)]
    pub seal_keys: SecretString,

    /// How long one request to a site may take, in milliseconds
    #[arg(long, env = "IGNY8_SITE_TIMEOUT_MS", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub site_timeout_ms: u32,

    #[command(flatten)]
    pub publications: crate::publications::Config,
}
