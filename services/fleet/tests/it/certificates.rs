use std::fs;

use fleet::certificates::{days_left, ensure};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::{Pem, parse_x509_pem};

use crate::support::scratch;

fn pem(path: &std::path::Path) -> Pem {
    parse_x509_pem(&fs::read(path).unwrap()).unwrap().1
}

#[test]
fn a_certificate_names_its_service_for_tls_and_for_the_fleet() {
    let scratch = scratch();
    ensure(&scratch.state, &["auth", "gateway"]).unwrap();
    let dir = scratch.state.tls().join("auth");
    let (leaf, authority) = (pem(&dir.join("cert.pem")), pem(&dir.join("ca.pem")));
    let (leaf, authority) = (leaf.parse_x509().unwrap(), authority.parse_x509().unwrap());
    let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
    for expected in [
        GeneralName::DNSName("auth"),
        GeneralName::DNSName("localhost"),
        GeneralName::IPAddress(&[127, 0, 0, 1]),
        GeneralName::URI("spiffe://igny8/auth"),
    ] {
        assert!(names.contains(&expected), "{expected}");
    }
    assert_eq!(leaf.issuer(), authority.subject());
    assert!(authority.is_ca() && !leaf.is_ca());
    assert!(days_left(&dir.join("cert.pem")).unwrap() > 300);
    assert!(fs::read_to_string(dir.join("key.pem")).unwrap().contains("PRIVATE KEY"));
}

#[test]
fn certificates_are_kept_and_bad_ones_are_replaced() {
    let scratch = scratch();
    ensure(&scratch.state, &["auth", "gateway"]).unwrap();
    let read = |service: &str| fs::read_to_string(scratch.state.tls().join(service).join("cert.pem")).unwrap();
    let (auth, gateway) = (read("auth"), read("gateway"));
    fs::write(scratch.state.tls().join("auth/cert.pem"), "damaged").unwrap();
    ensure(&scratch.state, &["auth", "gateway"]).unwrap();
    assert_eq!(read("gateway"), gateway);
    assert_ne!(read("auth"), auth);
    assert!(days_left(&scratch.state.tls().join("auth/cert.pem")).is_some());
}
