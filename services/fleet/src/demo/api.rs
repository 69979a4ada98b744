//! The API as a program uses it: a token, JSON, and streams of progress.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use reqwest::multipart::Form;
use serde_json::Value;

use super::{LOOK, PATIENCE};
use crate::launch::Launch;
use crate::progress::Step;
use crate::{ready, services};

/// No piece of work of the demo takes longer.
const WORK_LIMIT: Duration = Duration::from_mins(5);

/// Someone signed in.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) http: reqwest::Client,
    base: String,
    token: String,
}

impl Api {
    /// As the owner of the demo account, which is there once the fleet is ready.
    pub(super) async fn sign_in(launch: &Launch) -> Result<Self> {
        let (http, base) = (ready::client()?, services::public_url(launch)?);
        let token = ready::sign_in(&http, &base, &launch.password(ready::DEMO_PASSWORD)?).await?;
        let token = token.context("the demo account's password was changed: `cargo fleet reset` starts anew")?;
        Ok(Self { http, base, token })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.answer(self.http.get(self.url(path)), path).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.answer(self.http.post(self.url(path)).json(body), path).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.answer(self.http.patch(self.url(path)).json(body), path).await
    }

    pub(super) async fn upload(&self, path: &str, form: Form) -> Result<Value> {
        self.answer(self.http.post(self.url(path)).multipart(form), path).await
    }

    /// The rows of a list.
    pub(super) async fn rows(&self, path: &str) -> Result<Vec<Value>> {
        let page = self.get(path).await?;
        page.get("results").and_then(Value::as_array).cloned().with_context(|| format!("{path} answers no list"))
    }

    /// Asks again until there is an answer to `wanted`: what services tell each other takes a moment.
    pub(super) async fn until<T>(&self, path: &str, wanted: impl Fn(&Value) -> Option<T>) -> Result<T> {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await?;
            if let Some(found) = wanted(&answer) {
                return Ok(found);
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{path} still answers {answer}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Shows how far a piece of work is until it has succeeded; answers its last progress.
    pub(super) async fn follow(&self, progress_url: &str, step: &Step<'_>) -> Result<Value> {
        let path = format!("{progress_url}events/");
        let begun = Instant::now();
        // A stream that ends early was cut off.
        while begun.elapsed() < WORK_LIMIT {
            let request = self.http.get(self.url(&path)).timeout(WORK_LIMIT).bearer_auth(&self.token);
            let mut stream = request.send().await.with_context(|| format!("call {path}"))?;
            anyhow::ensure!(stream.status().is_success(), "{path} answered {}", stream.status());
            let mut events = Events::default();
            while let Some(piece) = stream.chunk().await? {
                for (event, progress) in events.push(&piece) {
                    match event.as_str() {
                        "done" => return Ok(progress),
                        "error" => anyhow::bail!("{}", text(&progress, "/message").unwrap_or(event)),
                        _ => step.detail(&text(&progress, "/message").unwrap_or_default()),
                    }
                }
            }
        }
        anyhow::bail!("{path} told no end within {} s", WORK_LIMIT.as_secs())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn answer(&self, request: reqwest::RequestBuilder, path: &str) -> Result<Value> {
        let answer = request.bearer_auth(&self.token).send().await.with_context(|| format!("call {path}"))?;
        let (status, body) = (answer.status(), answer.text().await?);
        let body: Value = serde_json::from_str(&body).with_context(|| format!("{path} answered {status}: {body}"))?;
        if status.is_success() {
            return Ok(body);
        }
        let message = text(&body, "/message").unwrap_or_default();
        let details = body.get("errors").filter(|errors| !errors.is_null()).map(|errors| format!(" {errors}"));
        anyhow::bail!("{message} ({path} answered {status}{})", details.unwrap_or_default())
    }
}

/// Server-sent events, put together from pieces.
#[derive(Debug, Default)]
struct Events {
    rest: Vec<u8>,
}

impl Events {
    /// The events that are whole now, each with what it carries.
    fn push(&mut self, piece: &[u8]) -> Vec<(String, Value)> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
            let rest = self.rest.split_off(end + 2);
            let block = std::mem::replace(&mut self.rest, rest);
            events.extend(event(&String::from_utf8_lossy(&block)));
        }
        events
    }
}

fn event(block: &str) -> Option<(String, Value)> {
    let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some((line("event: ")?.to_owned(), serde_json::from_str(line("data: ")?).ok()?))
}

pub(super) fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("no {pointer} in {value}"))
}

/// A number; zero where there is none.
pub(super) fn number(value: &Value, pointer: &str) -> i64 {
    let found = value.pointer(pointer);
    // Figures of progress are texts.
    found.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_whole_however_they_are_cut() {
        let stream =
            ": hello\n\nevent: progress\ndata: {\"percent\":10}\n\nevent: done\ndata: {\"message\":\"café\"}\n\n";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let all: Vec<_> = stream.as_bytes().chunks(size).flat_map(|piece| events.push(piece)).collect();
            assert_eq!(all.len(), 2, "in pieces of {size}");
            assert_eq!(number(&all[0].1, "/percent"), 10);
            assert_eq!((all[1].0.as_str(), text(&all[1].1, "/message").unwrap().as_str()), ("done", "café"));
        }
    }
}
