//! What to do: findings of one control and proposals of one owner are one thing to do each, ranked by what they gain.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::super::Status;
use super::super::findings::Finding;
use super::super::model::{ProposalRow, ReportModel};
use super::findings::Shown;
use super::people::{Links, People};
use super::text::{count, number, severity, short};

/// How many things to do stand at the top.
pub const SHOWN: usize = 10;

/// How many examples stand beside a thing to do.
const EXAMPLES: usize = 3;

/// One thing to do.
pub struct Action {
    /// Class, shape and word of its mark.
    pub mark: (&'static str, &'static str, &'static str),
    /// What to do, in a line.
    pub title: String,
    /// What it gains.
    pub gain: Vec<String>,
    /// How, or what speaks for it.
    pub how: String,
    /// Where to look: address and text.
    pub links: Vec<(String, String)>,
    /// A command to copy, run in the folder of the results.
    pub command: Option<String>,
}

/// What a thing to do gains; sorts it.
type Score = (usize, usize);

fn points(severity: &str) -> usize {
    match severity {
        "CRITICAL" => 3_000,
        "HIGH" => 600,
        "MEDIUM" => 60,
        "LOW" => 6,
        _ => 1,
    }
}

/// Many findings of one kind weigh more than one, but do not bury a worse one.
fn many(n: usize) -> usize {
    n.min(5) + n.ilog2() as usize
}

fn of_findings(model: &ReportModel, shown: &Shown<'_>) -> Vec<(Score, Action)> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    let has_past = super::has_past(model);
    for f in model.findings.iter().filter(|f| f.status == Status::Fail) {
        groups.entry((&f.report, &f.severity)).or_default().push(f);
    }
    let one = |((report, worst), found): ((&str, &str), Vec<&Finding>)| -> Option<(Score, Action)> {
        let described = model.reports.iter().find(|r| r.id == report);
        let first = found.first()?;
        let fresh = found.iter().filter(|f| matches!(f.change, "new" | "reopened")).count();
        let accounts = found.iter().map(|f| &f.account).collect::<BTreeSet<_>>().len();
        let resources = found.iter().map(|f| &f.resource).collect::<BTreeSet<_>>().len();
        let name = described.map_or(report, |r| r.title.as_str());
        let title = if resources == 1 { format!("{name}: {}", short(&first.resource)) } else { format!("{name}: {resources} to settle") };
        let mark = severity(worst);
        let mut gain = vec![format!("closes {} {}", count(found.len(), mark.2, mark.2).to_lowercase(), if found.len() == 1 { "finding" } else { "findings" })];
        if accounts > 1 {
            gain.push(format!("in {accounts} accounts"));
        }
        if has_past && fresh > 0 {
            gain.push(format!("{} new tonight", number(fresh)));
        }
        let how = if found.iter().all(|f| f.reason == first.reason) {
            format!("{}. {}", capital(&first.reason), described.map_or("", |r| sentence(&r.fix)))
        } else {
            described.map_or("", |r| sentence(&r.fix)).to_owned()
        };
        let mut seen = BTreeSet::new();
        let mut links: Vec<(String, String)> =
            found.iter().filter(|f| seen.insert(&f.resource)).take(EXAMPLES).map(|f| (shown.link(f), short(&f.resource))).collect();
        if resources > EXAMPLES {
            links.push((shown.link(first), format!("and {} more", number(resources - EXAMPLES))));
        }
        Some(((points(worst) * many(found.len()), found.len()), Action { mark, title, gain, how, links, command: None }))
    };
    groups.into_iter().filter_map(one).collect()
}

/// The first sentence.
fn sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().map_or(text, str::trim_end)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// What proposals gain together.
#[derive(Default)]
struct Gain {
    actions: usize,
    risky: usize,
    risk: usize,
    paths: usize,
    principals: usize,
    calls: i64,
    is_proved: bool,
}

impl Gain {
    fn of<'p>(rows: impl IntoIterator<Item = &'p ProposalRow>) -> Gain {
        let mut gain = Gain { is_proved: true, ..Gain::default() };
        let mut members = BTreeSet::new();
        for row in rows {
            gain.actions += row.actions_before.saturating_sub(row.actions_after);
            gain.risky += row.risky_dropped.len();
            gain.calls += row.replay.calls;
            gain.is_proved &= row.containment == "proved";
            let removed = row.risk_removed.unwrap_or_default();
            gain.risk += removed.risk;
            gain.paths += removed.paths;
            members.extend(&row.members);
        }
        gain.principals = members.len();
        gain
    }

    fn score(&self) -> Score {
        (self.paths * 900 + self.risk * 4 + self.risky * 2 + (self.actions / 50).min(100), self.actions)
    }

