//! The way to a WordPress, watched: what is asked there is noted, and a test can hold a request in the middle.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use testkit::TestWordpress;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

/// On which side of the site a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The site has not got it yet.
    Arriving,
    /// The site has done it, and nobody has heard of that yet.
    Answered,
}

/// A request that is held: it goes on when this is dropped.
#[derive(Debug)]
pub struct Held {
    /// Its first line, as `GET /wp-json/ HTTP/1.1`.
    pub line: String,
    pub side: Side,
    released: oneshot::Sender<bool>,
}

impl Held {
    /// It gets lost here, on its way there or back.
    pub fn lose(self) {
        let _ = self.released.send(false);
    }
}

/// Which request is to be held, and who waits for it.
type Trap = (Box<dyn Fn(&str, Side) -> bool + Send>, oneshot::Sender<Held>);

#[derive(Default)]
struct Watch {
    asked: Vec<String>,
    trap: Option<Trap>,
}

/// An address of its own that leads to the site. It puts its own name in
/// the place of the site's.
pub struct Way {
    pub address: SocketAddr,
    name: String,
    watch: Arc<Mutex<Watch>>,
    _serving: AbortOnDropHandle<()>,
}

impl Way {
    /// From this address, under this name.
    pub async fn to(wordpress: &TestWordpress, from: (&str, u16), name: &str) -> Self {
        let listener = TcpListener::bind(from).await.unwrap();
        let address = listener.local_addr().unwrap();
        let watch = Arc::<Mutex<Watch>>::default();
        let site = wordpress.url().trim_start_matches("http://").to_owned();
        let names = (site, format!("{name}:{}", address.port()));
        let watching = Arc::clone(&watch);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (names, watch) = (names.clone(), Arc::clone(&watching));
                // Who asked may be gone by the time of the answer.
                tokio::spawn(async move { drop(pass(stream, &names, &watch).await) });
            }
        });
        Self { address, name: name.to_owned(), watch, _serving: AbortOnDropHandle::new(serving) }
    }

    pub fn url(&self) -> String {
        format!("http://{}:{}", self.name, self.address.port())
    }

    /// The first lines of all requests since it was last asked.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.watch).asked)
    }

    /// Holds the next request that is wanted.
    pub fn hold(&self, wanted: impl Fn(&str, Side) -> bool + Send + 'static) -> oneshot::Receiver<Held> {
        let (held, caught) = oneshot::channel();
        lock(&self.watch).trap = Some((Box::new(wanted), held));
        caught
    }
}

fn lock(watch: &Mutex<Watch>) -> std::sync::MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request and its answer; the site closes the connection after it.
async fn pass(mut stream: TcpStream, (site, name): &(String, String), watch: &Mutex<Watch>) -> std::io::Result<()> {
    let (head, body) = read(&mut stream).await?;
    let line = head.lines().next().unwrap_or_default().to_owned();
    lock(watch).asked.push(line.clone());
    if !goes_on(watch, &line, Side::Arriving).await {
        return Ok(());
    }
    let mut there = TcpStream::connect(site).await?;
    there.write_all(head.replace(name, site).as_bytes()).await?;
    there.write_all(&body).await?;
    let mut answer = Vec::new();
    there.read_to_end(&mut answer).await?;
    if !goes_on(watch, &line, Side::Answered).await {
        return Ok(());
    }
    let answer = String::from_utf8_lossy(&answer).replace(site, name);
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn goes_on(watch: &Mutex<Watch>, line: &str, side: Side) -> bool {
    let trap = lock(watch).trap.take_if(|(wanted, _)| wanted(line, side));
    let Some((_, waiting)) = trap else { return true };
    let (released, release) = oneshot::channel();
    let _ = waiting.send(Held { line: line.to_owned(), side, released });
    release.await.unwrap_or(true)
}

/// A whole request: its head with the empty line, and its body.
async fn read(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut request = Vec::new();
    loop {
        let ended = stream.read_buf(&mut request).await? == 0;
        let head = request.windows(4).position(|end| end == b"\r\n\r\n").map_or(request.len(), |at| at + 4);
        let text = String::from_utf8_lossy(&request[..head]).into_owned();
        let length =
            text.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if ended || (text.ends_with("\r\n\r\n") && request.len() >= head + length.unwrap_or(0_usize)) {
            return Ok((text, request.split_off(head)));
        }
    }
}
