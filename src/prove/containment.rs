//! Containment: does a set of policy documents allow anything that another set does not?
//!
//! The method is sound and not complete: every Allow statement of the new documents is cut into cells (one
//! action pattern on one resource pattern), and each cell must lie inside one statement of the old documents
//! whose conditions the new statement has too; every Deny of the old documents must stand in the new ones. What
//! cannot be shown this way answers "not proved" with the cell, never "contained". The inclusion of patterns is
//! decided by automata in `aws::glob`.

use std::collections::BTreeSet;

use crate::aws::{arn_covers, arn_intersects};
use crate::policy::matching::{action_pattern_covers, action_pattern_intersects};
use crate::policy::{ActionElement, Effect, PolicyDocument, PrincipalElement, ResourceElement, Statement, Version};

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Containment {
    /// Everything the new documents allow, the old ones allow.
    Proved,
    /// Not shown, because.
    NotProved(String),
}

struct Granting<'a> {
    version: Version,
    statement: &'a Statement,
}

fn allows<'a>(documents: &[&'a PolicyDocument]) -> Vec<Granting<'a>> {
    documents
        .iter()
        .flat_map(|d| d.statements.iter().map(|statement| Granting { version: d.version, statement }))
        .filter(|g| g.statement.effect == Effect::Allow)
        .collect()
}

/// Whether `new` is contained in `old`.
#[must_use]
pub fn contained(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Containment {
    let new_allows = allows(new);
    let old_allows = allows(old);
    for (n, granting) in new_allows.iter().enumerate() {
        if let Err(why) = statement_inside(granting, &old_allows) {
            return Containment::NotProved(format!("{}: {why}", label(granting.statement, n)));
        }
    }
    let denies = |documents: &[&PolicyDocument]| -> BTreeSet<(Version, Statement)> {
        documents
            .iter()
            .flat_map(|d| d.statements.iter().map(|s| (d.version, Statement { sid: None, ..s.clone() })))
            .filter(|(_, s)| s.effect == Effect::Deny)
            .collect()
    };
    let kept = denies(new);
    match denies(old).into_iter().find(|d| !kept.contains(d)) {
        None => Containment::Proved,
        Some((_, lost)) => Containment::NotProved(format!("a Deny statement is missing: {}", patterns_text(&lost.action))),
    }
}

fn label(statement: &Statement, index: usize) -> String {
    statement.sid.as_ref().map_or_else(|| format!("allow statement {index}"), |sid| format!("statement `{sid}`"))
}

fn patterns_text(action: &ActionElement) -> String {
    match action {
        ActionElement::Action(list) => list.join(", "),
        ActionElement::NotAction(list) => format!("not {}", list.join(", ")),
    }
}

/// One action of a cell: a pattern, or everything but some patterns.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Pattern(&'a str),
    AllBut(&'a [String]),
}

fn action_cells(action: &ActionElement) -> Vec<Cell<'_>> {
    match action {
        ActionElement::Action(list) => list.iter().map(|p| Cell::Pattern(p)).collect(),
        ActionElement::NotAction(list) => vec![Cell::AllBut(list)],
    }
}

fn resource_cells(resource: Option<&ResourceElement>) -> Vec<Option<Cell<'_>>> {
    match resource {
        None => vec![None],
        Some(ResourceElement::Resource(list)) => list.iter().map(|p| Some(Cell::Pattern(p.as_str()))).collect(),
        Some(ResourceElement::NotResource(list)) => vec![Some(Cell::AllBut(list))],
    }
}

fn statement_inside(new: &Granting<'_>, old: &[Granting<'_>]) -> Result<(), String> {
    let fitting: Vec<&Granting<'_>> = old.iter().filter(|o| conditions_implied(new, o) && principal_inside(new, o)).collect();
    for action in action_cells(&new.statement.action) {
        for resource in resource_cells(new.statement.resource.as_ref()) {
            let covered = fitting
                .iter()
                .any(|o| action_inside(action, &o.statement.action) && resource_inside(resource, new, o));
            if !covered {
                let a = match action {
                    Cell::Pattern(p) => p.to_owned(),
                    Cell::AllBut(list) => format!("all actions but {}", list.join(", ")),
                };
                let r = match resource {
                    Some(Cell::Pattern(p)) => format!(" on `{p}`"),
                    Some(Cell::AllBut(list)) => format!(" on all resources but {}", list.join(", ")),
                    None => String::new(),
                };
                return Err(format!("no statement of the old policy covers `{a}`{r} under these conditions"));
            }
        }
    }
    Ok(())
}

/// Whether every condition of the old statement is a condition of the new one.
fn conditions_implied(new: &Granting<'_>, old: &Granting<'_>) -> bool {
    let uses_variables = |s: &Statement| s.conditions.iter().any(|c| c.values.iter().any(|v| v.contains("${")));
    (new.version == old.version || !(uses_variables(new.statement) || uses_variables(old.statement)))
        && old.statement.conditions.iter().all(|c| new.statement.conditions.contains(c))
}

fn principal_inside(new: &Granting<'_>, old: &Granting<'_>) -> bool {
    match (&new.statement.principal, &old.statement.principal) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => true,
        (Some(PrincipalElement::Principal(a)), Some(PrincipalElement::Principal(b))) => {
            let inside = |a: &[String], b: &[String]| a.iter().all(|x| b.contains(x));
            inside(&a.aws, &b.aws)
                && inside(&a.service, &b.service)
                && inside(&a.federated, &b.federated)
                && inside(&a.canonical_user, &b.canonical_user)
        }
        _ => false,
    }
}

