//! The settings of the client.

use ipnet::IpNet;

/// Where else than to public addresses it may connect.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Networks that user-given addresses may lie in though they are not public, as `10.1.0.0/16`, joined by commas; in them any port and
    /// plain HTTP are allowed. For tests and private installations
    #[arg(long, env = "IGNY8_OUTBOUND_ALLOW", value_delimiter = ',')]
    pub outbound_allow: Vec<IpNet>,
}
