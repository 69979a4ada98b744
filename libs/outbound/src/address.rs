//! Which addresses a request may go to.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;

/// What the IANA registries of special-purpose addresses hold that is not globally reachable, or leads to other addresses by translation.
const NOT_PUBLIC: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

static BLOCKED: LazyLock<Vec<IpNet>> = LazyLock::new(|| NOT_PUBLIC.iter().filter_map(|net| net.parse().ok()).collect());

/// What a request may connect to.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    networks: Arc<[IpNet]>,
    /// Whether every public address is, too.
    public: bool,
}

impl Allowed {
    pub(crate) fn new(networks: &[IpNet], public: bool) -> Self {
        Self { networks: networks.into(), public }
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|net| net.contains(&address)) || (self.public && is_public(address))
    }
}

fn is_public(address: IpAddr) -> bool {
    !BLOCKED.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_network_of_the_list_is_one() {
        assert_eq!(BLOCKED.len(), NOT_PUBLIC.len());
    }

    #[test]
    fn addresses_inside_are_refused_in_every_spelling() {
        let allowed = Allowed::new(&[], true);
        let inside = [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "fd00:ec2::254",
            "fe80::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "ff02::1",
        ];
        for address in inside {
            assert!(!allowed.holds(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "172.32.0.1", "192.0.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"] {
            assert!(allowed.holds(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_no_more_than_that() {
        let allowed = Allowed::new(&["127.0.0.2/32".parse().unwrap()], false);
        assert!(allowed.holds("127.0.0.2".parse().unwrap()));
        assert!(allowed.holds("::ffff:127.0.0.2".parse().unwrap()));
        assert!(!allowed.holds("127.0.0.1".parse().unwrap()));
        assert!(!allowed.holds("1.1.1.1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn an_address_and_its_mapped_form_are_judged_alike(bits in any::<u32>()) {
            let four = std::net::Ipv4Addr::from_bits(bits);
            let allowed = Allowed::new(&[], true);
            prop_assert_eq!(allowed.holds(four.into()), allowed.holds(four.to_ipv6_mapped().into()));
        }
    }
}
