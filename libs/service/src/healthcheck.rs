//! Is it serving? For the `healthcheck` subcommand, which a container runs beside the service.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use rpc::{
    client::{Channel, Target},
    tls::Identity,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::{Config, ProcessConfig};

const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks the service that runs with this configuration for its health: a call of `grpc.health.v1.Health/Check` with the
/// service's own certificate, because an open port is not yet a service.
///
/// # Errors
/// No answer within three seconds, or another one than `SERVING`.
pub async fn healthcheck(service: &str, config: &Config) -> anyhow::Result<()> {
    let address = reachable(config.listen_of(service)?);
    let identity = Identity::load(&config.process.tls_dir)?;
    let channel = Channel::new(&Target::new(service, &format!("https://{address}"))?, &identity);
    let mut client = HealthClient::new(channel);
    let answer = timeout(TIMEOUT, client.check(HealthCheckRequest::default()))
        .await
        .with_context(|| format!("{service} did not answer at {address} within {} s", TIMEOUT.as_secs()))?
        .with_context(|| format!("{service} has no health at {address}"))?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        status => bail!("{service} at {address} is {}", status.as_str_name()),
    }
}

/// The same for a process that serves no gRPC: asks `/readyz` of its admin port.
///
/// # Errors
/// No answer within three seconds, or another one than 200.
pub async fn healthcheck_admin(service: &str, config: &ProcessConfig) -> anyhow::Result<()> {
    let address = reachable(config.admin_listen_of(service)?);
    let answer = timeout(TIMEOUT, get_ready(address))
        .await
        .with_context(|| format!("{service} did not answer at {address} within {} s", TIMEOUT.as_secs()))?
        .with_context(|| format!("could not ask {service} at {address}"))?;
    let status = answer.split_ascii_whitespace().nth(1);
    if status != Some("200") {
        bail!("{service} at {address} is not ready: {}", answer.lines().last().unwrap_or_default());
    }
    Ok(())
}

async fn get_ready(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// A server that listens on every address is asked on this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
