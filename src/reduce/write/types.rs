//! Which resource types an action works on, and whether an ARN or a pattern can be of one of them.
//!
//! A type is AWS's ARN pattern with every variable as `*`. As a `*` crosses `/` and `:`, some types' patterns take in
//! other types' ARNs (a bucket's those of objects); an ARN that a closer type takes in is of that type alone.
//! Source: reference-data.md sections 1 and 5, rules (c) and (d).

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Arn, arn_covers, arn_intersects, glob_covers};
use crate::reference::{AccessLevel, ActionId, ActionInfo, Reference};

use super::super::narrow::Seen;

/// One resource type.
#[derive(Debug, Default, Clone)]
struct Type {
    /// ARN patterns.
    globs: Vec<String>,
    /// Patterns of the service's other types that lie inside one of them.
    closer: Vec<String>,
}

impl Type {
    /// Whether some ARN of this type may match a pattern of a policy.
    fn may_match(&self, pattern: &str) -> bool {
        self.globs.iter().any(|g| arn_intersects(pattern, g)) && !self.closer.iter().any(|c| arn_covers(c, pattern))
    }

    /// Whether an ARN, or all ARNs of a pattern, are of this type.
    fn takes(&self, arn: &str) -> bool {
        self.globs.iter().any(|g| arn_covers(g, arn)) && !self.closer.iter().any(|c| arn_covers(c, arn))
    }
}

/// The types of all services.
#[derive(Debug, Default)]
pub struct Types {
    by_service: BTreeMap<String, Vec<Type>>,
}

/// An ARN pattern of the reference with `*` for every variable.
#[must_use]
pub fn as_glob(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out
}

/// What comes before the first `*` of the resource part.
fn literal(glob: &str) -> &str {
    let resource = Arn::parse(glob).map_or(glob, |a| a.resource);
    resource.split('*').next().unwrap_or("")
}

/// Whether two patterns are of one service and both have a region or an account, or neither.
fn same_place(a: &str, b: &str) -> bool {
    matches!((Arn::parse(a), Arn::parse(b)), (Some(a), Some(b)) if a.service == b.service && a.region.is_empty() == b.region.is_empty() && a.account.is_empty() == b.account.is_empty())
}

impl Types {
    /// Prepares the types of the reference.
    #[must_use]
    pub fn new(reference: &Reference) -> Types {
        let mut by_service = BTreeMap::new();
        for service in reference.services() {
            let globs: Vec<Vec<String>> = service.resource_types.iter().map(|t| t.arn_patterns.iter().map(|p| as_glob(p)).collect()).collect();
            let all: Vec<&String> = globs.iter().flatten().collect();
            let types = globs
                .iter()
                .map(|own| {
                    let is_closer = |other: &&&String| {
                        own.iter().any(|g| g != **other && literal(other).starts_with(literal(g)) && same_place(g, other) && arn_covers(g, other) && !arn_covers(other, g))
                            && !own.contains(other)
                    };
                    Type { globs: own.clone(), closer: all.iter().filter(is_closer).map(|g| (*g).clone()).collect() }
                })
                .collect();
            by_service.insert(service.prefix.clone(), types);
        }
        Types { by_service }
    }

