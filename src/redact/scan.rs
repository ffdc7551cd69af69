//! Finds in a text what has to be replaced. First what is known by its form and may have names in it (ARNs, callers' ids, e-mail
//! addresses, UUIDs), in the rest people by name, in the rest of that addresses and ids.
//!
//! A text that is replaced although it was none of these is harm to a reader; one that is left is harm to somebody. In doubt it is
//! replaced.

use std::net::{IpAddr, Ipv6Addr};

use regex::{Captures, Regex};

use super::{Key, Redactor, arn};

/// What is looked for.
pub(super) struct Patterns {
    /// ARNs, unique ids with session names, e-mail addresses, UUIDs (those of an identity store with its id in front).
    whole: Regex,
    /// What may be an address of IPv6.
    colons: Regex,
    /// Addresses of IPv4, account ids, and ids of other forms.
    rest: Regex,
}

impl Patterns {
    /// Prepares them.
    pub(super) fn new() -> Result<Patterns, regex::Error> {
        Ok(Patterns {
            whole: Regex::new(concat!(
                r#"(?P<arn>(?i:arn):[a-z*?-]+:(?:\$\{[^}\s"]*\}|[^\s"'`<>|;(){}\\])+)"#,
                r"|(?P<id>A(?:BIA|CCA|GPA|IDA|IPA|KIA|NPA|NVA|PKA|ROA|SCA|SIA)[A-Z0-9]{8,})(?::(?P<session>[\w+=,.@-]{2,64}))?",
                r"|(?P<mail>[\w.%+'=~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)",
                r"|(?P<uuid>(?:[0-9a-f]{10}-)?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})",
            ))?,
            colons: Regex::new(concat!(
                r"(?:[0-9A-Fa-f]{1,4})?(?::[0-9A-Fa-f]{0,4}){1,6}:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
                r"|(?:[0-9A-Fa-f]{1,4})?(?::[0-9A-Fa-f]{0,4}){2,7}",
            ))?,
            rest: Regex::new(concat!(
                r"(?P<v4>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?P<mask>/\d{1,2})?",
                r"|(?P<part>\d{1,3}\.\d{1,3}(?:\.\d{1,3})?)\.\*",
                r"|ip-(?P<host>\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3})",
                r"|(?P<dashed>\d{4}-\d{4}-\d{4})",
                r"|vpce-(?P<vpce>[0-9a-f]{8,})",
                r"|sha256:(?P<short>[0-9a-f]{16,64})|(?P<long>[0-9a-f]{64})",
                r"|\bou-(?P<ou>[0-9a-z]{4,32}-[0-9a-z]{8,32})|\bo-(?P<org>[0-9a-z]{10,32})\b|(?P<above>/|^)r-(?P<root>[0-9a-z]{4,32})(?P<below>/|$)",
                r"|(?P<digits>\d+)",
            ))?,
        })
    }
}

/// The text with everything replaced; `None` where nothing is.
pub(super) fn text(r: &Redactor, text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut from = 0;
    while let Some(found) = r.patterns.whole.captures_at(text, from) {
        let Some(all) = found.get(0) else { break };
        words(r, text.get(from..all.start()).unwrap_or_default(), &mut out);
        let mut end = all.end();
        if let Some(arn) = found.name("arn") {
            let (token, length) = arn::redacted(r, arn.as_str());
            out.push_str(&token);
            end = all.start() + length.max(1);
        } else if let Some(id) = found.name("id") {
            out.push_str(&r.key.unique_id(id.as_str()));
            if let Some(session) = found.name("session") {
                out.push(':');
                let (name, after) = sentence_end(session.as_str());
                out.push_str(&r.key.person(name));
                out.push_str(after);
            }
        } else if let Some(mail) = found.name("mail") {
            out.push_str(&r.key.person(mail.as_str()));
        } else if let Some(uuid) = found.name("uuid") {
            out.push_str(&r.key.uuid(uuid.as_str()));
        }
        from = end;
    }
    words(r, text.get(from..).unwrap_or_default(), &mut out);
    (out != text).then_some(out)
}

/// A name without the point or comma that ends a sentence behind it.
pub(super) fn sentence_end(name: &str) -> (&str, &str) {
    let kept = name.trim_end_matches([',', '.', ':']);
    if kept.is_empty() { (name, "") } else { name.split_at(kept.len()) }
}

/// A text without ARNs and such: people, then addresses and ids.
pub(super) fn words(r: &Redactor, text: &str, out: &mut String) {
    r.people.replace(text, out, |rest, out| colons(r, rest, out));
}

