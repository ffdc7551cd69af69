//! The numbers under the things to do: each with what it was before, where earlier nights are known.

use super::super::Status;
use super::super::model::{ReportModel, day};
use super::people::People;
use super::principals::all_held;
use super::svg;
use super::text::{days_between, number, percent};

/// A number.
pub struct Number {
    /// Where it leads.
    pub to: &'static str,
    /// The number in words, or that it is not known.
    pub value: String,
    /// What it counts.
    pub what: String,
    /// Beside it.
    pub note: String,
    /// Class of the value.
    pub class: &'static str,
    /// Earlier nights.
    pub spark: String,
}

fn some(to: &'static str, value: Option<i64>, what: &str, note: String, bad_from: i64) -> Number {
    let class = match value {
        None => "ask",
        Some(n) if n >= bad_from => "bad",
        Some(_) => "ok",
    };
    Number { to, value: value.map_or_else(|| "not known".to_owned(), number), what: what.to_owned(), note, class, spark: String::new() }
}

fn failing(model: &ReportModel, report: &str) -> Option<i64> {
    let known = model.reports.iter().any(|r| r.id == report) && model.findings_of(report).any(|f| f.status != Status::Unknown);
    known.then(|| i64::try_from(model.findings_of(report).filter(|f| f.status == Status::Fail).count()).unwrap_or(0))
}

/// The numbers.
#[must_use]
pub fn all(model: &ReportModel, people: &People<'_>) -> Vec<Number> {
    let held = all_held(people);
    let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut out = Vec::new();
    if held.all() > 0 {
        let share = percent(whole(held.used), whole(held.all()));
        let mut granted = some("gap", Some(whole(held.all())), "grants held", format!("{} used ({share}), {} can go", number(held.used), number(held.gone)), i64::MAX);
        granted.class = "";
        out.push(granted);
        out.push(some("gap", Some(whole(held.risky)), "dangerous grants that nobody uses", "escalation, credentials, data, exposure".to_owned(), 1));
    } else {
        out.push(some("principals", None, "grants held", "no grants were given".to_owned(), 1));
    }
    if let Some(b) = &model.blast {
        let ((before, after), (yes, left)) = (b.risk(), b.admins("yes"));
        let mut risk = some("principals", Some(whole(before)), "risk points", format!("{} once all proposals stand", number(after)), 1);
        risk.class = "";
        out.push(risk);
        let (perhaps, _) = b.admins("perhaps");
        let note = format!("{} after; perhaps {} more", number(left), number(perhaps));
        let mut admins = some("principals", Some(whole(yes)), "can become administrator", note, 1);
        admins.class = "";
        out.push(admins);
    }
    let doors = super::trust_map::doors(model);
    let outside = doors.iter().filter(|d| super::trust_map::is_outside(d)).map(|d| &d.who).collect::<std::collections::BTreeSet<_>>().len();
    let seen = model.reports.iter().any(|r| r.id == "external-access") && !model.page.principals.is_empty();
    let mut external = some("external", seen.then(|| whole(outside)), "outsiders trusted", "accounts and identity providers outside".to_owned(), 1);
    external.class = if seen { "" } else { "ask" };
    out.push(external);
    let old = model.page.credentials.as_ref().map(|all| {
        let is_old = |c: &&super::super::page_facts::CredentialFacts| c.is_key() && c.active == Some(true) && c.made_ms.is_some_and(|at| days_between(at, model.as_of_ms) > 90);
        (whole(all.iter().filter(is_old).count()), all.iter().filter(|c| c.is_key() && c.active == Some(true)).count())
    });
    out.push(some("keys", old.map(|(n, _)| n), "access keys over 90 days", old.map_or("no credential report".to_owned(), |(_, n)| format!("of {} active", number(n))), 1));
    out.push(some("roles", failing(model, "role-unused"), "unused roles", "nobody took them up for longer than the limit".to_owned(), 1));
    out.push(some("method", model.page.root_calls, "calls by root users", "all days of the logs".to_owned(), 1));
    if let Some(first) = super::findings::oldest(model) {
        let n = model.findings.iter().filter(|f| f.status == Status::Fail).count();
        let mut failing = some("findings", Some(whole(n)), "findings fail", format!("the oldest since {first}"), 1);
        let nights: Vec<i64> = model.page.trend.iter().map(|n| n.failing.iter().sum()).collect();
        if nights.len() > 1 {
            let last = nights.get(nights.len().saturating_sub(90)..).unwrap_or(&nights);
            failing.spark = svg::spark(last, 2);
            failing.note = format!("{} on {}", nights.first().copied().map_or_else(String::new, number), day(model.page.trend.first().map(|n| n.as_of_ms)));
        }
        out.insert(0, failing);
    }
    out
}
