//! JSON to protobuf and back, without knowing the type.

use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Translates the request and the response of one method.
#[derive(Debug, Clone, Copy)]
pub struct Codec {
    /// From a JSON object to the bytes of the request. Keys that are not fields are ignored and the texts of its errors are serde's: check
    /// the object with [`Method::request`](crate::Method::request) first.
    pub encode: fn(Value) -> Result<Vec<u8>, serde_json::Error>,
    /// From the bytes of a response to JSON.
    pub decode: Decode<Json>,
    /// Of the shape `sse`: one message of the stream as an event.
    pub event: Option<Decode<Event>>,
    /// Of the shape `raw`: one message of the stream as a part of the body.
    pub chunk: Option<Decode<Chunk>>,
    /// Of an upload: a piece of the file as a message that holds nothing else. Appended to an encoded message, it adds the piece to it:
    /// that is how protobuf merges.
    pub piece: Option<fn(Vec<u8>) -> Vec<u8>>,
}

/// Reads the bytes of one message.
pub type Decode<T> = fn(&[u8]) -> Result<T, DecodeFailure>;

/// A response in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json {
    /// One JSON object: it begins with `{`.
    pub bytes: Vec<u8>,
    /// What the links to other pages are made from, in a response of the page shape.
    pub page: Option<PageInfo>,
    /// Whether it answers a trial run, in a method that has another status for that.
    pub dry_run: bool,
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `progress`, `done`, `error`.
    pub name: String,
    /// One JSON object, without line breaks.
    pub data: Vec<u8>,
}

/// A part of a body that is handed through as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The media type of the whole body. Said by the first part.
    pub content_type: String,
    /// The name to save the body under; empty for a body to look at. Said by the first part.
    pub file_name: String,
    /// The bytes.
    pub body: Vec<u8>,
}

/// The extent of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageInfo {
    /// How many rows there are on all pages.
    pub count: i64,
    /// Whether `count` was counted and not estimated.
    pub exact: bool,
    /// How many rows this page has.
    pub rows: usize,
}

/// Bytes that are not the response they should be.
#[derive(Debug)]
pub enum DecodeFailure {
    /// They are not such a protobuf message.
    Protobuf(prost::DecodeError),
    /// The message cannot be said in JSON, such as a time after the year 9999.
    Json(serde_json::Error),
}

impl std::fmt::Display for DecodeFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Protobuf(_) => "decode the protobuf of a response",
            Self::Json(_) => "encode a response as json",
        })
    }
}

impl std::error::Error for DecodeFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Protobuf(cause) => Some(cause),
            Self::Json(cause) => Some(cause),
        }
    }
}

pub(crate) fn encode<M: Message + DeserializeOwned>(value: Value) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::from_value::<M>(value).map(|message| message.encode_to_vec())
}

pub(crate) fn decode<M: Message + Default + Serialize>(
    bytes: &[u8],
    page: fn(&M) -> Option<PageInfo>,
    dry_run: fn(&M) -> bool,
) -> Result<Json, DecodeFailure> {
    let message = M::decode(bytes).map_err(DecodeFailure::Protobuf)?;
    let bytes = serde_json::to_vec(&message).map_err(DecodeFailure::Json)?;
    Ok(Json { bytes, page: page(&message), dry_run: dry_run(&message) })
}

pub(crate) fn event<M: Message + Default, D: Serialize>(
    bytes: &[u8],
    parts: fn(M) -> (String, Option<D>),
) -> Result<Event, DecodeFailure> {
    let (name, data) = parts(M::decode(bytes).map_err(DecodeFailure::Protobuf)?);
    Ok(Event { name, data: serde_json::to_vec(&data).map_err(DecodeFailure::Json)? })
}
