//! `Action` and `NotAction`: services and actions that exist, entries that others take in, variables that do nothing there.

use std::collections::{BTreeSet, HashMap};

use super::document::Scope;
use super::{Code, PolicyType, Report, variable};
use crate::aws::glob::{glob_covers, glob_matches};

/// The element's name.
pub(super) fn element(scope: &Scope<'_>) -> &'static str {
    if scope.not_action { "NotAction" } else { "Action" }
}

/// Whether a text has a wildcard.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Checks the actions of a statement.
pub(super) fn check(scope: &Scope<'_>, report: &mut Report) {
    for action in &scope.actions {
        variable::unsupported(report, element(scope), action);
        exists(scope, report, action);
        if scope.kind == PolicyType::Trust && !scope.not_action && !is_about_roles(action) {
            report.add(
                Code::UnsupportedActionInPolicy,
                element(scope),
                Some(action),
                "a trust policy can name actions of sts only",
            );
        }
    }
    redundant(scope, report);
}

fn is_about_roles(action: &str) -> bool {
    action.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("sts:"))
}

/// Whether its service has such an action.
fn exists(scope: &Scope<'_>, report: &mut Report, action: &str) {
    let element = element(scope);
    if action == "*" || action == "*:*" {
        return;
    }
    let Some((prefix, name)) = action.split_once(':') else {
        report.add(Code::InvalidAction, element, Some(action), "an action begins with its service: `service:action`");
        return;
    };
    if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        report.add(Code::InvalidServiceInAction, element, Some(action), "the part before the colon is the prefix of one service, without wildcards");
        return;
    }
    let prefix = prefix.to_ascii_lowercase();
    let reference = scope.linter.reference;
    if reference.service(&prefix).is_none() {
        let date = &reference.header().date;
        report.unknown(
            Code::InvalidServiceInAction,
            element,
            Some(action),
            format!("the reference of {date} has no service `{prefix}`: misspelt, retired or newer"),
        );
        return;
    }
    if reference.expand(action).is_empty() {
        let what = if is_pattern(name) { "no action that matches this" } else { "no such action" };
        report.add(Code::InvalidAction, element, Some(action), format!("the service `{prefix}` has {what}"));
    }
}

/// Entries that another one takes in.
fn redundant(scope: &Scope<'_>, report: &mut Report) {
    let lower: Vec<String> = scope.actions.iter().map(|a| a.to_ascii_lowercase()).collect();
    for (at, covered_by) in covered(&lower, |wide, narrow| if is_pattern(narrow) { glob_covers(wide, narrow) } else { glob_matches(wide, narrow) }) {
        if let (Some(action), Some(by)) = (scope.actions.get(at), scope.actions.get(covered_by)) {
            report.add(Code::RedundantAction, element(scope), Some(action), format!("`{by}` takes it in"));
        }
    }
}

/// Places of the texts that another text takes in, with its place; of equal ones the first stays.
pub(super) fn covered(texts: &[String], covers: impl Fn(&str, &str) -> bool) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, text) in texts.iter().enumerate() {
        let same = *first.entry(text).or_insert(at);
        if same != at {
            out.push((at, same));
        }
    }
    // What both begin with must agree up to the first wildcard.
    let mut by_head: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, text) in texts.iter().enumerate() {
        if let Some((head, _)) = text.split_once(['*', '?']) {
            by_head.entry(head).or_default().push(at);
        }
    }
    let lengths: BTreeSet<usize> = by_head.keys().map(|head| head.len()).collect();
    for (at, text) in texts.iter().enumerate() {
        if first.get(text.as_str()) != Some(&at) {
            continue;
        }
        let heads = lengths.range(..=text.len()).filter_map(|length| by_head.get(text.get(..*length)?));
        let mut wider: Vec<usize> = heads.flatten().copied().filter(|other| *other != at).collect();
        wider.sort_unstable();
        let by = wider.iter().find_map(|other| texts.get(*other).filter(|wide| *wide != text && covers(wide, text)).map(|wide| (*other, wide)));
        // Two that take each other in are the same written twice: the first stays.
        if let Some((other, wide)) = by
            && (other < at || !(is_pattern(text) && covers(text, wide)))
        {
            out.push((at, other));
        }
    }
    out.sort_unstable();
    out
}
