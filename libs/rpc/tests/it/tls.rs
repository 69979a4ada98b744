use std::sync::Arc;

use rpc::Kind;
use rpc::client::{Channel, Target};
use rpc::tls::Identity;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::metadata::MetadataMap;

use crate::fleet::{Authority, Fleet, Server, call, who, write};

const SIGN_IN: &str = "SessionService/SignIn";

/// What a client of one's own making gets to read: the error that ends its connection, if one does.
async fn read_from(
    server: &Server,
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
    leaf: Option<(String, String)>,
) -> std::io::Result<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match leaf {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()];
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpStream::connect(server.address).await?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from("auth").unwrap(), tcp).await?;
    let mut bytes = vec![0; 9];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[tokio::test]
async fn the_server_speaks_http_2_over_tls_1_3_with_those_it_can_name() {
    let fleet = Fleet::new();
    let auth = fleet.auth().await;
    let leaf = fleet.authority.issue("planner", "spiffe://igny8/planner");
    let frame = read_from(&auth, &fleet.authority, &TLS13, Some(leaf.clone())).await.unwrap();
    assert_eq!(frame[3], 4, "a SETTINGS frame");

    assert!(read_from(&auth, &fleet.authority, &TLS12, Some(leaf)).await.is_err(), "an older version");
    assert!(read_from(&auth, &fleet.authority, &TLS13, None).await.is_err(), "no certificate");
    let stranger = Authority::new("somebody else").issue("planner", "spiffe://igny8/planner");
    assert!(read_from(&auth, &fleet.authority, &TLS13, Some(stranger)).await.is_err(), "a foreign authority");
    for uri in ["spiffe://somebody/planner", "spiffe://igny8/", "spiffe://igny8/a/b", "https://igny8/planner"] {
        let nameless = fleet.authority.issue("planner", uri);
        assert!(read_from(&auth, &fleet.authority, &TLS13, Some(nameless)).await.is_err(), "{uri}");
    }
}

#[tokio::test]
async fn a_refused_client_hears_that_the_service_is_unavailable() {
    let (fleet, dir) = (Fleet::new(), TempDir::new().unwrap());
    let auth = fleet.auth().await;
    let stranger = Authority::new("somebody else").issue("gateway", "spiffe://igny8/gateway");
    write(dir.path(), &fleet.authority.pem(), &stranger);
    let channel = Channel::new(&Target::at("auth", [auth.address]), &Identity::load(dir.path()).unwrap());
    assert_eq!(call(&channel, SIGN_IN, MetadataMap::new()).await.unwrap_err().kind(), Kind::Unavailable);
}

#[tokio::test]
async fn a_client_does_not_talk_to_another_service_than_it_wants() {
    let (fleet, dir) = (Fleet::new(), TempDir::new().unwrap());
    // Its DNS name would pass, and rustls checks no other.
    write(dir.path(), &fleet.authority.pem(), &fleet.authority.issue("auth", "spiffe://igny8/planner"));
    let impostor = fleet.serve(&Identity::load(dir.path()).unwrap(), axum::Router::new().fallback(who)).await;
    let error = call(&fleet.channel("gateway", impostor.address), SIGN_IN, MetadataMap::new()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn certificates_rotated_on_disk_are_used_without_a_restart() {
    let (fleet, dirs) = (Fleet::new(), [TempDir::new().unwrap(), TempDir::new().unwrap()]);
    let load = |dir: &TempDir, service| {
        fleet.authority.write(dir.path(), service);
        Identity::load(dir.path()).unwrap()
    };
    let (server, client) = (load(&dirs[0], "auth"), load(&dirs[1], "gateway"));
    let auth = fleet.serve(&server, axum::Router::new().fallback(who)).await;
    let target = Target::at("auth", [auth.address]);
    let before = Channel::new(&target, &client);
    call(&before, SIGN_IN, MetadataMap::new()).await.unwrap();

    let next = Authority::new("the next authority");
    next.write(dirs[0].path(), "auth");
    next.write(dirs[1].path(), "gateway");
    server.reload().unwrap();
    let with_old = call(&Channel::new(&target, &client), SIGN_IN, MetadataMap::new()).await;
    assert!(with_old.is_err(), "the server already has the next authority and the client does not");
    client.reload().unwrap();
    call(&Channel::new(&target, &client), SIGN_IN, MetadataMap::new()).await.unwrap();
    call(&before, SIGN_IN, MetadataMap::new()).await.expect("open connections go on");
}

#[tokio::test]
async fn a_key_that_does_not_belong_to_its_certificate_is_not_loaded() {
    let (authority, dir) = (Authority::new("igny8"), TempDir::new().unwrap());
    let (cert, _) = authority.issue("auth", "spiffe://igny8/auth");
    let (_, key) = authority.issue("auth", "spiffe://igny8/auth");
    write(dir.path(), &authority.pem(), &(cert, key));
    assert!(Identity::load(dir.path()).is_err());
}
