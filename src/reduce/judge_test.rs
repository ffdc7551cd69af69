//! Modes, the keep-list, rhythms and rules, on one role with one policy.

use serde_json::json;

use super::settings::{Keep, Mode, ReduceSettings, Rule};
use super::{Covered, Proposal, Status, Verdict, reduce};
use crate::grants::builder::Builder;
use crate::grants::{Capture, Document, Grants, Source, gaad};
use crate::policy::print;
use crate::reference::Reference;
use crate::usage::coverage::{RegionCoverage, days_of};
use crate::usage::{AccountCoverage, Coverage, CoverageDay, Outcome, Usage, UsageRow, UseDays, Window};

const DAY_MS: i64 = 86_400_000;
const ACCOUNT: &str = "111122223333";
const TODAY: i64 = 20_000;
const WINDOW: Window = Window { start_ms: (TODAY - 90) * DAY_MS, end_ms: TODAY * DAY_MS };

/// A role, as old as given, with one inline policy of queue actions on two queues.
fn grants(age_days: i64) -> Grants {
    let created = jiff::Timestamp::from_millisecond((TODAY - age_days) * DAY_MS).unwrap().to_string();
    let queues = ["arn:aws:sqs:eu-west-1:111122223333:a", "arn:aws:sqs:eu-west-1:111122223333:b"];
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:PurgeQueue", "sqs:GetQueueAttributes"], "Resource": queues}]});
    let value = json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{"RoleName": "app", "RoleId": "AROA1", "Arn": "arn:aws:iam::111122223333:role/app", "Path": "/", "CreateDate": created,
                            "AttachedManagedPolicies": [], "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document}]}],
    });
    let mut builder = Builder::default();
    let capture = Capture { at_ms: None, source: Source::Cli, file: "gaad.json".to_owned() };
    assert!(gaad::take(&Document::new(capture, None, value), &mut builder).is_some());
    let mut grants = builder.finish();
    grants.since.is_complete = true;
    grants
}

fn row(action: &str, queue: &str, outcome: Outcome, at_day: i64) -> UsageRow {
    UsageRow {
        account: ACCOUNT.into(),
        principal_key: "AROA1".into(),
        principal_arn: Some("arn:aws:iam::111122223333:role/app".into()),
        principal_type: Some("AssumedRole".into()),
        action: action.into(),
        resource_arn: format!("arn:aws:sqs:eu-west-1:111122223333:{queue}").into(),
        provenance: "parameter".into(),
        region: Some("eu-west-1".into()),
        context_class: "{}".into(),
        outcome,
        calls: 7,
        first_seen_ms: at_day * DAY_MS,
        last_seen_ms: at_day * DAY_MS,
        samples: vec!["e-1".into()],
    }
}

/// `CreateQueue` used on one queue; `PurgeQueue` used in a quarterly rhythm before the window; `DeleteQueue` only denied;
/// `GetQueueAttributes` used once, long ago.
fn usage() -> Usage {
    let quarters: Vec<i64> = [97, 188, 280].into_iter().rev().map(|ago| TODAY - ago).collect();
    let days = |action: &str, days: Vec<i64>| UseDays { principal_key: "AROA1".into(), principal_arn: None, action: action.into(), days };
    let window_days = days_of(WINDOW);
    let day = CoverageDay { management_reads: 1, management_writes: 1, data_events: 0 };
    let account = AccountCoverage {
        days: window_days.iter().map(|d| (d.clone(), day)).collect(),
        share_permille: 1000,
        reads_visible: true,
        writes_visible: true,
        regions: [("eu-west-1".to_owned(), RegionCoverage { spans: true, writes_span: true, ..RegionCoverage::default() })].into(),
        ..AccountCoverage::default()
    };
    Usage {
        rows: vec![row("sqs:CreateQueue", "a", Outcome::Allowed, TODAY - 5), row("sqs:DeleteQueue", "a", Outcome::Denied, TODAY - 5)],
        history: vec![row("sqs:PurgeQueue", "a", Outcome::Allowed, TODAY - 97), row("sqs:GetQueueAttributes", "a", Outcome::Allowed, TODAY - 200)],
        use_days: vec![days("sqs:PurgeQueue", quarters), days("sqs:GetQueueAttributes", vec![TODAY - 200])],
        coverage: Coverage { accounts: [(ACCOUNT.to_owned(), account)].into(), window_days, ..Coverage::default() },
        ..Usage::default()
    }
}

fn reduced(age_days: i64, settings: &ReduceSettings) -> Result<Proposal, String> {
    let (grants, usage, reference) = (grants(age_days), usage(), Reference::bundled().unwrap());
    let covered = Covered::new(&usage.coverage, &grants.trails, reference, settings, WINDOW);
    let (mut proposals, skipped) = reduce(&grants, &usage, &covered, reference, WINDOW, settings, &|_| {});
    proposals.pop().ok_or_else(|| skipped[0].reason.clone())
}

