//! From the resources that were used to the resources that stay: names are kept, one-off ids become their type,
//! S3 keys become their folder; each only as far as the budget of known resources bears it, and nothing reaches
//! outside the pattern that granted it. Source: reference-data.md section 5.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Arn, arn_covers, arn_matches};
use crate::reference::ActionId;
use crate::usage::UsageRow;

use super::ReduceSettings;
use super::ids::{is_lasting_type, stem};
use super::known::{Budget, Known};
use super::s3_keys;
use super::write::Ground;

/// A resource that was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen<'s> {
    /// ARN, or a pattern where the log did not tell which resource.
    pub arn: &'s str,
    /// Whether the call made it: its id is new with every call.
    pub created: bool,
}

impl<'s> Seen<'s> {
    /// The resource of a row of use.
    #[must_use]
    pub fn of(row: &'s UsageRow) -> Seen<'s> {
        Seen { arn: &row.resource_arn, created: row.provenance == "response" }
    }
}

/// What a generalisation is measured with.
pub struct Measure<'m> {
    settings: &'m ReduceSettings,
    known: &'m Known<'m>,
    used: BTreeSet<&'m str>,
}

impl<'m> Measure<'m> {
    /// Whether the budget bears a pattern.
    #[must_use]
    pub fn bears(&self, pattern: &str) -> bool {
        self.known.within(pattern, &self.used, self.settings.budget()).is_some()
    }

    /// From how many one-off ids on they become their type.
    #[must_use]
    pub fn ids(&self) -> usize {
        self.settings.ids_to_wildcard
    }

    /// From how many names on they become their common beginning.
    #[must_use]
    pub fn names(&self) -> usize {
        self.settings.names_to_prefix
    }
}

impl ReduceSettings {
    /// How much a generalised pattern may bring in.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget { permille: self.over_grant_permille, most: self.over_grant_most }
    }
}

/// The longest beginning that all words share.
#[must_use]
pub fn common_prefix<'a>(words: &[&'a str]) -> &'a str {
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
#[must_use]
pub fn without_covered(set: BTreeSet<String>) -> Vec<String> {
    let all: Vec<String> = set.into_iter().collect();
    let wide: Vec<&String> = all.iter().filter(|a| a.contains(['*', '?'])).collect();
    let mut kept: Vec<String> = Vec::new();
    for one in &all {
        // Two patterns that cover each other differ in spelling only; the first stays.
        let covered = wide.iter().any(|other| *other != one && arn_covers(other, one) && !(arn_covers(one, other) && *other > one));
        if !covered {
            kept.push(one.clone());
        }
    }
    kept
}

/// Splits an ARN before its last word (behind the last `/` or `:`).
fn head_and_word(arn: &str) -> (&str, &str) {
    match arn.rfind(['/', ':']) {
        Some(at) => (arn.get(..=at).unwrap_or(arn), arn.get(at + 1..).unwrap_or("")),
        None => (arn, ""),
    }
}

/// An ARN with `*` in place of every part that is made up for one thing; `None` where there is no such part.
fn template(arn: &str) -> Option<String> {
    let parsed = Arn::parse(arn)?;
    if parsed.service == "s3" || is_lasting_type(parsed.service, parsed.resource) {
        return None;
    }
    let start = arn.len() - parsed.resource.len();
    let mut out = arn.get(..start)?.to_owned();
    let mut any = false;
    for piece in parsed.resource.split_inclusive(['/', ':']) {
        let word = piece.trim_end_matches(['/', ':']);
        match stem(word) {
            Some(kept) => {
                any = true;
                out.push_str(kept);
                out.push('*');
                out.push_str(piece.get(word.len()..).unwrap_or(""));
            }
            None => out.push_str(piece),
        }
    }
    any.then_some(out)
}

