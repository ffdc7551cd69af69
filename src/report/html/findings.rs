//! The table of findings: everything that fails or was fixed tonight, one row each; what is open, in groups; counts by control.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::catalogue::Report;
use super::super::findings::{Finding, rank};
use super::super::model::{ReportModel, day};
use super::super::Status;
use super::people::{Accounts, Links, People};
use super::tables::{Table, caption, link};
use super::text::{cell, column, days_between, esc, number, severity, short};

/// How many facts beside the reason a row tells.
const FACTS: usize = 5;

/// Columns that other cells of the row say already.
const SAID: &[&str] = &["user_name", "role_name"];

/// The number by which severities sort, the worst first.
#[must_use]
pub fn order(finding: &Finding) -> u8 {
    match finding.status {
        Status::Fail => rank(&finding.severity),
        Status::Unknown => 5,
        Status::Suppressed => 6,
        Status::Pass => 7,
        Status::NotApplicable => 8,
    }
}

/// What a row tells beside the reason.
fn facts(report: Option<&Report>, finding: &Finding) -> String {
    let mut out = String::new();
    let columns = report.map(|r| r.columns.as_slice()).unwrap_or_default();
    let told = columns.iter().filter(|c| !SAID.contains(&c.as_str())).filter_map(|c| {
        let value = finding.details.get(c)?;
        Some((column(c), cell(c, value))).filter(|(_, text)| !text.is_empty())
    });
    for (name, value) in told.take(FACTS) {
        let value: String = if value.chars().count() > 80 { value.chars().take(79).chain(['…']).collect() } else { value };
        let _ = write!(out, " · {} {}", esc(&name), esc(&value));
    }
    if out.is_empty() { out } else { format!("<br><span class=dim>{}</span>", out.trim_start_matches(" · ")) }
}

/// The findings that have a row: what fails, the worst first, then what was fixed tonight.
pub struct Shown<'m> {
    /// Them.
    pub rows: Vec<&'m Finding>,
    /// How many more there are.
    pub left: usize,
    uids: BTreeSet<&'m str>,
}

