//! Calls whose messages stay bytes: the gateway's handlers are one for all methods.

use bytes::{Buf, BufMut, Bytes};
use contracts::Method;
use futures_util::Stream;
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use super::Channel;

/// Calls a method with an encoded message and answers the encoded message.
pub async fn unary(
    channel: &Channel,
    method: &'static Method,
    metadata: MetadataMap,
    message: Bytes,
) -> Result<Response<Bytes>, Status> {
    Grpc::new(channel.clone()).unary(request(metadata, message), path(method), BytesCodec).await
}

/// Calls a method whose answer is a stream of encoded messages.
pub async fn server_streaming(
    channel: &Channel,
    method: &'static Method,
    metadata: MetadataMap,
    message: Bytes,
) -> Result<Response<Streaming<Bytes>>, Status> {
    Grpc::new(channel.clone()).server_streaming(request(metadata, message), path(method), BytesCodec).await
}

/// One step of a stream of encoded messages.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// The next message.
    Message(Bytes),
    /// There is no more, and it is not whole. The service sees an error. To end the stream, or to drop the call, is not enough: HTTP/2 goes
    /// on to send the body of a call whose answer nobody awaits, and to the service its end would be the end of a whole.
    BreakOff,
}

/// Calls a method that takes a stream of encoded messages.
pub async fn client_streaming<S>(
    channel: &Channel,
    method: &'static Method,
    metadata: MetadataMap,
    messages: S,
) -> Result<Response<Bytes>, Status>
where
    S: Stream<Item = Outgoing> + Send + 'static,
{
    let request = Request::from_parts(metadata, http::Extensions::new(), messages);
    Grpc::new(channel.clone()).client_streaming(request, path(method), OutgoingCodec).await
}

fn request(metadata: MetadataMap, message: Bytes) -> Request<Bytes> {
    Request::from_parts(metadata, http::Extensions::new(), message)
}

fn path(method: &'static Method) -> PathAndQuery {
    PathAndQuery::from_static(method.path)
}

#[derive(Debug, Clone, Copy, Default)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct OutgoingCodec;

impl Codec for OutgoingCodec {
    type Encode = Outgoing;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = BytesCodec;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> BytesCodec {
        BytesCodec
    }
}

impl Encoder for OutgoingCodec {
    type Item = Outgoing;
    type Error = Status;

    fn encode(&mut self, message: Outgoing, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match message {
            Outgoing::Message(message) => buffer.put(message),
            Outgoing::BreakOff => return Err(Status::cancelled("broken off")),
        }
        Ok(())
    }
}
