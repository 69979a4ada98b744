//! Identities of services for tests.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rpc::tls::Identity;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use crate::or_fail;

/// A certificate authority and a directory for each service that was asked for. The directories go with it.
#[derive(Debug)]
pub struct Tls {
    directory: TempDir,
    authority: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The authority of this process, as long as somebody holds it.
///
/// # Panics
/// It could not be made.
pub fn tls() -> Arc<Tls> {
    static CURRENT: Mutex<Weak<Tls>> = Mutex::new(Weak::new());
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    current.upgrade().unwrap_or_else(|| {
        let tls = Arc::new(Tls::new());
        *current = Arc::downgrade(&tls);
        tls
    })
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
        let directory = self.directory.path().join(service);
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
        params.distinguished_name.push(DnType::CommonName, format!("igny8 tests {}", uuid::Uuid::now_v7()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        valid_today(&mut params);
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?.pem();
        Ok(Self { directory: tempfile::tempdir()?, authority, issuer: Issuer::new(params, key) })
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

fn valid_today(params: &mut CertificateParams) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::HOUR;
    params.not_after = now + Duration::DAY;
}
