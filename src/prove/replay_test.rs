//! Each case of the three values; and the promise behind all of them, on random states: what is said to be kept is allowed
//! after the change wherever it was allowed before, whatever the record does not tell.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::*;
use crate::evaluate::case::Case;
use crate::evaluate::random_case::random_case;
use crate::evaluate::{Compiler, Level, NamedPolicy, Policies, PrincipalType, decide, decide_both};
use crate::policy::{PolicyDocument, parse_text};

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:queue";
const THEIRS: &str = "arn:aws:sqs:eu-west-1:444455556666:queue";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";

fn document(statements: &str) -> PolicyDocument {
    parse_text(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn statement(effect: &str, action: &str, more: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*"{more}}}"#)
}

fn allow(action: &str) -> String {
    statement("Allow", action, "")
}

const IF_TAGGED: &str = r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}"#;
const IF_VIA: &str = r#","Condition":{"Bool":{"aws:ViaAWSService":"true"}}"#;

/// A made-up state: each kind's statements, as far as it is there.
#[derive(Default, Clone)]
struct State<'a> {
    identity: &'a str,
    boundary: Option<&'a str>,
    session: Option<&'a str>,
    resource: Option<&'a str>,
    scp: Option<&'a str>,
    unknown: &'a [PolicyType],
    unseen: &'a [PolicyType],
}

fn compiled(state: &State<'_>) -> CompiledPolicies {
    let documents = [Some(state.identity), state.boundary, state.session, state.resource, state.scp].map(|s| s.map(document));
    let [identity, boundary, session, resource, scp] = &documents;
    fn list(document: &Option<PolicyDocument>) -> Option<Vec<NamedPolicy<'_>>> {
        document.as_ref().map(|document| vec![NamedPolicy { name: "p", document }])
    }
    Compiler::default().policies(&Policies {
        identity: list(identity),
        boundary: list(boundary),
        session: list(session),
        resource: list(resource),
        scp: list(scp).map(|policies| vec![Level { name: "root", policies }]),
        unknown: state.unknown.to_vec(),
        ..Policies::default()
    })
}

fn asked<T>(action: &str, resource: &str, ask: impl FnOnce(&PreparedRequest<'_>) -> T) -> T {
    let principal = RequestPrincipal { role_arn: Some(ROLE.to_owned()), ..RequestPrincipal::of_kind(PrincipalType::AssumedRole) };
    let context = Context::new(false);
    ask(&PreparedRequest::new(Request { principal: &principal, action, resource, resource_is_pattern: false, resource_account: None, context: &context }))
}

fn identity(statements: &str) -> Change {
    Change { identity: compiled(&State { identity: statements, ..State::default() }).identity, resource: None }
}

/// Judges `sqs:SendMessage` on our queue.
fn sent(state: &State<'_>, new: &str) -> Judgement {
    asked("sqs:SendMessage", QUEUE, |request| judge(request, &compiled(state), state.unseen, &identity(new)))
}

fn holding(identity: &str) -> State<'_> {
    State { identity, ..State::default() }
}

fn unknown(settles: &[&str]) -> Judgement {
    Judgement::Unknown(settles.iter().map(|s| (*s).to_owned()).collect())
}

#[test]
fn what_was_surely_allowed_must_stay_so() {
    let (all, send, read, tagged) = (allow("sqs:*"), allow("sqs:SendMessage"), allow("sqs:ReceiveMessage"), statement("Allow", "sqs:*", IF_TAGGED));
    assert_eq!(sent(&holding(&all), &send), Judgement::Kept);
    assert_eq!(sent(&holding(&all), &read), Judgement::NewlyDenied);
    assert_eq!(sent(&holding(&all), &tagged), Judgement::NewlyDenied, "surely allowed, and no longer so");
    let denying = format!("{all},{}", statement("Deny", "sqs:Send*", IF_TAGGED));
    assert_eq!(sent(&holding(&all), &denying), Judgement::NewlyDenied);
}

