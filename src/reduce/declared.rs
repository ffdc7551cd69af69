//! What the exported trails say of the logs at hand: which trail logs which account, since when it logs as it does
//! now, and whether its files are in the input.
//!
//! A trail's settings are those of the day of the export. They count for the window only if the trail is logging, has
//! been since before the window, was not changed in it, and a change would have been seen: the logs of the owner's
//! account in the trail's home region show writes near both ends of the window. The trail's files must be at hand: a
//! day counts when the account has a management event on it; where those may come from another trail, data events of
//! the service must be at hand near both ends of the window too.

use std::collections::BTreeMap;

use crate::aws::{Arn, arn_intersects};
use crate::grants::{Take, Trail};
use crate::usage::coverage::near_both_ends;
use crate::usage::{Coverage, Window};

const DAY_MS: i64 = 86_400_000;

/// Where a call may be logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'p> {
    /// In any region.
    Anywhere,
    /// In this region.
    Region(&'p str),
    /// As an event of a global service, which is logged in this region.
    Global(&'p str),
}

/// What the exported trails say of a class of events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// A use would have been logged, and the files are here.
    Covered,
    /// The trails leave some of it out, because.
    LeftOut(String),
    /// They do not tell; with what would settle it.
    NotTold(Vec<String>),
}

/// A trail that logs an account.
pub struct Applied<'a> {
    /// The trail.
    pub trail: &'a Trail,
    /// Why it does not count for the window; `None` if it does.
    pub problem: Option<String>,
    /// For each day of the window, whether it shows what the trail takes.
    pub days: Vec<bool>,
    /// Whether management events of the account may come from another trail.
    shared: bool,
}

impl Applied<'_> {
    /// Whether it logs all of a place.
    pub(super) fn reaches(&self, place: Place<'_>) -> bool {
        let in_region = |region: &str| self.trail.multi_region || self.trail.home_region == region;
        match place {
            Place::Anywhere => self.trail.multi_region,
            Place::Region(region) => in_region(region),
            Place::Global(region) => self.trail.global_services && in_region(region),
        }
    }

    /// Whether it logs some part of a place.
    fn touches(&self, place: Place<'_>) -> bool {
        place == Place::Anywhere || self.reaches(place)
    }

    fn is_stopped(&self) -> bool {
        self.trail.status.as_ref().is_some_and(|s| !s.is_logging)
    }

    /// How much it takes of the reading or writing management events of a service (`None`: of all) in a place.
    #[must_use]
    pub fn management(&self, read: bool, service: Option<&str>, place: Place<'_>) -> Take {
        let take = self.trail.selectors.as_ref().map_or(Take::None, |s| s.management(read, service));
        if self.is_stopped() || !self.touches(place) { Take::None } else { take }
    }

    /// How much it takes of the data events on resources of a type.
    #[must_use]
    pub fn data(&self, resource_type: &str, pattern: &str, place: Place<'_>) -> Take {
        let take = self.trail.selectors.as_ref().map_or(Take::None, |s| s.data(resource_type, pattern));
        if self.is_stopped() || !self.touches(place) { Take::None } else { take }
    }

    /// Why what it takes whole does not count in a place all the same.
    /// Whether a grant that names no region holds in regions that this trail does not log.
    fn is_elsewhere(&self, place: Place<'_>) -> bool {
        place == Place::Anywhere && !self.reaches(place)
    }

    fn but(&self, place: Place<'_>) -> Option<String> {
        self.problem.clone().or_else(|| {
            (!self.reaches(place)).then(|| format!("trail `{}` logs {} only, and the grant names no region", self.trail.name, self.trail.home_region))
        })
    }
}