    fn of<'t>(&'t self, action: &'t ActionInfo) -> impl Iterator<Item = (&'t Type, bool)> + 't {
        let prefix = action.name.split_once(':').map_or("", |(p, _)| p);
        let types = self.by_service.get(prefix).map_or(&[][..], Vec::as_slice);
        action.resources.iter().filter_map(|r| types.get(r.type_index as usize).map(|t| (t, r.required)))
    }

    /// Whether the action may be authorised on some resource that a pattern of a policy takes in. An action without
    /// types is authorised on `*` alone.
    #[must_use]
    pub fn may_match(&self, id: ActionId, pattern: &str, reference: &Reference) -> bool {
        if pattern == "*" {
            return true;
        }
        reference.action(id).is_none_or(|action| self.of(action).any(|(t, _)| t.may_match(pattern)))
    }

    /// What the granted patterns say of those types of an action that none of the used resources is of. Types that are
    /// alternatives of each other are told by the one that was named.
    #[must_use]
    pub fn parts_not_seen(&self, id: ActionId, seen: &[Seen<'_>], patterns: &[String], reference: &Reference) -> BTreeSet<String> {
        let mut parts = BTreeSet::new();
        let Some(action) = reference.action(id) else { return parts };
        if action.resources.len() < 2 || alternatives(action) {
            return parts;
        }
        let partition = seen.iter().find_map(|s| Arn::parse(s.arn)).map_or("*", |a| a.partition);
        for (kind, _) in self.of(action).filter(|(t, _)| !seen.iter().any(|s| t.takes(s.arn))) {
            for pattern in patterns.iter().filter(|p| !p.contains("${") && kind.may_match(p)) {
                for glob in kind.globs.iter().filter(|g| arn_intersects(pattern, g)) {
                    let nested: Vec<String> = seen.iter().filter_map(|s| nested_in(s.arn, glob, self.of(action))).collect();
                    let parts_of_type = if nested.is_empty() { vec![pinned(glob, partition)] } else { nested };
                    parts.extend(parts_of_type.iter().map(|g| part_of(pattern, g)));
                }
            }
        }
        parts
    }

    /// Patterns for the required types of an action that none of the used resources is of, in the accounts and regions
    /// that were seen: for policies from use alone.
    #[must_use]
    pub fn required_not_seen(&self, id: ActionId, seen: &[Seen<'_>], account: &str, regions: &BTreeSet<&str>, reference: &Reference) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let Some(action) = reference.action(id) else { return out };
        if alternatives(action) || seen.iter().any(|s| s.arn == "*") {
            return out;
        }
        let partition = seen.iter().find_map(|s| Arn::parse(s.arn)).map_or("*", |a| a.partition);
        for (kind, _) in self.of(action).filter(|(t, required)| *required && !seen.iter().any(|s| t.takes(s.arn))) {
            for glob in &kind.globs {
                let Some(a) = Arn::parse(glob) else { continue };
                let own = if a.account == "*" { account } else { a.account };
                let places: Vec<&str> = if a.region == "*" && !regions.is_empty() { regions.iter().copied().collect() } else { vec![a.region] };
                out.extend(places.iter().map(|region| format!("arn:{partition}:{}:{region}:{own}:{}", a.service, a.resource)));
            }
        }
        out
    }
}

/// Whether the types of an action are alternatives, so that a call that names one of them needs no other: tagging,
/// resource policies, reading where no type is required, and all of S3 (a bucket or an access point to it).
fn alternatives(action: &ActionInfo) -> bool {
    let (prefix, name) = action.name.split_once(':').unwrap_or(("", &action.name));
    let none_required = action.resources.iter().all(|r| !r.required);
    action.level == AccessLevel::Tagging
        || name.ends_with("ResourcePolicy")
        || name.ends_with("TagsForResource")
        || (none_required && (matches!(action.level, AccessLevel::List | AccessLevel::Read) || prefix.starts_with("s3")))
}

/// A type's pattern with the used resource that it is nested in: `table/orders/index/*` for the table `orders`.
fn nested_in<'t>(arn: &str, glob: &str, types: impl Iterator<Item = (&'t Type, bool)>) -> Option<String> {
    if arn.contains(['*', '?']) {
        return None;
    }
    let mut around = types.filter(|(t, _)| t.takes(arn)).flat_map(|(t, _)| &t.globs);
    let rest = around.find_map(|g| glob.strip_prefix(g.as_str()).filter(|rest| rest.starts_with(['/', ':'])))?;
    Some(format!("{arn}{rest}"))
}

fn pinned(glob: &str, partition: &str) -> String {
    match Arn::parse(glob) {
        Some(a) => format!("arn:{partition}:{}:{}:{}:{}", a.service, a.region, a.account, a.resource),
        None => glob.to_owned(),
    }
}