    fn words(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.actions > 0 {
            let dangerous = if self.risky > 0 { format!(", {} of them dangerous", number(self.risky)) } else { String::new() };
            out.push(format!("removes {}{dangerous}", count(self.actions, "unused action", "unused actions")));
        }
        if self.paths > 0 {
            out.push(format!("closes {}", count(self.paths, "path to administrator", "paths to administrator")));
        }
        if self.risk > 0 {
            out.push(format!("−{} risk points", number(self.risk)));
        }
        out
    }

    fn how(&self) -> String {
        let proof = if self.is_proved { "Proved to allow nothing new" } else { "Not proved to allow nothing new" };
        let calls = count(usize::try_from(self.calls).unwrap_or(0), "past call", "past calls");
        let calls = if self.calls == 0 { "no past call needs it".to_owned() } else { format!("0 of {calls} newly denied") };
        format!("{proof}; {calls}. Bears on {}.", count(self.principals, "user or role", "users and roles"))
    }
}

fn of_proposals<'m>(model: &'m ReportModel, people: &People<'_>, links: &Links) -> Vec<(Score, Action, Vec<&'m ProposalRow>)> {
    let mut folders: BTreeMap<&str, Vec<&ProposalRow>> = BTreeMap::new();
    for row in model.proposals_with("written").filter(|p| p.current.is_some() && p.replay.newly_denied == 0) {
        folders.entry(&row.folder).or_default().push(row);
    }
    let one = |(folder, rows): (&str, Vec<&'m ProposalRow>)| -> Option<(Score, Action, Vec<&'m ProposalRow>)> {
        let first = rows.first()?;
        let gain = Gain::of(rows.iter().copied());
        if gain.words().is_empty() {
            return None;
        }
        let mark = if gain.paths > 0 { ("s4", "◆", "Admin path") } else if gain.risky > 0 { ("s3", "▲", "Dangerous") } else { ("s1", "▽", "Unused") };
        let names: Vec<String> = rows.iter().take(EXAMPLES).map(|r| super::super::escape::visible(&r.policy)).collect();
        let more = if rows.len() > EXAMPLES { format!(" and {} more", rows.len() - EXAMPLES) } else { String::new() };
        let title = if rows.len() == 1 && first.placement == "customer-managed" {
            format!("Shrink policy {}", short(&first.owner_arn))
        } else {
            format!("Shrink {}: {}{more}", short(&first.owner_arn), names.join(", "))
        };
        let mut at: Vec<(String, String)> = people.ids.get(first.owner_arn.as_str()).map(|id| (links.to(id), "details".to_owned())).into_iter().collect();
        at.push((format!("policies/{folder}/diff.md"), "diff".to_owned()));
        let command = (model.redacted.is_none() && first.kind != "permission-set" && first.placement != "aws-managed").then(|| format!("sh policies/{folder}/apply.sh"));
        Some((gain.score(), Action { mark, title, gain: gain.words(), how: gain.how(), links: at, command }, rows))
    };
    folders.into_iter().filter_map(one).collect()
}

/// The things to do that gain most, and how many more there are.
#[must_use]
pub fn first(model: &ReportModel, shown: &Shown<'_>, people: &People<'_>, links: &Links) -> (Vec<Action>, usize) {
    let mut all: Vec<(Score, Action, Vec<&ProposalRow>)> = of_findings(model, shown).into_iter().map(|(score, action)| (score, action, Vec::new())).collect();
    all.extend(of_proposals(model, people, links));
    all.sort_by_cached_key(|(score, action, _)| (Reverse(*score), action.title.clone(), action.links.first().cloned()));
    let mut shown: Vec<Action> = Vec::new();
    let mut rest: Vec<(Action, Vec<&ProposalRow>)> = Vec::new();
    let total = all.len();
    for (_, action, rows) in all {
        if shown.len() < SHOWN { shown.push(action) } else { rest.push((action, rows)) }
    }
    // The last place is for all other proposals together: singly they are little, together they are most of it.
    let others: Vec<&ProposalRow> = rest.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
    let mut covered = shown.len();
    if others.len() > 1 {
        shown.pop();
        let gain = Gain::of(others.iter().copied());
        covered = shown.len() + rest.iter().filter(|(_, rows)| !rows.is_empty()).count();
        shown.push(Action {
            mark: ("s1", "▽", "Unused"),
            title: format!("Then apply the other {} proposals", number(others.len())),
            gain: gain.words(),
            how: gain.how(),
            links: vec![("#policies".to_owned(), "policies".to_owned())],
            command: None,
        });
    }
    (shown, total.saturating_sub(covered))
}
