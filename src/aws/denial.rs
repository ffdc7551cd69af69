//! What AWS says when it refuses a call: the `errorMessage` of a denial, read by its grammar.
//!
//! The message names the kind of policy that refused, which no other field of the record does. It is the only
//! word from AWS's own evaluation that a log holds, so what is read here must be what AWS wrote: a resource name
//! is chosen by the caller and may look like the end of a message, hence the end is looked for from the right.
//! Source: inputs-and-evaluation.md section 1.0; IAM User Guide, "Troubleshoot access denied error messages";
//! Amazon S3 User Guide, "Troubleshoot access denied (403 Forbidden) errors".

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Whether a statement refused, or none allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DenialEffect {
    /// A `Deny` statement matched.
    Explicit,
    /// No statement allowed.
    Implicit,
}

impl DenialEffect {
    /// The word that the store writes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DenialEffect::Explicit => "explicit",
            DenialEffect::Implicit => "implicit",
        }
    }
}

/// What a denial message tells. Every part may be missing: services differ, and CloudTrail cuts a message at 1 KB.
///
/// Three limits of AWS's own: an **explicit** deny by a service control policy may in truth be an implicit one
/// (the message says "explicit" for both); only one kind of policy is named even where several refuse, so that a
/// kind that is not named is not thereby cleared; and a policy's ARN is told by some services only, within one
/// account or organisation. Source: IAM User Guide, "Troubleshoot access denied error messages".
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Denial {
    /// Who called, as the message writes it: a session's ARN where a role called.
    pub principal: Option<String>,
    /// The action, as the message writes it: its case varies (`SNS:Publish`).
    pub action: Option<String>,
    /// The resource, as the message writes it: an ARN, a pattern, or a bare name (`role Name`).
    pub resource: Option<String>,
    /// Explicit or implicit, where the message says.
    pub effect: Option<DenialEffect>,
    /// `identity`, `resource`, `trust`, `boundary`, `session`, `scp`, `rcp` or `vpc_endpoint`.
    pub policy_type: Option<&'static str>,
    /// The policy, where the message names it.
    pub policy_arn: Option<String>,
    /// The kind of policy through which the refusing one applied ("transitively through a …").
    pub via: Option<&'static str>,
}

/// Longest text that is read, in characters; CloudTrail cuts at 1 KB, so more is not AWS's.
const LONGEST: usize = 4096;

/// From this many bytes on a message may have been cut: the documented limit is 1 KB.
const MAY_BE_CUT: usize = 1000;

/// Kinds of policy as messages write them ("sessions policy" is AWS's own slip), and our words.
const TYPES: &[(&str, &str)] = &[
    ("identity-based policy", "identity"),
    ("resource-based policy", "resource"),
    ("role trust policy", "trust"),
    ("permissions boundary", "boundary"),
    ("session policy", "session"),
    ("sessions policy", "session"),
    ("service control policy", "scp"),
    ("resource control policy", "rcp"),
    ("vpc endpoint policy", "vpc_endpoint"),
];

/// All patterns; the crate has no look-around and needs time linear in the text.
struct Patterns {
    head: Regex,
    tail: Regex,
    loose_tail: Regex,
    implicit: Regex,
    explicit: Regex,
}

fn patterns() -> Result<Patterns, regex::Error> {
    let types = TYPES.iter().map(|(phrase, _)| *phrase).collect::<Vec<_>>().join("|");
    Ok(Patterns {
        head: Regex::new(r"\bUser(?:: (\S+))? is not authorized to perform: ?([A-Za-z0-9-]+:[A-Za-z0-9*]+)(.*)$")?,
        tail: Regex::new(&format!(
            "(?i)^(?: because no (?:{types})\\b| because the role trust policy allows the | with an explicit deny in (?:an?|the) (?:{types})\\b\
             | because the resource does not exist in this Region, no resource-based policies allow access\
             | because public (?:ACLs|policies) are prevented by the BlockPublic(?:Acls|Policy) setting\
             | because this bucket has blocked upload requests )"
        ))?,
        loose_tail: Regex::new(r"(?i)^(.*?)(?: because .*| with an explicit deny\b.*|\. Encoded .*|\.)?$")?,
        implicit: Regex::new(&format!(
            r"(?i)^ because (?:no ({types})|the (role trust policy))\b(?: allows the \S+ action(?: transitively through an? ({types})\b)?)?"
        ))?,
        explicit: Regex::new(&format!(
            r"(?i)^ with an explicit deny in (?:an?|the) ({types})\b(?: transitively through an? ({types})\b)?(?:: (arn:[^\s()]+))?"
        ))?,
    })
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| patterns().ok());