/// The exported trails by the accounts that they log.
pub struct Declared<'a> {
    coverage: &'a Coverage,
    accounts: BTreeMap<&'a str, Vec<Applied<'a>>>,
    /// Organisation trails of which it is not known whether they log the account.
    unplaced: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Declared<'a> {
    /// Holds the trails against the events.
    #[must_use]
    pub fn new(coverage: &'a Coverage, trails: &'a BTreeMap<String, Trail>, window: Window, min_permille: i64) -> Declared<'a> {
        let mut accounts: BTreeMap<&str, Vec<Applied<'_>>> = BTreeMap::new();
        let mut unplaced: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for account in coverage.accounts.keys() {
            let list = accounts.entry(account).or_default();
            for trail in trails.values() {
                match logs_account(trail, account, coverage) {
                    Some(true) => list.push(apply(trail, account, coverage, window, min_permille)),
                    Some(false) => {}
                    None => unplaced.entry(account).or_default().push(&trail.name),
                }
            }
            let shared: Vec<bool> = (0..list.len())
                .map(|at| {
                    let own = list.get(at).and_then(|a| a.trail.selectors.as_ref()).is_some_and(|s| s.any_management());
                    let other = list.iter().enumerate().any(|(n, a)| {
                        n != at && !a.is_stopped() && a.trail.selectors.as_ref().is_none_or(|s| s.any_management())
                    });
                    !own || other || unplaced.contains_key(account.as_str())
                })
                .collect();
            for (applied, shared) in list.iter_mut().zip(shared) {
                applied.shared = shared;
            }
        }
        Declared { coverage, accounts, unplaced }
    }

    /// The trails that log an account.
    #[must_use]
    pub fn of(&self, account: &str) -> &[Applied<'a>] {
        self.accounts.get(account).map_or(&[], Vec::as_slice)
    }

    /// Organisation trails of which it is not known whether they log the account.
    #[must_use]
    pub fn unplaced(&self, account: &str) -> &[&'a str] {
        self.unplaced.get(account).map_or(&[], Vec::as_slice)
    }

    /// Whether data events of a service show that a trail's files are here.
    #[must_use]
    pub fn is_at_hand(&self, account: &str, applied: &Applied<'_>, service: &str) -> bool {
        !applied.shared || self.coverage.accounts.get(account).is_some_and(|a| a.data_spans.contains(service))
    }

    /// What is said of the reading or writing management events of a service.
    ///
    /// A source that the trails leave out is left out even where other management events are seen. If none of them
    /// takes the class at all, then what is seen of it comes from a trail that was not exported: nothing is told.
    #[must_use]
    pub fn management(&self, account: &str, service: &str, read: bool, place: Place<'_>) -> Word {
        let mut left_out = None;
        let mut hints = Vec::new();
        for applied in self.of(account) {
            let name = &applied.trail.name;
            match applied.management(read, Some(service), place) {
                Take::Whole => match applied.but(place) {
                    None => return Word::Covered,
                    Some(why) if applied.is_elsewhere(place) => left_out = Some(why),
                    Some(why) => hints.push(why),
                },
                Take::Part => left_out = Some(format!("trail `{name}` takes only a part of the management events of {service}")),
                Take::None if applied.management(read, None, place) != Take::None => {
                    left_out = Some(format!("trail `{name}` leaves out the management events of {service}"));
                }
                Take::None => hints.extend(applied.problem.clone()),
            }
        }
        match left_out {
            Some(why) => Word::LeftOut(why),
            None => Word::NotTold(self.and_what_else(account, hints)),
        }
    }

    /// What is said of the data events of a service on resources of all these types that a pattern names.
    #[must_use]
    pub fn data(&self, account: &str, service: &str, types: &[&str], pattern: &str, place: Place<'_>) -> Word {
        let mut left_out = None;
        let mut hints = Vec::new();
        let mut all = !types.is_empty();
        for resource_type in types {
            let mut covered = false;
            for applied in self.of(account) {
                let name = &applied.trail.name;
                match applied.data(resource_type, pattern, place) {
                    Take::Whole => match applied.but(place) {
                        None if self.is_at_hand(account, applied, service) => covered = true,
                        None => hints.push(format!(
                            "trail `{name}` takes data events of {service}, but none near both ends of the window show that its files are here"
                        )),
                        Some(why) if applied.is_elsewhere(place) => left_out = Some(why),
                        Some(why) => hints.push(why),
                    },
                    Take::Part => left_out = Some(format!("trail `{name}` takes only a part of the data events on {resource_type} that the grant names")),
                    Take::None => hints.extend(applied.problem.clone()),
                }
            }
            all &= covered;
        }
        match left_out {
            _ if all => Word::Covered,
            Some(why) => Word::LeftOut(why),
            None => Word::NotTold(self.and_what_else(account, hints)),
        }
    }

    /// What would settle it, each once.
    fn and_what_else(&self, account: &str, mut hints: Vec<String>) -> Vec<String> {
        for name in self.unplaced(account) {
            hints.push(format!("whether trail `{name}` logs account {account} is not known: list it in that account (describe-trails)"));
        }
        if hints.is_empty() && self.of(account).is_empty() {
            hints.push(format!("export describe-trails, get-event-selectors and get-trail-status of account {account}"));
        }
        hints.sort();
        hints.dedup();
        hints
    }
}