#[test]
fn what_may_have_been_allowed_must_not_be_denied() {
    let (tagged, via) = (statement("Allow", "sqs:*", IF_TAGGED), statement("Allow", "sqs:SendMessage", IF_VIA));
    let narrower = statement("Allow", "sqs:SendMessage", IF_TAGGED);
    assert_eq!(sent(&holding(&tagged), &allow("sqs:ReceiveMessage")), Judgement::NewlyDenied);
    assert_eq!(sent(&holding(&tagged), &allow("sqs:SendMessage")), Judgement::Kept);
    assert_eq!(sent(&holding(&tagged), &narrower), Judgement::AsBefore, "whatever the tag is");
    assert_eq!(sent(&holding(&tagged), &via), unknown(&["condition key aws:ViaAWSService"]));
    let both = format!("{tagged},{via}");
    assert_eq!(sent(&holding(&both), &narrower), unknown(&["condition key aws:PrincipalTag/team"]), "the other statement may have been the one");
    assert_eq!(sent(&holding(&both), &both), Judgement::AsBefore);
    // A Deny that may apply did not; the same one will not.
    let (all, denied) = (allow("sqs:*"), statement("Deny", "sqs:*", IF_VIA));
    let (old, new) = (format!("{all},{denied}"), format!("{},{denied}", allow("sqs:SendMessage")));
    assert_eq!(sent(&holding(&old), &new), Judgement::AsBefore);
    let other = format!("{new},{}", statement("Deny", "sqs:*", IF_TAGGED));
    assert_eq!(sent(&holding(&old), &other), unknown(&["condition key aws:PrincipalTag/team", "condition key aws:ViaAWSService"]));
}

#[test]
fn what_no_policy_at_hand_explains_is_no_loss() {
    let (read, other) = (allow("sqs:ReceiveMessage"), allow("s3:*"));
    assert_eq!(sent(&holding(&read), &other), Judgement::Unexplained);
    let unseen = |unseen| State { unseen, ..holding(&read) };
    assert_eq!(sent(&unseen(&[PolicyType::Resource]), &other), unknown(&["resource policies"]));
    assert_eq!(sent(&unseen(&[PolicyType::Identity]), &other), unknown(&["identity policies"]));
    assert_eq!(sent(&unseen(&[PolicyType::ServiceControl]), &other), Judgement::Unexplained, "it grants nothing");
}

