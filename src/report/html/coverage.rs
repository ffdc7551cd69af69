//! What the logs cover: the strip at the top and the table at the end.

use super::super::escape::short as visible;
use super::super::model::{AccountDays, ClassDays, ReportModel};
use super::svg::{Svg, runs};
use super::tables::{Table, caption};

/// How many accounts have a strip at the top, those with most gaps first.
const STRIPS: usize = 8;

/// Width of a day.
const DAY: usize = 8;

/// A strip: account, name, share, drawing.
pub struct Strip {
    /// Account id.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Share of days covered.
    pub share: String,
    /// Class of the share.
    pub class: &'static str,
    /// Two lanes of days.
    pub drawing: String,
}

fn share(permille: i64) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

fn drawing(at: usize, account: &AccountDays, data: Option<&Vec<i64>>) -> String {
    let states: Vec<&str> = account.days.iter().map(|(_, state)| *state).collect();
    let count = |word| states.iter().filter(|s| **s == word).count();
    let data_days: Option<Vec<bool>> = data.map(|d| d.iter().map(|n| *n > 0).collect());
    let says = format!(
        "{} of {} days complete, {} in part, {} missing; data events on {} days",
        count("complete"),
        states.len(),
        count("partial"),
        count("missing"),
        data_days.as_ref().map_or(0, |d| d.iter().filter(|b| **b).count())
    );
    let mut svg = Svg::new(&format!("cov{at}"), states.len() * DAY, 24, &visible(&format!("Days that the logs of account {} cover", account.account)), &says);
    let day = |at: usize| account.days.get(at).map_or("", |(d, _)| d.as_str());
    for (state, first, n) in runs(&states) {
        let (x, wide) = (first * DAY, n * DAY - 1);
        let says = format!("{} to {}: {state}", day(first), day(first + n - 1));
        match state {
            "complete" => svg.told_rect("full", [x, 1, wide, 13], &says),
            "partial" => svg.told_rect("half", [x, 7, wide, 7], &says),
            _ => svg.told_rect("none", [x, 1, wide, 13], &says),
        }
    }
    for (seen, first, n) in runs(&data_days.unwrap_or_default()) {
        if seen {
            svg.told_rect("data", [first * DAY, 17, n * DAY - 1, 5], &format!("{} to {}: data events", day(first), day(first + n - 1)));
        }
    }
    svg.finish()
}

/// The strips of the accounts with most gaps, and how many accounts have none.
#[must_use]
pub fn strips(model: &ReportModel) -> (Vec<Strip>, usize) {
    let mut order: Vec<&AccountDays> = model.coverage.iter().collect();
    order.sort_by_key(|a| a.share_permille);
    let left = order.len().saturating_sub(STRIPS);
    let one = |(at, a): (usize, &&AccountDays)| Strip {
        account: visible(&a.account),
        name: visible(&a.name),
        share: share(a.share_permille),
        class: if a.days.iter().any(|(_, s)| *s == "missing") { "bad" } else if a.share_permille < 1000 { "ask" } else { "ok" },
        drawing: drawing(at, a, model.page.data_events.get(&a.account)),
    };
    (order.iter().take(STRIPS).enumerate().map(one).collect(), left)
}

/// What a row of coverage says.
struct Covered<'m> {
    account: &'m AccountDays,
    region: &'m str,
    events: &'m str,
    permille: i64,
    partial: usize,
    missing: String,
}

impl<'m> Covered<'m> {
    /// An account of which no region is known.
    fn whole(account: &'m AccountDays) -> Covered<'m> {
        let states = |word: &str| account.days.iter().filter(|(_, s)| *s == word).count();
        let missing = format!("{} days", states("missing"));
        Covered { account, region: "all", events: "management", permille: account.share_permille, partial: states("partial"), missing }
    }

    fn class(account: &'m AccountDays, region: &'m str, class: &'m ClassDays) -> Covered<'m> {
        let more = class.missing.len().saturating_sub(6);
        let days = class.missing.iter().take(6).map(|d| d.replace('/', " to ")).collect::<Vec<_>>().join(", ");
        let missing = if more > 0 { format!("{days}, and {more} more") } else { days };
        let region = if region == "*" { "every other region" } else { region };
        Covered { account, region, events: &class.class, permille: class.share_permille, partial: class.partial, missing }
    }
}

/// The table by account, region and class of events. Where it is cut, what is covered the least stays.
#[must_use]
pub fn table(model: &ReportModel, most: usize) -> String {
    let mut rows: Vec<Covered<'_>> = Vec::new();
    for a in &model.coverage {
        rows.extend(a.regions.is_empty().then(|| Covered::whole(a)));
        rows.extend(a.regions.iter().flat_map(|(region, classes)| classes.iter().map(|c| Covered::class(a, region, c))));
    }
    let left = rows.len().saturating_sub(most);
    if left > 0 {
        rows.sort_by_key(|r| r.permille);
        rows.truncate(most);
    }
    let columns = [("account", "t"), ("name", "t"), ("region", "t"), ("events", "t"), ("days complete", "n"), ("days in part", "n"), ("not covered", "t")];
    let text = "What the logs cover, by account, region and class of events";
    let mut table = Table::new("coverage-table", &caption(text, left, "tables/coverage.csv"), &columns);
    for r in rows {
        table.row("", "");
        table.whole(&r.account.account);
        table.text(&r.account.name);
        table.text(r.region);
        table.text(r.events);
        table.html("n", &share(r.permille));
        table.some(r.partial);
        table.text(&r.missing);
        table.end();
    }
    table.finish_or_none()
}

/// The trails that log an account, and why one does not count.
#[must_use]
pub fn trails(model: &ReportModel) -> String {
    let mut table = Table::new("trails-table", "Exported trails", &[("account", "t"), ("trail", "t"), ("counts", "t")]);
    for a in &model.coverage {
        for (arn, why) in &a.trails {
            table.row("", "");
            table.whole(&a.account);
            table.code(arn);
            table.text(if why.is_empty() { "yes" } else { why });
            table.end();
        }
    }
    table.finish_or_none()
}