impl<'m> Shown<'m> {
    /// Chosen from all: so many of what fails at most, and of what was fixed.
    #[must_use]
    pub fn of(model: &'m ReportModel, most: usize) -> Shown<'m> {
        let change = |f: &Finding| match f.change {
            "new" => 0,
            "reopened" => 1,
            "changed" => 2,
            _ => 3,
        };
        let mut rows: Vec<&Finding> = model.findings.iter().filter(|f| f.status == Status::Fail).collect();
        let mut fixed: Vec<&Finding> = model.findings.iter().filter(|f| f.status != Status::Fail && f.change == "fixed").collect();
        let all = rows.len() + fixed.len();
        rows.sort_by_key(|f| (order(f), change(f)));
        fixed.sort_by_key(|f| order(f));
        rows.truncate(most);
        fixed.truncate(most);
        rows.append(&mut fixed);
        Shown { left: all - rows.len(), uids: rows.iter().map(|f| f.uid.as_str()).collect(), rows }
    }

    /// The link to a finding: its row, or the file that has all of them.
    #[must_use]
    pub fn link(&self, finding: &Finding) -> String {
        if self.uids.contains(finding.uid.as_str()) { format!("#f{}", finding.uid) } else { "findings.csv".to_owned() }
    }
}

/// The table of what fails, and of what was fixed tonight. Its rows, and how many are new.
#[must_use]
pub fn table(model: &ReportModel, shown: &Shown<'_>, people: &People<'_>, accounts: &Accounts, links: &Links) -> String {
    let columns = [("severity", "n"), ("tonight", "t"), ("control", "t"), ("account", "t"), ("resource", "t"), ("why", "t"), ("days open", "n")];
    let mut table = Table::new("findings-table", "What fails, the worst first", &columns);
    let reports: BTreeMap<&str, &Report> = model.reports.iter().map(|r| (r.id.as_str(), r)).collect();
    for f in &shown.rows {
        let is_fixed = f.change == "fixed";
        let (class, mark, word) = if is_fixed { ("ok", "✓", "Fixed") } else { severity(&f.severity) };
        table.row(&format!("{} {class} c-{}", accounts.class(&f.account), if f.change.is_empty() { "open" } else { f.change }), &format!("f{}", f.uid));
        table.html(&format!("\"s {class}\" data-v={}", if is_fixed { 10 } else { order(f) }), &format!("{mark} {word}"));
        table.text(f.change);
        table.html("", &link(&format!("#c-{}", f.report), &f.report));
        table.whole(&f.account);
        let name = short(&f.resource);
        let name = people.ids.get(f.resource.as_str()).map_or_else(|| esc(&name), |id| link(&links.to(id), &name));
        table.html("", &name);
        table.html("", &format!("{}{}", esc(&f.reason), facts(reports.get(f.report.as_str()).copied(), f)));
        table.number(days_between(f.first_seen_ms.unwrap_or(model.as_of_ms), model.as_of_ms));
        table.end();
    }
    table.finish_or_none()
}

/// What stays open, by control, account and reason; where rows are left out, those about the fewest.
#[must_use]
pub fn open(model: &ReportModel, accounts: &Accounts, most: usize) -> String {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Finding>> = BTreeMap::new();
    for f in model.findings.iter().filter(|f| f.status == Status::Unknown) {
        groups.entry((&f.report, &f.account, &f.reason)).or_default().push(f);
    }
    let columns = [("control", "t"), ("account", "t"), ("why it is open", "t"), ("findings", "n"), ("for example", "t")];
    let left = groups.len().saturating_sub(most);
    let mut groups: Vec<_> = groups.into_iter().collect();
    if left > 0 {
        groups.sort_by(|a, b| (b.1.len(), &a.0).cmp(&(a.1.len(), &b.0)));
        groups.truncate(most);
    }
    let mut table = Table::new("open-table", &caption("What cannot be told", left, "findings.csv"), &columns);
    for ((report, account, reason), found) in groups {
        table.row(&accounts.class(account), "");
        table.html("", &link(&format!("#c-{report}"), report));
        table.whole(account);
        table.text(reason);
        table.number(found.len());
        let names: Vec<String> = found.iter().take(3).map(|f| short(&f.resource)).collect();
        let more = if found.len() > 3 { format!(", … {} more in findings.csv", number(found.len() - 3)) } else { String::new() };
        table.text(&format!("{}{more}", names.join(", ")));
        table.end();
    }
    table.finish_or_none()
}

/// One control with its counts.
pub struct Control<'m> {
    /// Its description.
    pub report: &'m Report,
    /// Class, mark and word of its worst status.
    pub mark: (&'static str, &'static str, &'static str),
    /// Findings that fail, are open, pass, are not applicable, are suppressed.
    pub counts: [usize; 5],
    /// Framework and id.
    pub frameworks: Vec<(String, String)>,
}

/// A control's ids in frameworks: name of the framework, id in it.
fn frameworks(report: &Report) -> Vec<(String, String)> {
    report.frameworks.iter().flat_map(|(name, ids)| ids.iter().map(move |id| (name.clone(), id.clone()))).collect()
}

/// Every control.
#[must_use]
pub fn controls(model: &ReportModel) -> Vec<Control<'_>> {
    let mut counts: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for f in &model.findings {
        let [fail, unknown, pass, other, suppressed] = counts.entry(&f.report).or_default();
        *match f.status {
            Status::Fail => fail,
            Status::Unknown => unknown,
            Status::Pass => pass,
            Status::NotApplicable => other,
            Status::Suppressed => suppressed,
        } += 1;
    }
    let one = |report| {
        let counts = counts.get(report_id(report)).copied().unwrap_or_default();
        let worst = match counts {
            [n, ..] if n > 0 => super::text::status(Status::Fail),
            [_, n, ..] if n > 0 => super::text::status(Status::Unknown),
            [_, _, _, _, n] if n > 0 => super::text::status(Status::Suppressed),
            [_, _, n, ..] if n > 0 => super::text::status(Status::Pass),
            [_, _, _, n, _] if n > 0 => super::text::status(Status::NotApplicable),
            _ => ("ask", "?", "unknown"),
        };
        Control { report, mark: worst, counts, frameworks: frameworks(report) }
    };
    model.reports.iter().map(one).collect()
}

