//! The settings of the gateway.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args;
use ipnet::IpNet;
use service::{ProcessConfig, registry};
use url::Url;

use crate::edge::{admission, limits};

#[derive(Debug, Clone, Args)]
#[group(skip)] // flattened blocks of one name would share a group
pub struct Config {
    /// Address of the HTTP server [default: 127.0.0.1 with the registry's port]
    #[arg(long, env = "IGNY8_HTTP_LISTEN")]
    pub http_listen: Option<SocketAddr>,
    /// Where people reach the gateway; links in answers begin with it
    #[arg(long, env = "IGNY8_PUBLIC_URL", default_value = "http://127.0.0.1:7000")]
    pub public_url: Url,
    /// Other origins whose pages may use the API from a browser, as https://app.example.com,https://admin.example.com
    #[arg(long, env = "IGNY8_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<String>,
    /// Networks of the proxies whose X-Forwarded-For is believed, as 10.0.0.0/8
    #[arg(long, env = "IGNY8_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,
    /// Directory with the console's files; no console without it
    #[arg(long, env = "IGNY8_WEB_DIR")]
    pub web_dir: Option<PathBuf>,
    /// Seconds in which a request's body must have arrived
    #[arg(long, env = "IGNY8_BODY_TIMEOUT_SECONDS", default_value = "10")]
    pub body_timeout_seconds: u64,
    /// The most bytes in an upload
    #[arg(long, env = "IGNY8_UPLOAD_LIMIT_BYTES", default_value = "536870912")]
    pub upload_limit_bytes: u64,
    /// Seconds of silence in an event stream after which it says that it still stands
    #[arg(long, env = "IGNY8_KEEP_ALIVE_SECONDS", default_value = "15", value_parser = clap::value_parser!(u64).range(1..))]
    pub keep_alive_seconds: u64,
    #[command(flatten)]
    pub admission: admission::Config,
    #[command(flatten)]
    pub limits: limits::Config,
    #[command(flatten)]
    pub process: ProcessConfig,
}

impl Config {
    /// The address of the HTTP server.
    pub fn listen(&self) -> anyhow::Result<SocketAddr> {
        let port = registry::service(crate::NAME).and_then(|service| service.http_port);
        let local = port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        self.http_listen.or(local).ok_or_else(|| anyhow!("no HTTP address: none is in the registry and none is set"))
    }
}

/// An origin exactly as browsers write it: anything else, `*` among it, would never match or match too much.
fn origin(text: &str) -> anyhow::Result<String> {
    let url = Url::parse(text).context("an origin looks like https://app.example.com")?;
    let written = url.origin().ascii_serialization();
    if written == text { Ok(written) } else { Err(anyhow!("browsers write this origin as {written}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_only_as_browsers_write_it() {
        assert_eq!(origin("https://app.example.com").unwrap(), "https://app.example.com");
        assert_eq!(origin("http://localhost:5173").unwrap(), "http://localhost:5173");
        for wrong in [
            "*",
            "app.example.com",
            "https://app.example.com/",
            "https://App.example.com",
            "https://a.example:443",
            "null",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
