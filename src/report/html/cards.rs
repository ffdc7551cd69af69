//! Details of one owner of policies: facts, findings, what is used and unused by service, and the diff of each of its policies.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use similar::{ChangeTag, TextDiff};

use super::super::escape::short as visible;
use super::super::model::{ProposalRow, ReportModel, day};
use super::super::policy_files::said_alike;
use super::findings::Shown;
use super::people::{Owner, People};
use super::principals::outcome;
use super::svg;
use super::text::{cell, column, count, number, percent, severity, short};
use crate::policy::{PolicyDocument, print};
use crate::reduce::Verdict;
use crate::reference::Reference;

/// How many lines of a diff stand on the page; the whole diff stands in its file.
const LINES: usize = 80;

/// How many services a table of use lists.
const SERVICES: usize = 30;

/// How many shared policies are named.
const SHARED: usize = 20;

/// A finding's mark, control and words.
struct FindingView {
    class: &'static str,
    mark: &'static str,
    word: &'static str,
    href: String,
    report: String,
    reason: String,
    facts: String,
}

/// A line of a diff: class, sign, text.
type Line = (&'static str, &'static str, String);

/// One policy.
struct PolicyView<'m> {
    row: &'m ProposalRow,
    name: String,
    placement: String,
    mark: (&'static str, &'static str, &'static str),
    why: String,
    groups: Vec<(&'static str, String, String, String)>,
    diff: Vec<Line>,
    left_out: usize,
}

/// Use of one service: name, used, kept, can go.
type ServiceLine = (String, usize, usize, usize);

#[derive(Template)]
#[template(path = "card.html")]
struct Card<'m> {
    id: &'m str,
    root: &'static str,
    title: String,
    kind: String,
    headline: String,
    facts: Vec<(&'static str, String)>,
    strip: Option<(String, String)>,
    ways: Vec<String>,
    findings: Vec<FindingView>,
    services: Vec<ServiceLine>,
    services_left: usize,
    policies: Vec<PolicyView<'m>>,
    shared: Vec<(String, String)>,
    shared_left: usize,
    refused: Vec<(String, String, String)>,
}

/// A document as people see it.
fn shown(document: &PolicyDocument) -> String {
    print::pretty(&document.without_secrets())
}

/// The first lines of the diff of a proposal, and how many more there are.
fn diff(row: &ProposalRow) -> (Vec<Line>, usize) {
    let Some(current) = row.current.as_ref().filter(|_| row.status == "written") else { return (Vec::new(), 0) };
    let (old, new) = (shown(current), row.proposed.iter().map(shown).collect::<String>());
    let text = TextDiff::from_lines(&old, &new);
    let mut lines: Vec<Line> = Vec::new();
    let mut left = 0;
    for (at, group) in text.grouped_ops(2).iter().enumerate() {
        if at > 0 && lines.len() < LINES {
            lines.push(("dim", " ", "…".to_owned()));
        }
        for change in group.iter().flat_map(|op| text.iter_changes(op)) {
            if lines.len() >= LINES {
                left += 1;
                continue;
            }
            let (class, sign) = match change.tag() {
                ChangeTag::Delete => ("del", "−"),
                ChangeTag::Insert => ("ins", "+"),
                ChangeTag::Equal => ("same", " "),
            };
            let shown: String = visible(change.value().trim_end()).chars().take(400).collect();
            lines.push((class, sign, shown));
        }
    }
    (lines, left)
}

fn policy<'m>(row: &'m ProposalRow, reference: &Reference) -> PolicyView<'m> {
    let (diff, left_out) = diff(row);
    let said = said_alike(row, reference, 24).into_iter().map(|g| {
        let names: Vec<String> = g.names.iter().map(|n| visible(n)).collect();
        (g.verdict, number(g.count), visible(&g.reason), if g.has_more { format!("{} … more in evidence.json", names.join(", ")) } else { names.join(", ") })
    });
    PolicyView { row, name: visible(&row.policy), placement: row.placement.replace('-', " "), mark: outcome(row.status), why: visible(&row.why), groups: said.collect(), diff, left_out }
}

