//! A way to PostgreSQL that can be cut, and that counts how often the client waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone)]
pub(crate) struct Proxy {
    address: String,
    trips: Arc<AtomicUsize>,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// In front of the server of this address.
    pub(crate) async fn to(url: &str) -> Self {
        let host = host(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = url.replacen(&host, &listener.local_addr().unwrap().to_string(), 1);
        let proxy = Self { address, trips: Arc::default(), open: watch::Sender::new(true) };
        tokio::spawn(proxy.clone().accept(listener, host));
        proxy
    }

    pub(crate) fn url(&self) -> String {
        self.address.clone()
    }

    /// Ends every connection and refuses new ones.
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.open.send_replace(true);
    }

    /// How often the client has sent something and then waited for its answer.
    pub(crate) fn round_trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }

    async fn accept(self, listener: TcpListener, host: String) {
        while let Ok((client, _)) = listener.accept().await {
            if *self.open.borrow() {
                tokio::spawn(self.clone().carry(client, host.clone()));
            }
        }
    }

    async fn carry(self, client: TcpStream, host: String) {
        let server = TcpStream::connect(&host).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let answered = AtomicBool::new(true);
        let up = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                if answered.swap(false, Ordering::SeqCst) {
                    self.trips.fetch_add(1, Ordering::SeqCst);
                }
                to_server.write_all(&buffer[..read]).await.unwrap();
            }
        };
        let down = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                answered.store(true, Ordering::SeqCst);
                if to_client.write_all(&buffer[..read]).await.is_err() {
                    break;
                }
            }
        };
        let mut open = self.open.subscribe();
        tokio::select! {
            () = up => {}
            () = down => {}
            _ = open.wait_for(|open| !open) => {}
        }
    }
}

fn host(url: &str) -> &str {
    let host = url.split_once('@').unwrap().1;
    host.split('/').next().unwrap()
}
