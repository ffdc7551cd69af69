//! S3 server access logs: the line, taken apart.
//!
//! A line has 17 to 27 fields, more in times to come, one blank between them. The time stands in brackets; request, referrer
//! and user agent stand in quotes that S3 does not escape, and the last two are the caller's words. No request holds a
//! blank after a quote (blanks end its address), and no field behind the user agent holds a quote: so the request ends at
//! the first quote with a blank behind it, and the user agent at the last quote of the line, whatever is written in it.
//! Source: S3 User Guide, "Amazon S3 server access log format"; inputs-and-evaluation.md section 3.4.

use std::collections::BTreeMap;

use super::access_log_record::{Entry, synthesize};
use super::{Reject, json};

/// `eventType` of records that come from access logs.
pub const EVENT_TYPE: &str = "S3ServerAccessLog";

/// Where a log lies, where its key tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Account of the bucket that was logged.
    pub account: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
}

impl Place {
    /// Reads a key with date-based partitioning: `<account>/<region>/<bucket>/YYYY/MM/DD/…` (S3 User Guide, "Log object
    /// key format"). Other keys do not tell.
    #[must_use]
    pub fn of(name: &str) -> Place {
        let parts: Vec<&str> = name.split('/').collect();
        let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
        for window in parts.windows(6) {
            if let [account, region, bucket, year, month, day] = window
                && digits(account, 12)
                && digits(year, 4)
                && digits(month, 2)
                && digits(day, 2)
                && region.contains('-')
            {
                let [account, region, bucket] = [account, region, bucket].map(|t| Some((*t).to_owned()));
                return Place { account, region, bucket };
            }
        }
        Place::default()
    }
}

/// Whether a line begins as those of access logs do: owner, bucket, `[06/Feb/2019:00:00:38 +0000]`.
#[must_use]
pub fn looks_like(line: &[u8]) -> bool {
    let mut fields = line.get(..400.min(line.len())).unwrap_or_default().splitn(3, |b| *b == b' ');
    let (Some(owner), Some(bucket), Some(rest)) = (fields.next(), fields.next(), fields.next()) else { return false };
    let at = |i: usize| rest.get(i).copied();
    let is_plain = |text: &[u8]| !text.is_empty() && !text.iter().any(|b| matches!(b, b'"' | b'[' | b'{'));
    is_plain(owner) && is_plain(bucket) && [at(0), at(3), at(7), at(12)] == [Some(b'['), Some(b'/'), Some(b'/'), Some(b':')]
}

/// The next field up to a blank.
fn word<'l>(rest: &mut &'l str) -> Option<&'l str> {
    if rest.is_empty() {
        return None;
    }
    let (field, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    *rest = behind;
    Some(field)
}

/// The field in brackets, or a dash.
fn time<'l>(rest: &mut &'l str) -> Option<&'l str> {
    let Some(inner) = rest.strip_prefix('[') else { return word(rest) };
    let (field, behind) = inner.split_once(']')?;
    *rest = behind.strip_prefix(' ')?;
    Some(field)
}

/// The request: in quotes, or a dash.
fn request<'l>(rest: &mut &'l str) -> Option<&'l str> {
    let Some(inner) = rest.strip_prefix('"') else { return word(rest) };
    let (field, behind) = inner.split_once("\" ")?;
    *rest = behind;
    Some(field)
}

/// Referrer and user agent, and the fields behind them.
fn referrer_and_agent<'l>(rest: &mut &'l str) -> Option<(&'l str, &'l str)> {
    let referrer = match rest.strip_prefix('"') {
        Some(inner) => {
            let end = inner.find("\" \"").or_else(|| inner.find("\" "))?;
            *rest = inner.get(end + 2..)?;
            inner.get(..end)?
        }
        None => word(rest)?,
    };
    let agent = match rest.strip_prefix('"') {
        Some(inner) => {
            let end = inner.rfind('"')?;
            *rest = inner.get(end + 1..)?.trim_start_matches(' ');
            inner.get(..end)?
        }
        None => word(rest)?,
    };
    Some((referrer, agent))
}

