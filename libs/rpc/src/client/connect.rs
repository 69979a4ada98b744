use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::body::Body;

use crate::tls::{Identity, service_of};

/// TCP, TLS and the HTTP/2 preface together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTP/2 connection to `service` at an address. It drives itself until the last sender is gone or the other end is.
pub(super) async fn connect(
    service: &str,
    address: SocketAddr,
    identity: &Identity,
) -> anyhow::Result<SendRequest<Body>> {
    let connecting = async { http2(tls(service, address, identity).await?).await };
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
    connected
        .context("it did not answer in time")
        .flatten()
        .with_context(|| format!("connect to {service} at {address}"))
}

async fn tls(service: &str, address: SocketAddr, identity: &Identity) -> anyhow::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(service.to_owned())?;
    let stream = TlsConnector::from(identity.client_config()).connect(name, stream).await?;
    let found = service_of(stream.get_ref().1.peer_certificates().unwrap_or_default());
    anyhow::ensure!(
        found.as_deref() == Some(service),
        "its certificate names {}",
        found.as_deref().unwrap_or("no service")
    );
    Ok(stream)
}

async fn http2(stream: TlsStream<TcpStream>) -> anyhow::Result<SendRequest<Body>> {
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_EVERY)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .adaptive_window(true)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
    Ok(sender)
}
