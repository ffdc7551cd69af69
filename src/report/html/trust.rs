//! How far the page can be trusted: which verdicts rest on gaps, and what was not known.

use std::collections::BTreeMap;

use super::super::Status;
use super::super::escape::short as visible;
use super::super::model::{AccountDays, ReportModel};
use super::svg::runs;
use super::text::{count, number};

/// How far the page can be trusted.
pub struct Trust {
    /// Class, mark and word.
    pub mark: (&'static str, &'static str, &'static str),
    /// In a sentence.
    pub sentence: String,
    /// Verdicts that rest on gaps, one each; with any the page carries a banner.
    pub gaps: Vec<String>,
    /// What else is not known.
    pub unknown: Vec<String>,
}

/// How many gaps stand in the banner; all stand further down.
pub const AT_TOP: usize = 3;

/// How many lines of a kind stand at the top; all stand further down.
pub const SHOWN: usize = 6;

/// Days of an account that are not covered, in runs.
fn missing(account: &AccountDays) -> (usize, String) {
    let states: Vec<bool> = account.days.iter().map(|(_, state)| *state == "missing").collect();
    let day = |at: usize| account.days.get(at).map_or("", |(day, _)| day.as_str());
    let mut words = Vec::new();
    let mut n = 0;
    for (_, first, many) in runs(&states).into_iter().filter(|(is_missing, _, _)| *is_missing) {
        n += many;
        words.push(if many == 1 { day(first).to_owned() } else { format!("{} to {}", day(first), day(first + many - 1)) });
    }
    let more = words.len().saturating_sub(3);
    words.truncate(3);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    (n, words.join(", "))
}

fn gaps(model: &ReportModel) -> Vec<String> {
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for p in model.proposals_with("written") {
        *verdicts.entry(&p.account).or_default() += p.verdicts.get("drop").copied().unwrap_or(0);
    }
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for f in model.findings.iter().filter(|f| f.status == Status::Unknown) {
        *open.entry(&f.account).or_default() += 1;
    }
    let mut out: Vec<(usize, String)> = Vec::new();
    for account in &model.coverage {
        let (days, which) = missing(account);
        if days == 0 {
            continue;
        }
        let gone = verdicts.get(account.account.as_str()).copied().unwrap_or(0);
        let unknown = open.get(account.account.as_str()).copied().unwrap_or(0);
        let rests = match (gone, unknown) {
            (0, 0) => continue,
            (0, n) => format!("nothing is called unused there, {} open", if n == 1 { "1 finding stays".to_owned() } else { format!("{} findings stay", number(n)) }),
            (n, _) => format!("{} “can go” there in spite of it", count(n, "verdict says", "verdicts say")),
        };
        let name = if account.name.is_empty() { String::new() } else { format!(" ({})", account.name) };
        out.push((days, visible(&format!("{}{name}: {} of {} days without events ({which}); {rests}", account.account, days, account.days.len()))));
    }
    out.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let mut lines: Vec<String> = out.into_iter().map(|(_, line)| line).collect();
    if model.ledger.rejected > 0 {
        lines.push(format!("{} could not be read; what they tell is missing", count(usize::try_from(model.ledger.rejected).unwrap_or(usize::MAX), "log record", "log records")));
    }
    let against = model.consistency.calls.allowed.contradiction + model.consistency.calls.denied.contradiction;
    if against > 0 {
        lines.push(format!("{} of {} calls came out otherwise than the exported policies say: an export is stale, or this program is wrong", number(against), number(model.consistency.calls.total())));
    }
    let defects = model.proposals_with("defect").count();
    if defects > 0 {
        lines.push(format!("{} failed a proof and is not written: a defect of this program", count(defects, "proposal", "proposals")));
    }
    lines
}

impl Trust {
    /// What the model says of itself.
    #[must_use]
    pub fn of(model: &ReportModel) -> Trust {
        let gaps = gaps(model);
        let unknown: Vec<String> = model.unknown.iter().map(|u| visible(u)).collect();
        let (mark, sentence) = if !gaps.is_empty() {
            (("bad", "✕", "with care"), "Some verdicts rest on gaps. Read them before you act in the accounts named.".to_owned())
        } else if !unknown.is_empty() {
            (("ask", "?", "mostly"), "The logs cover what the verdicts rest on; some questions stay open.".to_owned())
        } else {
            (("ok", "✓", "yes"), "The logs cover the whole window and nothing that was asked is missing.".to_owned())
        };
        Trust { mark, sentence, gaps, unknown }
    }
}
