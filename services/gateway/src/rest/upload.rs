//! A file that somebody sends: a form in, a stream of messages out. The texts of the form and the first piece of the file make the first
//! message; each of the others is one more piece.
//!
//! A service takes the end of the stream for the end of the file. So whatever goes wrong here breaks the stream off.

use std::pin::Pin;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use contracts::Method;
use http::StatusCode;
use http::request::Parts;
use rpc::Error;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::form::{Form, Part};
use super::shape::Asked;
use super::{Api, decode, envelope, unless_path};
use crate::backends::{Envelope, Upload};
use crate::edge::body;
use crate::edge::target::Operation;
use crate::failure::Failure;

/// The name of the part that holds the file.
const FILE: &str = "file";
/// How large a piece of the file is.
const PIECE: usize = 64 << 10;
/// How many pieces may wait for the service.
const WAITING: usize = 4;
/// The most bytes in all the texts of a form.
const MOST_TEXT: usize = 64 << 10;

type Answer = Result<tonic::Response<Bytes>, Error>;
type Call<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// How far a file came.
enum Sent<'a> {
    /// The service answered before it had all of it.
    Answered(Answer),
    /// To its end, which the service has not been told.
    Whole(Call<'a>, mpsc::Sender<Upload>),
}

impl Api {
    pub(super) async fn upload(
        &self,
        operation: Operation,
        path: &[(String, String)],
        head: &Parts,
        body: Body,
    ) -> Result<Response, Failure> {
        let answer = timeout(operation.method.timeout, self.send_form(operation, path, head, body));
        let answer = answer.await.map_err(|_| body::late())??.map_err(|error| unless_path(error, path))?;
        self.respond(operation, &answer, Asked::NOTHING, head)
    }

    async fn send_form(
        &self,
        operation: Operation,
        path: &[(String, String)],
        head: &Parts,
        body: Body,
    ) -> Result<Answer, Failure> {
        let mut form = Form::open(head, body, self.body).await?;
        let (mut texts, mut left) = (Vec::new(), MOST_TEXT);
        let sent = loop {
            let Some(part) = form.next().await? else { return Err(no_file().into()) };
            let name = part.name();
            if name == FILE {
                let file_name = part.file_name();
                let query = head.uri.query().unwrap_or_default();
                let first = decode::form(operation, path, query, &texts, &file_name)?;
                break self.send_file(operation.method, envelope(operation, head), first, part).await?;
            }
            let text = part.text(left).await?;
            left = left.saturating_sub(text.len());
            texts.push((name, text));
        };
        match sent {
            Sent::Answered(answer) => Ok(answer),
            Sent::Whole(call, messages) => {
                if let Some(part) = form.next().await? {
                    return Err(after_the_file(&part.name()));
                }
                // When nobody takes it, the call is over.
                let _ = messages.send(Upload::End).await;
                Ok(call.await)
            }
        }
    }

    async fn send_file(
        &self,
        method: &'static Method,
        envelope: Envelope,
        first: Vec<u8>,
        file: Part<'_>,
    ) -> Result<Sent<'_>, Failure> {
        let (messages, received) = mpsc::channel(WAITING);
        let mut call: Call<'_> = Box::pin(self.backends.upload(method, envelope, received));
        let all_sent = {
            let sending = std::pin::pin!(send(method, first, file, &messages));
            tokio::select! {
                answer = &mut call => return Ok(Sent::Answered(answer)),
                sent = sending => sent,
            }
        };
        all_sent.map(|()| Sent::Whole(call, messages))
    }
}

/// Sends the file in pieces. Waits while the service is slower than the sender.
async fn send(
    method: &'static Method,
    first: Vec<u8>,
    mut file: Part<'_>,
    messages: &mpsc::Sender<Upload>,
) -> Result<(), Failure> {
    let as_message =
        method.codec.piece.ok_or_else(|| Error::internal(anyhow::anyhow!("no upload: {}", method.path)))?;
    let (mut message, mut piece) = (Some(first), Vec::with_capacity(PIECE));
    loop {
        let chunk = file.chunk().await?;
        let ended = chunk.is_none();
        let mut chunk = chunk.unwrap_or_default();
        while !chunk.is_empty() || ended {
            let room = PIECE.saturating_sub(piece.len()).min(chunk.len());
            piece.extend_from_slice(&chunk.split_to(room));
            let due = if ended { message.is_some() || !piece.is_empty() } else { piece.len() == PIECE };
            if due {
                let mut bytes = message.take().unwrap_or_default();
                bytes.extend(as_message(std::mem::take(&mut piece)));
                if messages.send(Upload::Message(bytes.into())).await.is_err() {
                    std::future::pending::<()>().await; // the call is over, and its answer is awaited beside this
                }
            }
            if ended {
                return Ok(());
            }
        }
    }
}

fn no_file() -> Error {
    Error::invalid(FILE, "There is no file. Choose one and send it in the field `file`.")
}

fn after_the_file(name: &str) -> Failure {
    let name: String = name.chars().take(60).collect();
    let message = format!("The field `{name}` comes after the file. Send one file, and the other fields before it.");
    Failure::edge(StatusCode::BAD_REQUEST, "FIELD_AFTER_FILE", message)
}
