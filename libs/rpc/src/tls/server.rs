use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::server::Connected;

use super::{Identity, service_of};

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait when the system has no socket for us, in the hope that it will.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// The service at the other end of a connection. The server finds it in the extensions of every request.
#[derive(Debug, Clone)]
pub struct Client {
    /// The name in its certificate.
    pub service: Arc<str>,
    /// Where it calls from.
    pub address: SocketAddr,
}

/// Accepts connections of the fleet's services, for `tonic`'s `serve_with_incoming`.
///
/// Each handshake has a task and five seconds of its own, so that a slow client holds up nobody, and uses the certificate of its time.
/// Who shows no certificate of our authority, or one without a service's name, never reaches HTTP.
pub fn accept(listener: TcpListener, identity: &Identity) -> Incoming {
    let (sender, connections) = mpsc::channel(64);
    let task = tokio::spawn(accept_each(listener, identity.clone(), sender));
    Incoming { connections, _task: AbortOnDropHandle::new(task) }
}

async fn accept_each(listener: TcpListener, identity: Identity, sender: mpsc::Sender<Connection>) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                tokio::spawn(greet(stream, address, identity.clone(), sender.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

async fn greet(stream: TcpStream, address: SocketAddr, identity: Identity, sender: mpsc::Sender<Connection>) {
    let handshake = timeout(HANDSHAKE_TIMEOUT, handshake(stream, address, &identity));
    match handshake.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        // Nobody takes the connection any more when the server is going down.
        Ok(connection) => drop(sender.send(connection).await),
        Err(error) => tracing::debug!(%error, %address, "refused a connection"),
    }
}

async fn handshake(stream: TcpStream, address: SocketAddr, identity: &Identity) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    let stream = TlsAcceptor::from(identity.server_config()).accept(stream).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let service = service_of(chain).ok_or_else(|| io::Error::other("the certificate names no service"))?;
    Ok(Connection { stream, client: Client { service: service.into(), address } })
}

/// The connections that passed their handshake. Dropping it closes the port.
#[derive(Debug)]
pub struct Incoming {
    connections: mpsc::Receiver<Connection>,
    _task: AbortOnDropHandle<()>,
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.poll_recv(cx).map(|connection| connection.map(Ok))
    }
}

/// A connection whose other end is known.
#[derive(Debug)]
pub struct Connection {
    stream: TlsStream<TcpStream>,
    client: Client,
}

impl Connected for Connection {
    type ConnectInfo = Client;

    fn connect_info(&self) -> Client {
        self.client.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
