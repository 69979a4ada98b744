//! The one HTTP client for addresses that a user gave: a WordPress site, a webhook.
//!
//! It connects to public addresses over TLS on port 443, and to nothing else unless the operator named the network. The address that is checked
//! is the one that is connected to, so a name cannot change its mind in between. It follows no redirects, uses no proxy, waits for nothing for
//! ever and reads no answer beyond a limit.
//!
//! ```no_run
//! # async fn example(config: &outbound::Config) -> anyhow::Result<()> {
//! let client = outbound::Client::new(config)?;
//! let request = http::Request::get("https://example.com/wp-json/").body("")?;
//! let answer = client.send(request, outbound::Limits::default()).await?;
//! println!("{}: {} bytes", answer.status(), answer.body().len());
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod address;
mod client;
mod config;
mod error;
mod resolve;

pub use client::{Client, Limits};
pub use config::Config;
pub use error::Error;
/// What a request can carry: bytes, text, or a stream.
pub use reqwest::Body;
pub use resolve::Lookup;
