//! At which hours of the week people call in roles: a grid of seven days and twenty-four hours, and the table that says the same.

use super::super::model::ReportModel;
use super::plots::Plot;
use super::svg::Svg;
use super::tables::Table;
use super::text::{count, number, percent};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Size of a cell, and where the first one is.
const CELL: [usize; 2] = [27, 22];
const FIRST: [usize; 2] = [92, 26];

/// The tone of a number beside the busiest hour's: a half, a quarter and an eighth of it are where tones change.
fn tone(calls: i64, most: i64) -> &'static str {
    match calls {
        ..=0 => "z",
        n if n > most / 2 => "t4",
        n if n > most / 4 => "t3",
        n if n > most / 8 => "t2",
        _ => "t1",
    }
}

/// Hours of a usual week: Monday to Friday, 06:00 to 20:00.
fn is_usual(hour: usize) -> bool {
    hour / 24 < 5 && (6..20).contains(&(hour % 24))
}

/// The drawing; `None` where no role is known to be used by people.
#[must_use]
pub fn plot(model: &ReportModel) -> Option<Plot> {
    let hours = model.page.human_hours.as_ref().filter(|h| h.calls.iter().any(|n| *n > 0))?;
    let all: i64 = hours.calls.iter().sum();
    let most = hours.calls.iter().copied().max().unwrap_or(0);
    let odd: i64 = hours.calls.iter().enumerate().filter(|(hour, _)| !is_usual(*hour)).map(|(_, n)| n).sum();
    let busiest = hours.calls.iter().enumerate().max_by_key(|(hour, n)| (**n, std::cmp::Reverse(*hour))).map_or(0, |(hour, _)| hour);
    let name = |hour: usize| format!("{} {:02}:00", DAYS.get(hour / 24).copied().unwrap_or_default(), hour % 24);
    let says = format!(
        "{} in {}; {} of them ({}) at night (20:00 to 06:00 UTC) or at a weekend, the most on {}. Roles that people use are those of Identity Center, and those of which a session had MFA or an e-mail address for a name.",
        count(usize::try_from(all).unwrap_or(usize::MAX), "call", "calls"),
        count(hours.roles, "role", "roles"),
        number(odd),
        percent(odd, all),
        name(busiest)
    );
    let [wide, high] = CELL;
    let [left, top] = FIRST;
    let mut drawing = Svg::new("hours-grid", left + 24 * wide + 8, top + 7 * high + 8, "Calls of people by hour of the week, UTC", &says);
    for hour in (0..24).step_by(3) {
        drawing.text("", left + hour * wide + 3, top - 8, &format!("{hour:02}"));
    }
    let mut table = Table::named(
        "hours-table",
        "Calls of people by hour of the week, UTC",
        &std::iter::once(("hour".to_owned(), "n")).chain(DAYS.map(|day| (day.get(..3).unwrap_or(day).to_owned(), "n"))).collect::<Vec<_>>(),
    );
    for (at, day) in DAYS.iter().enumerate() {
        drawing.text("e", left - 8, top + at * high + 15, day);
    }
    for hour in 0..24 {
        table.row("", "");
        table.html("n", &format!("{hour:02}"));
        for day in 0..7 {
            let calls = hours.calls.get(day * 24 + hour).copied().unwrap_or(0);
            let says = format!("{}: {}", name(day * 24 + hour), count(usize::try_from(calls).unwrap_or(0), "call", "calls"));
            drawing.told_rect(tone(calls, most), [left + hour * wide, top + day * high, wide - 2, high - 2], &says);
            table.some(usize::try_from(calls).unwrap_or(0));
        }
        table.end();
    }
    let key = "<span class=z>no call</span><span class=t1>up to an eighth of the busiest hour</span><span class=t2>a quarter</span><span class=t3>a half</span><span class=t4>more</span>";
    Some(Plot { id: "hours", title: "When people work in roles".to_owned(), says, key, drawing: drawing.finish(), table: Some(table.finish()) })
}
