//! Wildcards against the `regex` crate: every matcher of the rooms is held against a regular expression that is made
//! from the same pattern.
//!
//! `*` is any run of characters and `?` any one character, line ends included; a character is a Unicode scalar value,
//! not a byte. Actions and the first five parts of an ARN compare without ASCII case.

use regex::Regex;

use crate::aws::{Arn, arn_matches, glob_matches};
use crate::evaluate::action_set::{ActionIndex, ActionName, ActionSet};
use crate::evaluate::arn_pattern::ArnPattern;
use crate::evaluate::pattern::{Pattern, Reading};
use crate::evaluate::{Context, PolicyType, PreparedRequest, PrincipalType, Request, RequestPrincipal, Tri};
use crate::policy::matching::action_pattern_matches;
use crate::policy::{ActionElement, Version};

/// Reads the bytes as a pattern (first line), the value of the policy variable `${v}` (second line) and a text (all
/// the rest). The pattern is asked for the text, and for a text made from the pattern itself so that many match.
///
/// # Panics
/// When a matcher and the regular expression differ.
pub fn wildcard_vs_regex(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else { return };
    let mut lines = input.splitn(3, '\n');
    let [pattern, value, text] = std::array::from_fn(|_| lines.next().unwrap_or(""));
    let spelled = pattern.replace('*', value).replace('?', "x").replace("${v}", value);
    let texts = [text, &spelled];
    plain(pattern, texts);
    variables(pattern, value, texts);
    actions(pattern, texts);
    arns(pattern, texts);
}

/// The matcher that policies, containment and reports share, and the evaluator's compiled pattern without variables.
fn plain(pattern: &str, texts: [&str; 2]) {
    let regex = whole(&written(pattern, ANY));
    let compiled = Pattern::compile(pattern, Reading { wildcards: true, variables: false });
    let exact = Pattern::compile(pattern, Reading { wildcards: false, variables: false });
    for text in texts {
        let wanted = regex.is_match(text);
        assert_eq!(glob_matches(pattern, text), wanted, "glob_matches, {pattern:?} on {text:?}");
        assert_eq!(compiled.matches_plain(text), wanted, "Pattern, {pattern:?} on {text:?}");
        assert_eq!(exact.matches_plain(text), pattern == text, "Pattern without wildcards, {pattern:?} on {text:?}");
    }
}

/// The evaluator's compiled pattern with variables, wildcards read and not read.
fn variables(pattern: &str, value: &str, texts: [&str; 2]) {
    let (principal, mut context) = (RequestPrincipal::of_kind(PrincipalType::Anonymous), Context::new(true));
    context.set("v", vec![value.to_owned()]);
    let request = prepared(&principal, &context, "*");
    for wildcards in [false, true] {
        let Some(regex) = filled_in(pattern, value, wildcards) else { return };
        let (regex, compiled) = (whole(&regex), Pattern::compile(pattern, Reading { wildcards, variables: true }));
        for text in texts {
            let (found, wanted) = (compiled.matches(text, &request), Tri::from(regex.is_match(text)));
            assert_eq!(found, wanted, "Pattern, wildcards {wildcards}, {pattern:?} with {value:?} on {text:?}");
        }
    }
}

