//! Accepts connections, and lets those in hand end when the process stops.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

/// How long the head of a request may take; a connection that says nothing is closed after it.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// Clients that hold back their connection's end are found by pings.
const PING_EVERY: Duration = Duration::from_secs(30);
/// A rest after an error that is not the client's, such as too many open files.
const REST: Duration = Duration::from_millis(200);

/// Serves until `shutdown`, then ends when the last request has been answered. The caller bounds that time.
pub async fn serve(listener: TcpListener, app: Router, shutdown: CancellationToken) -> anyhow::Result<()> {
    let server = http();
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => connection(&server, &connections, stream, peer, &app),
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(error = %error, "accept a connection");
                tokio::time::sleep(REST).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
    Ok(())
}

fn http() -> Builder<TokioExecutor> {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(PING_EVERY);
    server
}

fn connection(
    server: &Builder<TokioExecutor>,
    connections: &GracefulShutdown,
    stream: TcpStream,
    peer: SocketAddr,
    app: &Router,
) {
    // Answers are small and written at once: waiting for more to send only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "set TCP_NODELAY");
    }
    let app = app.clone();
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().call(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
    let watched = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(error = %error, "a connection ended early");
        }
    });
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