/// Verdicts by service, over policies.
fn services<'p>(rows: impl Iterator<Item = &'p ProposalRow>, reference: &Reference) -> Vec<ServiceLine> {
    let mut all: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let place = |verdict: Verdict| match verdict {
        Verdict::KeepUsed | Verdict::Narrow => 0,
        Verdict::Drop => 2,
        _ => 1,
    };
    let mut add = |service: &str, verdict: Verdict, n: usize| {
        if !all.contains_key(service) {
            all.insert(service.to_owned(), [0; 3]);
        }
        if let Some(sum) = all.get_mut(service).and_then(|c| c.get_mut(place(verdict))) {
            *sum += n;
        }
    };
    for row in rows.filter(|r| r.placement != "trust" && r.current.is_some()) {
        for v in row.evidence.iter() {
            add(v.action.split(':').next().unwrap_or_default(), v.verdict, 1);
        }
        for g in &row.groups {
            let mut last: Option<(&str, usize)> = None;
            for id in g.actions.iter() {
                let service = reference.service_of(id).map_or("", |s| s.prefix.as_str());
                match &mut last {
                    Some((name, n)) if *name == service => *n += 1,
                    _ => {
                        if let Some((name, n)) = last {
                            add(name, g.verdict, n);
                        }
                        last = Some((service, 1));
                    }
                }
            }
            if let Some((name, n)) = last {
                add(name, g.verdict, n);
            }
        }
    }
    let mut out: Vec<ServiceLine> = all.into_iter().map(|(name, [used, kept, gone])| (visible(&name), used, kept, gone)).collect();
    out.sort_by(|a, b| (b.1, b.2, b.3, &a.0).cmp(&(a.1, a.2, a.3, &b.0)));
    out
}

fn when(ms: Option<i64>, known: bool) -> String {
    match ms {
        Some(_) => day(ms),
        None if known => "never seen".to_owned(),
        None => "not known".to_owned(),
    }
}

