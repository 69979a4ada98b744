//! When the fleet is ready: every service says so, and a person could sign in.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::errors;
use crate::launch::Launch;
use crate::services::{admin_name, public_url};

pub const DEMO_EMAIL: &str = "demo@example.com";
/// Under which the demo account's password is kept.
pub const DEMO_PASSWORD: &str = "demo_password";
const START_LIMIT: Duration = Duration::from_mins(1);

/// A client for loopback addresses only.
pub fn client() -> Result<reqwest::Client> {
    // The second call answers that one is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build()?)
}

/// Waits until a service says that it is ready.
pub async fn wait_for(launch: &Launch, client: &reqwest::Client, service: &str) -> Result<()> {
    let port = launch.port(&admin_name(service))?;
    launch.wait_until(service, START_LIMIT, async || is_ready(client, port).await).await
}

/// Whether the service with this administration port says that it is ready.
pub async fn is_ready(client: &reqwest::Client, admin_port: u16) -> bool {
    let answer = client.get(format!("http://127.0.0.1:{admin_port}/readyz")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Signs in through REST and reads back who that is; signs up first where there is no demo account yet.
pub async fn round_trip(launch: &Launch, client: &reqwest::Client) -> Result<()> {
    let step = launch.progress.step("signing in through REST");
    let (base, password) = (public_url(launch)?, launch.password(DEMO_PASSWORD)?);
    let token = match sign_in(client, &base, &password).await? {
        Some(token) => token,
        None => sign_up(client, &base, &password).await?,
    };
    let me = call(client.get(format!("{base}/api/v1/auth/me/")).bearer_auth(&token)).await?;
    expect("asking who is signed in", 200, &me)?;
    let email = me.1.pointer("/data/user/email").and_then(Value::as_str);
    if email != Some(DEMO_EMAIL) {
        return Err(errors::round_trip_failed("asking who is signed in", "the answer names somebody else").into());
    }
    step.done();
    Ok(())
}

/// An access token of the demo account; `None` when there is no such account.
pub async fn sign_in(client: &reqwest::Client, base: &str, password: &str) -> Result<Option<String>> {
    let body = json!({ "email": DEMO_EMAIL, "password": password });
    let answer = call(client.post(format!("{base}/api/v1/auth/sign_in/")).json(&body)).await?;
    if answer.0 == 401 {
        return Ok(None);
    }
    expect("signing in", 200, &answer)?;
    token_of(&answer.1).map(Some)
}

async fn sign_up(client: &reqwest::Client, base: &str, password: &str) -> Result<String> {
    let body = json!({ "account_name": "Demo", "name": "Demo", "email": DEMO_EMAIL, "password": password });
    let answer = call(client.post(format!("{base}/api/v1/auth/sign_up/")).json(&body)).await?;
    expect("signing up", 201, &answer)?;
    sign_in(client, base, password).await?.context("the demo account was made, but cannot sign in")
}

fn token_of(tokens: &Value) -> Result<String> {
    let token = tokens.pointer("/data/access_token").and_then(Value::as_str);
    token.map(str::to_owned).context("the answer to signing in holds no access token")
}

async fn call(request: reqwest::RequestBuilder) -> Result<(u16, Value)> {
    let answer = request.send().await.context("call the gateway")?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await.unwrap_or_default()))
}

fn expect(step: &str, status: u16, answer: &(u16, Value)) -> Result<()> {
    let (found, body) = answer;
    if *found == status {
        return Ok(());
    }
    let message = body.get("message").and_then(Value::as_str).unwrap_or("no message");
    Err(errors::round_trip_failed(step, &format!("the gateway answered {found}: {message}")).into())
}
