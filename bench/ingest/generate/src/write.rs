//! Texts made of random bits and of times, appended to the file that is being written.

use crate::dice::mix;

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE36: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digits(out: &mut Vec<u8>, mut bits: u64, length: usize, alphabet: &[u8]) {
    let width = alphabet.len().trailing_zeros();
    let mut left = 64;
    for _ in 0..length {
        if left < width {
            bits = mix(bits);
            left = 64;
        }
        // The high bits are the better ones after a shift; the mask is the alphabet's.
        out.push(alphabet[usize::try_from(bits >> (64 - width)).unwrap_or(0)]);
        bits = if left == width { mix(bits) } else { bits << width | bits >> (64 - width) };
        left -= width;
    }
}

/// `length` hexadecimal digits.
pub fn hex(out: &mut Vec<u8>, bits: u64, length: usize) {
    digits(out, bits, length, HEX);
}

/// `length` letters and digits as in the ids of IAM.
pub fn base32(out: &mut Vec<u8>, bits: u64, length: usize) {
    digits(out, bits, length, BASE32);
}

/// `length` letters and digits as in the request ids of S3 and DynamoDB.
pub fn base36(out: &mut Vec<u8>, bits: u64, length: usize) {
    digits(out, bits, length, BASE36);
}

/// `length` characters of base64.
pub fn base64(out: &mut Vec<u8>, bits: u64, length: usize) {
    digits(out, bits, length, BASE64);
}

/// A random UUID (version 4).
pub fn uuid(out: &mut Vec<u8>, bits: u64) {
    let low = mix(bits ^ 0x5555);
    hex(out, bits, 8);
    out.push(b'-');
    hex(out, bits.rotate_left(32), 4);
    out.extend_from_slice(b"-4");
    hex(out, bits.rotate_left(48), 3);
    out.push(b'-');
    out.push(b"89ab"[usize::try_from(bits & 3).unwrap_or(0)]);
    hex(out, low, 3);
    out.push(b'-');
    hex(out, low.rotate_left(12), 12);
}

/// A whole number.
pub fn number(out: &mut Vec<u8>, n: u64) {
    padded(out, n, 1);
}

/// A whole number with at least `width` digits.
pub fn padded(out: &mut Vec<u8>, mut n: u64, width: usize) {
    let mut buffer = [b'0'; 20];
    let mut at = buffer.len();
    while n > 0 || buffer.len() - at < width {
        at -= 1;
        buffer[at] = b'0' + u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
    }
    out.extend_from_slice(&buffer[at..]);
}

/// Year, month, day, hour, minute, second of epoch seconds (UTC, proleptic Gregorian).
#[must_use]
pub fn civil(seconds: u64) -> [u64; 6] {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    [era * 400 + year + u64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1, rest / 3_600, rest / 60 % 60, rest % 60]
}

/// `2026-09-14T10:11:12Z`.
pub fn time(out: &mut Vec<u8>, seconds: u64) {
    let parts = civil(seconds);
    for (part, (width, after)) in parts.iter().zip([(4, b'-'), (2, b'-'), (2, b'T'), (2, b':'), (2, b':'), (2, b'Z')]) {
        padded(out, *part, width);
        out.push(after);
    }
}

/// `Sep 14, 2026, 10:11:12 AM`, as services write times in their answers.
pub fn spoken_time(out: &mut Vec<u8>, seconds: u64) {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [year, month, day, hour, minute, second] = civil(seconds);
    out.extend_from_slice(MONTHS[usize::try_from(month - 1).unwrap_or(0)].as_bytes());
    out.push(b' ');
    number(out, day);
    out.extend_from_slice(b", ");
    number(out, year);
    out.extend_from_slice(b", ");
    number(out, (hour + 11) % 12 + 1);
    out.push(b':');
    padded(out, minute, 2);
    out.push(b':');
    padded(out, second, 2);
    out.extend_from_slice(if hour < 12 { b" AM" } else { b" PM" });
}