fn told(field: &str) -> Option<&str> {
    Some(field).filter(|f| !f.is_empty() && *f != "-")
}

fn split(line: &str) -> Option<Entry<'_>> {
    let mut rest = line;
    let rest = &mut rest;
    let (owner, bucket) = (word(rest)?, word(rest)?);
    let time = time(rest)?;
    let (ip, requester, request_id, operation, key) = (word(rest)?, word(rest)?, word(rest)?, word(rest)?, word(rest)?);
    let request = request(rest)?;
    let (status, error) = (word(rest)?, word(rest)?);
    for _ in ["bytes sent", "object size", "total time", "turn-around time"] {
        word(rest)?;
    }
    let (_, agent) = referrer_and_agent(rest)?;
    let mut more = std::iter::from_fn(|| word(rest));
    let mut next = || more.next().and_then(told);
    let version = next();
    let (_host_id, _signature, cipher, auth, host, tls, access_point) = (next(), next(), next(), next(), next(), next(), next());
    Some(Entry {
        owner: told(owner),
        bucket: told(bucket),
        time,
        ip: told(ip),
        requester: told(requester),
        request_id: told(request_id),
        operation: told(operation)?,
        key: told(key),
        request: told(request),
        status: told(status),
        error: told(error),
        agent: told(agent),
        version,
        cipher,
        auth,
        host,
        tls,
        access_point,
    })
}

/// The record of a line.
///
/// # Errors
/// Field and reason, when it is no line of an access log.
pub fn record(line: &str, place: &Place) -> Result<String, Reject> {
    let entry = split(line).ok_or_else(|| ("", "a line of an access log that breaks off".to_owned()))?;
    synthesize(&entry, place)
}

/// The record of an entry that was delivered to CloudWatch Logs (S3 User Guide, "Log format in CloudWatch Logs").
///
/// # Errors
/// Field and reason, when it cannot be read.
pub fn record_of_json(bytes: &[u8]) -> Result<String, Reject> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let walked = json::Scanner::new(bytes).fields(|name, scanner| {
        let value = scanner.value()?;
        let plain = match value.first() {
            Some(b'"') => json::text(value),
            Some(b'0'..=b'9') => std::str::from_utf8(value).ok().map(str::to_owned),
            _ => None,
        };
        if let (Ok(name), Some(plain)) = (std::str::from_utf8(name), plain) {
            fields.entry(name.to_owned()).or_insert(plain);
        }
        Ok(())
    });
    walked.map_err(|e| ("", e.reason()))?;
    let get = |names: &[&str]| names.iter().find_map(|n| fields.get(*n)).and_then(|f| told(f));
    let entry = Entry {
        owner: get(&["bucket_owner_id", "bucket_owner"]),
        bucket: get(&["bucket_name", "bucket"]),
        time: get(&["request_time", "time"]).unwrap_or(""),
        ip: get(&["remote_ip"]),
        requester: get(&["requester"]),
        request_id: get(&["request_id"]),
        operation: get(&["operation"]).ok_or_else(|| ("operation", "missing".to_owned()))?,
        key: get(&["key_name", "key"]),
        request: get(&["request_uri"]),
        status: get(&["http_status", "http_status_code", "status"]),
        error: get(&["error_code"]),
        agent: get(&["user_agent"]),
        version: get(&["version_id"]),
        cipher: get(&["cipher_suite"]),
        auth: get(&["authentication_type", "auth_type"]),
        host: get(&["host_header"]),
        tls: get(&["tls_version"]),
        access_point: get(&["access_point_arn", "aws_access_point_arn"]),
    };
    synthesize(&entry, &Place::default())
}

#[cfg(test)]
mod tests;
