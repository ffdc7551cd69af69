//! The tables of users and roles, of credentials and of policies.

use std::collections::BTreeSet;

use super::super::escape::short as visible;
use super::super::model::{ProposalRow, ReportModel, day};
use super::people::{Accounts, Gap, Links, People, Person};
use super::svg;
use super::tables::{Table, caption, link};
use super::text::{days_between, esc, number, severity, short};

/// Weeks that a strip shows.
pub const WEEKS: usize = 13;

/// Authorised calls by week, oldest first; the last week ends with the window.
#[must_use]
pub fn weeks(days: &[i64]) -> Vec<i64> {
    let mut out: Vec<i64> = days.rchunks(7).take(WEEKS).map(|week| week.iter().sum()).collect();
    out.reverse();
    out
}

/// When somebody was last used, as a cell.
fn last(table: &mut Table, person: &Person<'_>) {
    match person.facts {
        Some(facts) if facts.last_used_ms.is_some() => table.whole(&day(facts.last_used_ms)),
        Some(facts) if facts.last_used_known => table.whole("never seen"),
        _ => table.html("\"t dim\"", "not known"),
    }
}

fn strip(table: &mut Table, person: &Person<'_>) {
    let Some(facts) = person.facts.filter(|f| !f.days.is_empty()) else { return table.html("\"dim\" data-v=0", "–") };
    let weeks = weeks(&facts.days);
    let busy = weeks.iter().filter(|n| **n > 0).count();
    table.html(&format!("n data-v={busy}"), &format!("{} {busy}/{}", svg::spark(&weeks, 6), weeks.len()));
}

/// The table of users and roles.
#[must_use]
pub fn table(model: &ReportModel, people: &People<'_>, accounts: &Accounts, links: &Links) -> String {
    let has_blast = model.blast.is_some();
    let mut columns = vec![("user or role", "t"), ("account", "t"), ("findings", "n")];
    if has_blast {
        columns.extend([("risk", "n"), ("administrator", "t")]);
    }
    columns.extend([("granted", "n"), ("used", "n"), ("can go", "n"), ("dangerous", "n"), ("13 weeks", "n"), ("last used", "t")]);
    let mut table = Table::new("principals-table", "Users and roles, the riskiest first; before → after all proposals", &columns);
    for person in &people.all {
        table.row(&accounts.class(person.account), "");
        let name = people.ids.get(person.arn).map_or_else(|| esc(&person.name), |id| link(&links.to(id), &person.name));
        table.html("", &format!("{name} <span class=dim>{}</span>", esc(person.kind)));
        table.whole(person.account);
        match person.failing.iter().min_by_key(|f| super::findings::order(f)) {
            Some(worst) => {
                let (class, mark, word) = severity(&worst.severity);
                table.html(&format!("\"s {class}\" data-v={}", super::people::weight(&person.failing)), &format!("{mark} {} <span class=v>{word}</span>", person.failing.len()));
            }
            None => table.html("\"dim\" data-v=0", "–"),
        }
        if has_blast {
            match person.blast {
                Some(b) => {
                    table.change(b.before.risk, b.after.risk);
                    let class = match b.before.admin {
                        "yes" => "bad",
                        "perhaps" | "unknown" => "ask",
                        _ => "dim",
                    };
                    let change = if b.before.admin == b.after.admin { b.before.admin.to_owned() } else { format!("{} → {}", b.before.admin, b.after.admin) };
                    table.html(class, &change);
                }
                None => {
                    table.html("dim", "not known");
                    table.html("dim", "not known");
                }
            }
        }
        table.number(person.gap.all());
        table.some(person.gap.used);
        table.some(person.gap.gone);
        table.some(person.gap.risky);
        strip(&mut table, person);
        last(&mut table, person);
        table.end();
    }
    table.finish_or_none()
}

/// The table of credentials: all that open something, or may.
#[must_use]
pub fn credentials(model: &ReportModel, people: &People<'_>, accounts: &Accounts, links: &Links, most: usize) -> String {
    let Some(all) = &model.page.credentials else { return String::new() };
    let columns = [("user", "t"), ("account", "t"), ("credential", "t"), ("active", "t"), ("age in days", "n"), ("last used", "n"), ("with", "t"), ("calls seen", "n"), ("from addresses", "n"), ("MFA", "t")];
    let mut shown: Vec<_> = all.iter().filter(|c| c.active != Some(false)).collect();
    shown.sort_by(|a, b| (!a.is_key(), a.made_ms.is_none(), a.made_ms, &a.account, &a.user, &a.slot, &a.key_id).cmp(&(!b.is_key(), b.made_ms.is_none(), b.made_ms, &b.account, &b.user, &b.slot, &b.key_id)));
    let text = "Credentials that open something, the oldest first; passwords and keys that are off are left out";
    let mut table = Table::new("keys-table", &caption(text, shown.len().saturating_sub(most), "tables/credentials.csv"), &columns);
    for c in shown.into_iter().take(most) {
        table.row(&accounts.class(&c.account), "");
        table.html("", &people.ids.get(c.user_arn.as_str()).map_or_else(|| esc(&c.user), |id| link(&links.to(id), &c.user)));
        table.whole(&c.account);
        let slot = c.slot.replace('_', " ");
        table.html("", &c.key_id.as_ref().map_or_else(|| esc(&slot), |id| format!("{} <code>{}</code>", esc(&slot), esc(id))));
        table.text(match c.active {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not known",
        });
        match c.made_ms.map(|at| days_between(at, model.as_of_ms)) {
            Some(days) if c.is_key() && days > 90 => table.html(&format!("\"n s s2\" data-v={days}"), &format!("■ {}", number(days))),
            Some(days) => table.number(days),
            None => table.html("\"n dim\"", "not known"),
        }
        match c.last_used_ms {
            Some(at) => table.html(&format!("n data-v={}", days_between(at, model.as_of_ms)), &day(Some(at))),
            None if c.last_used_known => table.html("n data-v=99999", "never"),
            None => table.html("\"n dim\" data-v=99998", "not known"),
        }
        table.text(c.last_used_service.as_deref().filter(|s| *s != "N/A").unwrap_or_default());
        match c.seen {
            Some([calls, addresses, _]) => {
                table.number(calls);
                table.number(addresses);
            }
            None => {
                table.html("\"n dim\"", "–");
                table.html("\"n dim\"", "–");
            }
        }
        table.text(match c.mfa {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        });
        table.end();
    }
    table.finish_or_none()
}

