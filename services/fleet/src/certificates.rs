//! The fleet's own certificate authority, and a certificate for every service. Each names its service twice: as a DNS name,
//! which TLS checks, and as `spiffe://igny8/<service>`, which the services check.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use time::{Duration, OffsetDateTime};

use crate::state::{State, write_private};

const AUTHORITY_DAYS: i64 = 3650;
const LEAF_DAYS: i64 = 365;
/// A certificate with less left is replaced at the next start.
pub const RENEW_DAYS: i64 = 30;

/// Makes what is missing or near its end: `.igny8/tls/<service>/{ca,cert,key}.pem`.
pub fn ensure(state: &State, services: &[&str]) -> Result<()> {
    let tls = state.tls();
    fs::create_dir_all(&tls)?;
    let (authority, is_new) = authority(&tls)?;
    for service in services {
        let dir = tls.join(service);
        if is_new || days_left(&dir.join("cert.pem")).is_none_or(|days| days < RENEW_DAYS) {
            state.child_dir(&dir)?;
            issue(&authority, service, &dir)?;
            for file in ["ca.pem", "cert.pem", "key.pem"] {
                state.give(&dir.join(file))?;
            }
        }
    }
    Ok(())
}

/// Days until a certificate ends; `None` when there is none that can be read.
pub fn days_left(path: &Path) -> Option<i64> {
    let pem = fs::read(path).ok()?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).ok()?;
    let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
    Some((end - OffsetDateTime::now_utc().unix_timestamp()) / Duration::DAY.whole_seconds())
}

/// Every certificate of a state directory.
pub fn all(state: &State) -> Vec<PathBuf> {
    let leaves = fs::read_dir(state.tls()).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let leaves = leaves.map(|dir| dir.join("cert.pem")).filter(|path| path.is_file());
    std::iter::once(state.tls().join("ca.pem")).filter(|path| path.is_file()).chain(leaves).collect()
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The authority on disk, or a new one.
fn authority(tls: &Path) -> Result<(Authority, bool)> {
    let (cert_path, key_path) = (tls.join("ca.pem"), tls.join("ca-key.pem"));
    if days_left(&cert_path).is_some_and(|days| days > LEAF_DAYS) && key_path.exists() {
        let pem = fs::read_to_string(&cert_path)?;
        let key = KeyPair::from_pem(&fs::read_to_string(&key_path)?).context("read the authority's key")?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key).context("read the authority's certificate")?;
        return Ok((Authority { pem, issuer }, false));
    }
    let mut params = CertificateParams::default();
    // Two authorities of one name make a foreign certificate show as a bad signature instead of an unknown issuer.
    let name = format!("igny8 local authority {:08x}", rand::random::<u32>());
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut params, AUTHORITY_DAYS);
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    write_private(&key_path, &key.serialize_pem())?;
    fs::write(&cert_path, &pem)?;
    Ok((Authority { pem, issuer: Issuer::new(params, key) }, true))
}

fn issue(authority: &Authority, service: &str, dir: &Path) -> Result<()> {
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
    params.use_authority_key_identifier_extension = true;
    valid_for(&mut params, LEAF_DAYS);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &authority.issuer)?;
    write_private(&dir.join("key.pem"), &key.serialize_pem())?;
    write_private(&dir.join("cert.pem"), &certificate.pem())?;
    write_private(&dir.join("ca.pem"), &authority.pem)
}

fn valid_for(params: &mut CertificateParams, days: i64) {
    let now = OffsetDateTime::now_utc();
    // Clocks of two machines differ; one hour is more than they ever do.
    params.not_before = now - Duration::HOUR;
    params.not_after = now + Duration::days(days);
}
