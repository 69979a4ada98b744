//! Small sites that are no WordPress: each answers what a test says, and counts who comes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

pub struct Site {
    pub address: SocketAddr,
    visits: Arc<AtomicUsize>,
    authorized: Arc<AtomicUsize>,
    _serving: AbortOnDropHandle<()>,
}

impl Site {
    /// Answers each request by its first line, as `GET /wp-json/ HTTP/1.1`.
    pub async fn start(host: &str, answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (visits, authorized) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&visits), Arc::clone(&authorized));
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counters.0.fetch_add(1, Ordering::SeqCst);
                let mut request = vec![0; 16 << 10];
                let length = stream.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                if request.to_ascii_lowercase().contains("\r\nauthorization:") {
                    counters.1.fetch_add(1, Ordering::SeqCst);
                }
                let answer = answer(request.lines().next().unwrap_or_default());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, visits, authorized, _serving: AbortOnDropHandle::new(serving) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were made to it.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    /// How many requests carried a password.
    pub fn authorized(&self) -> usize {
        self.authorized.load(Ordering::SeqCst)
    }
}

/// An answer with this status and body. Headers end with a line break.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

pub fn page(body: &str) -> String {
    answer("200 OK", "content-type: text/html\r\n", body)
}

pub fn redirect(to: &str) -> String {
    answer("301 Moved Permanently", &format!("location: {to}\r\n"), "")
}