/// The table of policies: every document, with what became of it.
#[must_use]
pub fn policies(model: &ReportModel, people: &People<'_>, accounts: &Accounts, links: &Links, most: usize) -> String {
    let columns = [("owner", "t"), ("policy", "t"), ("account", "t"), ("where", "t"), ("outcome", "t"), ("actions", "n"), ("can go", "n"), ("dangerous", "n"), ("past calls", "n"), ("bears on", "n")];
    let rank = |status: &str| match status {
        "defect" => 0,
        "written" => 1,
        "withheld" => 2,
        _ => 3,
    };
    let mut rows: Vec<_> = model.proposals.iter().collect();
    rows.sort_by_cached_key(|p| (rank(p.status), std::cmp::Reverse((p.risky_dropped.len(), p.actions_before.saturating_sub(p.actions_after))), &p.owner_arn, &p.policy, &p.placement));
    let persons: BTreeSet<&str> = people.all.iter().map(|p| p.arn).collect();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    // Users and roles lead here from the policies that they share with others: of each of these one row is always there.
    let rows: Vec<(&ProposalRow, bool)> = rows.into_iter().map(|p| (p, !persons.contains(p.owner_arn.as_str()) && named.insert(&p.owner_arn))).collect();
    let shown = rows.iter().enumerate().filter(|(at, (_, is_shared))| *at < most || *is_shared).map(|(_, row)| *row);
    let left = rows.len() - shown.clone().count();
    let text = "Policies and what became of them; the name of a policy leads to its diff";
    let mut table = Table::new("policies-table", &caption(text, left, "run.json and below policies/"), &columns);
    for (p, is_shared) in shown {
        let id = people.ids.get(p.owner_arn.as_str()).filter(|_| is_shared).map(|id| format!("y{id}")).unwrap_or_default();
        table.row(&format!("{} p-{}", accounts.class(&p.account), p.status), &id);
        let name = visible(&p.owner);
        let name = people.ids.get(p.owner_arn.as_str()).map_or_else(|| esc(&name), |id| link(&links.to(id), &name));
        table.html("", &format!("{name} <span class=dim>{}</span>", esc(&p.kind)));
        table.html("", &link(&format!("policies/{}/diff.md", p.folder), &visible(&p.policy)));
        table.whole(&p.account);
        table.text(&p.placement.replace('-', " "));
        let (class, mark, word) = outcome(p.status);
        table.html(class, &format!("{mark} {word}"));
        table.change(p.actions_before, p.actions_after);
        table.some(if p.status == "written" { p.actions_before.saturating_sub(p.actions_after) } else { 0 });
        table.some(if p.status == "written" { p.risky_dropped.len() } else { 0 });
        table.number(p.replay.calls);
        table.number(p.members.len());
        table.end();
    }
    table.finish_or_none()
}

/// Class, mark and word of what became of a policy.
#[must_use]
pub fn outcome(status: &str) -> (&'static str, &'static str, &'static str) {
    match status {
        "written" => ("ok", "✓", "proposed"),
        "defect" => ("bad", "✕", "defect"),
        "withheld" => ("ask", "?", "withheld"),
        _ => ("dim", "–", "unchanged"),
    }
}

/// Everything that users and roles hold, together.
#[must_use]
pub fn all_held(people: &People<'_>) -> Gap {
    people.all.iter().fold(Gap::default(), |mut sum, p| {
        sum.add(p.gap);
        sum
    })
}

/// Left-alone policies.
#[must_use]
pub fn left_alone(model: &ReportModel) -> String {
    let mut table = Table::new("left-table", "Policies that were left alone, and why", &[("owner", "t"), ("policy", "t"), ("why", "t")]);
    for [owner, policy, why] in &model.skipped {
        table.row("", "");
        table.text(&short(owner));
        table.text(policy);
        table.text(why);
        table.end();
    }
    table.finish_or_none()
}

/// Suppressions; empty where there are none.
#[must_use]
pub fn suppressions(model: &ReportModel) -> String {
    let columns = [("control", "t"), ("what", "t"), ("owner", "t"), ("until", "t"), ("days left", "n"), ("findings", "n"), ("reason", "t")];
    let mut table = Table::new("suppressions-table", "What is suppressed, by whom, why and until when", &columns);
    for s in model.page.suppressions.iter().flatten() {
        table.row("", "");
        table.text(&s.rule);
        table.text(&s.matches);
        table.text(&s.owner);
        table.whole(&s.expires);
        table.number(s.days_left);
        table.number(s.findings);
        table.text(&s.reason);
        table.end();
    }
    table.finish_or_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_end_with_the_window() {
        let mut days = vec![0; 90];
        days[89] = 5;
        days[82] = 7;
        days[0] = 1;
        let weeks = weeks(&days);
        assert_eq!((weeks.len(), weeks[12], weeks[11], weeks[0]), (13, 5, 7, 1), "{weeks:?}");
        assert_eq!(super::weeks(&[1, 2]), [3]);
        assert_eq!(super::weeks(&vec![1; 400]).len(), 13);
    }
}