/// What a granted pattern and a type's pattern have in common, or the granted pattern where that is no pattern.
fn part_of(pattern: &str, glob: &str) -> String {
    if arn_covers(pattern, glob) {
        return glob.to_owned();
    }
    if arn_covers(glob, pattern) {
        return pattern.to_owned();
    }
    let (Some(p), Some(g)) = (Arn::parse(pattern), Arn::parse(glob)) else { return pattern.to_owned() };
    let one = |p: &str, g: &str| -> Option<String> {
        if glob_covers(p, g) {
            Some(g.to_owned())
        } else if glob_covers(g, p) {
            Some(p.to_owned())
        } else {
            None
        }
    };
    let parts = [(p.partition, g.partition), (p.service, g.service), (p.region, g.region), (p.account, g.account), (p.resource, g.resource)];
    let common: Option<Vec<String>> = parts.into_iter().map(|(p, g)| one(p, g)).collect();
    match common {
        Some(parts) => format!("arn:{}", parts.join(":")),
        None => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(arns: &[&'static str]) -> Vec<Seen<'static>> {
        arns.iter().map(|arn| Seen { arn, created: false }).collect()
    }

    fn parts(action: &str, used: &[&'static str], granted: &[&str]) -> Vec<String> {
        let reference = Reference::bundled().unwrap();
        let granted: Vec<String> = granted.iter().map(|g| (*g).to_owned()).collect();
        Types::new(reference).parts_not_seen(reference.find(action).unwrap(), &seen(used), &granted, reference).into_iter().collect()
    }

    #[test]
    fn the_closest_type_counts() {
        let reference = Reference::bundled().unwrap();
        let types = Types::new(reference);
        let may = |action: &str, pattern: &str| types.may_match(reference.find(action).unwrap(), pattern, reference);
        assert!(may("s3:ListBucket", "arn:aws:s3:::b") && may("s3:ListBucket", "arn:aws:s3:::b*") && may("s3:ListBucket", "*"));
        assert!(!may("s3:ListBucket", "arn:aws:s3:::b/*"), "a bucket has no slash in its name");
        assert!(may("s3:GetObject", "arn:aws:s3:::b/*") && !may("s3:GetObject", "arn:aws:s3:::b"));
        assert!(!may("sqs:SendMessage", "arn:aws:sns:eu-west-1:111122223333:t"));
        assert!(!may("ec2:DescribeInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"));
    }

    #[test]
    fn a_type_that_no_event_names_stays_as_granted() {
        let document = "arn:aws:ssm:eu-west-1:111122223333:document/AWS-RunShellScript";
        assert_eq!(
            parts("ssm:SendCommand", &[document], &["*"]),
            ["arn:aws:ec2:*:*:instance/*", "arn:aws:s3:::*", "arn:aws:ssm:*:*:managed-instance/*"]
        );
        let granted = ["arn:aws:ssm:*:*:document/*", "arn:aws:ec2:eu-west-1:111122223333:instance/*"];
        assert_eq!(parts("ssm:SendCommand", &[document], &granted), [granted[1]]);
        assert_eq!(parts("ssm:SendCommand", &[document], &["arn:aws:*:eu-west-1:111122223333:*"]), [
            "arn:aws:ec2:eu-west-1:111122223333:instance/*",
            "arn:aws:ssm:eu-west-1:111122223333:managed-instance/*"
        ]);
    }

    #[test]
    fn alternatives_are_told_by_the_one_that_was_named() {
        assert!(parts("s3:GetObject", &["arn:aws:s3:::b/k"], &["*"]).is_empty());
        assert!(parts("ec2:CreateTags", &["arn:aws:ec2:eu-west-1:111122223333:instance/i-1"], &["*"]).is_empty());
    }

    #[test]
    fn a_nested_type_stays_in_what_was_used() {
        let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        let nested = parts("dynamodb:PutItem", &[table], &["*"]);
        assert!(nested.is_empty(), "one type only");
        let reference = Reference::bundled().unwrap();
        let action = reference.action(reference.find("dynamodb:Query").unwrap()).unwrap();
        assert!(!alternatives(action));
        assert_eq!(parts("dynamodb:Query", &[table], &["*"]), ["arn:aws:dynamodb:eu-west-1:111122223333:table/orders/index/*"]);
    }
}
