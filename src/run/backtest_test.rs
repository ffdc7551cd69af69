//! Past calls that the made-up organisation's proposals would refuse; and what a proposal that is taken back changes.

use super::*;
use crate::run::made_up_test as made_up;
use crate::run::{proof_facts, proofs};
use crate::grants::Grants;
use crate::policy::{ActionElement, Effect};
use crate::reduce::Status;
use crate::report::model::ReportModel;
use crate::report::proofs_text;
use crate::usage::SessionCallRow;

const WINDOW: Window = Window { start_ms: 500, end_ms: 5000 };

/// The first call of role 1, as another one.
fn call(action: &str, resource: &str, outcome: Outcome, last_ms: i64) -> UsageRow {
    let one = made_up::usage(2, 1).rows.remove(1);
    UsageRow { action: action.into(), resource_arn: resource.into(), outcome, first_seen_ms: 1, last_seen_ms: last_ms, ..one }
}

fn denied(action: &str, resource: &str, by: &str) -> DenialRow {
    let row = call(action, resource, Outcome::Denied, 1000);
    DenialRow {
        account: row.account,
        principal_key: row.principal_key,
        principal_arn: row.principal_arn,
        principal_type: row.principal_type,
        action: row.action,
        resource_arn: row.resource_arn,
        arn_provenance: row.provenance,
        region: row.region,
        context_class: row.context_class,
        error_code: Some("AccessDenied".into()),
        denied_effect: Some("explicit".into()),
        denied_policy_type: Some(by.into()),
        denied_policy_arn: None,
        calls: 4,
        first_seen_ms: 900,
        last_seen_ms: 1000,
        sample_event_first: Some("d1".into()),
        sample_event_last: Some("d1".into()),
    }
}

fn with(usage: &Usage, change: impl FnOnce(&mut [Proposal])) -> Backtest {
    let grants = made_up::grants(3);
    let mut proposals = made_up::proposals(&grants, 3);
    change(&mut proposals);
    of_grants(&proposals, &Layers::new(&grants, usage), usage, WINDOW)
}

fn past() -> Usage {
    let object = "arn:aws:s3:::bucket-1/in/1";
    let table = format!("arn:aws:dynamodb:eu-west-1:{}:table/app-1-x", made_up::account_of(1));
    Usage {
        rows: vec![call("s3:DeleteObject", object, Outcome::Error, 1000), call("s3:GetObject", object, Outcome::Error, 1000)],
        history: vec![
            call("s3:DeleteObject", object, Outcome::Allowed, 400),
            call("s3:GetObject", object, Outcome::Allowed, 400),
            call("dynamodb:PutItem", &table, Outcome::Allowed, 600),
            call("iam:DeleteUser", "*", Outcome::Allowed, 400),
        ],
        denials: vec![
            denied("dynamodb:DeleteTable", &table, "scp"),
            denied("dynamodb:Query", &table, "scp"),
            denied("iam:CreateUser", "*", "identity"),
        ],
        ..Usage::default()
    }
}

#[test]
fn past_calls_that_would_be_refused_now() {
    let found = with(&past(), |_| {});
    let one = |calls| Tally { requests: 1, calls };
    // What was made in the window too, what the new policy keeps, and what no policy ever allowed are not among them.
    assert_eq!(found.counts, [(Kind::BeforeWindow, one(3)), (Kind::Attempt, one(4)), (Kind::Failed, one(3))].into());
    let role = &found.by_principal[&made_up::role_arn(1)];
    let listed: Vec<(&str, &str, Option<&str>)> = role.most.iter().map(|r| (r.kind.as_str(), r.action.as_str(), r.refused_by.as_deref())).collect();
    assert_eq!(listed, [("before_window", "s3:DeleteObject", None), ("attempts", "dynamodb:DeleteTable", Some("scp")), ("failed", "s3:DeleteObject", None)]);
    assert_eq!(role.most[1].samples, ["d1"]);
    assert_eq!((found.by_principal.len(), role.actions[&Kind::Attempt].len()), (1, 1));
}

#[test]
fn only_proposals_that_stand_count() {
    let found = with(&past(), |proposals| proposals.iter_mut().for_each(|p| p.status = Status::Withheld("why".to_owned())));
    assert!(found.by_principal.is_empty() && found.counts.values().all(|t| *t == Tally::default()));
}

