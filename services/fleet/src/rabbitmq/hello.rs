//! The first four frames of AMQP 0-9-1, spoken by hand: enough to know that a broker is up and knows our password.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

const PROTOCOL: &[u8] = b"AMQP\x00\x00\x09\x01";
const FRAME_END: u8 = 0xCE;
/// `connection.start` and `connection.tune`: class and method.
const START: [u8; 4] = [0, 10, 0, 10];
const START_OK: [u8; 4] = [0, 10, 0, 11];
const TUNE: [u8; 4] = [0, 10, 0, 30];
const LIMIT: Duration = Duration::from_secs(3);

/// Whether a broker at `url` accepts its user and password.
pub async fn answers(url: &Url) -> bool {
    tokio::time::timeout(LIMIT, log_in(url)).await.is_ok_and(|answer| answer.unwrap_or(false))
}

async fn log_in(url: &Url) -> std::io::Result<bool> {
    let address = (url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(5672));
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(PROTOCOL).await?;
    if method(&read_frame(&mut stream).await?) != Some(START) {
        return Ok(false);
    }
    stream.write_all(&start_ok(url.username(), url.password().unwrap_or_default())).await?;
    Ok(method(&read_frame(&mut stream).await?) == Some(TUNE))
}

/// A method frame on channel 0: type, channel, size, payload, end.
fn start_ok(user: &str, password: &str) -> Vec<u8> {
    let response = format!("\0{user}\0{password}");
    let mut payload = START_OK.to_vec();
    payload.extend([0; 4]); // No client properties.
    payload.extend(b"\x05PLAIN");
    payload.extend(length(response.len()));
    payload.extend(response.as_bytes());
    payload.extend(b"\x05en_US");
    let mut frame = vec![1, 0, 0];
    frame.extend(length(payload.len()));
    frame.extend(payload);
    frame.push(FRAME_END);
    frame
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

async fn read_frame(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut header = [0; 7];
    stream.read_exact(&mut header).await?;
    let [_, _, _, size @ ..] = header;
    let mut payload = Vec::new();
    stream.take(u64::from(u32::from_be_bytes(size)) + 1).read_to_end(&mut payload).await?;
    Ok(payload)
}

fn method(payload: &[u8]) -> Option<[u8; 4]> {
    payload.first_chunk().copied()
}
