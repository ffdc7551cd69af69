//! The page's drawings, each with the table that says the same.

use std::collections::{BTreeMap, BTreeSet};

use super::super::model::{ReportModel, day};
use super::people::{Accounts, Gap, Links, People};
use super::svg::{self, Svg};
use super::tables::{Table, link};
use super::text::{count, days_between, esc, number};

/// How many principals have a bar.
const BARS: usize = 50;

/// A drawing with its heading, what it says, and the table beside it.
pub struct Plot {
    /// Id of its heading.
    pub id: &'static str,
    /// Heading.
    pub title: String,
    /// What it says.
    pub says: String,
    /// Key of its colours, as HTML.
    pub key: &'static str,
    /// The drawing.
    pub drawing: String,
    /// The table, and whether it is folded away.
    pub table: Option<String>,
}

const GAP_KEY: &str = "<span class=u>used</span><span class=k>kept, use could not be seen</span><span class=d>can go</span><span class=r>can go and dangerous</span>";

/// Width of a bar.
const WIDE: usize = 220;

/// A choice that works without a script: bars as long as the number of grants, by its logarithm, so that few are seen beside many.
const BY_NUMBER: &str = "<p class=small><label class=opt><input type=checkbox id=by-number> bars as long as the number of grants (logarithmic)</label></p>";

/// How long the bar of a number is beside that of the most, both above zero.
fn logarithmic(n: usize, most: usize) -> usize {
    // To the base of two, straight between powers, in whole numbers: the same on every machine.
    let log = |n: usize| {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        let whole = n.ilog2();
        let rest = (u128::from(n) << 16 >> whole) - (1 << 16);
        (u128::from(whole) << 16) + rest + (1 << 16)
    };
    let wide = u128::try_from(WIDE).unwrap_or(0);
    usize::try_from(wide * log(n) / log(most).max(1)).unwrap_or(WIDE).clamp(8, WIDE)
}

fn gap_row(table: &mut Table, first: &str, gap: Gap, most: usize) {
    table.row("", "");
    table.html("", first);
    let (share, number) = (svg::bar("b lin", &gap.parts(), WIDE), svg::bar("b lg", &gap.parts(), logarithmic(gap.all(), most)));
    table.html("", &format!("{share}{number}"));
    table.number(gap.all());
    table.number(gap.used);
    table.some(gap.kept);
    table.some(gap.gone);
    table.some(gap.risky);
    table.end();
}

/// Granted and used, by account and by principal.
fn gap(people: &People<'_>, accounts: &Accounts, links: &Links) -> Option<Plot> {
    let mut by_account: BTreeMap<&str, Gap> = BTreeMap::new();
    for person in &people.all {
        by_account.entry(person.account).or_default().add(person.gap);
    }
    by_account.retain(|_, gap| gap.all() > 0);
    if by_account.is_empty() {
        return None;
    }
    let columns = [("whose", "t"), ("share", "-"), ("granted", "n"), ("used", "n"), ("kept unseen", "n"), ("can go", "n"), ("dangerous", "n")];
    let mut of_accounts = Table::new("gap-accounts", "Granted and used by account", &columns);
    let mut rows: Vec<(&str, Gap)> = by_account.into_iter().collect();
    rows.sort_by(|a, b| (b.1.gone, a.0).cmp(&(a.1.gone, b.0)));
    let most = rows.iter().map(|(_, gap)| gap.all()).max().unwrap_or(1);
    for (account, gap) in &rows {
        let name = accounts.name(account);
        gap_row(&mut of_accounts, &format!("{} <span class=dim>{}</span>", esc(account), esc(name)), *gap, most);
    }
    let mut widest: Vec<_> = people.all.iter().filter(|p| p.gap.gone > 0).collect();
    widest.sort_by(|a, b| (b.gap.risky, b.gap.gone, a.arn).cmp(&(a.gap.risky, a.gap.gone, b.arn)));
    let more = widest.len().saturating_sub(BARS);
    let caption = if more > 0 { format!("The {BARS} users and roles of which most danger goes; {} more in the table of principals", number(more)) } else { "Users and roles of which something goes".to_owned() };
    let mut of_people = Table::new("gap-people", &caption, &columns);
    let most = widest.iter().take(BARS).map(|p| p.gap.all()).max().unwrap_or(1);
    for person in widest.into_iter().take(BARS) {
        let name = people.ids.get(person.arn).map_or_else(|| esc(&person.name), |id| link(&links.to(id), &person.name));
        gap_row(&mut of_people, &format!("{name} <span class=dim>{} {}</span>", esc(person.kind), esc(person.account)), person.gap, most);
    }
    let all = rows.iter().fold(Gap::default(), |mut sum, (_, gap)| {
        sum.add(*gap);
        sum
    });
    let says = format!(
        "Of {} that users and roles hold, {} {} used in the window; {} can go. Counted by statement and action, for everybody who holds it.",
        count(all.all(), "grant", "grants"),
        number(all.used),
        if all.used == 1 { "was" } else { "were" },
        number(all.gone)
    );
    let drawing = if of_people.rows() > 0 { format!("{BY_NUMBER}{}{}", of_accounts.finish(), of_people.finish()) } else { format!("{BY_NUMBER}{}", of_accounts.finish()) };
    Some(Plot { id: "gap", title: "Granted and used".to_owned(), says, key: GAP_KEY, drawing, table: None })
}