/// Verdicts by action, whether they stand by themselves or in a group.
fn verdicts(settings: &ReduceSettings, age_days: i64) -> Vec<(String, Verdict)> {
    let reference = Reference::bundled().unwrap();
    let proposal = reduced(age_days, settings).unwrap();
    let mut all: Vec<(String, Verdict)> = proposal.verdicts.iter().map(|v| (v.action.to_string(), v.verdict)).collect();
    all.extend(proposal.groups.iter().flat_map(|g| g.actions.iter().map(|id| (reference.name(id).to_owned(), g.verdict))));
    all.sort();
    all
}

fn expect(settings: &ReduceSettings, age_days: i64, create: Verdict, delete: Verdict, attributes: Verdict, purge: Verdict) {
    let wanted = [("sqs:CreateQueue", create), ("sqs:DeleteQueue", delete), ("sqs:GetQueueAttributes", attributes), ("sqs:PurgeQueue", purge)];
    assert_eq!(verdicts(settings, age_days), wanted.map(|(a, v)| (a.to_owned(), v)), "{settings:?}");
}

fn mode(mode: Mode) -> ReduceSettings {
    ReduceSettings { mode, ..ReduceSettings::default() }
}

#[test]
fn modes_differ_in_what_they_dare() {
    use Verdict::{Drop, KeepCadence, KeepUsed, KeepYoung, Narrow};
    expect(&mode(Mode::Balanced), 400, Narrow, Drop, Drop, KeepCadence);
    expect(&mode(Mode::Conservative), 400, KeepUsed, Drop, KeepCadence, KeepCadence);
    expect(&mode(Mode::Aggressive), 400, Narrow, Drop, Drop, Drop);
    // A role of forty days is young for a window of ninety, and old enough for the aggressive mode.
    expect(&mode(Mode::Balanced), 40, KeepUsed, KeepYoung, KeepYoung, KeepYoung);
    expect(&mode(Mode::Aggressive), 40, Narrow, Drop, Drop, Drop);
    expect(&mode(Mode::Aggressive), 20, KeepUsed, KeepYoung, KeepYoung, KeepYoung);
}

#[test]
fn what_somebody_answers_for_stays_until_its_day() {
    use Verdict::{Drop, KeepCadence, KeepListed, Narrow};
    let keep = |is_expired| Keep {
        principal: "arn:aws:iam::*:role/a*".into(),
        actions: vec!["sqs:Delete*".into()],
        owner: "team queues".into(),
        until: "2030-01-01".into(),
        reason: "yearly clean-up".into(),
        is_expired,
    };
    let settings = |is_expired| ReduceSettings { keep: vec![keep(is_expired)], ..ReduceSettings::default() };
    expect(&settings(false), 400, Narrow, KeepListed, Drop, KeepCadence);
    expect(&settings(true), 400, Narrow, Drop, Drop, KeepCadence);
    let proposal = reduced(400, &settings(false)).unwrap();
    let kept = proposal.verdicts.iter().find(|v| v.action == "sqs:DeleteQueue").unwrap();
    assert!(kept.reason.contains("team queues") && kept.reason.contains("2030-01-01"), "{}", kept.reason);
}

#[test]
fn rules_are_for_some() {
    let alone = |path: &str| {
        let rule = Rule { path: Some(path.into()), leave_alone: true, ..Rule::default() };
        reduced(400, &ReduceSettings { rules: vec![rule], ..ReduceSettings::default() })
    };
    assert!(alone("/").unwrap_err().contains("left alone by the configuration"));
    assert_eq!(alone("/other/*").unwrap().status, Status::Proposed);
}

#[test]
fn evidence_stands_by_the_resource_pattern() {
    let proposal = reduced(400, &ReduceSettings::default()).unwrap();
    let create = proposal.verdicts.iter().find(|v| v.action == "sqs:CreateQueue").unwrap();
    let patterns: Vec<(&str, Verdict, i64)> = create.patterns.iter().map(|p| (p.pattern.as_str(), p.verdict, p.calls)).collect();
    assert_eq!(
        patterns,
        [("arn:aws:sqs:eu-west-1:111122223333:a", Verdict::KeepUsed, 7), ("arn:aws:sqs:eu-west-1:111122223333:b", Verdict::Drop, 0)]
    );
    let delete = proposal.verdicts.iter().find(|v| v.action == "sqs:DeleteQueue").unwrap();
    assert_eq!((delete.verdict, delete.denied_calls), (Verdict::Drop, 7), "{delete:?}");
    let text: String = proposal.proposed.iter().map(print::minified).collect();
    assert!(!text.contains("DeleteQueue"), "{text}");
}