/// Whether a trail logs an account; `None` where that is not known. An organisation trail logs the accounts of its
/// owner's organisation: those in which it is listed, and those whose files lie in the same organisation's folder.
fn logs_account(trail: &Trail, account: &str, coverage: &Coverage) -> Option<bool> {
    if trail.account == account {
        return Some(true);
    }
    if !trail.organisation {
        return Some(false);
    }
    let organisations = |id: &str| coverage.accounts.get(id).map(|a| &a.organisations);
    let together = organisations(&trail.account).zip(organisations(account)).is_some_and(|(a, b)| !a.is_disjoint(b));
    (together || trail.listed_by.contains(account)).then_some(true)
}

/// Since when the trail logs as it does now, or why that does not count at all.
fn settled_since(trail: &Trail, coverage: &Coverage) -> Result<i64, String> {
    let name = &trail.name;
    let status = trail.status.as_ref().ok_or_else(|| format!("export get-trail-status of trail `{name}`"))?;
    if !status.is_logging {
        return Err(format!("trail `{name}` is not logging"));
    }
    if let Some(error) = &status.delivery_error {
        return Err(format!("trail `{name}` cannot deliver its files: {error}"));
    }
    if trail.selectors.is_none() {
        return Err(format!("export get-event-selectors of trail `{name}`"));
    }
    let started = status.started_ms.ok_or_else(|| format!("the status of trail `{name}` does not tell since when it is logging"))?;
    let home = coverage.accounts.get(&trail.account).and_then(|a| a.regions.get(&trail.home_region));
    if !home.is_some_and(|r| r.writes_span) {
        return Err(format!(
            "a change of trail `{name}` would not have been seen: no writing management events of account {} in {} near both ends of the window",
            trail.account, trail.home_region
        ));
    }
    // An organisation trail may be changed from a delegated administrator's account: then only its name is alike.
    let own = |changed: &str| {
        arn_intersects(changed, &trail.arn) || (trail.organisation && Arn::parse(changed).is_some_and(|a| a.name() == trail.name))
    };
    Ok(coverage.trail_changes.iter().filter(|c| own(&c.trail)).map(|c| c.at_ms).fold(started, i64::max))
}

fn apply<'a>(trail: &'a Trail, account: &str, coverage: &Coverage, window: Window, min_permille: i64) -> Applied<'a> {
    let (since, mut problem) = match settled_since(trail, coverage) {
        Ok(since) => (since, None),
        Err(why) => (i64::MAX, Some(why)),
    };
    let events = coverage.accounts.get(account);
    let first = window.start_ms.div_euclid(DAY_MS).saturating_mul(DAY_MS);
    let days: Vec<bool> = (0i64..)
        .zip(&coverage.window_days)
        .map(|(at, day)| {
            let starts = first.saturating_add(at.saturating_mul(DAY_MS)).max(window.start_ms);
            since <= starts && events.and_then(|e| e.days.get(day)).is_some_and(|d| d.management() > 0)
        })
        .collect();
    let count = days.iter().filter(|d| **d).count();
    let share = i64::try_from(count * 1000 / days.len().max(1)).unwrap_or(0);
    let by_day: BTreeMap<&str, bool> = coverage.window_days.iter().map(String::as_str).zip(days.iter().copied()).collect();
    if problem.is_none() && !(share >= min_permille && near_both_ends(&coverage.window_days, |d| by_day.get(d).copied().unwrap_or(false))) {
        problem = Some(format!("trail `{}` as it is now covers {count} of {} days of account {account}", trail.name, days.len()));
    }
    Applied { trail, problem, days, shared: true }
}