/// The details' text. `page` goes in front of links to rows of the page, `root` in front of links to files.
///
/// # Errors
/// When the template cannot be rendered.
pub fn render(owner: &Owner<'_>, people: &People<'_>, model: &ReportModel, shown: &Shown<'_>, reference: &Reference, page: &'static str, root: &'static str) -> Result<String, askama::Error> {
    let person = owner.person.and_then(|at| people.all.get(at));
    let mut facts: Vec<(&'static str, String)> = vec![("ARN", visible(owner.arn))];
    let mut strip = None;
    let mut ways = Vec::new();
    let mut findings = Vec::new();
    let mut shared = Vec::new();
    let mut refused = Vec::new();
    let mut headline = Vec::new();
    let held = |at: &usize| model.proposals.get(*at);
    if let Some(p) = person {
        if let Some(f) = p.facts {
            facts.extend(f.owner.iter().map(|o| ("answers for it", visible(o))));
            facts.push(("made", when(f.created_ms, false)));
            facts.push(("last used", when(f.last_used_ms, f.last_used_known)));
            let [allowed, denied, failed] = f.calls.map(number);
            facts.push(("calls in the logs", format!("{allowed} authorised, {denied} denied, {failed} failed")));
            if !f.days.is_empty() {
                let busy = f.days.iter().filter(|n| **n > 0).count();
                let says = format!("active on {busy} of {} days ({}), {} at most on a day", f.days.len(), percent(i64::try_from(busy).unwrap_or(0), i64::try_from(f.days.len()).unwrap_or(1)), number(f.days.iter().copied().max().unwrap_or(0)));
                strip = Some((svg::spark(&f.days, 4), says));
            }
        }
        if let Some(b) = p.blast {
            facts.push(("risk", format!("{} → {} points", number(b.before.risk), number(b.after.risk))));
            let path = |s: &super::super::blast_text::BlastSide| if s.path.is_empty() { String::new() } else { format!(" ({})", s.path) };
            facts.push(("can become administrator", format!("{}{} → {}{}", b.before.admin, path(&b.before), b.after.admin, path(&b.after))));
            ways = b.first_ways();
            ways.extend(b.after.data.iter().map(|d| format!("keeps data: {d}")));
            ways.extend(b.not_known.iter().map(|n| format!("not known: {n}")));
            if b.before.risk != b.after.risk {
                headline.push(format!("risk {} → {}", number(b.before.risk), number(b.after.risk)));
            }
        }
        for f in &p.failing {
            let (class, mark, word) = severity(&f.severity);
            let row = shown.link(f);
            let href = format!("{}{row}", if row.starts_with('#') { page } else { root });
            let told = f.details.iter().filter(|(c, v)| **v != super::super::sql::Cell::Null && !["user_name", "role_name"].contains(c));
            let told: Vec<String> = told.map(|(c, v)| format!("{} {}", column(c), cell(c, v))).filter(|t| t.len() < 160).take(6).collect();
            findings.push(FindingView { class, mark, word, href, report: f.report.clone(), reason: visible(&f.reason), facts: told.join(" · ") });
        }
        if !p.failing.is_empty() {
            headline.push(count(p.failing.len(), "finding", "findings"));
        }
        if p.gap.gone > 0 {
            headline.push(format!("{} of {} grants can go", number(p.gap.gone), number(p.gap.all())));
        }
        let mut seen = BTreeSet::new();
        for row in p.policies.iter().filter_map(held).filter(|r| r.owner_arn != owner.arn && seen.insert(&r.owner_arn)) {
            let link = people.ids.get(row.owner_arn.as_str()).map(|id| format!("{page}#y{id}")).unwrap_or_default();
            shared.push((link, format!("{}: {}", short(&row.owner_arn), visible(&row.policy))));
        }
        if let Some(found) = model.backtest.as_ref().and_then(|b| b.by_principal.get(owner.arn)) {
            refused = found.most.iter().take(6).map(|r| (r.action.clone(), r.resource.clone(), format!("{}, {}, last {}", r.kind.replace('_', " "), count(usize::try_from(r.calls).unwrap_or(0), "call", "calls"), day(Some(r.last_seen_ms))))).collect();
        }
    } else if let Some(row) = owner.own.first() {
        let gone: usize = owner.own.iter().map(|r| r.actions_before.saturating_sub(r.actions_after)).sum();
        facts.push(("account", visible(&row.account)));
        let members: BTreeSet<&String> = owner.own.iter().flat_map(|r| &r.members).collect();
        facts.push(("bears on", count(members.len(), "user or role", "users and roles")));
        headline.push(count(members.len(), "user or role", "users and roles"));
        if gone > 0 {
            headline.push(format!("{} can go", count(gone, "action", "actions")));
        }
    }
    let mut services = match person {
        Some(p) => services(p.policies.iter().filter_map(held), reference),
        None => services(owner.own.iter().copied(), reference),
    };
    let services_left = services.len().saturating_sub(SERVICES);
    services.truncate(SERVICES);
    let shared_left = shared.len().saturating_sub(SHARED);
    shared.truncate(SHARED);
    let kind = person.map_or_else(|| owner.own.first().map_or(String::new(), |r| r.kind.clone()), |p| p.kind.to_owned());
    Card {
        id: &owner.id,
        root,
        title: short(owner.arn),
        kind,
        headline: headline.join(", "),
        facts,
        strip,
        ways,
        findings,
        services,
        services_left,
        policies: owner.own.iter().map(|r| policy(r, reference)).collect(),
        shared,
        shared_left,
        refused,
    }
    .render()
}