/// Days at which bars of the histogram end; the last bar is open.
const AGES: [i64; 7] = [30, 45, 90, 180, 365, 730, 1825];

fn age_names() -> Vec<String> {
    let mut from = 0;
    let mut out: Vec<String> = AGES
        .iter()
        .map(|to| {
            let name = format!("{from}–{to}");
            from = *to;
            name
        })
        .collect();
    out.push(format!("over {from}"));
    out
}

/// Active access keys by age, split by whether they are used.
fn key_ages(model: &ReportModel) -> Option<Plot> {
    let keys = model.page.credentials.as_ref()?;
    let active: Vec<_> = keys.iter().filter(|c| c.is_key() && c.active == Some(true)).collect();
    if active.is_empty() {
        return None;
    }
    let mut counts = [[0_usize; 3]; AGES.len() + 1];
    let mut undated = 0;
    for key in active.iter() {
        let Some(made) = key.made_ms else {
            undated += 1;
            continue;
        };
        let age = days_between(made, model.as_of_ms);
        let place = AGES.iter().position(|limit| age <= *limit).unwrap_or(AGES.len());
        let used = match key.last_used_ms {
            Some(at) if days_between(at, model.as_of_ms) <= 90 => 0,
            None if !key.last_used_known => 2,
            _ => 1,
        };
        if let Some(n) = counts.get_mut(place).and_then(|c| c.get_mut(used)) {
            *n += 1;
        }
    }
    let names = age_names();
    let old: usize = counts.iter().skip(3).flatten().sum();
    let says = format!(
        "{} of {} older than 90 days{}. Marks: 45 days (CIS: disable what is not used), 90 (rotate), 365.",
        number(old),
        count(active.len(), "active key is", "active keys are"),
        if undated > 0 { format!("; the age of {} is not known", number(undated)) } else { String::new() }
    );
    let most = counts.iter().map(|c| c.iter().sum::<usize>()).max().unwrap_or(1).max(1);
    let (wide, high) = (80, 130);
    let mut drawing = Svg::new("key-ages", wide * counts.len() + 20, high + 60, "Active access keys by age in days", &says);
    let mut table = Table::new("key-ages-table", "Active access keys by age", &[("days", "-"), ("used in 90 days", "n"), ("not used", "n"), ("use not known", "n")]);
    for (at, (bar, name)) in counts.iter().zip(&names).enumerate() {
        let x = 10 + at * wide;
        let mut top = high + 20;
        for (n, class) in bar.iter().zip(["u", "d", "k"]) {
            if *n > 0 {
                let tall = (n * high / most).max(2);
                top -= tall;
                drawing.told_rect(class, [x + 8, top, wide - 16, tall], &format!("{name} days: {n}"));
            }
        }
        let sum: usize = bar.iter().sum();
        if sum > 0 {
            drawing.text("m lab", x + wide / 2, top.saturating_sub(5), &number(sum));
        }
        drawing.text("m", x + wide / 2, high + 36, name);
        table.row("", "");
        table.text(name);
        for n in bar {
            table.some(*n);
        }
        table.end();
    }
    drawing.rect("axis", [10, high + 20, wide * counts.len(), 1]);
    for limit in [45, 90, 365] {
        if let Some(place) = AGES.iter().position(|a| *a == limit) {
            let x = 10 + (place + 1) * wide;
            drawing.path("mark", &format!("M{x} 14V{}", high + 24));
            drawing.text("m mk", x, 11, &format!("{limit} d"));
        }
    }
    let key = "<span class=u>used in 90 days</span><span class=d>not used</span><span class=k>use not known</span>";
    Some(Plot { id: "ages", title: "Age of access keys".to_owned(), says, key, drawing: drawing.finish(), table: Some(table.finish()) })
}

