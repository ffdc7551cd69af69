//! Values of conditions read as what they stand for: decimal numbers, dates, addresses and ranges, bytes. What
//! cannot be read is `None` and matches nothing (R21).

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Exponents beyond this are not numbers that a policy means.
const LARGEST_EXPONENT: u64 = 400;

/// A decimal number, exactly: no rounding, so that neighbours stay apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Decimal {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: String,
    /// Digits behind the point, without trailing zeros.
    fraction: String,
}

impl Decimal {
    fn magnitude(&self, other: &Decimal) -> Ordering {
        let length = self.whole.len().cmp(&other.whole.len());
        length.then_with(|| self.whole.cmp(&other.whole)).then_with(|| self.fraction.cmp(&other.fraction))
    }

    /// Which of two numbers is greater.
    pub(super) fn compare(&self, other: &Decimal) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A whole number in exactly this many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && all_digits(text)).then(|| text.parse().ok()).flatten()
}

/// Item 10, Numeric: `-12`, `3.5`, `1e3`.
pub(super) fn read_number(text: &str) -> Option<Decimal> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        None => (unsigned, 0),
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let readable = all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    if !readable || exponent.unsigned_abs() > LARGEST_EXPONENT {
        return None;
    }
    let mut before: Vec<char> = whole.chars().collect();
    let mut behind: Vec<char> = fraction.chars().collect();
    for _ in 0..exponent {
        before.push(if behind.is_empty() { '0' } else { behind.remove(0) });
    }
    for _ in exponent..0 {
        behind.insert(0, before.pop().unwrap_or('0'));
    }
    let whole = before.iter().collect::<String>().trim_start_matches('0').to_owned();
    let fraction = behind.iter().collect::<String>().trim_end_matches('0').to_owned();
    let zero = whole.is_empty() && fraction.is_empty();
    Some(Decimal { negative: negative && !zero, whole, fraction })
}

/// A moment: seconds since 1970 (rounded down) and the digits of the fraction of a second behind them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Moment {
    seconds: i64,
    fraction: String,
}

/// Item 10, Date: epoch seconds, or a W3C form of ISO 8601.
/// Four digits that may be a year are one.
pub(super) fn read_date(text: &str) -> Option<Moment> {
    let is_year = text.len() == 4 && all_digits(text) && text.starts_with(['1', '2']);
    if is_year { iso(&format!("{text}-01")) } else { epoch(text).or_else(|| iso(text)) }
}

/// `1700000000`, `1700000000.5`, `-1`.
fn epoch(text: &str) -> Option<Moment> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let before_1970_with_fraction = whole.starts_with('-') && !fraction.is_empty();
    if unsigned.is_empty() || !all_digits(unsigned) || !all_digits(fraction) || before_1970_with_fraction {
        return None;
    }
    Some(Moment { seconds: whole.parse().ok()?, fraction: fraction.trim_end_matches('0').to_owned() })
}

/// `2026-01`, `2026-01-31`, `2026-01-31T12:00Z`, `2026-01-31T12:00:00.5+01:00`.
fn iso(text: &str) -> Option<Moment> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let days = match day.split('-').collect::<Vec<_>>().as_slice() {
        [year, month] if time.is_none() => days_since_1970(digits(year, 4)?, digits(month, 2)?, 1)?,
        [year, month, day] => days_since_1970(digits(year, 4)?, digits(month, 2)?, digits(day, 2)?)?,
        _ => return None,
    };
    let (seconds, fraction) = match time {
        Some(time) => time_of_day(time)?,
        None => (0, String::new()),
    };
    Some(Moment { seconds: days * 86_400 + seconds, fraction })
}

/// Seconds since midnight UTC, and the digits of the fraction. Without a zone it is UTC.
fn time_of_day(text: &str) -> Option<(i64, String)> {
    let (clock, offset) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None if !text.contains(['+', '-']) => (text, 0),
        None => {
            let (clock, zone) = text.split_at_checked(text.rfind(['+', '-'])?)?;
            let (hours, minutes) = zone.trim_start_matches(['+', '-']).split_once(':')?;
            let size = within(digits(hours, 2)?, 23)? * 3600 + within(digits(minutes, 2)?, 59)? * 60;
            (clock, if zone.starts_with('-') { -size } else { size })
        }
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (*hour, *minute, "00"),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return None,
    };
    let (second, fraction) = match second.split_once('.') {
        Some((second, fraction)) if !fraction.is_empty() && all_digits(fraction) => (second, fraction),
        Some(_) => return None,
        None => (second, ""),
    };
    let seconds =
        within(digits(hour, 2)?, 23)? * 3600 + within(digits(minute, 2)?, 59)? * 60 + within(digits(second, 2)?, 59)?;
    Some((seconds - offset, fraction.trim_end_matches('0').to_owned()))
}

fn within(number: i64, most: i64) -> Option<i64> {
    (number <= most).then_some(number)
}

/// Days of the Gregorian calendar before this date, counted from 1970-01-01.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let this_month = usize::try_from(month).ok()?.checked_sub(1)?;
    if day < 1 || day > *lengths.get(this_month)? {
        return None;
    }
    let before: i64 = lengths.iter().take(this_month).sum();
    Some(days_before_year(year) + before + day - 1 - days_before_year(1970))
}

fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
}

/// Item 10, `IpAddress`: an address with the length of its prefix; without one it is a single address.
pub(super) fn read_range(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => longest,
        Some(text) if !text.is_empty() && all_digits(text) => text.parse().ok().filter(|n| *n <= longest)?,
        Some(_) => return None,
    };
    Some((address, length))
}

/// Item 10: "mixed families never match"; a prefix of no bits holds every address of its family.
pub(super) fn range_holds(range: (IpAddr, u32), address: IpAddr) -> bool {
    let (network, length) = range;
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = u32::from(network) ^ u32::from(address);
            differing.leading_zeros() >= length
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = u128::from(network) ^ u128::from(address);
            differing.leading_zeros() >= length
        }
        _ => false,
    }
}

/// Item 10, `BinaryEquals`: base64.
pub(super) fn read_bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
