//! From the resources that were used to the resources that stay: names are kept, one-off ids become their type,
//! S3 keys become their folder; and nothing reaches outside the pattern that granted it.
//! Source: reference-data.md section 5.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Arn, arn_covers, arn_matches};

use super::ReduceSettings;

/// Whether a word is an id that some service made up for one thing (`i-0abc…`, a UUID, a long hex or digit run).
#[must_use]
pub fn is_one_off_id(word: &str) -> bool {
    let hex = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some((prefix, rest)) = word.rsplit_once('-')
        && (8..=17).contains(&rest.len())
        && hex(rest)
        && rest.bytes().any(|b| b.is_ascii_digit())
        && !prefix.is_empty()
        && prefix.len() <= 12
        && prefix.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    {
        return true;
    }
    let plain: String = word.chars().filter(|c| *c != '-').collect();
    plain.len() >= 16 && hex(&plain) && plain.bytes().any(|b| b.is_ascii_digit())
}

/// An S3 object ARN as its folder: `arn:aws:s3:::bucket/a/b/*`.
fn s3_folder(arn: &str) -> Option<String> {
    let parsed = Arn::parse(arn)?;
    if parsed.service != "s3" || !parsed.resource.contains('/') {
        return None;
    }
    let at = arn.rfind('/')?;
    Some(format!("{}*", arn.get(..=at)?))
}

/// Splits an ARN before its last word (behind the last `/` or `:`).
fn head_and_word(arn: &str) -> (&str, &str) {
    match arn.rfind(['/', ':']) {
        Some(at) => (arn.get(..=at).unwrap_or(arn), arn.get(at + 1..).unwrap_or("")),
        None => (arn, ""),
    }
}

fn common_prefix<'a>(words: &[&'a str]) -> &'a str {
    let Some((first, rest)) = words.split_first() else { return "" };
    let mut end = first.len();
    for word in rest {
        let same = first.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        end = end.min(same);
    }
    while !first.is_char_boundary(end) {
        end -= 1;
    }
    first.get(..end).unwrap_or("")
}

/// Removes entries that another entry covers. The result is sorted.
fn without_covered(set: BTreeSet<String>) -> Vec<String> {
    let all: Vec<String> = set.into_iter().collect();
    all.iter()
        .enumerate()
        .filter(|(i, one)| {
            !all.iter().enumerate().any(|(j, other)| j != *i && other != *one && arn_covers(other, one))
        })
        .map(|(_, one)| one.clone())
        .collect()
}

/// Generalises ARNs that were used (exact ones and type-level patterns), without looking at any grant.
#[must_use]
pub fn generalise(seen: &[String], settings: &ReduceSettings) -> Vec<String> {
    let mut out: BTreeSet<String> = BTreeSet::new();
    let mut by_head: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arn in seen {
        if arn == "*" || arn.contains(['*', '?']) {
            out.insert(arn.clone());
        } else if let Some(folder) = s3_folder(arn) {
            out.insert(folder);
        } else {
            let (head, word) = head_and_word(arn);
            by_head.entry(head).or_default().insert(word);
        }
    }
    for (head, words) in by_head {
        let (ids, names): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|w| is_one_off_id(w));
        if ids.len() >= settings.ids_to_wildcard {
            // One pattern for all ids of the kind: their common head word (`i-`) and a star.
            let prefix = common_prefix(&ids);
            let prefix = prefix.rfind('-').and_then(|at| prefix.get(..=at)).unwrap_or("");
            out.insert(format!("{head}{prefix}*"));
        } else {
            out.extend(ids.iter().map(|w| format!("{head}{w}")));
        }
        if names.len() >= settings.names_to_prefix {
            out.insert(format!("{head}{}*", common_prefix(&names)));
        } else {
            out.extend(names.iter().map(|w| format!("{head}{w}")));
        }
    }
    without_covered(out)
}

/// The resources that stay of `patterns`, given the resources that were used: generalised, but inside the
/// pattern that granted them. A pattern with variables stays as it is.
#[must_use]
pub fn narrow(seen: &[String], patterns: &[String], settings: &ReduceSettings) -> Vec<String> {
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for pattern in patterns {
        if pattern.contains("${") {
            kept.insert(pattern.clone());
            continue;
        }
        let inside: Vec<String> = seen.iter().filter(|r| arn_matches(pattern, r)).cloned().collect();
        if inside.is_empty() {
            continue;
        }
        for wide in generalise(&inside, settings) {
            kept.insert(if arn_covers(pattern, &wide) { wide } else { pattern.clone() });
        }
    }
    without_covered(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn names_stay_and_ids_become_their_type() {
        let settings = ReduceSettings::default();
        let ids = texts(&[
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa2",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa3",
            "arn:aws:sqs:eu-west-1:111122223333:orders",
        ]);
        assert_eq!(
            generalise(&ids, &settings),
            ["arn:aws:ec2:eu-west-1:111122223333:instance/i-*", "arn:aws:sqs:eu-west-1:111122223333:orders"]
        );
    }

    #[test]
    fn an_object_becomes_its_folder_inside_the_grant() {
        let settings = ReduceSettings::default();
        let seen = texts(&["arn:aws:s3:::data/in/a.csv", "arn:aws:s3:::data/in/b.csv"]);
        assert_eq!(narrow(&seen, &texts(&["arn:aws:s3:::data/*"]), &settings), ["arn:aws:s3:::data/in/*"]);
        assert_eq!(narrow(&seen, &texts(&["arn:aws:s3:::data/in/*.csv"]), &settings), ["arn:aws:s3:::data/in/*.csv"]);
    }

    #[test]
    fn words_that_people_chose_are_not_ids() {
        for name in ["orders", "prod-db", "app-facade", "team-deadbeef-x", "web-app"] {
            assert!(!is_one_off_id(name), "{name}");
        }
        for id in ["i-0abc1234def567890", "eni-01234567", "123e4567-e89b-12d3-a456-426614174000"] {
            assert!(is_one_off_id(id), "{id}");
        }
    }
}