/// A `${` in the name of a resource would be a policy variable in a policy: the pattern ends before it.
fn without_variables(arn: &str) -> String {
    match arn.split_once("${") {
        Some((before, _)) => format!("{before}*"),
        None => arn.to_owned(),
    }
}

/// Generalises ARNs that were used (exact ones and type-level patterns), without looking at any grant.
#[must_use]
pub fn generalise(seen: &[Seen<'_>], known: &Known<'_>, settings: &ReduceSettings) -> Vec<String> {
    let measure = Measure { settings, known, used: seen.iter().map(|s| s.arn).collect() };
    let mut out: BTreeSet<String> = BTreeSet::new();
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut made_up: BTreeMap<String, (BTreeSet<&str>, bool)> = BTreeMap::new();
    let mut by_head: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in seen {
        if one.arn.contains("${") {
            out.insert(without_variables(one.arn));
        } else if one.arn == "*" || one.arn.contains(['*', '?']) {
            out.insert(one.arn.to_owned());
        } else if let Some((bucket, key)) = s3_keys::split(one.arn) {
            keys.entry(bucket).or_default().insert(key);
        } else if let Some(template) = template(one.arn) {
            let entry = made_up.entry(template).or_default();
            entry.0.insert(one.arn);
            entry.1 |= one.created;
        } else {
            let (head, word) = head_and_word(one.arn);
            by_head.entry(head).or_default().insert(word);
        }
    }
    for (bucket, keys) in keys {
        out.extend(s3_keys::folders(bucket, &keys.into_iter().collect::<Vec<_>>(), &measure));
    }
    for (template, (arns, created)) in made_up {
        if created || (arns.len() >= settings.ids_to_wildcard && measure.bears(&template)) {
            out.insert(template);
        } else {
            out.extend(arns.into_iter().map(str::to_owned));
        }
    }
    for (head, words) in by_head {
        let words: Vec<&str> = words.into_iter().collect();
        // The names of buckets are everybody's: a pattern of them reaches into other accounts.
        let is_bucket = Arn::parse(head).is_some_and(|a| a.service == "s3" && a.account.is_empty());
        let wide = format!("{head}{}*", common_prefix(&words));
        if words.len() >= settings.names_to_prefix && !is_bucket && measure.bears(&wide) {
            out.insert(wide);
        } else {
            out.extend(words.iter().map(|w| format!("{head}{w}")));
        }
    }
    if !settings.pin_region {
        out = any_region(out, &measure);
    }
    without_covered(out)
}

/// One pattern for what was used in several regions under one name.
fn any_region(set: BTreeSet<String>, measure: &Measure<'_>) -> BTreeSet<String> {
    let mut by_rest: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for arn in set {
        match Arn::parse(&arn) {
            Some(a) if !a.region.is_empty() => {
                let wide = format!("arn:{}:{}:*:{}:{}", a.partition, a.service, a.account, a.resource);
                by_rest.entry(wide).or_default().insert(arn);
            }
            _ => {
                out.insert(arn);
            }
        }
    }
    for (wide, arns) in by_rest {
        if arns.len() > 1 && measure.bears(&wide) {
            out.insert(wide);
        } else {
            out.extend(arns);
        }
    }
    out
}

/// What of a generalised pattern lies inside the pattern that granted it: all of it, its part with the grant's own
/// ending, the resources one by one, or the grant.
fn inside(pattern: &str, wide: String, seen: &[Seen<'_>], settings: &ReduceSettings) -> Vec<String> {
    if arn_covers(pattern, &wide) {
        return vec![wide];
    }
    let here: Vec<&Seen<'_>> = seen.iter().filter(|s| arn_covers(&wide, s.arn)).collect();
    if let Some((_, ending)) = pattern.rsplit_once('*')
        && wide.ends_with('*')
    {
        let same_ending = format!("{wide}{ending}");
        if !ending.is_empty() && arn_covers(pattern, &same_ending) && here.iter().all(|s| arn_covers(&same_ending, s.arn)) {
            return vec![same_ending];
        }
    }
    let exact = |s: &&Seen<'_>| !s.created && !s.arn.contains(['*', '?', '$']);
    if !here.is_empty() && here.len() <= settings.names_to_prefix && here.iter().all(exact) {
        return here.into_iter().map(|s| s.arn.to_owned()).collect();
    }
    vec![pattern.to_owned()]
}

fn narrowed(seen: &[Seen<'_>], patterns: &[String], known: &Known<'_>, settings: &ReduceSettings) -> BTreeSet<String> {
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for pattern in patterns {
        if pattern.contains("${") {
            kept.insert(pattern.clone());
            continue;
        }
        let taken: Vec<Seen<'_>> = seen.iter().filter(|s| arn_matches(pattern, s.arn)).copied().collect();
        if taken.is_empty() {
            continue;
        }
        for wide in generalise(&taken, known, settings) {
            kept.extend(inside(pattern, wide, &taken, settings));
        }
    }
    kept
}

/// The resources that stay of `patterns`, given the resources that were used: generalised, but inside the
/// pattern that granted them. A pattern with variables stays as it is. Nothing is known of other resources here, and
/// nothing of the action: see [`kept`].
#[must_use]
pub fn narrow(seen: &[String], patterns: &[String], settings: &ReduceSettings) -> Vec<String> {
    let seen: Vec<Seen<'_>> = seen.iter().map(|arn| Seen { arn, created: false }).collect();
    without_covered(narrowed(&seen, patterns, &Known::default(), settings))
}

/// The resources that stay for one action: as [`narrow`], under the budget of known resources, and for every resource
/// type of the action that none of the used resources is of, what the grant says of that type: events often name one
/// of the resources that a call is authorised on and are silent on the others (`ssm:SendCommand`: the document, not
/// the instances).
#[must_use]
pub fn kept(id: ActionId, seen: &[Seen<'_>], patterns: &[String], ground: &Ground<'_>) -> Vec<String> {
    let mut kept = narrowed(seen, patterns, &ground.known, ground.settings);
    for part in ground.types.parts_not_seen(id, seen, patterns, ground.reference) {
        kept.insert(part);
    }
    without_covered(kept)
}

/// [`kept`], where it is less than what was granted; `None` where nothing can be narrowed. Granted patterns that no
/// resource of the action can match say nothing of it and are not counted.
#[must_use]
pub fn smaller(id: ActionId, seen: &[Seen<'_>], patterns: &[String], ground: &Ground<'_>) -> Option<Vec<String>> {
    let smaller = kept(id, seen, patterns, ground);
    let now: BTreeSet<&String> = smaller.iter().collect();
    let of_action: BTreeSet<&String> = patterns.iter().filter(|p| p.contains("${") || ground.types.may_match(id, p, ground.reference)).collect();
    (now != of_action && now != patterns.iter().collect()).then_some(smaller)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    fn wide(list: &[&str]) -> Vec<String> {
        let seen: Vec<Seen<'_>> = list.iter().map(|arn| Seen { arn, created: false }).collect();
        generalise(&seen, &Known::default(), &ReduceSettings::default())
    }

    #[test]
    fn names_stay_and_ids_become_their_type() {
        let ids = [
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa2",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa3",
            "arn:aws:sqs:eu-west-1:111122223333:orders",
        ];
        assert_eq!(wide(&ids), ["arn:aws:ec2:eu-west-1:111122223333:instance/i-*", "arn:aws:sqs:eu-west-1:111122223333:orders"]);
        assert_eq!(wide(&ids[1..]), ids[1..]);
        let keys: Vec<String> = (0..9).map(|n| format!("arn:aws:kms:eu-west-1:111122223333:key/123e4567-e89b-12d3-a456-42661417400{n}")).collect();
        assert_eq!(wide(&keys.iter().map(String::as_str).collect::<Vec<_>>()), keys, "keys stay for years");
    }

    #[test]
    fn ids_inside_a_name_go_where_they_stand() {
        let tasks: Vec<String> = (0..3).map(|n| format!("arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef012345678900000{n}")).collect();
        assert_eq!(wide(&tasks.iter().map(String::as_str).collect::<Vec<_>>()), ["arn:aws:ecs:eu-west-1:111122223333:task/prod/*"]);
        let versions: Vec<String> = (1..4).map(|n| format!("arn:aws:lambda:eu-west-1:111122223333:function:f:{n}")).collect();
        assert_eq!(wide(&versions.iter().map(String::as_str).collect::<Vec<_>>()), ["arn:aws:lambda:eu-west-1:111122223333:function:f:*"]);
    }

    #[test]
    fn what_a_call_makes_has_a_new_id_every_time() {
        let seen = [Seen { arn: "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1", created: true }];
        assert_eq!(generalise(&seen, &Known::default(), &ReduceSettings::default()), ["arn:aws:ec2:eu-west-1:111122223333:instance/i-*"]);
    }

    #[test]
    fn an_object_becomes_its_folder_inside_the_grant() {
        let settings = ReduceSettings::default();
        let seen = texts(&["arn:aws:s3:::data/in/a.csv", "arn:aws:s3:::data/in/b.csv"]);
        assert_eq!(narrow(&seen, &texts(&["arn:aws:s3:::data/*"]), &settings), ["arn:aws:s3:::data/in/*"]);
        assert_eq!(narrow(&seen, &texts(&["arn:aws:s3:::data/in/*.csv"]), &settings), ["arn:aws:s3:::data/in/*.csv"]);
        assert_eq!(narrow(&seen, &texts(&["arn:aws:s3:::data/*.csv"]), &settings), ["arn:aws:s3:::data/in/*.csv"]);
        assert_eq!(narrow(&seen, &texts(&["arn:aws:s3:::data/??/a.*"]), &settings), ["arn:aws:s3:::data/in/a.csv"]);
        assert_eq!(narrow(&seen, &texts(&["arn:aws:s3:::${aws:username}/*"]), &settings), ["arn:aws:s3:::${aws:username}/*"]);
    }

    #[test]
    fn a_pattern_that_would_bring_in_too_much_is_refused() {
        let all: Vec<String> = (0..40).map(|n| format!("arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaa{n:02}")).collect();
        let known = Known::new(all.iter().map(String::as_str));
        let seen: Vec<Seen<'_>> = all.iter().take(3).map(|arn| Seen { arn, created: false }).collect();
        let settings = ReduceSettings::default();
        assert_eq!(generalise(&seen, &known, &settings), all[..3], "3 of 40: more than nine others for each");
        let seen: Vec<Seen<'_>> = all.iter().take(4).map(|arn| Seen { arn, created: false }).collect();
        assert_eq!(generalise(&seen, &known, &settings), ["arn:aws:ec2:eu-west-1:111122223333:instance/i-*"]);
    }

    #[test]
    fn regions_are_pinned_unless_told_otherwise() {
        let seen = [Seen { arn: "arn:aws:sqs:eu-west-1:111122223333:q", created: false }, Seen { arn: "arn:aws:sqs:eu-west-2:111122223333:q", created: false }];
        let mut settings = ReduceSettings::default();
        assert_eq!(generalise(&seen, &Known::default(), &settings).len(), 2);
        settings.pin_region = false;
        assert_eq!(generalise(&seen, &Known::default(), &settings), ["arn:aws:sqs:*:111122223333:q"]);
        assert_eq!(generalise(&seen[..1], &Known::default(), &settings), [seen[0].arn], "one region stays");
    }

    #[test]
    fn a_name_that_looks_like_a_variable_is_none() {
        assert_eq!(wide(&["arn:aws:s3:::b/x/${aws:username}/k"]), ["arn:aws:s3:::b/x/*"]);
    }
}