fn action_inside(cell: Cell<'_>, old: &ActionElement) -> bool {
    match (cell, old) {
        (Cell::Pattern(p), ActionElement::Action(list)) => list.iter().any(|wide| action_pattern_covers(wide, p)),
        (Cell::Pattern(p), ActionElement::NotAction(list)) => !list.iter().any(|out| action_pattern_intersects(out, p)),
        (Cell::AllBut(_), ActionElement::Action(list)) => list.iter().any(|wide| wide == "*" || wide == "*:*"),
        (Cell::AllBut(new_out), ActionElement::NotAction(old_out)) => {
            old_out.iter().all(|o| new_out.iter().any(|n| action_pattern_covers(n, o)))
        }
    }
}

fn resource_inside(cell: Option<Cell<'_>>, new: &Granting<'_>, old: &Granting<'_>) -> bool {
    let same_version = new.version == old.version;
    match (cell, old.statement.resource.as_ref()) {
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
        (Some(Cell::Pattern(p)), Some(ResourceElement::Resource(list))) => {
            list.iter().any(|wide| resource_covers(wide, p, same_version))
        }
        (Some(Cell::Pattern(p)), Some(ResourceElement::NotResource(list))) => {
            !p.contains("${") && !list.iter().any(|out| out.contains("${") || arn_intersects(out, p))
        }
        (Some(Cell::AllBut(_)), Some(ResourceElement::Resource(list))) => list.iter().any(|wide| wide == "*"),
        (Some(Cell::AllBut(new_out)), Some(ResourceElement::NotResource(old_out))) => {
            same_version && old_out.iter().all(|o| new_out.contains(o))
        }
    }
}

/// Pattern inclusion with policy variables: a variable stands for any text, so on the narrow side it is read as
/// `*`; on the wide side it is only accepted where both patterns carry the same variables at the same places.
fn resource_covers(wide: &str, narrow: &str, same_version: bool) -> bool {
    match (wide.contains("${"), narrow.contains("${")) {
        (false, false) => arn_covers(wide, narrow),
        (false, true) => arn_covers(wide, &with_variables_as(narrow, |_| "*".to_owned())),
        (true, _) if !same_version => false,
        (true, _) if wide == narrow => true,
        (true, true) if !wide.contains('?') => {
            // Each variable becomes one private character, the same on both sides.
            let mut names: Vec<String> = Vec::new();
            let mut mark = |name: &str| {
                let at = names.iter().position(|n| n == name).unwrap_or_else(|| {
                    names.push(name.to_owned());
                    names.len() - 1
                });
                u32::try_from(at).ok().and_then(|n| char::from_u32(0xF_0000 + n)).map(String::from).unwrap_or_default()
            };
            let wide = with_variables_as(wide, &mut mark);
            let narrow = with_variables_as(narrow, &mut mark);
            arn_covers(&wide, &narrow)
        }
        _ => false,
    }
}

/// The pattern with each `${…}` replaced.
fn with_variables_as(pattern: &str, mut by: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) => {
                out.push_str(&by(name));
                rest = tail;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse_text;

    fn check(new: &str, old: &str) -> bool {
        contained(&[&parse_text(new).unwrap()], &[&parse_text(old).unwrap()]) == Containment::Proved
    }

    fn one(action: &str, resource: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#)
    }

    #[test]
    fn fewer_is_inside_and_more_is_not() {
        assert!(check(&one("s3:GetObject", "arn:aws:s3:::b/a/*"), &one("s3:Get*", "arn:aws:s3:::b/*")));
        assert!(!check(&one("s3:PutObject", "arn:aws:s3:::b/*"), &one("s3:Get*", "arn:aws:s3:::b/*")));
        assert!(!check(&one("s3:GetObject", "arn:aws:s3:::*"), &one("s3:Get*", "arn:aws:s3:::b/*")));
    }

    #[test]
    fn a_lost_deny_is_found() {
        let old = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
        assert!(!check(&one("s3:GetObject", "*"), old));
        assert!(check(old, old));
    }

    #[test]
    fn nothing_is_contained_in_everything_but_a_deny_must_stay() {
        let empty = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
        assert!(check(empty, &one("s3:*", "*")));
        assert!(!check(empty, deny), "another policy may allow what this one denies");
    }

    #[test]
    fn a_lost_condition_is_found() {
        let old = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}"#;
        assert!(!check(&one("s3:GetObject", "*"), old));
    }

    #[test]
    fn variables_are_any_text() {
        let home = "arn:aws:s3:::home/${aws:username}/*";
        assert!(check(&one("s3:GetObject", home), &one("s3:*", "arn:aws:s3:::home/*")));
        assert!(check(&one("s3:GetObject", "arn:aws:s3:::home/${aws:username}/x/*"), &one("s3:*", home)));
        assert!(!check(&one("s3:GetObject", "arn:aws:s3:::home/ann/*"), &one("s3:*", home)));
        assert!(!check(&one("s3:GetObject", home), &one("s3:*", "arn:aws:s3:::home/?????????????????/*")));
    }

    #[test]
    fn negative_elements() {
        let old = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"}}"#;
        assert!(check(&one("s3:*", "*"), old));
        assert!(!check(&one("*", "*"), old));
        assert!(!check(&one("iam:Get*", "*"), old));
    }
}
