//! Networks, clients and names of sessions, told in few words: addresses as /24 or /48, user agents as families, names as
//! patterns.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::{Ipv4Net, Ipv6Net};

use crate::usage::assumption_details::Tally;

/// How many values a cell lists.
const LISTED: usize = 5;
/// The longest value that a cell shows.
const LONGEST: usize = 80;

/// The network of an address: /24 of IPv4, /48 of IPv6.
#[must_use]
pub fn network(address: &str) -> Option<String> {
    Some(match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(a) => Ipv4Net::new(a, 24).ok()?.trunc().to_string(),
        IpAddr::V6(a) => Ipv6Net::new(a, 48).ok()?.trunc().to_string(),
    })
}

/// A user agent's family: the word before its version.
#[must_use]
pub fn family(agent: &str) -> &str {
    let agent = agent.trim_start_matches('[').trim_end_matches(']');
    let word = agent.split(['/', ' ']).next().unwrap_or(agent);
    if word.is_empty() { agent } else { word }
}

/// The pattern of a session's name: what looks made by a machine is `*`, other numbers are `#`.
#[must_use]
pub fn name_pattern(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut word = String::new();
    let close = |word: &mut String, out: &mut String| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let is_number = digits == word.chars().count();
        if digits == 0 {
            out.push_str(word);
        } else if is_number {
            out.push('#');
        } else if word.chars().count() >= 8 {
            out.push('*');
        } else {
            let mut last_was_digit = false;
            for c in word.chars() {
                if !c.is_ascii_digit() {
                    out.push(c);
                } else if !last_was_digit {
                    out.push('#');
                }
                last_was_digit = c.is_ascii_digit();
            }
        }
        word.clear();
    };
    for c in name.chars() {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            close(&mut word, &mut out);
            out.push(c);
        }
    }
    close(&mut word, &mut out);
    out
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}

/// The values with the most calls, `value (calls)`, and how many there are besides; `None` where there are none.
#[must_use]
pub fn listed(tally: &Tally) -> Option<String> {
    let list = tally.most_first();
    if list.is_empty() {
        return None;
    }
    let mut text = list.iter().take(LISTED).map(|(v, n)| format!("{} ({n})", short(v))).collect::<Vec<_>>().join(", ");
    let more = list.len().saturating_sub(LISTED);
    if more > 0 || tally.more > 0 {
        text.push_str(&format!(", {more} more"));
    }
    Some(text)
}

/// A tally of what each value stands for.
#[must_use]
pub fn grouped(tally: &Tally, of: impl Fn(&str) -> String) -> Tally {
    let mut out = Tally { more: tally.more, ..Tally::default() };
    for (value, calls) in &tally.values {
        out.add(&of(value), *calls);
    }
    out
}

/// A few texts and how many there are besides; `None` where there are none.
#[must_use]
pub fn some_of(texts: &BTreeSet<String>, at_most: usize) -> Option<String> {
    if texts.is_empty() {
        return None;
    }
    let mut text = texts.iter().take(at_most).map(|t| short(t)).collect::<Vec<_>>().join("; ");
    if texts.len() > at_most {
        text.push_str(&format!("; {} more", texts.len() - at_most));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_agents_and_names_in_few_words() {
        assert_eq!(network("203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("2001:db8:1:2::3").as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(network("AWS Internal"), None);
        assert_eq!(family("aws-cli/2.17.1 Python/3.11"), "aws-cli");
        assert_eq!(family("[Boto3/1.34 md/x]"), "Boto3");
        assert_eq!(family("datadog"), "datadog");
        assert_eq!(name_pattern("build-4711"), "build-#");
        assert_eq!(name_pattern("i-0abc12345def67890"), "i-*");
        assert_eq!(name_pattern("ann@example.com"), "ann@example.com");
        assert_eq!(name_pattern("GitHubActions"), "GitHubActions");
        assert_eq!(name_pattern("job7b"), "job#b");
        let mut tally = Tally::default();
        for n in 0..7 {
            tally.add(&format!("v{n}"), n);
        }
        assert_eq!(listed(&tally).as_deref(), Some("v6 (6), v5 (5), v4 (4), v3 (3), v2 (2), 2 more"));
        assert_eq!(listed(&Tally::default()), None);
    }
}
