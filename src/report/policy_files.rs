//! The folder of each owner: current and proposed documents, a diff for people, the evidence.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Value, json};

use super::deliver::operations::proposed_file;
use super::escape::markdown;
use super::model::{ProposalRow, ReportModel, day};
use super::proofs_text::{BacktestFacts, counts, members_text, of_members};
use crate::aws::Text;
use crate::reduce::learned::Suggestion;
use crate::reduce::write::Step;
use crate::reduce::{ActionVerdict, Verdict, VerdictGroup};
use crate::reference::{ActionIds, Reference};

/// From how many actions of a statement on, of which nothing is told and the same is to be said, they share a row.
const ROWS_AT_MOST: usize = 100;

/// A verdict as `evidence.json` has it: on one action of which records tell, or on all actions of a statement about which the
/// same is to be said. In the list of a group `service:*` stands for every action of the service that the reference knows.
/// Fields that have nothing to say are left out.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Names<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<i64>,
    confidence: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_calls: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<String>,
    reason: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_patterns: Vec<Value>,
    #[serde(skip_serializing_if = "<[Text]>::is_empty")]
    resources: &'a [Text],
    #[serde(skip_serializing_if = "<[Text]>::is_empty")]
    sample_event_ids: &'a [Text],
    statement: Text,
    /// The principal of a trust policy that the verdict is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    verdict: &'a str,
    #[serde(skip_serializing_if = "<[Text]>::is_empty")]
    via: &'a [Text],
}

/// The names of a set of actions, whole services as `service:*`.
struct Names<'a>(&'a ActionIds, &'a Reference);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.names(self.1))
    }
}

fn statement(sid: Option<&Text>, index: usize) -> Text {
    sid.cloned().unwrap_or_else(|| format!("#{index}").into())
}

fn reason(v: &ActionVerdict) -> Cow<'_, str> {
    if v.verdict == Verdict::Drop && v.last_seen_ms.is_some() {
        format!("{} (last use {})", v.reason, day(v.last_seen_ms)).into()
    } else {
        Cow::Borrowed(&v.reason)
    }
}

impl<'a> Row<'a> {
    fn of(v: &'a ActionVerdict) -> Row<'a> {
        let pattern = |p: &crate::reduce::PatternVerdict| json!({"pattern": p.pattern, "verdict": p.verdict.as_str(), "calls": p.calls});
        Row {
            action: Some(&v.action),
            actions: None,
            calls: Some(v.calls),
            confidence: v.confidence,
            count: None,
            denied_calls: Some(v.denied_calls),
            first_seen: v.first_seen_ms.map(|t| day(Some(t))),
            last_seen: v.last_seen_ms.map(|t| day(Some(t))),
            reason: reason(v),
            resource_patterns: v.patterns.iter().map(pattern).collect(),
            resources: &v.resources,
            sample_event_ids: &v.samples,
            statement: statement(v.sid.as_ref(), v.statement),
            subject: v.subject.as_deref(),
            verdict: v.verdict.as_str(),
            via: &v.via,
        }
    }

    /// A verdict on actions of which no record tells.
    fn unseen(group: &'a VerdictGroup, action: Option<&'a str>, actions: Option<Names<'a>>, count: Option<usize>) -> Row<'a> {
        Row {
            action,
            actions,
            calls: Some(0),
            confidence: group.confidence,
            count,
            denied_calls: Some(0),
            first_seen: None,
            last_seen: None,
            reason: Cow::Borrowed(&group.reason),
            resource_patterns: Vec::new(),
            resources: &[],
            sample_event_ids: &[],
            statement: statement(group.sid.as_ref(), group.statement),
            subject: None,
            verdict: group.verdict.as_str(),
            via: &[],
        }
    }

    /// A group's rows: one for each action, or one for all where they are many.
    fn of_group(group: &'a VerdictGroup, reference: &'a Reference) -> Vec<Row<'a>> {
        if group.actions.len() > ROWS_AT_MOST {
            return vec![Row::unseen(group, None, Some(Names(&group.actions, reference)), Some(group.actions.len()))];
        }
        group.actions.iter().map(|id| Row::unseen(group, Some(reference.name(id)), None, None)).collect()
    }
}

/// The verdicts of one policy. A wide policy has twenty thousand: they are printed from where they are, without a tree of JSON
/// values between.
struct Rows<'a>(&'a ProposalRow, &'a Reference);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let groups = self.0.groups.iter().flat_map(|g| Row::of_group(g, self.1));
        to.collect_seq(self.0.evidence.to_vec().iter().map(Row::of).chain(groups))
    }
}

