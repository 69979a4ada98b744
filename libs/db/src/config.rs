use std::time::Duration;

use secrecy::SecretString;

/// How a service reaches its database. Flatten it into the service's own settings.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)] // two flattened blocks called `Config` would share one group id
pub struct Config {
    /// The database, as the service's own role: `postgres://igny8_auth:…@host/igny8_auth`
    #[arg(long, env = "IGNY8_DATABASE_URL", hide_env_values = true)]
    pub database_url: SecretString,

    /// The same database as the system role, which crosses accounts on a few named columns
    #[arg(long, env = "IGNY8_SYSTEM_DATABASE_URL", hide_env_values = true)]
    pub system_database_url: Option<SecretString>,

    /// Connections for requests, in each process
    #[arg(long, env = "IGNY8_DATABASE_POOL_SIZE", default_value_t = 16)]
    pub database_pool_size: usize,

    /// Connections for the system role, in each process
    #[arg(long, env = "IGNY8_SYSTEM_DATABASE_POOL_SIZE", default_value_t = 4)]
    pub system_database_pool_size: usize,

    /// The longest that one statement may run, in milliseconds
    #[arg(long, env = "IGNY8_DATABASE_STATEMENT_TIMEOUT_MS", default_value_t = 5000,
        value_parser = clap::value_parser!(u32).range(100..=600_000))]
    pub database_statement_timeout_ms: u32,
}

impl Config {
    /// The defaults with these addresses.
    pub fn new(database_url: impl Into<SecretString>, system_database_url: Option<SecretString>) -> Self {
        Self {
            database_url: database_url.into(),
            system_database_url,
            database_pool_size: 16,
            system_database_pool_size: 4,
            database_statement_timeout_ms: 5000,
        }
    }

    pub(crate) fn statement_timeout(&self) -> Duration {
        Duration::from_millis(self.database_statement_timeout_ms.into())
    }
}