/// Action patterns, by text and by their places in an index.
fn actions(pattern: &str, names: [&str; 2]) {
    let regex = whole(&without_case(pattern, ANY));
    let beside = ["", "s3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "sts:AssumeRole", pattern];
    let indexes = [ActionIndex::new([]), ActionIndex::new(beside.into_iter().chain(names).map(str::to_owned))];
    for action in names {
        let wanted = regex.is_match(action);
        assert_eq!(action_pattern_matches(pattern, action), wanted, "action_pattern_matches, {pattern:?} on {action:?}");
        for index in indexes.iter().filter(|_| action.contains(':')) {
            let lower = action.to_ascii_lowercase();
            let name = ActionName { place: index.place(&lower), lower };
            let list = vec![pattern.to_owned()];
            let yes = ActionSet::compile(&ActionElement::Action(list.clone()), index).contains(&name);
            let no = ActionSet::compile(&ActionElement::NotAction(list), index).contains(&name);
            assert_eq!((yes, no), (wanted, !wanted), "ActionSet, {pattern:?} on {action:?} at {:?}", name.place);
        }
    }
}

/// ARN patterns: six parts, a wildcard stays in its part. The evaluator fills a short pattern of an identity policy
/// up with `*`; the shared matcher takes whole ARNs only.
fn arns(pattern: &str, resources: [&str; 2]) {
    if pattern == "*" {
        return;
    }
    let missing = 5usize.saturating_sub(pattern.matches(':').count());
    let full = format!("{pattern}{}", ":*".repeat(missing));
    let parts: Vec<&str> = full.splitn(6, ':').collect();
    let heads = parts[..5].iter().map(|part| without_case(part, IN_PART));
    let regex: Vec<String> = heads.chain([written(parts[5], ANY)]).collect();
    let regex = whole(&regex.join(":"));
    let (principal, context) = (RequestPrincipal::of_kind(PrincipalType::Anonymous), Context::new(true));
    let compiled = ArnPattern::compile(pattern, Version::V2008, PolicyType::Identity);
    for resource in resources {
        let wanted = regex.is_match(resource);
        let found = compiled.matches(&prepared(&principal, &context, resource));
        assert_eq!(found, Tri::from(wanted), "ArnPattern, {pattern:?} on {resource:?}");
        let both_are_arns = Arn::parse(pattern).is_some() && Arn::parse(resource).is_some();
        assert_eq!(arn_matches(pattern, resource), wanted && both_are_arns, "arn_matches, {pattern:?} on {resource:?}");
    }
}

/// Any one character, as a regular expression.
const ANY: &str = "(?s:.)";
/// Any one character of a part of an ARN.
const IN_PART: &str = "[^:]";

fn whole(regex: &str) -> Regex {
    Regex::new(&format!(r"\A(?:{regex})\z")).unwrap_or_else(|e| panic!("{regex:?}: {e}"))
}

/// The regular expression of a pattern, `any` standing for one character.
fn written(pattern: &str, any: &str) -> String {
    expression(pattern, any, |c| regex::escape(c.encode_utf8(&mut [0; 4])))
}

/// The same with ASCII letters in both cases.
fn without_case(pattern: &str, any: &str) -> String {
    expression(pattern, any, |c| match c {
        c if c.is_ascii_alphabetic() => format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase()),
        c => regex::escape(c.encode_utf8(&mut [0; 4])),
    })
}

fn expression(pattern: &str, any: &str, literal: impl Fn(char) -> String) -> String {
    let one = |c| match c {
        '*' => format!("{any}*"),
        '?' => any.to_owned(),
        c => literal(c),
    };
    pattern.chars().map(one).collect()
}

/// The regular expression of a pattern with variables; what they stand for is text, whatever it holds. `None` where
/// no variable can stand in it, or another one than `${v}` does.
fn filled_in(pattern: &str, value: &str, wildcards: bool) -> Option<String> {
    if !pattern.contains("${") {
        return None;
    }
    let plain = |text: &str| if wildcards { written(text, ANY) } else { regex::escape(text) };
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, (inner, after))) =
        rest.split_once("${").and_then(|(before, open)| Some((before, open.split_once('}')?)))
    {
        out += &plain(before);
        out += &regex::escape(match inner {
            "*" | "?" | "$" => inner,
            "v" => value,
            _ => return None,
        });
        rest = after;
    }
    Some(out + &plain(rest))
}

fn prepared<'a>(principal: &'a RequestPrincipal, context: &'a Context, resource: &'a str) -> PreparedRequest<'a> {
    let request =
        Request { principal, action: "s3:GetObject", resource, resource_is_pattern: false, resource_account: None, context };
    PreparedRequest::with_index(request, &ActionIndex::new([]))
}