/// One policy of `evidence.json`, fields in the order of their names.
#[derive(Serialize)]
struct Policy<'a> {
    actions: Value,
    blast_radius: Value,
    containment: Value,
    evidence: Rows<'a>,
    generalised: Value,
    lint: Value,
    members: &'a [String],
    packing: Value,
    placement: &'a str,
    policy: &'a str,
    proposed: Vec<String>,
    replay: Value,
    size: Value,
    status: &'a str,
    suggestions: Value,
    why: &'a str,
}

/// A step of making a policy fit: what became shorter, and what a wider pattern takes in besides.
fn step(step: &Step) -> Value {
    match &step.pattern {
        Some(pattern) => json!({"step": step.kind.as_str(), "pattern": pattern, "in_place_of": step.in_place_of,
                                "known_resources_beyond": step.known_beyond, "characters": step.size}),
        None => json!({"step": step.kind.as_str(), "characters": step.size}),
    }
}

/// A suggested condition with its evidence; `actions` is left out where it would hold for all of the policy.
fn suggestion(s: &Suggestion) -> Value {
    let mut value = json!({"condition": {s.operator: {s.key: s.values}}, "confidence": s.confidence,
           "evidence": {"calls": s.calls, "first_seen": day(Some(s.first_seen_ms)), "last_seen": day(Some(s.last_seen_ms)), "distinct_uses": s.distinct}});
    if let (Some(fields), false) = (value.as_object_mut(), s.actions.is_empty()) {
        fields.insert("actions".to_owned(), json!(s.actions));
    }
    value
}

impl<'a> Policy<'a> {
    fn of(p: &'a ProposalRow, reference: &'a Reference) -> Policy<'a> {
        Policy {
            actions: json!({"before": p.actions_before, "after": p.actions_after}),
            blast_radius: super::blast_text::of_policy(p.risk_removed.as_ref()),
            containment: match p.containment.split_once(": ") {
                Some((verdict, why)) => json!({"verdict": verdict, "why": why}),
                None => json!({"verdict": p.containment}),
            },
            evidence: Rows(p, reference),
            generalised: p
                .generalised
                .iter()
                .map(|g| json!({"pattern": g.pattern, "used": g.used, "known_resources_beyond": g.known_beyond}))
                .collect(),
            lint: p.lint.evidence(),
            members: &p.members,
            packing: p.packing.iter().map(step).collect(),
            placement: &p.placement,
            policy: &p.policy,
            proposed: (0..if p.status == "written" { p.proposed.len() } else { 0 }).map(|n| proposed_file(p, n)).collect(),
            replay: counts(&p.replay).into(),
            size: json!({"before": p.sizes.0, "after": p.sizes.1, "limit": p.sizes.2}),
            status: p.status,
            suggestions: p.suggestions.iter().map(suggestion).collect(),
            why: &p.why,
        }
    }
}

#[derive(Serialize)]
struct Owner<'a> {
    owner: &'a str,
    policies: Vec<Policy<'a>>,
    would_now_be_denied: Value,
}

/// The users and roles that an owner's policies are for.
fn members<'a>(policies: &[&'a ProposalRow]) -> Vec<&'a str> {
    let written = policies.iter().filter(|p| p.status == "written").flat_map(|p| &p.members);
    written.map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
}

/// `evidence.json` of an owner: a verdict for every granted action, and the two proofs.
#[must_use]
pub fn evidence(policies: &[&ProposalRow], backtest: Option<&BacktestFacts>, reference: &Reference) -> String {
    let owner = policies.first().map_or("", |p| p.owner_arn.as_str());
    let all = Owner { owner, policies: policies.iter().map(|p| Policy::of(p, reference)).collect(),
        would_now_be_denied: of_members(backtest, &members(policies)) };
    let mut bytes = Vec::new();
    // Writing to memory does not fail, and all keys are texts.
    let _ = all.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, ListsOnOneLine::default()));
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// A policy that was left alone, as `left_alone.json` has it; hidden characters are shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeftAlone {
    /// ARN of its owner.
    pub owner: String,
    /// Its name.
    pub policy: String,
    /// Why.
    pub why: String,
}

