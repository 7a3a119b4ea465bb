//! `Network`: an address or a range of addresses.

use core::net::IpAddr;
use std::collections::{BTreeSet, HashSet};

use super::Value;

/// Bits of an address, IPv4 and IPv6 apart; an IPv4 address in IPv6 is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Network {
    is_v4: bool,
    prefix_bits: u8,
    bits: u128,
}

impl Network {
    /// Reads an address, or an address and the bits that count: `10.0.0.0/8`.
    pub(crate) fn read(word: &str) -> Result<Network, String> {
        let (address, prefix) = match word.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (word, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("`{word}` is no address and no network such as `10.0.0.0/8`"))?;
        let mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
        let written = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => written,
            Some(prefix) => prefix
                .parse::<u8>()
                .ok()
                .filter(|bits| *bits <= written && prefix.bytes().all(|b| b.is_ascii_digit()))
                .ok_or_else(|| format!("`{word}` has a prefix that is not 0 to {written}"))?,
        };
        let prefix_bits = match mapped {
            true => prefix_bits.checked_sub(96).ok_or_else(|| {
                format!("`{word}` mixes IPv4 and IPv6: its prefix is at least 96")
            })?,
            false => prefix_bits,
        };
        Ok(Network::of(address).cut(prefix_bits))
    }

    fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                Network { is_v4: true, prefix_bits: 32, bits: u128::from(u32::from(v4)) }
            }
            IpAddr::V6(v6) => Network { is_v4: false, prefix_bits: 128, bits: u128::from(v6) },
        }
    }

    /// The network of the first bits.
    fn cut(self, prefix_bits: u8) -> Network {
        let width: u32 = if self.is_v4 { 32 } else { 128 };
        let dropped = width.saturating_sub(u32::from(prefix_bits));
        let bits = self.bits.checked_shr(dropped).unwrap_or(0).checked_shl(dropped).unwrap_or(0);
        Network { prefix_bits, bits, ..self }
    }
}

/// Networks to look an address up in: one hash a length of prefix.
#[derive(Debug)]
pub(crate) struct Networks {
    lengths: Vec<(bool, u8)>,
    known: HashSet<Network>,
}

impl Networks {
    pub(crate) fn new(networks: &BTreeSet<Network>) -> Self {
        let lengths: BTreeSet<(bool, u8)> =
            networks.iter().map(|network| (network.is_v4, network.prefix_bits)).collect();
        Networks {
            lengths: lengths.into_iter().collect(),
            known: networks.iter().copied().collect(),
        }
    }

    /// Whether an address lies in one of them.
    pub(crate) fn matches(&self, value: &Value<'_>) -> bool {
        let address = match value {
            Value::Ip(address) => *address,
            Value::Text(text) => match text.parse() {
                Ok(address) => address,
                Err(_) => return false,
            },
            _ => return false,
        };
        let address = Network::of(address);
        self.lengths
            .iter()
            .filter(|(is_v4, _)| *is_v4 == address.is_v4)
            .any(|(_, length)| self.known.contains(&address.cut(*length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_addresses_in_networks() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.1.2.3", Some(true)),
            ("10.0.0.0/8", "11.1.2.3", Some(false)),
            ("10.9.9.9/8", "10.1.2.3", Some(true)),
            ("127.0.0.1", "127.0.0.1", Some(true)),
            ("127.0.0.1", "::ffff:127.0.0.1", Some(true)),
            ("::ffff:127.0.0.1", "127.0.0.1", Some(true)),
            ("::ffff:10.0.0.0/104", "10.2.0.1", Some(true)),
            ("::ffff:10.0.0.0/8", "10.2.0.1", None),
            ("0.0.0.0/0", "1.2.3.4", Some(true)),
            ("0.0.0.0/0", "fe80::1", Some(false)),
            ("::/0", "fe80::1", Some(true)),
            ("fe80::/10", "fe81::1", Some(true)),
            ("fe80::/10", "10.0.0.1", Some(false)),
            ("10.0.0.0/33", "", None),
            ("10.0.0.0/+8", "", None),
            ("10.0.0", "", None),
            ("localhost", "", None),
        ] {
            let found = Network::read(network)
                .ok()
                .map(|network| Networks::new(&BTreeSet::from([network])))
                .map(|networks| networks.matches(&Value::from(address)));
            assert_eq!(found, expected, "{network} {address}");
        }
    }
}
