//! Reads the values that conditions compare: numbers, dates, booleans, bytes, address ranges (rule 10).
//!
//! What cannot be read compares with nothing; it is never zero or false.

use std::net::IpAddr;

use base64::Engine as _;

/// A decimal number.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Seconds since 1970 with fraction, from epoch seconds or a W3C ISO 8601 date; a year alone is a year.
#[must_use]
pub fn date(text: &str) -> Option<f64> {
    let is_year = text.len() == 4 && text.starts_with(['1', '2']) && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(seconds) = number(text).filter(|_| !is_year) {
        return Some(seconds);
    }
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of known dates fit a double")]
    let seconds = |at: jiff::Timestamp| at.as_millisecond() as f64 / 1000.0;
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(seconds(at));
    }
    let padded = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    // A minute precision time with zone, `YYYY-MM-DDThh:mmZ`.
    if let Some(minute) = padded.strip_suffix('Z').filter(|m| m.len() == 16) {
        return format!("{minute}:00Z").parse::<jiff::Timestamp>().ok().map(seconds);
    }
    let day: jiff::civil::DateTime = padded.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(day).ok().map(seconds)
}

/// `true` or `false` in any case.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Bytes from base64.
#[must_use]
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// A range of addresses; an address without prefix is a range of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    base: IpAddr,
    bits: u32,
}

impl Range {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or a single address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Range> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base.parse::<IpAddr>().ok()?, Some(bits.parse::<u32>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let width = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Range { base, bits })
    }

    /// Whether an address lies in the range; the families never mix.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (width, base, address) = match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => (32, u128::from(u32::from(base)), u128::from(u32::from(address))),
            (IpAddr::V6(base), IpAddr::V6(address)) => (128, u128::from(base), u128::from(address)),
            _ => return false,
        };
        self.bits == 0 || (base ^ address) >> (width - self.bits) == 0
    }

    /// Whether every address of another range lies in this one.
    #[must_use]
    pub fn covers(&self, other: &Range) -> bool {
        other.bits >= self.bits && self.contains(other.base)
    }

    /// The address that the range is written with.
    #[must_use]
    pub fn base(&self) -> IpAddr {
        self.base
    }

    /// Whether the range is narrow enough for S3 to call a grant to it not public: /8 or narrower (IPv4), /32 or
    /// narrower (IPv6); no private range is wider. Source: S3 User Guide, Blocking public access, "The meaning of
    /// public".
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.bits >= if self.base.is_ipv4() { 8 } else { 32 }
    }
}
