//! Where webhooks may go: to addresses that anybody on the internet could reach, and to networks that the operator names.
//! Whoever sets up an endpoint must not make the gateway knock at doors that only the gateway can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use url::{Host, Url};

/// IPv4 networks that are nobody's on the internet (IANA's registry of special-purpose addresses), and multicast. The last is
/// the address at which Azure's machines find their host.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// IPv6 networks within 2000::/3 that are nobody's: protocol assignments (Teredo and ORCHID among them) and documentation.
/// Whatever is outside of 2000::/3 is not public, but for the translation prefix of NAT64.
const NOT_PUBLIC_V6: [(u128, u8); 3] = [
    (0x2001_0000 << 96, 23),
    (0x2001_0db8 << 96, 32),
    (0x3fff_0000 << 96, 20),
];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |network: Ipv4Addr, length: u8| {
        let shift = 32 - u32::from(length);
        address.to_bits() >> shift == network.to_bits() >> shift
    };
    !NOT_PUBLIC_V4
        .iter()
        .any(|(network, length)| within(*network, *length))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let low = Ipv4Addr::from_bits(bits as u32);
    // NAT64 (64:ff9b::/96): what is behind it counts.
    if bits >> 32 == 0x0064_ff9b << 64 {
        return is_public_v4(low);
    }
    // 6to4 (2002::/16) carries an IPv4 address behind its prefix.
    if bits >> 112 == 0x2002 {
        return is_public_v4(Ipv4Addr::from_bits((bits >> 80) as u32));
    }
    let within = |(network, length): &(u128, u8)| {
        let shift = 128 - u32::from(*length);
        bits >> shift == network >> shift
    };
    bits >> 125 == 0b001 && !NOT_PUBLIC_V6.iter().any(within)
}

/// How a request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// In the clear: within networks that the operator names.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// Of an address. `None` where it is another.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        match url.scheme() {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}

/// Networks that webhooks may reach though they are not public.
#[derive(Debug, Clone, Default)]
pub(crate) struct Networks(Vec<IpNet>);

impl Networks {
    /// Those that the operator names.
    pub(crate) fn new(allowed: Vec<IpNet>) -> Self {
        Self(allowed)
    }

    /// Whether the operator names any.
    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request may go to this address.
    pub(crate) fn permit(&self, address: IpAddr, scheme: Scheme) -> bool {
        // ::ffff:127.0.0.1 is 127.0.0.1.
        let canonical = address.to_canonical();
        let is_named = self
            .0
            .iter()
            .any(|network| network.contains(&canonical) || network.contains(&address));
        is_named || (scheme == Scheme::Https && is_public(canonical))
    }

    /// Those of a name's addresses that a request may go to.
    pub(crate) fn permitted(
        &self,
        addresses: impl Iterator<Item = SocketAddr>,
        scheme: Scheme,
    ) -> Vec<SocketAddr> {
        addresses
            .filter(|address| self.permit(address.ip(), scheme))
            .collect()
    }
}

/// The address that a URL spells out instead of a name: `10.0.0.1`, `[::1]`, and also `2130706433` and `0x7f.1`, which the URL
/// standard reads as addresses.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(allowed: &[&str]) -> Networks {
        Networks::new(allowed.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn permits(networks: &Networks, address: &str, scheme: Scheme) -> bool {
        networks.permit(address.parse().unwrap(), scheme)
    }

    #[test]
    fn addresses_that_are_not_everybodys_are_refused_in_every_spelling() {
        let none = networks(&[]);
        let refused = [
            // This machine, and none in particular.
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "::1",
            "::",
            // Private, shared, link-local, unique-local, site-local.
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "fe80::1",
            "febf::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "168.63.129.16",
            // Protocols, tests, documentation, future use, many at once.
            "192.0.0.8",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "240.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001::1",
            "2001:10::1",
            "2001:1ff::1",
            "100::1",
            "5f00::1",
            // The same behind other spellings: mapped, compatible, NAT64, local NAT64, 6to4.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "64:ff9b:0:1::808:808",
            "2002:7f00:1::1",
            "2002:a00:1::",
            "2002:c0a8:101::1",
        ];
        for address in refused {
            assert!(!permits(&none, address, Scheme::Https), "{address}");
            assert!(!permits(&none, address, Scheme::Http), "{address}");
        }
    }

    #[test]
    fn everybodys_addresses_are_reached_over_tls_and_never_in_the_clear() {
        let none = networks(&[]);
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "168.63.129.17",
            "2001:200::1",
            "2404:6800::1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ];
        for address in public {
            assert!(permits(&none, address, Scheme::Https), "{address}");
            assert!(!permits(&none, address, Scheme::Http), "{address}");
        }
    }

    #[test]
    fn what_the_operator_names_is_reached_and_nothing_beside_it() {
        let some = networks(&["10.1.0.0/16", "127.0.0.1/32", "fd00:1::/32"]);
        for address in ["10.1.2.3", "127.0.0.1", "::ffff:127.0.0.1", "fd00:1::5"] {
            assert!(permits(&some, address, Scheme::Http), "{address}");
            assert!(permits(&some, address, Scheme::Https), "{address}");
        }
        for address in [
            "10.2.0.1",
            "127.0.0.2",
            "::1",
            "fd00:2::5",
            "64:ff9b::7f00:1",
        ] {
            assert!(!permits(&some, address, Scheme::Https), "{address}");
        }
    }

    #[test]
    fn an_address_in_place_of_a_name_is_seen_however_it_is_spelled() {
        for (url, wanted) in [
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://2130706433/", "127.0.0.1"),
            ("https://0x7f.1/", "127.0.0.1"),
            ("https://0177.0.0.1/", "127.0.0.1"),
            ("https://127.1/", "127.0.0.1"),
            ("https://１２７.0.0.1/", "127.0.0.1"),
            ("https://[::1]/", "::1"),
            ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
        ] {
            let found = literal(&Url::parse(url).unwrap());
            assert_eq!(found, Some(wanted.parse().unwrap()), "{url}");
        }
        let name = Url::parse("https://localhost./").unwrap();
        assert_eq!(literal(&name), None);
    }
}
