//! A way to a server that can be cut, and made to swallow what the server says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

#[derive(Clone)]
pub struct Proxy {
    port: u16,
    /// How many connections there have been.
    connections: Arc<AtomicUsize>,
    /// On the first so many of them nothing that the server says arrives.
    deaf: Arc<AtomicUsize>,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// In front of the server of this address.
    pub async fn to(server: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, connections: Arc::default(), deaf: Arc::default(), open: watch::Sender::new(true) };
        tokio::spawn(proxy.clone().accept(listener, server.port().unwrap()));
        proxy
    }

    /// The same address by way of this.
    pub fn before(&self, server: &Url) -> Url {
        let mut url = server.clone();
        url.set_port(Some(self.port)).unwrap();
        url
    }

    /// What the server says on the connections that there are is lost from now on. Later ones are sound.
    pub fn swallow_answers(&self) {
        self.deaf.store(self.connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Ends every connection and refuses new ones.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn mend(&self) {
        self.open.send_replace(true);
    }

    async fn accept(self, listener: TcpListener, server: u16) {
        while let Ok((client, _)) = listener.accept().await {
            if *self.open.borrow() {
                let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(self.clone().carry(number, client, server));
            }
        }
    }

    async fn carry(self, number: usize, client: TcpStream, server: TcpStream) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let down = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                let heard = number > self.deaf.load(Ordering::SeqCst);
                if heard && to_client.write_all(buffer.get(..read).unwrap()).await.is_err() {
                    break;
                }
            }
        };
        let mut open = self.open.subscribe();
        tokio::select! {
            _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
            () = down => {}
            _ = open.wait_for(|open| !open) => {}
        }
    }
}
