//! IP addresses and ranges in CIDR notation, as conditions have them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range; a single address is a range of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    address: IpAddr,
    bits: u8,
}

impl Range {
    /// Reads an address or a range.
    pub(super) fn parse(text: &str) -> Option<Range> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Range { address, bits })
    }

    /// The range with the bits after the mask off, where that is another text.
    pub(super) fn improved(self) -> Option<String> {
        let masked: IpAddr = match self.address {
            IpAddr::V4(a) => Ipv4Addr::from_bits(a.to_bits() & u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0)).into(),
            IpAddr::V6(a) => Ipv6Addr::from_bits(a.to_bits() & u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0)).into(),
        };
        (masked != self.address).then(|| format!("{masked}/{}", self.bits))
    }

    /// Whether all of it is private: it never shows as the address that a request comes from.
    pub(super) fn is_private(self) -> bool {
        match self.address {
            IpAddr::V4(a) => {
                let [first, second, ..] = a.octets();
                (first == 10 && self.bits >= 8) || (first == 172 && (16..32).contains(&second) && self.bits >= 12) || (first == 192 && second == 168 && self.bits >= 16)
            }
            IpAddr::V6(a) => a.octets().first().is_some_and(|b| b & 0xfe == 0xfc) && self.bits >= 7,
        }
    }
}
