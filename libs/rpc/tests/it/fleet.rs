//! An authority, the services it certifies, and a server that says who called it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;

use axum::extract::Request;
use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};
use contracts::rest::v1::Role;
use futures_util::stream;
use http::HeaderMap;
use http_body_util::StreamBody;
use hyper::body::Frame;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rpc::access::AccessLayer;
use rpc::client::{Channel, Target};
use rpc::tls::Identity;
use rpc::token::{Claims, Keys, Signer, Verifier, generate_pkcs8};
use rpc::{Caller, Error, Peer, Service};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use uuid::Uuid;

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key, in PEM, with these two names.
    pub(crate) fn issue(&self, dns: &str, uri: &str) -> (String, String) {
        let (mut params, key) = (CertificateParams::new([dns.to_owned()]).unwrap(), KeyPair::generate().unwrap());
        params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    pub(crate) fn write(&self, dir: &Path, service: &str) {
        let leaf = self.issue(service, &format!("spiffe://igny8/{service}"));
        write(dir, &self.pem(), &leaf);
    }

    pub(crate) fn identity(&self, service: &str) -> Identity {
        let dir = TempDir::new().unwrap();
        self.write(dir.path(), service);
        Identity::load(dir.path()).unwrap()
    }
}

pub(crate) fn write(dir: &Path, ca: &str, (cert, key): &(String, String)) {
    for (name, pem) in [("ca.pem", ca), ("cert.pem", cert), ("key.pem", key)] {
        std::fs::write(dir.join(name), pem).unwrap();
    }
}

pub(crate) struct Fleet {
    pub(crate) authority: Authority,
    pub(crate) signer: Signer,
    pub(crate) verifier: Verifier,
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let signer = Signer::new("key-1", &generate_pkcs8()).unwrap();
        let public = signer.public_key().unwrap();
        let keys = Keys::new(move || std::future::ready(Ok(vec![public.clone()])));
        Self { authority: Authority::new("igny8"), signer, verifier: Verifier::new(keys) }
    }

    /// A channel to auth, held by another service.
    pub(crate) fn channel(&self, holder: &str, address: SocketAddr) -> Channel {
        Channel::new(&Target::at("auth", [address]), &self.authority.identity(holder))
    }

    pub(crate) async fn auth(&self) -> Server {
        self.serve(&self.authority.identity("auth"), axum::Router::new().fallback(who)).await
    }

    pub(crate) async fn serve(&self, identity: &Identity, router: axum::Router) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.serve_on(listener, identity, router)
    }

    pub(crate) fn serve_on(&self, listener: TcpListener, identity: &Identity, router: axum::Router) -> Server {
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let incoming = rpc::tls::accept(listener, identity);
        let server = tonic::transport::Server::builder()
            .layer(rpc::trace::TraceLayer)
            .layer(AccessLayer::new(self.verifier.clone()))
            .add_routes(Routes::from(router))
            .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
        tokio::spawn(server);
        Server { address, stop: stop.drop_guard() }
    }
}

/// A server that stops, gracefully, when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    #[expect(dead_code, reason = "held for its drop")]
    stop: DropGuard,
}

/// Answers who called, as the access layer has left it.
pub(crate) async fn who(request: Request) -> Response {
    let extensions = request.extensions();
    let said = match (extensions.get::<Caller>(), extensions.get::<Service>(), extensions.get::<Peer>()) {
        (Some(caller), None, Some(_)) => format!("{} {:?} {}", caller.account(), caller.role(), caller.request_id()),
        (None, Some(service), Some(_)) => {
            format!("{} {:?}", service.name(), service.account().map(rpc::AccountId::uuid))
        }
        (None, None, Some(peer)) => format!("{} {:?}", peer.request_id, peer.address),
        other => panic!("the access layer left {other:?}"),
    };
    answer(said.as_bytes())
}

/// A gRPC answer with these bytes as its message.
pub(crate) fn answer(message: &[u8]) -> Response {
    let mut data = BytesMut::new();
    data.put_u8(0);
    data.put_u32(message.len().try_into().unwrap());
    data.put(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let frames = [Frame::data(data.freeze()), Frame::trailers(trailers)].map(Ok::<_, Infallible>);
    let body = axum::body::Body::new(StreamBody::new(stream::iter(frames)));
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}

pub(crate) fn claims(role: Role) -> Claims {
    Claims { user: Some(Uuid::now_v7()), ..Claims::new(Uuid::now_v7(), Uuid::now_v7(), role) }
}

/// Calls a method of auth by its short name.
pub(crate) async fn call(channel: &Channel, method: &str, metadata: MetadataMap) -> rpc::Result<String> {
    let method = contracts::method(&format!("/igny8.auth.v1.{method}")).unwrap();
    let answer = rpc::client::unary(channel, method, metadata, Bytes::new()).await.map_err(Error::from)?;
    Ok(String::from_utf8(answer.into_inner().to_vec()).unwrap())
}

pub(crate) fn metadata(entries: &[(&'static str, &str)]) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    for (name, value) in entries {
        metadata.insert(*name, value.parse().unwrap());
    }
    metadata
}