fn report_id(report: &Report) -> &str {
    &report.id
}

/// Controls by framework.
#[must_use]
pub fn compliance(controls: &[Control<'_>]) -> String {
    let columns = [("framework", "t"), ("requirement", "t"), ("status", "t"), ("control", "t"), ("fail", "n"), ("unknown", "n"), ("pass", "n"), ("not applicable", "n"), ("suppressed", "n")];
    let mut table = Table::new("compliance-table", "Controls by framework. Ids only; a person who has the standards must confirm the mapping", &columns);
    let mut rows: Vec<(&str, &str, &Control<'_>)> = controls.iter().flat_map(|c| c.frameworks.iter().map(move |(name, id)| (name.as_str(), id.as_str(), c))).collect();
    rows.sort_by(|a, b| (a.0, a.1, &a.2.report.id).cmp(&(b.0, b.1, &b.2.report.id)));
    for (name, id, control) in rows {
        table.row("", "");
        table.text(name);
        table.text(id);
        let (class, mark, word) = control.mark;
        table.html(&format!("\"s {class}\""), &format!("{mark} {word}"));
        table.html("", &link(&format!("#c-{}", control.report.id), &control.report.title));
        for n in control.counts {
            table.some(n);
        }
        table.end();
    }
    table.finish_or_none()
}

/// Findings of a report that fail, by the report's own columns.
#[must_use]
pub fn of_report(model: &ReportModel, report: &str, id: &str, caption: &str, people: &People<'_>, accounts: &Accounts, links: &Links) -> (String, [usize; 5]) {
    let Some(described) = model.reports.iter().find(|r| r.id == report) else { return (String::new(), [0; 5]) };
    let mut counts = [0; 5];
    let shown_columns: Vec<&String> = described.columns.iter().filter(|c| !SAID.contains(&c.as_str())).collect();
    let mut columns: Vec<(String, &str)> = [("severity", "n"), ("name", "t"), ("account", "t")].map(|(n, s)| (n.to_owned(), s)).to_vec();
    let is_number = |c: &str| c.ends_with("_days") || c.ends_with("_calls") || c == "calls";
    columns.extend(shown_columns.iter().map(|c| (column(c), if is_number(c) { "n" } else { "t" })));
    columns.push(("why".to_owned(), "t"));
    let mut table = Table::named(id, caption, &columns);
    for f in model.findings_of(report) {
        if let Some(n) = counts.get_mut(match f.status {
            Status::Fail => 0,
            Status::Unknown => 1,
            Status::Pass => 2,
            Status::NotApplicable => 3,
            Status::Suppressed => 4,
        }) {
            *n += 1;
        }
        if f.status != Status::Fail {
            continue;
        }
        let (class, mark, word) = severity(&f.severity);
        table.row(&accounts.class(&f.account), "");
        table.html(&format!("\"s {class}\" data-v={}", order(f)), &format!("{mark} {word}"));
        let name = short(&f.resource);
        table.html("", &people.ids.get(f.resource.as_str()).map_or_else(|| esc(&name), |id| link(&links.to(id), &name)));
        table.whole(&f.account);
        for c in &shown_columns {
            let value = f.details.get(c).map(|v| cell(c, v)).unwrap_or_default();
            match c.as_str() {
                c if is_number(c) => table.html("n", &esc(&value)),
                c if c.ends_with("_ms") => table.whole(&value),
                _ => table.text(&value),
            }
        }
        table.text(&f.reason);
        table.end();
    }
    (table.finish_or_none(), counts)
}

/// Since when the oldest finding that still fails is open.
#[must_use]
pub fn oldest(model: &ReportModel) -> Option<String> {
    model.findings.iter().filter(|f| f.status == Status::Fail).filter_map(|f| f.first_seen_ms).min().map(|ms| day(Some(ms)))
}