/// Days since the last use of roles, as steps of a curve.
const IDLE: [i64; 8] = [1, 7, 14, 30, 60, 90, 180, 400];

/// How many roles were used within so many days.
fn role_curve(model: &ReportModel) -> Option<Plot> {
    let roles: Vec<_> = model.page.principals.values().filter(|p| p.kind == "role" && !p.is_managed).collect();
    if roles.len() < 2 {
        return None;
    }
    let idle = |p: &&&super::super::page_facts::PrincipalFacts| p.last_used_ms.map(|at| days_between(at, model.as_of_ms));
    let within: Vec<usize> = IDLE.iter().map(|limit| roles.iter().filter(|p| idle(p).is_some_and(|d| d <= *limit)).count()).collect();
    let never = roles.iter().filter(|p| p.last_used_ms.is_none() && p.last_used_known).count();
    let open = roles.iter().filter(|p| p.last_used_ms.is_none() && !p.last_used_known).count();
    let used90 = within.get(5).copied().unwrap_or(0);
    let says = format!(
        "{} of {} used within 90 days; {} {} no use known at all{}. Roles of services and of Identity Center are left out.",
        number(used90),
        count(roles.len(), "role was", "roles were"),
        number(never),
        if never == 1 { "has" } else { "have" },
        if open > 0 { format!(", of {} nothing is known", number(open)) } else { String::new() }
    );
    let (wide, high) = (80, 120);
    let mut drawing = Svg::new("role-curve", wide * IDLE.len() + 60, high + 56, "Roles by days since their last use", &says);
    let mut table = Table::new("role-curve-table", "Roles used within so many days", &[("days", "n"), ("roles", "n"), ("share", "n")]);
    let mut line = String::new();
    for (at, (limit, n)) in IDLE.iter().zip(&within).enumerate() {
        let x = 40 + at * wide;
        let y = 18 + high - n * high / roles.len();
        line.push_str(&if at == 0 { format!("M{x} {y}") } else { format!("H{x}V{y}") });
        drawing.text("m", x, high + 36, &format!("{limit} d"));
        drawing.text("m lab", x, y.saturating_sub(6), &number(*n));
        table.row("", "");
        table.number(*limit);
        table.number(*n);
        table.html("n", &super::text::percent(i64::try_from(*n).unwrap_or(0), i64::try_from(roles.len()).unwrap_or(1)));
        table.end();
    }
    drawing.path("line", &line);
    drawing.rect("axis", [40, 18 + high, wide * (IDLE.len() - 1), 1]);
    Some(Plot { id: "idle", title: "When roles were last used".to_owned(), says, key: "", drawing: drawing.finish(), table: Some(table.finish()) })
}

