//! Identities of services for tests.

use std::{
    fs::{self, DirBuilder},
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process,
    sync::LazyLock,
};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rpc::tls::Identity;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::or_fail;

/// Directories of test processes: this and the process id.
const PREFIX: &str = "igny8-testkit-";

/// A certificate authority and a directory for each service that was asked for.
#[derive(Debug)]
pub struct Tls {
    directory: PathBuf,
    authority: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The authority of this process.
///
/// # Panics
/// It could not be made.
pub fn tls() -> &'static Tls {
    static TLS: LazyLock<Tls> = LazyLock::new(Tls::new);
    &TLS
}

impl Tls {
    /// An authority that shares nothing with [`tls`]: whoever it names is a stranger to the others.
    ///
    /// # Panics
    /// It could not be made.
    #[expect(clippy::new_without_default, reason = "every call makes keys and a directory")]
    pub fn new() -> Self {
        or_fail(Self::make().context("could not make a certificate authority"))
    }

    /// Who `service` is to the others.
    ///
    /// # Panics
    /// Its certificate could not be made.
    pub fn identity(&self, service: &str) -> Identity {
        or_fail(Identity::load(self.dir(service)))
    }

    /// The directory with ca.pem, cert.pem and key.pem of `service`, as `IGNY8_TLS_DIR` wants it.
    ///
    /// # Panics
    /// Its certificate could not be made.
    pub fn dir(&self, service: &str) -> PathBuf {
        let directory = self.directory.join(service);
        if !directory.exists() {
            or_fail(
                self.issue(service, &directory).with_context(|| format!("could not make a certificate for {service}")),
            );
        }
        directory
    }

    fn make() -> Result<Self> {
        let mut params = CertificateParams::default();
        // Two authorities of one name make a foreign certificate show as a bad signature instead of an unknown issuer.
        params.distinguished_name.push(DnType::CommonName, format!("igny8 tests {}", Uuid::now_v7()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        valid_today(&mut params);
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?.pem();
        Ok(Self { directory: directory()?, authority, issuer: Issuer::new(params, key) })
    }

    fn issue(&self, service: &str, directory: &Path) -> Result<()> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, service);
        params.subject_alt_names = vec![
            SanType::DnsName(service.try_into()?),
            SanType::DnsName("localhost".try_into()?),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            SanType::URI(format!("spiffe://igny8/{service}").try_into()?),
        ];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        valid_today(&mut params);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        fs::create_dir_all(directory)?;
        fs::write(directory.join("ca.pem"), &self.authority)?;
        fs::write(directory.join("cert.pem"), certificate.pem())?;
        fs::write(directory.join("key.pem"), key.serialize_pem())?;
        Ok(())
    }
}

/// A new directory. It stays until another test process starts after the end of this one.
fn directory() -> Result<PathBuf> {
    let temporary = std::env::temp_dir();
    for entry in fs::read_dir(&temporary)?.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // Another process may be removing it too.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let directory = temporary.join(format!("{PREFIX}{}", process::id())).join(Uuid::now_v7().to_string());
    DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
    Ok(directory)
}

fn valid_today(params: &mut CertificateParams) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::HOUR;
    params.not_after = now + Duration::DAY;
}