fn is_word_at(text: &str, before: usize, after: usize) -> bool {
    let (head, tail) = (text.get(..before).unwrap_or_default(), text.get(after..).unwrap_or_default());
    head.ends_with(char::is_alphanumeric) || tail.starts_with(char::is_alphanumeric)
}

fn colons(r: &Redactor, text: &str, out: &mut String) {
    let mut from = 0;
    if text.contains("::") || text.bytes().filter(|b| *b == b':').count() >= 7 {
        for found in r.patterns.colons.find_iter(text) {
            let Ok(address) = found.as_str().parse::<Ipv6Addr>() else { continue };
            if address.is_unspecified() || is_word_at(text, found.start(), found.end()) {
                continue;
            }
            rest(r, text.get(from..found.start()).unwrap_or_default(), out);
            out.push_str(&r.key.address(address.into()).to_string());
            from = found.end();
        }
    }
    rest(r, text.get(from..).unwrap_or_default(), out);
}

fn rest(r: &Redactor, text: &str, out: &mut String) {
    out.push_str(&r.patterns.rest.replace_all(text, |found: &Captures<'_>| one(&r.key, found)));
}

/// An address of IPv4 with something other than points between its numbers.
fn v4(key: &Key, text: &str, between: &str) -> Option<String> {
    let address: IpAddr = text.replace(between, ".").parse().ok()?;
    Some(key.address(address).to_string().replace('.', between))
}

fn one(key: &Key, found: &Captures<'_>) -> String {
    let all = found.get(0).map_or("", |m| m.as_str());
    let is = |name: &str| found.name(name).map(|m| m.as_str());
    let as_it_was = || all.to_owned();
    if let Some(address) = is("v4") {
        let mask = is("mask").unwrap_or_default();
        // Everybody is no address of anybody.
        return if mask == "/0" || address == "0.0.0.0" { as_it_was() } else { v4(key, address, ".").map_or_else(as_it_was, |token| token + mask) };
    }
    if let Some(part) = is("part") {
        let token = v4(key, &format!("{part}{}", ".0".repeat(4 - part.split('.').count())), ".").unwrap_or_default();
        let kept: Vec<&str> = token.split('.').take(part.split('.').count()).collect();
        return if token.is_empty() { as_it_was() } else { format!("{}.*", kept.join(".")) };
    }
    if let Some(host) = is("host") {
        return v4(key, host, "-").map_or_else(as_it_was, |token| format!("ip-{token}"));
    }
    if let Some(id) = is("dashed") {
        let token = key.account(&id.replace('-', ""));
        return [token.get(..4), token.get(4..8), token.get(8..)].into_iter().flatten().collect::<Vec<_>>().join("-");
    }
    if let Some(id) = is("vpce") {
        return format!("vpce-{}", key.small_id("vpce", id));
    }
    if let Some(hash) = is("short") {
        return format!("sha256:{}", key.hex("hash", hash, hash.len()));
    }
    if let Some(hash) = is("long") {
        return key.hex("hash", hash, 64);
    }
    if let Some((root, unit)) = is("ou").and_then(|id| id.split_once('-')) {
        return format!("ou-{}-{}", key.small_id("root", root), key.small_id("ou", unit));
    }
    if let Some(id) = is("org") {
        return format!("o-{}", key.small_id("org", id));
    }
    if let Some(id) = is("root") {
        return format!("{}r-{}{}", is("above").unwrap_or_default(), key.small_id("root", id), is("below").unwrap_or_default());
    }
    match is("digits") {
        Some(digits) if digits.len() == 12 => key.account(digits),
        _ => as_it_was(),
    }
}

/// A pattern with its literal parts replaced; wildcards and policy variables stay.
pub(super) fn parts(pattern: &str, token: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut literal = String::new();
    let mut rest = pattern;
    let end = |literal: &mut String, out: &mut String| {
        let text = std::mem::take(literal);
        if text.chars().any(char::is_alphanumeric) { out.push_str(&token(&text)) } else { out.push_str(&text) }
    };
    while let Some(c) = rest.chars().next() {
        let wild = match c {
            '*' | '?' => 1,
            '$' if rest.starts_with("${") => rest.find('}').map_or(0, |at| at + 1),
            _ => 0,
        };
        if wild == 0 {
            literal.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else {
            end(&mut literal, &mut out);
            out.push_str(rest.get(..wild).unwrap_or_default());
            rest = rest.get(wild..).unwrap_or_default();
        }
    }
    end(&mut literal, &mut out);
    out
}

/// A pattern of names.
pub(super) fn pieces(key: &Key, pattern: &str) -> String {
    parts(pattern, |literal| key.person(literal))
}
