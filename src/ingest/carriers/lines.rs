//! Files of lines: JSON Lines, the lines of a CloudWatch Logs export (`<time> <message>`), S3 access logs, in any mixture.

use memchr::memchr_iter;

use super::json::Scanner;
use super::{Carrier, Found, NotTaken, access_log, document};

/// This many lines at most tell whether a file is one of lines.
const LOOKED_AT: usize = 20;

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', text).chain(std::iter::once(text.len()));
    ends.map(move |end| {
        let line = text.get(start..end).unwrap_or_default();
        start = end + 1;
        line.trim_ascii()
    })
    .filter(|line| !line.is_empty())
}

/// Whether a line holds whole JSON documents and nothing else.
fn is_whole(line: &[u8]) -> bool {
    let mut scanner = Scanner::new(line);
    while let Some(next) = scanner.peek() {
        if !matches!(next, b'{' | b'[') || scanner.value().is_err() {
            return false;
        }
    }
    true
}

/// The message of an exported line: what stands behind its time (CloudWatch Logs user guide, "Exporting log data to
/// Amazon S3": each event is preceded by its time, RFC 3339 in UTC).
fn exported(line: &[u8]) -> Option<&[u8]> {
    let space = memchr::memchr(b' ', line.get(..40.min(line.len()))?)?;
    let (time, message) = (line.get(..space)?, line.get(space + 1..)?.trim_ascii());
    let is_time = time.len() >= 19 && time.get(4) == Some(&b'-') && time.get(10) == Some(&b'T') && time.starts_with(b"2");
    (is_time && (message.starts_with(b"{") || access_log::looks_like(message))).then_some(message)
}

fn is_known(line: &[u8]) -> bool {
    is_whole(line) || exported(line).is_some() || access_log::looks_like(line)
}

/// Whether a file is one of lines: the first of them is whole by itself, or at least half of the first ones are. A document
/// in a single line is none; it is not looked through for that.
pub fn is_lines(text: &[u8]) -> bool {
    let mut first = lines(text);
    if first.next().is_some_and(|line| line.starts_with(b"{") || line.starts_with(b"[")) && first.next().is_none() {
        return false;
    }
    let (mut known, mut seen) = (0, 0);
    for line in lines(text).take(LOOKED_AT) {
        seen += 1;
        if is_known(line) {
            if seen == 1 {
                return true;
            }
            known += 1;
        }
    }
    known > 0 && known * 2 >= seen
}

/// The records of all lines. A line that is none is a rejection of its own.
///
/// # Errors
/// [`NotTaken::NoLog`] when no line is of a log, and what a file of one document has wrong with it.
pub fn all<'f>(name: &str, text: &'f [u8], found: &mut Found<'f>) -> Result<(), NotTaken> {
    let place = access_log::Place::of(name);
    let mut first_fault = None;
    let mut count = 0_u64;
    for line in lines(text) {
        count += 1;
        if let Err(fault) = one(&place, line, found) {
            let (NotTaken::NoLog(reason) | NotTaken::Damaged(reason)) = &fault;
            found.reject("", reason.clone());
            first_fault.get_or_insert(fault);
        }
    }
    match first_fault {
        // One document, all in one line.
        Some(fault) if count == 1 && found.is_nothing() => Err(fault),
        Some(_) if found.is_nothing() => Err(NotTaken::NoLog("lines, but not of a log that is known".to_owned())),
        _ => Ok(()),
    }
}

fn one<'f>(place: &access_log::Place, line: &'f [u8], found: &mut Found<'f>) -> Result<(), NotTaken> {
    if line.starts_with(b"{") || line.starts_with(b"[") {
        return document::sequence(line, found);
    }
    if let Some(message) = exported(line) {
        let of_message = |found: &mut Found<'f>| if message.starts_with(b"{") { document::sequence(message, found) } else { one(place, message, found) };
        return found.inside(Carrier::CloudWatchLogs, of_message);
    }
    if access_log::looks_like(line) {
        match std::str::from_utf8(line) {
            Ok(line) => found.give(access_log::record(line, place), Carrier::AccessLog),
            Err(e) => {
                found.seen(Carrier::AccessLog);
                found.reject("", format!("not UTF-8 at byte {} of the line", e.valid_up_to()));
            }
        }
        return Ok(());
    }
    Err(NotTaken::NoLog("neither JSON nor a line of a log that is known".to_owned()))
}
