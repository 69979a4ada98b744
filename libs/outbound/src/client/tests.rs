//! Against listeners on loopback, which count who comes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

struct Listener {
    address: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl Listener {
    /// Says `answer` to everyone.
    async fn start(address: IpAddr, port: u16, answer: &'static str) -> Self {
        let listener = TcpListener::bind((address, port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let visits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&visits);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
const ELSEWHERE: &str =
    "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ALLOWED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn allowing(networks: &[&str]) -> Config {
    Config { outbound_allow: networks.iter().map(|net| net.parse().unwrap()).collect() }
}

async fn get(client: &Client, url: &str) -> Result<Response<Bytes>, Error> {
    client.send(Request::get(url).body("").unwrap(), Limits::default()).await
}

#[tokio::test]
async fn addresses_inside_are_refused_and_nobody_is_asked() {
    let listener = Listener::start(LOCALHOST, 0, HELLO).await;
    let client = Client::new(&allowing(&[])).unwrap();
    let port = listener.address.port();
    let hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]"];
    for host in hosts {
        for url in [format!("http://{host}:{port}/"), format!("https://{host}:{port}/"), format!("https://{host}/")] {
            let refused = get(&client, &url).await.unwrap_err();
            assert!(matches!(refused, Error::Refused(_)), "{url}: {refused:?}");
        }
    }
    assert!(matches!(get(&client, "http://169.254.169.254/latest/").await, Err(Error::Refused(_))));
    assert!(matches!(get(&client, "https://user:word@example.com/").await, Err(Error::Refused(_))));
    assert_eq!(listener.visits(), 0);
}

#[tokio::test]
async fn an_allowed_network_is_reached_over_plain_http_on_any_port() {
    let listener = Listener::start(ALLOWED, 0, HELLO).await;
    let client = Client::new(&allowing(&["127.0.0.2/32"])).unwrap();
    let answer = get(&client, &format!("http://{}/", listener.address)).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, b"hello".as_slice()));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let listener = Listener::start(ALLOWED, 0, ELSEWHERE).await;
    let client = Client::new(&allowing(&["127.0.0.2/32"])).unwrap();
    let answer = get(&client, &format!("http://{}/", listener.address)).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "http://169.254.169.254/latest/");
}

#[tokio::test]
async fn a_name_that_changes_its_address_leads_nowhere_new() {
    let first = Listener::start(ALLOWED, 0, HELLO).await;
    let second = Listener::start(LOCALHOST, first.address.port(), HELLO).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup: Lookup = Arc::new(move |_| {
        let address = if asked.fetch_add(1, Ordering::SeqCst) == 0 { ALLOWED } else { LOCALHOST };
        Box::pin(async move { Ok(vec![address]) })
    });
    let client = Client::with_lookup(&allowing(&["127.0.0.2/32"]), &lookup).unwrap();
    let url = format!("http://site.example:{}/", first.address.port());
    assert_eq!(get(&client, &url).await.unwrap().status(), 200);
    let refused = get(&client, &url).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
    assert_eq!((first.visits(), second.visits()), (1, 0));
}

#[tokio::test]
async fn each_way_to_fail_is_told_apart() {
    let client = Client::new(&allowing(&["127.0.0.2/32"])).unwrap();
    let plain = Listener::start(ALLOWED, 0, HELLO).await;
    let silent = TcpListener::bind((ALLOWED, 0)).await.unwrap();
    let closed = TcpListener::bind((ALLOWED, 0)).await.unwrap().local_addr().unwrap();
    let short = Limits { total: Duration::from_millis(200), body: 4 };
    let send = async |url: String| client.send(Request::get(url).body("").unwrap(), short).await.unwrap_err();

    assert!(matches!(send(format!("http://{}/", plain.address)).await, Error::TooLarge(_, 4)));
    let late = send(format!("http://{}/", silent.local_addr().unwrap())).await;
    assert!(matches!(late, Error::Timeout(_)) && !late.is_before_request(), "{late:?}");
    let nobody = send(format!("http://{closed}/")).await;
    assert!(matches!(nobody, Error::Connect(..)) && nobody.is_before_request(), "{nobody:?}");
    let tls = send(format!("https://{}/", plain.address)).await;
    assert!(matches!(tls, Error::Tls(..)), "{tls:?}");
    let lookup: Lookup = Arc::new(|_| Box::pin(async { Err(std::io::Error::other("no such name")) }));
    let client = Client::with_lookup(&allowing(&[]), &lookup).unwrap();
    assert!(matches!(get(&client, "https://nowhere.example/").await, Err(Error::Unresolved(_))));
}
