use secrecy::SecretString;

/// How a service reaches the broker. Flatten it into the service's own settings.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)] // two flattened blocks called `Config` would share one group id
pub struct Config {
    /// The broker: `amqp://user:password@host:5672/vhost`, or `amqps`
    #[arg(long, env = "IGNY8_AMQP_URL", hide_env_values = true)]
    pub amqp_url: SecretString,
}
