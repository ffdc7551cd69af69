//! Rhythms of use: what runs once a month, a quarter or a year shows no use in many a window and is needed again.
//!
//! A rhythm is read from the days of use before the window. It counts while it is not broken: the next use is due, or not
//! overdue by more than half a period.

use crate::usage::Window;

/// A rhythm, with the least and the most days from one use to the next, and how many uses show it.
struct Period {
    name: &'static str,
    gap: (i64, i64),
    days: i64,
    uses: usize,
}

/// Months are 28 to 31 days and jobs move with weekends; two gaps of one length may be chance for a month, and are much for
/// a quarter; a year needs one.
const PERIODS: &[Period] = &[
    Period { name: "monthly", gap: (25, 36), days: 31, uses: 4 },
    Period { name: "quarterly", gap: (80, 102), days: 92, uses: 3 },
    Period { name: "half-yearly", gap: (170, 196), days: 183, uses: 3 },
    Period { name: "yearly", gap: (350, 380), days: 365, uses: 2 },
];

/// Days that lie closer than this are one run of a job.
const ONE_RUN: i64 = 7;

/// The rhythm that days of use show and that is not broken at the end of the window, in words.
#[must_use]
pub fn rhythm(days: &[i64], window: Window) -> Option<String> {
    // The first day of each run.
    let mut runs: Vec<i64> = Vec::new();
    let mut last: Option<i64> = None;
    for day in days {
        if last.is_none_or(|l| day - l > ONE_RUN) {
            runs.push(*day);
        }
        last = Some(*day);
    }
    let today = window.end_ms.div_euclid(86_400_000);
    let latest = *runs.last()?;
    PERIODS.iter().find_map(|period| {
        let tail: Vec<i64> = runs.iter().rev().take(period.uses).copied().collect();
        let regular = tail.len() == period.uses && tail.windows(2).all(|pair| matches!(pair, [late, early] if (period.gap.0..=period.gap.1).contains(&(late - early))));
        let is_due = latest + period.days + period.days / 2 >= today;
        (regular && is_due).then(|| format!("used {}: {} times, the last {} days before the end of the window", period.name, runs.len(), today - latest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(today: i64) -> Window {
        Window::of_days(90, today * 86_400_000)
    }

    #[test]
    fn a_rhythm_holds_until_it_is_broken() {
        let quarterly = [1000, 1091, 1183, 1184];
        assert!(rhythm(&quarterly, at(1283)).unwrap().starts_with("used quarterly: 3 times"));
        assert_eq!(rhythm(&quarterly, at(1330)), None, "overdue");
        assert!(rhythm(&[600, 965], at(1330)).unwrap().starts_with("used yearly"));
        assert_eq!(rhythm(&[600, 965], at(1600)), None);
        let monthly = [1000, 1030, 1061, 1092];
        assert!(rhythm(&monthly, at(1130)).is_some());
        assert_eq!(rhythm(&monthly, at(1200)), None, "a monthly job that missed three months has ended");
    }

    #[test]
    fn single_or_irregular_use_is_no_rhythm() {
        assert_eq!(rhythm(&[1000], at(1095)), None);
        assert_eq!(rhythm(&[1000, 1010, 1100], at(1150)), None);
        assert_eq!(rhythm(&[], at(1150)), None);
    }
}
