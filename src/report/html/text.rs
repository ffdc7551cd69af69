//! Small words of the page: numbers, days, severities, statuses, texts of others made harmless.

use std::fmt::Write as _;

use sha2::Digest as _;

use super::super::Status;
use super::super::escape::short as visible;
use super::super::model::day;
use super::super::sql::Cell;

/// Text of others for HTML that is put together by hand: hidden characters shown, markup dead.
#[must_use]
pub fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A number with its thousands apart.
#[must_use]
pub fn number(n: impl TryInto<i64>) -> String {
    let n: i64 = n.try_into().unwrap_or(i64::MAX);
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    if n < 0 {
        out.push('-');
    }
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number with a word that fits it.
#[must_use]
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// Whole days from one moment to a later one.
#[must_use]
pub fn days_between(from_ms: i64, to_ms: i64) -> i64 {
    to_ms.saturating_sub(from_ms) / 86_400_000
}

/// The mark of a severity: its class, a shape, the word.
#[must_use]
pub fn severity(word: &str) -> (&'static str, &'static str, &'static str) {
    match word {
        "CRITICAL" => ("s4", "◆", "Critical"),
        "HIGH" => ("s3", "▲", "High"),
        "MEDIUM" => ("s2", "■", "Medium"),
        "LOW" => ("s1", "▽", "Low"),
        _ => ("s0", "○", "Info"),
    }
}

/// The mark of a status: its class, a shape, the word.
#[must_use]
pub fn status(status: Status) -> (&'static str, &'static str, &'static str) {
    match status {
        Status::Fail => ("bad", "✕", "fail"),
        Status::Unknown => ("ask", "?", "unknown"),
        Status::Pass => ("ok", "✓", "pass"),
        Status::NotApplicable => ("dim", "–", "not applicable"),
        Status::Suppressed => ("dim", "⏸", "suppressed"),
    }
}

/// A column's name for people.
#[must_use]
pub fn column(name: &str) -> String {
    name.trim_end_matches("_ms").replace('_', " ")
}

/// A cell's value for people; empty where it is absent.
#[must_use]
pub fn cell(column: &str, cell: &Cell) -> String {
    match cell {
        Cell::Int(ms) if column.ends_with("_ms") => day(Some(*ms)),
        Cell::Int(n) => number(*n),
        Cell::Bool(true) => "yes".to_owned(),
        Cell::Bool(false) => "no".to_owned(),
        other => visible(&other.text()),
    }
}

/// The id of a thing's details on the page: the same every night.
#[must_use]
pub fn id_of(letter: char, text: &str) -> String {
    let mut out = String::from(letter);
    for byte in sha2::Sha256::digest(text.as_bytes()).iter().take(6) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Kind and name of a user, group, role or policy: `role/app`, without path, because names are unique in an account; else the text itself.
#[must_use]
pub fn short(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':');
    let is_arn = parts.next() == Some("arn");
    match (is_arn, parts.nth(1), parts.nth(2)) {
        (true, Some("iam"), Some(rest)) => match (rest.split_once('/'), rest.rsplit_once('/')) {
            (Some((kind, _)), Some((_, name))) => visible(&format!("{kind}/{name}")),
            _ => visible(rest),
        },
        _ => visible(arn),
    }
}

/// The account of an ARN; empty where it names none.
#[must_use]
pub fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// A share as a percentage with one decimal.
#[must_use]
pub fn percent(part: i64, all: i64) -> String {
    let permille = if all > 0 { part.saturating_mul(1000) / all } else { 0 };
    format!("{}.{} %", permille / 10, permille % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!([number(0_usize), number(999_usize), number(1_000_usize), number(1_234_567_i64), number(-4_112_i64)], ["0", "999", "1,000", "1,234,567", "-4,112"]);
        assert_eq!(short("arn:aws:iam::111122223333:role/a/b"), "role/b");
        assert_eq!(short("arn:aws:s3:::bucket"), "arn:aws:s3:::bucket");
        assert_eq!(short("x"), "x");
        assert_eq!(account_of("arn:aws:iam::111122223333:role/a"), "111122223333");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(esc("<a b='\u{202e}'>&"), "&lt;a b=&#39;\\u{202e}&#39;&gt;&amp;");
        assert_eq!(id_of('d', "x").len(), 13);
    }
}