#[test]
fn lists_are_short_and_counts_are_of_all() {
    let rows = (0..90).map(|n| UsageRow { calls: n, ..call("s3:DeleteObject", &format!("arn:aws:s3:::bucket-1/{n}"), Outcome::Allowed, 400) });
    let found = with(&Usage { history: rows.collect(), ..Usage::default() }, |_| {});
    let role = &found.by_principal[&made_up::role_arn(1)];
    assert_eq!((found.counts[&Kind::BeforeWindow].requests, role.most.len(), role.most[0].calls), (90, LISTED, 89));
    let mut model = ReportModel::default();
    proof_facts::add(&mut model, &proofs::Proofs::default(), Some(&found));
    let json = proofs_text::backtest(model.backtest.as_ref());
    assert_eq!((&json["before_window"]["requests"], &json["most"][0]["calls"], &json["principals"]), (&90.into(), &89.into(), &1.into()));
    let of = |arn: &str| proofs_text::of_members(model.backtest.as_ref(), &[arn]);
    assert_eq!((&of(&made_up::role_arn(1))["before_window"]["calls"], &of("arn:other")["before_window"]["calls"]), (&(89 * 90 / 2).into(), &0.into()));
    assert!(proofs_text::backtest(None).is_null(), "without grants nobody knows");
}

/// Leaves a proposal one permission that nobody uses.
fn idle(proposal: &mut Proposal) {
    for document in &mut proposal.proposed {
        let mut allows = 0..1;
        document.statements.retain(|s| s.effect == Effect::Deny || allows.next().is_some());
        for statement in document.statements.iter_mut().filter(|s| s.effect == Effect::Allow) {
            statement.action = ActionElement::Action(vec![if proposal.unit.policy_arn.is_some() { "logs:PutLogEvents" } else { "s3:DeleteObject" }.to_owned()]);
        }
    }
}

/// Replays the made-up organisation after a change of its proposals.
fn proved(grants: &Grants, usage: &Usage, change: impl FnOnce(&mut Vec<Proposal>)) -> ([i64; 4], usize, Vec<Status>) {
    let mut proposals = made_up::proposals(grants, 12);
    change(&mut proposals);
    let found = proofs::of_grants(&mut proposals, &Layers::new(grants, usage), usage);
    let counts = [found.replay.requests, found.replay.newly_denied, found.in_sessions.requests, found.in_sessions.newly_denied];
    (counts, found.taken_back_for.len(), proposals.into_iter().map(|p| p.status).collect())
}

#[test]
fn what_loses_a_call_is_taken_back_and_the_rest_stands() {
    let (grants, usage) = (made_up::grants(12), made_up::usage(12, 11));
    let empty = |at: usize| move |proposals: &mut Vec<Proposal>| idle(&mut proposals[at]);
    let defects = |status: &[Status]| status.iter().enumerate().filter(|(_, s)| matches!(s, Status::Defect(_))).map(|(at, _)| at).collect::<Vec<_>>();
    let (counts, lost, status) = proved(&grants, &usage, |_| {});
    assert_eq!((counts, lost, defects(&status)), ([132, 0, 0, 0], 0, Vec::new()));
    // Role 1 loses actions that only its own policy granted.
    let (counts, lost, status) = proved(&grants, &usage, empty(1));
    assert_eq!((counts, lost, defects(&status)), ([132, 0, 0, 0], 6, vec![1]));
    // The policy that ten roles share loses two actions for each of them; two more roles share another.
    let (counts, lost, status) = proved(&grants, &usage, empty(12));
    assert_eq!((counts, lost, defects(&status)), ([132, 0, 0, 0], 20, vec![12]));
}

#[test]
fn calls_in_sessions_are_replayed_within_their_session_policies() {
    let grants = made_up::grants(12);
    let row = made_up::usage(1, 5).rows.remove(4);
    let session = |policy: &str, is_told| SessionCallRow {
        account: row.account.clone(),
        principal_key: row.principal_key.clone(),
        principal_arn: row.principal_arn.clone(),
        principal_type: row.principal_type.clone(),
        federated_name: None,
        session_policy: Some(format!(r#"{{"Statement":{{"Effect":"Allow","Action":"{policy}","Resource":"*"}}}}"#).into()),
        session_policy_arns: Some("[]".into()),
        is_told,
        action: row.action.clone(),
        resource_arn: row.resource_arn.clone(),
        arn_provenance: row.provenance.clone(),
        region: row.region.clone(),
        context_class: row.context_class.clone(),
        outcome: Outcome::Allowed,
        error_code: None,
        denied_effect: None,
        denied_policy_type: None,
        denied_policy_arn: None,
        calls: 2,
        first_seen_ms: 1000,
        last_seen_ms: 2000,
        samples: vec!["s".into()],
    };
    let usage = Usage { session_calls: vec![session("ec2:*", true), session("sqs:*", true), session("ec2:*", false)], ..Usage::default() };
    let mut proposals = made_up::proposals(&grants, 12);
    let found = proofs::of_grants(&mut proposals, &Layers::new(&grants, &usage), &usage);
    let counts = found.in_sessions;
    assert_eq!((counts.requests, counts.newly_denied, counts.unexplained, found.sessions_not_told), (2, 0, 1, 2));
    let (counts, lost, status) = proved(&grants, &usage, |proposals| idle(&mut proposals[0]));
    assert_eq!((counts, lost), ([0, 0, 2, 0], 1), "taken back, then replayed again");
    assert!(matches!(status[0], Status::Defect(_)));
}