/// `left_alone.json`: the policies for which nothing was worked out, in the run's order.
#[must_use]
pub fn left_alone(model: &ReportModel) -> String {
    let rows: Vec<LeftAlone> = model.skipped.iter().map(|[owner, policy, why]| LeftAlone { owner: owner.clone(), policy: policy.clone(), why: why.clone() }).collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"
}

/// `diff.md` of an owner: what goes, what is narrowed, what stays and why.
#[must_use]
pub fn diff(policies: &[&ProposalRow], backtest: Option<&BacktestFacts>, reference: &Reference) -> String {
    let mut out = String::new();
    if let Some(first) = policies.first() {
        out.push_str(&format!("# {} {}\n\n", first.kind, markdown(&first.owner_arn)));
    }
    for p in policies {
        out.push_str(&format!("## {} ({})\n\n", markdown(&p.policy), p.placement));
        out.push_str(&format!("{}{}\n\n", p.status, if p.why.is_empty() { String::new() } else { format!(": {}", markdown(&p.why)) }));
        out.push_str(&format!(
            "{} actions before, {} after. {} of {} characters. Replay: {} calls in {} requests, {} newly denied, {} unknown. Containment: {}. Lint: {}.\n\n",
            p.actions_before, p.actions_after, p.sizes.1, p.sizes.2, p.replay.calls, p.replay.requests, p.replay.newly_denied,
            p.replay.unknown, markdown(&p.containment), p.lint.words()
        ));
        out.push_str(&p.lint.new_rows_text());
        out.push_str(&super::deliver::diff::fenced(p));
        out.push_str("| verdict | number | actions | reason |\n|---|---:|---|---|\n");
        for group in said_alike(p, reference, 40) {
            let names: Vec<String> = group.names.iter().map(|n| markdown(n)).collect();
            let more = if group.has_more { ", and more in evidence.json" } else { "" };
            out.push_str(&format!("| {} | {} | {}{more} | {} |\n", group.verdict, group.count, names.join(", "), markdown(&group.reason)));
        }
        out.push('\n');
    }
    out.push_str(&members_text(backtest, &members(policies)));
    out
}

/// Actions of a policy about which the same is said, over all its statements.
pub struct SaidAlike {
    /// The verdict's word.
    pub verdict: &'static str,
    /// Why.
    pub reason: String,
    /// The first of their names, whole services as `service:*`.
    pub names: Vec<String>,
    /// Whether there are more.
    pub has_more: bool,
    /// How many verdicts.
    pub count: usize,
}

/// Actions, names that the reference does not know, and how many both are.
type Alike = (ActionIds, Vec<String>, usize);

/// The verdicts of a policy by word and reason, each with some names.
#[must_use]
pub fn said_alike(p: &ProposalRow, reference: &Reference, most: usize) -> Vec<SaidAlike> {
    let evidence = p.evidence.to_vec();
    let mut groups: BTreeMap<(&'static str, Cow<'_, str>), Alike> = BTreeMap::new();
    for v in &evidence {
        let (ids, unknown, count) = groups.entry((v.verdict.as_str(), reason(v))).or_default();
        match (&v.subject, reference.find(&v.action)) {
            (Some(subject), _) => unknown.push(subject.clone()),
            (None, Some(id)) => {
                ids.insert(id);
            }
            (None, None) => unknown.push(v.action.as_str().to_owned()),
        }
        *count += 1;
    }
    for g in &p.groups {
        let (ids, _, count) = groups.entry((g.verdict.as_str(), Cow::Borrowed(&*g.reason))).or_default();
        ids.add(&g.actions);
        *count += g.actions.len();
    }
    let said = |((verdict, reason), (ids, unknown, count)): ((&'static str, Cow<'_, str>), Alike)| {
        let mut names: Vec<String> = ids.names(reference).take(most.saturating_add(1)).map(Cow::into_owned).collect();
        names.extend(unknown);
        let has_more = names.len() > most;
        names.truncate(most);
        SaidAlike { verdict, reason: reason.into_owned(), names, has_more, count }
    };
    groups.into_iter().map(said).collect()
}

/// Indented JSON without line breaks between the elements of a list: lists of actions run to thousands of names.
#[derive(Default)]
struct ListsOnOneLine(PrettyFormatter<'static>);

impl Formatter for ListsOnOneLine {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.end_object_value(writer)
    }
}