#[test]
fn a_resource_policy_of_the_account_may_allow_by_itself() {
    let to = |principal: &str| statement("Allow", "sqs:*", &format!(r#","Principal":{{"AWS":"{principal}"}}"#));
    let (role, account) = (to(ROLE), to("arn:aws:iam::111122223333:root"));
    let (all, none) = (allow("sqs:*"), allow("s3:*"));
    let with = |resource| State { resource: Some(resource), ..holding(&all) };
    assert_eq!(sent(&with(&role), &none), Judgement::ByResourcePolicy);
    assert_eq!(sent(&with(&account), &none), Judgement::NewlyDenied, "it only lets the account's own policies count");
    for state in [State { unseen: &[PolicyType::Resource], ..with(&role) }, State { unknown: &[PolicyType::Resource], ..with(&role) }] {
        assert_eq!(sent(&state, &none), Judgement::NewlyDenied, "what is not known of it may deny");
    }
    let bounded = State { boundary: Some(&none), ..with(&role) };
    assert_eq!(sent(&bounded, &none), Judgement::Unexplained, "a boundary bounds what is granted to the role");
    // Allowed by the resource alone all the time.
    assert_eq!(sent(&State { resource: Some(&role), ..holding(&none) }, &allow("ec2:*")), Judgement::Kept);
    let denying = format!("{none},{}", statement("Deny", "sqs:*", ""));
    assert_eq!(sent(&State { resource: Some(&role), ..holding(&none) }, &denying), Judgement::NewlyDenied);
    // Across accounts both must allow.
    let across = |new: &str| asked("sqs:SendMessage", THEIRS, |request| judge(request, &compiled(&with(&role)), &[], &identity(new)));
    assert_eq!(across(&none), Judgement::NewlyDenied);
    assert_eq!(across(&allow("sqs:SendMessage")), Judgement::Kept);
}

#[test]
fn what_bounds_from_outside_let_the_call_pass() {
    let (all, send, none) = (allow("sqs:*"), allow("sqs:SendMessage"), allow("s3:*"));
    let everything = allow("*");
    let may_deny = format!("{everything},{}", statement("Deny", "sqs:*", IF_VIA));
    let denies = format!("{everything},{}", statement("Deny", "sqs:*", ""));
    for scp in [Some(everything.as_str()), Some(&may_deny), None] {
        let state = State { scp, unseen: if scp.is_none() { &[PolicyType::ServiceControl] } else { &[] }, ..holding(&all) };
        assert_eq!(sent(&state, &send), Judgement::Kept, "{scp:?}");
        assert_eq!(sent(&state, &none), Judgement::NewlyDenied, "{scp:?}");
    }
    let against = State { scp: Some(&denies), ..holding(&all) };
    assert_eq!(sent(&against, &send), Judgement::Unexplained, "log and export contradict each other");
    assert_eq!(sent(&against, &none), Judgement::NewlyDenied, "the export may be wrong there, and the loss is ours");
    let unknown_scp = State { unknown: &[PolicyType::ServiceControl], ..holding(&all) };
    assert_eq!((sent(&unknown_scp, &send), sent(&unknown_scp, &none)), (Judgement::Kept, Judgement::NewlyDenied));
}

#[test]
fn a_session_policy_bounds_before_and_after() {
    let (all, send, none) = (allow("sqs:*"), allow("sqs:SendMessage"), allow("s3:*"));
    let in_session = |session| State { session: Some(session), ..holding(&all) };
    assert_eq!(sent(&in_session(&send), &send), Judgement::Kept);
    assert_eq!(sent(&in_session(&send), &none), Judgement::NewlyDenied);
    assert_eq!(sent(&in_session(&none), &none), Judgement::Unexplained, "the session could not do it before");
    let tagged = statement("Allow", "sqs:*", IF_TAGGED);
    assert_eq!(sent(&in_session(&tagged), &send), Judgement::AsBefore);
    let not_known = State { unknown: &[PolicyType::Session], ..holding(&all) };
    assert_eq!((sent(&not_known, &send), sent(&not_known, &none)), (Judgement::AsBefore, Judgement::NewlyDenied));
}

#[test]
fn a_narrower_trust_policy_is_held_to_the_same_rule() {
    let role = "arn:aws:iam::111122223333:role/admin";
    let trust = |principal: &str, more: &str| format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{principal}"}}{more}}}"#);
    let (account, app, tagged) = (trust("111122223333", ""), trust(ROLE, ""), trust(ROLE, IF_TAGGED));
    let assume = allow("sts:AssumeRole");
    let taken = |new: &str| {
        let state = State { resource: Some(&account), ..holding(&assume) };
        let resource = compiled(&State { resource: Some(new), ..State::default() }).resource;
        asked("sts:AssumeRole", role, |request| judge(request, &compiled(&state), &[], &Change { identity: None, resource }))
    };
    assert_eq!(taken(&app), Judgement::Kept);
    assert_eq!(taken(&tagged), Judgement::NewlyDenied);
    assert_eq!(taken(&trust("arn:aws:iam::111122223333:role/other", "")), Judgement::NewlyDenied);
}

#[test]
fn counts_add_up() {
    let mut counts = ReplayCounts::default();
    for judgement in [Judgement::Kept, Judgement::ByResourcePolicy, Judgement::NewlyDenied, Judgement::AsBefore, unknown(&[]), Judgement::Unexplained] {
        counts.count(&judgement, 2);
    }
    let mut twice = counts;
    twice.add(counts);
    let one = ReplayCounts { requests: 6, calls: 12, newly_denied: 1, allowed_by_resource_policy: 1, as_before: 1, unknown: 1, unexplained: 1, explained_by_history: 0 };
    assert_eq!((counts, twice.requests, twice.calls, twice.as_before), (one, 12, 24, 2));
}

/// A random case and what its identity policies become: some of their statements, and some of another case's.
fn random_change(bytes: &[u8]) -> Option<(Value, Value, Vec<PolicyDocument>)> {
    let (first, rest) = bytes.split_at_checked(20)?;
    let (a, b) = rest.split_at(rest.len() / 2);
    let (mut a, b) = (random_case(a), random_case(b));
    // Most random states allow nothing: some get statements that do.
    let (wide, choices) = first.split_first()?;
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    if wide % 2 == 0 {
        let under = |operator: &str, key: &str, value: &str| {
            let mut one = all.clone();
            one["Condition"] = json!({operator: {key: value}});
            one
        };
        // One that is sure, or two under conditions.
        let statements = match wide % 4 {
            0 => vec![all.clone()],
            _ => vec![under("StringNotEquals", "aws:PrincipalTag/team", "ann"), under("StringNotLike", "aws:PrincipalTag/star", "a*")],
        };
        a["policies"]["identity"] = json!([{"name": "wide", "document": {"Version": "2012-10-17", "Statement": statements}}]);
    }
    if wide % 7 == 0 {
        let mut named = all;
        named["Principal"] = "*".into();
        a["policies"]["resource"] = json!([{"name": "wide", "document": {"Version": "2012-10-17", "Statement": [named]}}]);
    }
    let (one, other) = (Case::read(a.clone()).ok()?, Case::read(b.clone()).ok()?);
    let (one, other) = (one.policies(), other.policies());
    let mut choices = choices.iter().copied();
    let mut pick = |of: u8| choices.next().unwrap_or(0) % of == 0;
    let mut documents = Vec::new();
    for (list, keep) in [(&one.identity, true), (&other.identity, false)] {
        for policy in list.iter().flatten() {
            let statements: Vec<_> = policy.document.statements.iter().filter(|_| pick(if keep { 2 } else { 4 }) != keep).cloned().collect();
            if !statements.is_empty() {
                documents.push(PolicyDocument { statements, ..policy.document.clone() });
            }
        }
    }
    Some((a, b, documents))
}

/// Holds one random change against its promise; gives the judgement's name.
fn held(bytes: &[u8]) -> Result<Option<&'static str>, String> {
    let Some((mut a, b, documents)) = random_change(bytes) else { return Ok(None) };
    a["request"]["context_complete"] = false.into();
    let Ok(case) = Case::read(a.clone()) else { return Ok(None) };
    let old = Compiler::default().policies(&case.policies());
    let list = documents.iter().map(|document| NamedPolicy { name: "new", document }).collect();
    let change = Change { identity: Compiler::default().policies(&Policies { identity: Some(list), ..Policies::default() }).identity, resource: None };
    let new = changed(&old, &change);
    let Some(request) = case.requests().next() else { return Ok(None) };
    let [before, after] = decide_both(&request, &old, &change);
    if (before.whole, after.whole) != (decide(&request, &old), decide(&request, &new)) {
        return Err(format!("decide_both differs from decide on {a}"));
    }
    let unseen = case.policies().unknown;
    let judgement = judge(&request, &old, &unseen, &change);
    let is_promised = matches!(judgement, Judgement::Kept | Judgement::AsBefore | Judgement::ByResourcePolicy);
    // The same request with everything told: its keys, and some of others' for those that it lacks.
    let others = (1..16).map(|n| {
        let mut turned = bytes.to_vec();
        turned.rotate_left(n * 41 % bytes.len());
        random_case(&turned)["request"]["context"].clone()
    });
    for other in std::iter::once(b["request"]["context"].clone()).chain(others).chain([json!({})]).filter(|_| is_promised) {
        let mut extended = a.clone();
        for (key, value) in other.as_object().into_iter().flatten() {
            let context = extended["request"]["context"].as_object_mut().ok_or("no context")?;
            if !context.keys().any(|k| k.eq_ignore_ascii_case(key)) {
                context.insert(key.clone(), value.clone());
            }
        }
        extended["request"]["context_complete"] = true.into();
        let Ok(case) = Case::read(extended.clone()) else { continue };
        let Some(request) = case.requests().next() else { continue };
        if decide(&request, &old) == Decision::Allowed && decide(&request, &new) != Decision::Allowed {
            return Err(format!("{judgement:?}, and lost on {extended}\nnew {documents:?}"));
        }
    }
    Ok(Some(match judgement {
        Judgement::Kept => "kept",
        Judgement::ByResourcePolicy => "by resource policy",
        Judgement::NewlyDenied => "newly denied",
        Judgement::AsBefore => "as before",
        Judgement::Unknown(_) => "unknown",
        Judgement::Unexplained => "unexplained",
    }))
}

#[test]
fn random_changes_meet_every_judgement() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..2500 {
        let bytes = prop::collection::vec(any::<u8>(), 700).new_tree(&mut runner).unwrap().current();
        if let Some(name) = held(&bytes).unwrap() {
            *seen.entry(name).or_default() += 1;
        }
    }
    println!("{seen:?}");
    assert!(seen.len() == 6 && seen.values().all(|n| *n >= 3), "{seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, rng_seed: RngSeed::Fixed(6), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_kept_is_kept(bytes in prop::collection::vec(any::<u8>(), 100..900)) {
        prop_assert!(held(&bytes).is_ok(), "{:?}", held(&bytes));
    }
}