fn word(captures: &Captures<'_>, group: usize) -> Option<&'static str> {
    let phrase = captures.get(group)?.as_str();
    TYPES.iter().find(|(p, _)| p.eq_ignore_ascii_case(phrase)).map(|(_, word)| *word)
}

/// Splits what follows the action into the resource part and the tail.
fn split<'a>(rest: &'a str, patterns: &Patterns) -> (&'a str, &'a str) {
    // A tail begins with a blank; of several the last counts.
    let is_tail = |at: &usize| rest.get(*at..).is_some_and(|tail| patterns.tail.is_match(tail));
    let tail_at = rest.match_indices(' ').map(|(at, _)| at).rev().find(is_tail);
    if let Some(quoted) = rest.strip_prefix(" on resource: \"").or_else(|| rest.strip_prefix(" on \"")) {
        // A tail within the quotes is part of a name; S3 quotes because its keys hold blanks.
        let opened = rest.len() - quoted.len();
        let ends_name = |at: usize| at > opened && rest.get(..at).is_some_and(|before| before.ends_with('"'));
        let at = tail_at.filter(|at| ends_name(*at)).or_else(|| quoted.rfind('"').map(|end| opened + end + 1));
        return rest.split_at_checked(at.unwrap_or(rest.len())).unwrap_or((rest, ""));
    }
    let at = tail_at.or_else(|| patterns.loose_tail.captures(rest).and_then(|c| c.get(1)).map(|m| m.end()));
    rest.split_at_checked(at.unwrap_or(rest.len())).unwrap_or((rest, ""))
}

/// The beginning of a text without what a cut left of a tail's first words.
fn without_cut_words(text: &str) -> &str {
    for lead in [" because", " with an explicit deny"] {
        for length in (2..lead.len()).rev() {
            if let Some(before) = lead.get(..length).and_then(|start| text.strip_suffix(start)) {
                return before;
            }
        }
    }
    text
}

fn resource_of(text: &str, cut: bool) -> Option<String> {
    let named = text.strip_prefix(" on resource:").or_else(|| text.strip_prefix(" on "))?.trim();
    let name = match named.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or(quoted),
        None if cut => without_cut_words(named),
        None => named,
    };
    (!name.is_empty() && !name.eq_ignore_ascii_case("this resource")).then(|| name.to_owned())
}

/// What the tail says.
fn read_tail(denial: &mut Denial, tail: &str, cut: bool, patterns: &Patterns) {
    if let Some(found) = patterns.implicit.captures(tail) {
        denial.effect = Some(DenialEffect::Implicit);
        denial.policy_type = word(&found, 1).or_else(|| word(&found, 2));
        denial.via = word(&found, 3);
    } else if let Some(found) = patterns.explicit.captures(tail) {
        denial.effect = Some(DenialEffect::Explicit);
        denial.policy_type = word(&found, 1);
        denial.via = word(&found, 2);
        // Half an ARN would name another policy.
        let whole = found.get(3).filter(|arn| !(cut && arn.end() == tail.len()));
        denial.policy_arn = whole.map(|arn| arn.as_str().trim_end_matches(['.', ',']).to_owned());
    } else if tail.starts_with(" with an explicit deny") {
        denial.effect = Some(DenialEffect::Explicit);
    } else if tail.starts_with(" because no ") {
        denial.effect = Some(DenialEffect::Implicit);
    } else if tail.starts_with(" because the resource does not exist in this Region, no resource-based policies allow access") {
        // KMS across accounts: a key that is not there, a key policy that is silent or one that refuses.
        denial.policy_type = Some("resource");
    }
}

/// Reads a denial message; `None` when it is not of the grammar (`Access Denied` tells nothing).
///
/// Settings of S3 that are no policy (Block Public Access, the block of customer-provided keys) leave effect and
/// policy type empty. So does a text that stops before it says. The texts are the caller's to influence (names of
/// sessions, keys and objects stand in them): take an answer for what the log says, never for a reason to allow.
#[must_use]
pub fn parse(message: &str) -> Option<Denial> {
    let patterns = PATTERNS.as_ref()?;
    let cut = message.len() >= MAY_BE_CUT;
    let start = message.char_indices().nth(LONGEST).map_or(message, |(end, _)| message.get(..end).unwrap_or(message));
    let text = start.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(head) = patterns.head.captures(&text) else {
        let by_endpoint = text.trim_end_matches('.').eq_ignore_ascii_case("The request was denied due to a VPC endpoint policy");
        return by_endpoint.then(|| Denial { policy_type: Some("vpc_endpoint"), ..Denial::default() });
    };
    let part = |group: usize| head.get(group).map(|m| m.as_str());
    let (resource, tail) = split(part(3).unwrap_or(""), patterns);
    let mut denial = Denial {
        principal: part(1).map(str::to_owned),
        action: part(2).map(str::to_owned),
        resource: resource_of(resource, cut),
        ..Denial::default()
    };
    read_tail(&mut denial, tail, cut, patterns);
    Some(denial)
}
