//! Mutual TLS between services: version 1.3 only, both sides named by a certificate of the fleet's own authority.
//!
//! A certificate carries the service's name twice: as the URI `spiffe://igny8/<service>`, which is what we check, and as a DNS name,
//! because rustls wants one of its server. Files are read again when they change ([`Identity::watch`]); a connection that is open keeps
//! the certificate it began with.

mod server;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use x509_parser::extensions::GeneralName;

pub use server::{Client, Connection, Incoming, accept};

/// Before the service's name in the URI of its certificate.
const TRUST_DOMAIN: &str = "spiffe://igny8/";
const HTTP2: &[u8] = b"h2";

/// Who this process is to the others: its certificate and key, and the authority that it trusts. Clones share one state.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    current: ArcSwap<Loaded>,
}

/// One state of the files, and what was made of it.
struct Loaded {
    files: Files,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

#[derive(PartialEq, Eq)]
struct Files {
    ca: Vec<u8>,
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    /// Reads `ca.pem`, `cert.pem` and `key.pem` of a directory.
    pub fn load(dir: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let dir = dir.into();
        let loaded = Files::read(&dir).and_then(Loaded::new);
        let loaded = loaded.with_context(|| format!("load the tls identity in {}", dir.display()))?;
        Ok(Self(Arc::new(Inner { dir, current: ArcSwap::from_pointee(loaded) })))
    }

    pub(crate) fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.current.load().client)
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.current.load().server)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}

impl Files {
    fn read(dir: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| std::fs::read(dir.join(name)).with_context(|| format!("read {name}"));
        Ok(Self { ca: read("ca.pem")?, cert: read("cert.pem")?, key: read("key.pem")? })
    }
}

impl Loaded {
    /// Fails when the key does not belong to the certificate, as between the writing of one file and the next.
    fn new(files: Files) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.ca).context("parse ca.pem")? {
            roots.add(certificate).context("parse ca.pem")?;
        }
        let roots = Arc::new(roots);
        let chain = certificates(&files.cert).context("parse cert.pem")?;
        let key = PrivateKeyDer::from_pem_slice(&files.key).context("parse key.pem")?;
        let client = client_config(&provider, &roots, chain.clone(), key.clone_key())?;
        let server = server_config(&provider, &roots, chain, key)?;
        Ok(Self { files, client: Arc::new(client), server: Arc::new(server) })
    }
}

fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!certificates.is_empty(), "no certificate in it");
    Ok(certificates)
}

/// Sessions are not resumed, on either side: a resumed one would not look at the certificates again.
fn client_config(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP2.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn server_config(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<ServerConfig> {
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider)).build()?;
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP2.to_vec()];
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The service that a certificate chain names: by the one URI of its first certificate, or not at all.
pub fn service_of(chain: &[CertificateDer<'_>]) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(chain.first()?).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let (uri, None) = (uris.next()?, uris.next()) else { return None };
    let service = uri.strip_prefix(TRUST_DOMAIN)?;
    let is_name = !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_name.then(|| service.to_owned())
}