/// Failing findings by night and severity.
fn trend(model: &ReportModel) -> Option<Plot> {
    let nights = &model.page.trend;
    let last = nights.last()?;
    let first = nights.first().filter(|_| nights.len() > 1)?;
    let sum = |n: &[i64; 4]| n.iter().sum::<i64>();
    let says = format!("{} failing findings on {}, {} on {}.", number(sum(&first.failing)), day(Some(first.as_of_ms)), number(sum(&last.failing)), day(Some(last.as_of_ms)));
    let most = nights.iter().map(|n| sum(&n.failing)).max().unwrap_or(1).max(1);
    let high = 120_i64;
    let shown = nights.get(nights.len().saturating_sub(90)..).unwrap_or(nights);
    let wide = (700 / shown.len().max(1)).clamp(7, 40);
    let mut drawing = Svg::new("trend-plot", wide * shown.len() + 60, 170, "Failing findings by night", &says);
    let mut table = Table::new("trend-table", "Failing findings by night", &[("night", "t"), ("critical", "n"), ("high", "n"), ("medium", "n"), ("low", "n")]);
    for (at, night) in shown.iter().enumerate() {
        let mut top = 140_usize;
        for (n, class) in night.failing.iter().zip(["s4", "s3", "s2", "s1"]).rev() {
            let tall = usize::try_from((n * high / most).max(i64::from(*n > 0))).unwrap_or(0);
            top = top.saturating_sub(tall);
            if tall > 0 {
                drawing.told_rect(class, [40 + at * wide, top, wide.saturating_sub(2), tall], &format!("{}: {n}", day(Some(night.as_of_ms))));
            }
        }
        table.row("", "");
        table.text(&day(Some(night.as_of_ms)));
        for n in night.failing {
            table.number(n);
        }
        table.end();
    }
    drawing.rect("axis", [40, 140, wide * shown.len(), 1]);
    drawing.text("e", 36, 24, &number(most));
    drawing.text("e", 36, 144, "0");
    drawing.text("", 40, 160, &day(shown.first().map(|n| n.as_of_ms)));
    drawing.text("e", 40 + wide * shown.len(), 160, &day(Some(last.as_of_ms)));
    let key = "<span class=s4>critical</span><span class=s3>high</span><span class=s2>medium</span><span class=s1>low</span>";
    Some(Plot { id: "trend", title: "Failing findings by night".to_owned(), says, key, drawing: drawing.finish(), table: Some(table.finish()) })
}

/// How many services and accounts the grid shows.
const GRID: (usize, usize) = (40, 20);

/// Which account uses which service.
fn grid(model: &ReportModel, accounts: &Accounts) -> Option<Plot> {
    let uses = &model.page.services;
    if uses.is_empty() {
        return None;
    }
    let mut services: BTreeMap<&str, i64> = BTreeMap::new();
    let mut by_account: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for u in uses {
        *services.entry(&u.service).or_default() += u.calls;
        by_account.entry(&u.account).or_default().insert(&u.service, u.calls);
    }
    let most_first = |mut list: Vec<(&str, i64)>| -> Vec<String> {
        list.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        list.into_iter().map(|(name, _)| name.to_owned()).collect()
    };
    let names = most_first(services.iter().map(|(s, n)| (*s, *n)).collect());
    let lines = most_first(by_account.iter().map(|(a, uses)| (*a, uses.values().sum())).collect());
    let (left, left_accounts) = (names.len().saturating_sub(GRID.0), lines.len().saturating_sub(GRID.1));
    let says = format!(
        "{} used by {} in the window. What an account never calls can be closed to it by a service control policy{}.",
        count(names.len(), "service is", "services are"),
        count(lines.len(), "account", "accounts"),
        if left + left_accounts > 0 { format!("; the grid shows the {} most used services of the {} busiest accounts", GRID.0.min(names.len()), GRID.1.min(lines.len())) } else { String::new() }
    );
    let mut columns: Vec<(String, &str)> = vec![("service".to_owned(), "t")];
    columns.extend(lines.iter().take(GRID.1).map(|a| (if accounts.name(a).is_empty() { a.clone() } else { accounts.name(a).to_owned() }, "n")));
    let mut table = Table::named("grid-table", "Authorised calls by service and account", &columns);
    for service in names.iter().take(GRID.0) {
        table.row("", "");
        table.code(service);
        for account in lines.iter().take(GRID.1) {
            match by_account.get(account.as_str()).and_then(|uses| uses.get(service.as_str())) {
                Some(calls) => table.html(&format!("\"n h{}\"", svg::height(*calls) / 3), &number(*calls)),
                None => table.html("\"n dim\"", "–"),
            }
        }
        table.end();
    }
    Some(Plot { id: "grid", title: "Services by account".to_owned(), says, key: "", drawing: table.finish(), table: None })
}

/// Accounts of everybody with a bar of their own.
#[must_use]
pub fn all(model: &ReportModel, people: &People<'_>, accounts: &Accounts, links: &Links) -> Vec<Plot> {
    let plots = [gap(people, accounts, links), super::trust_map::plot(model, people), trend(model), key_ages(model), role_curve(model), super::hours::plot(model), grid(model, accounts)];
    let out: Vec<Plot> = plots.into_iter().flatten().collect();
    debug_assert_eq!(out.iter().map(|p| p.id).collect::<BTreeSet<_>>().len(), out.len());
    out
}
