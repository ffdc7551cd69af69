//! The form of a token: that of what it stands for where programs read it (an ARN stays one), and nothing that is in use anywhere.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Key;

/// Digits of base 32 (RFC 4648), as AWS's unique ids have them.
const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The same, small.
const LOWER: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How many digits of base 32 a name's token has: 60 bits.
const DIGITS: usize = 12;

/// Where e-mail addresses of nobody are (RFC 2606).
const NOWHERE: &str = "@redacted.invalid";

/// Whether a name is not somebody's: nothing, the root user, a service of AWS, what AWS writes in the place of a name.
#[must_use]
pub(super) fn is_nobody(name: &str) -> bool {
    let has_letters = name.chars().any(char::is_alphanumeric);
    !has_letters || matches!(name, "root" | "<root_account>" | "HIDDEN_DUE_TO_SECURITY_REASONS" | "AWS Internal" | "anonymous" | "root-account-mfa-device") || is_service(name)
}

/// Whether a name is that of a service of AWS, `ec2.amazonaws.com`.
fn is_service(name: &str) -> bool {
    let host = name.strip_suffix(".cn").unwrap_or(name);
    host.strip_suffix(".amazonaws.com").is_some_and(|s| s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')))
}

fn digits(hash: &[u8; 32], of: &[u8; 32], count: usize) -> String {
    hash.iter().take(count).filter_map(|b| of.get(usize::from(b & 31))).map(|b| char::from(*b)).collect()
}

impl Key {
    /// Digits of base 16, at most 64.
    pub(super) fn hex(&self, class: &str, value: &str, count: usize) -> String {
        let mut out = String::with_capacity(64);
        for byte in self.digest(class, value) {
            let _ = write!(out, "{byte:02x}");
        }
        out.truncate(count);
        out
    }

    /// A word of some kind: `person-` and so on with digits behind.
    pub(super) fn word(&self, class: &str, value: &str) -> String {
        format!("{class}-{}", digits(&self.digest(class, value), LOWER, DIGITS))
    }

    /// A person. IAM tells names apart whatever their case (IAM User Guide, "IAM and AWS STS quotas"), so they are one here.
    pub(super) fn person(&self, name: &str) -> String {
        if is_nobody(name) {
            return name.to_owned();
        }
        let small = name.trim().to_ascii_lowercase();
        let token = self.word("person", &small);
        match small.rsplit_once('@') {
            // A workload's subject: repo:org/name:ref:…, system:serviceaccount:…
            _ if small.contains(':') => self.word("subject", &small),
            Some((_, host)) if host.contains('.') => token + NOWHERE,
            _ => token,
        }
    }

    /// An account id: twelve digits.
    pub(super) fn account(&self, id: &str) -> String {
        let [a, b, c, d, e, f, g, h, ..] = self.digest("account", id);
        format!("{:012}", u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 1_000_000_000_000)
    }

    /// A unique id or the id of an access key: its four letters, `00`, which no id of AWS has there, and digits up to its length.
    pub(super) fn unique_id(&self, id: &str) -> String {
        let kind = id.get(..4).unwrap_or("AIDA");
        let left = id.len().saturating_sub(6).clamp(10, 32);
        format!("{kind}00{}", digits(&self.digest("unique id", id), UPPER, left))
    }

    /// A UUID of version 8, which nobody else makes of events (RFC 9562).
    pub(super) fn uuid(&self, id: &str) -> String {
        let hex = self.hex("uuid", &id.to_ascii_lowercase(), 32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
    }

    /// An address: of 240.0.0.0/4, which is in no use (RFC 1112), or of 2001:db8::/32, which is for documents (RFC 3849).
    pub(super) fn address(&self, address: IpAddr) -> IpAddr {
        let hash = self.digest("address", &address.to_string());
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = hash;
        match address {
            IpAddr::V4(_) => Ipv4Addr::new(240 | (a & 15), b, c, d).into(),
            IpAddr::V6(_) => {
                let two = |high: u8, low: u8| u16::from_be_bytes([high, low]);
                Ipv6Addr::new(0x2001, 0xdb8, two(a, b), two(c, d), two(e, f), two(g, h), two(i, j), two(k, l)).into()
            }
        }
    }

    /// An id of small letters and digits, as long as it was: of an endpoint, an organisation, an organisational unit.
    pub(super) fn small_id(&self, kind: &str, id: &str) -> String {
        if kind == "vpce" { self.hex(kind, id, id.len().clamp(8, 17)) } else { digits(&self.digest(kind, id), LOWER, id.len().clamp(4, 32)) }
    }
}
