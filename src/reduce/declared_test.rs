//! Trails held against events: time, regions, global services, organisations.

use std::collections::BTreeMap;

use super::declared::{Declared, Place, Word};
use crate::grants::{Selectors, Trail, TrailStatus};
use crate::usage::coverage::{TrailChange, days_of};
use crate::usage::{AccountCoverage, Coverage, CoverageDay, Window};

const DAY_MS: i64 = 86_400_000;

const OWNER: &str = "111122223333";
const MEMBER: &str = "444455556666";
const WINDOW: Window = Window { start_ms: 0, end_ms: 20 * DAY_MS };

/// Both accounts with reads and writes on every day, in the trail's home region.
fn coverage() -> Coverage {
    let window_days = days_of(WINDOW);
    let mut all = Coverage { window_days: window_days.clone(), ..Coverage::default() };
    for id in [OWNER, MEMBER] {
        let mut account = AccountCoverage::default();
        for day in &window_days {
            account.days.insert(day.clone(), CoverageDay { management_reads: 1, management_writes: 1, data_events: 0 });
        }
        account.regions.entry("eu-west-1".into()).or_default().writes_span = true;
        all.accounts.insert(id.into(), account);
    }
    all
}

fn trail(change: impl FnOnce(&mut Trail)) -> BTreeMap<String, Trail> {
    let mut trail = Trail {
        arn: format!("arn:aws:cloudtrail:eu-west-1:{OWNER}:trail/t"),
        name: "t".into(),
        account: OWNER.into(),
        home_region: "eu-west-1".into(),
        multi_region: true,
        global_services: true,
        selectors: Some(Selectors::standard()),
        status: Some(TrailStatus { is_logging: true, started_ms: Some(0), delivery_error: None }),
        ..Trail::default()
    };
    change(&mut trail);
    BTreeMap::from([(trail.arn.clone(), trail)])
}

fn said(coverage: &Coverage, trails: &BTreeMap<String, Trail>, account: &str, place: Place<'_>) -> Word {
    Declared::new(coverage, trails, WINDOW, 900).management(account, "ec2", true, place)
}

fn hint(word: Word) -> String {
    match word {
        Word::NotTold(hints) => hints.join("; "),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_trail_counts_while_it_logs_and_stays_as_it_is() {
    let seen = coverage();
    let word = |change: fn(&mut Trail)| said(&seen, &trail(change), OWNER, Place::Anywhere);
    assert_eq!(word(|_| {}), Word::Covered);
    assert!(hint(word(|t| t.status.as_mut().unwrap().is_logging = false)).contains("not logging"));
    assert!(hint(word(|t| t.status.as_mut().unwrap().started_ms = Some(10 * DAY_MS))).contains("covers 10 of 20 days"));
    assert!(hint(word(|t| t.status.as_mut().unwrap().started_ms = None)).contains("since when"));
    assert!(hint(word(|t| t.status.as_mut().unwrap().delivery_error = Some("NoSuchBucket".into()))).contains("NoSuchBucket"));
    assert!(hint(word(|t| t.selectors = None)).contains("get-event-selectors"));
    let mut changed = coverage();
    changed.trail_changes.push(TrailChange { trail: format!("arn:aws:cloudtrail:eu-west-1:{OWNER}:trail/other"), at_ms: 10 * DAY_MS });
    assert_eq!(said(&changed, &trail(|_| {}), OWNER, Place::Anywhere), Word::Covered);
    changed.trail_changes.push(TrailChange { trail: "*".into(), at_ms: 10 * DAY_MS });
    assert!(hint(said(&changed, &trail(|_| {}), OWNER, Place::Anywhere)).contains("10 of 20"));
    let mut blind = coverage();
    blind.accounts.get_mut(OWNER).unwrap().regions.clear();
    assert!(hint(said(&blind, &trail(|_| {}), OWNER, Place::Anywhere)).contains("would not have been seen"));
    let mut empty = coverage();
    empty.accounts.get_mut(OWNER).unwrap().days.clear();
    assert!(hint(said(&empty, &trail(|_| {}), OWNER, Place::Anywhere)).contains("0 of 20"), "no event, no file");
}

#[test]
fn regions_and_global_services() {
    let seen = coverage();
    let one = trail(|t| t.multi_region = false);
    assert_eq!(said(&seen, &one, OWNER, Place::Region("eu-west-1")), Word::Covered);
    assert!(matches!(said(&seen, &one, OWNER, Place::Anywhere), Word::LeftOut(_)), "the grant holds in other regions too");
    for place in [Place::Region("us-west-2"), Place::Global("us-east-1")] {
        assert!(matches!(said(&seen, &one, OWNER, place), Word::NotTold(_)), "{place:?}");
    }
    let all = trail(|_| {});
    for place in [Place::Anywhere, Place::Region("us-west-2"), Place::Global("us-east-1")] {
        assert_eq!(said(&seen, &all, OWNER, place), Word::Covered, "{place:?}");
    }
    let not_global = trail(|t| t.global_services = false);
    assert!(matches!(said(&seen, &not_global, OWNER, Place::Global("us-east-1")), Word::NotTold(_)));
}

#[test]
fn an_organisation_trail_logs_the_accounts_of_its_organisation() {
    let mut seen = coverage();
    assert!(hint(said(&seen, &trail(|_| {}), MEMBER, Place::Anywhere)).contains("describe-trails"), "somebody else's trail");
    let whole = trail(|t| t.organisation = true);
    assert!(hint(said(&seen, &whole, MEMBER, Place::Anywhere)).contains("is not known"));
    let listed = trail(|t| {
        t.organisation = true;
        t.listed_by.insert(MEMBER.into());
    });
    assert_eq!(said(&seen, &listed, MEMBER, Place::Anywhere), Word::Covered);
    seen.place_in_organisations(["x/AWSLogs/o-a/111122223333/f.json", "x/AWSLogs/o-a/444455556666/f.json"]);
    assert_eq!(said(&seen, &whole, MEMBER, Place::Anywhere), Word::Covered);
    seen.trail_changes.push(TrailChange { trail: format!("arn:aws:cloudtrail:eu-west-1:{MEMBER}:trail/t"), at_ms: 10 * DAY_MS });
    assert!(matches!(said(&seen, &whole, MEMBER, Place::Anywhere), Word::NotTold(_)), "changed by a delegated administrator");
}
