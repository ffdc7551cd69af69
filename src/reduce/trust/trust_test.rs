//! Entries of trust policies, one after the other: which go, which stay and why, and whom an account is narrowed to.

use serde_json::{Value, json};

use crate::policy::limits::TRUST_LIMIT;
use crate::grants::Grants;
use crate::policy::print;
use crate::reduce::made_test::*;
use crate::reduce::settings::{Keep, Mode, ReduceSettings, Rule};
use crate::reduce::{Placement, Proposal, Status, Verdict};
use crate::usage::{Outcome, Usage, UsageRow};

/// A role `target` with a trust policy, and the callers `job` and `idle`, in one account; `other` in another.
fn with(trust_policy: &Value, age_days: i64) -> Grants {
    let may = json!([{"PolicyName": "hop", "PolicyDocument": allow(json!("sts:AssumeRole"), json!(role_arn(PROD, "*")))}]);
    let caller = |account: &str, name: &str, age: i64| role(account, "/app/", name, age, json!({"RolePolicyList": may}));
    grants(vec![
        (PROD, vec![role(PROD, "/", "target", age_days, json!({"AssumeRolePolicyDocument": trust_policy})), caller(PROD, "job", 500), caller(PROD, "idle", 500)], vec![]),
        (DATA, vec![caller(DATA, "other", 500)], vec![]),
    ])
}

fn target() -> String {
    role_arn(PROD, "target")
}

fn job() -> String {
    role_arn(PROD, "app/job")
}

fn trust_of(grants: &Grants, usage: &Usage, settings: &ReduceSettings) -> Proposal {
    let (proposals, _) = reduced(grants, usage, settings);
    proposals.into_iter().find(|p| p.unit.placement == Placement::Trust && p.unit.owner_arn == target()).unwrap()
}

/// Verdicts by entry, under default settings.
fn verdicts(trust_policy: &Value, rows: Vec<UsageRow>) -> Vec<(String, Verdict)> {
    said(&trust_of(&with(trust_policy, 500), &usage(rows, &[PROD, DATA]), &ReduceSettings::default()))
}

fn said(proposal: &Proposal) -> Vec<(String, Verdict)> {
    proposal.verdicts.iter().map(|v| (v.subject.clone().unwrap(), v.verdict)).collect()
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

#[test]
fn an_account_stays_for_those_who_came() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "In", "Effect": "Allow", "Principal": {"AWS": [root(PROD), root(DATA)], "Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"],
         "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}},
        {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
    let proposal = trust_of(&with(&policy, 500), &usage(vec![assumed(&job(), &target())], &[PROD, DATA]), &ReduceSettings::default());
    assert_eq!(said(&proposal), [(root(PROD), Verdict::Narrow), (root(DATA), Verdict::Drop), ("ec2.amazonaws.com".to_owned(), Verdict::KeepUnobservable)]);
    assert_eq!((&proposal.status, proposal.limit, proposal.members.as_slice()), (&Status::Proposed, TRUST_LIMIT, &[target()][..]));
    let condition = json!({"StringEquals": {"sts:ExternalId": "secret"}, "ArnLike": {"aws:PrincipalArn": job()}});
    let expected = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "In", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}},
        {"Sid": "In2", "Effect": "Allow", "Principal": {"AWS": root(PROD)}, "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": condition},
        {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
    let written: Value = serde_json::from_str(&print::minified(&proposal.proposed[0])).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(&print::minified(&document(&expected))).unwrap());
    assert_eq!((proposal.verdicts.to_vec()[0].calls, proposal.verdicts.to_vec()[0].resources.as_slice()), (7, &[crate::aws::Text::from(job())][..]));
    // Reducing twice changes nothing.
    let again = trust_of(&with(&written, 500), &usage(vec![assumed(&job(), &target())], &[PROD, DATA]), &ReduceSettings::default());
    assert_eq!(again.status, Status::Unchanged, "{:?}", again.verdicts);
}

#[test]
fn callers_that_are_not_known_by_name_keep_the_account() {
    let nameless = UsageRow { principal_arn: None, principal_key: "AROASTRANGER".into(), principal_type: Some("AWSAccount".into()), ..assumed(&job(), &target()) };
    let policy = trust(json!({"AWS": root(PROD)}));
    assert_eq!(verdicts(&policy, vec![assumed(&job(), &target()), nameless]), [(root(PROD), Verdict::KeepUsed)]);
    // An id that the export has is a name.
    let by_id = UsageRow { principal_arn: None, principal_type: Some("AWSAccount".into()), ..assumed(&job(), &target()) };
    assert_eq!(verdicts(&policy, vec![by_id]), [(root(PROD), Verdict::Narrow)]);
}

#[test]
fn young_callers_are_not_shut_out() {
    let mut grants = with(&trust(json!({"AWS": root(PROD)})), 500);
    let calls = usage(vec![assumed(&job(), &target())], &[PROD]);
    let callers = |grants: &Grants| {
        let proposal = trust_of(grants, &calls, &ReduceSettings::default());
        proposal.proposed[0].statements[0].conditions[0].values.clone()
    };
    assert_eq!(callers(&grants), [job()]);
    let fresh = grants.accounts.get_mut(PROD).unwrap().principals.iter_mut().find(|p| p.name == "idle").unwrap();
    fresh.created_ms = Some((TODAY - 3) * DAY_MS);
    assert_eq!(callers(&grants), [role_arn(PROD, "app/idle"), job()]);
}

#[test]
fn roles_of_permission_sets_are_named_by_pattern() {
    let sso = role_arn(PROD, "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef");
    let proposal = trust_of(&with(&trust(json!({"AWS": root(PROD)})), 500), &usage(vec![assumed(&sso, &target())], &[PROD]), &ReduceSettings::default());
    let pattern = role_arn(PROD, "aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Admin_????????????????");
    assert_eq!(proposal.proposed[0].statements[0].conditions[0].values, std::slice::from_ref(&pattern));
    assert!(crate::aws::arn_matches(&pattern, &sso));
}

#[test]
fn a_trust_that_nobody_uses_is_flagged_and_left_whole() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": root(PROD)}, "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        {"Effect": "Allow", "Principal": {"AWS": "AROADELETED"}, "Action": "sts:AssumeRole"}]});
    let proposal = trust_of(&with(&policy, 500), &usage(vec![], &[PROD]), &ReduceSettings::default());
    assert!(said(&proposal).iter().all(|(_, v)| *v == Verdict::Drop));
    assert!(matches!(&proposal.status, Status::Withheld(why) if why.contains("left whole")), "{:?}", proposal.status);
    assert!(proposal.proposed.is_empty());
}

#[test]
fn nothing_goes_that_could_not_have_been_seen() {
    let named = trust(json!({"AWS": [job(), role_arn(PROD, "app/idle")]}));
    let one = vec![assumed(&job(), &target())];
    let settings = ReduceSettings::default();
    let of = |grants: &Grants, usage: &Usage| trust_of(grants, usage, &settings).verdicts.iter().map(|v| v.verdict).collect::<Vec<_>>();
    assert_eq!(of(&with(&named, 500), &usage(one.clone(), &[PROD])), [Verdict::KeepUsed, Verdict::Drop]);
    // The role's account is not covered; the caller's is no help.
    assert_eq!(of(&with(&named, 500), &usage(one.clone(), &[DATA])), [Verdict::KeepUsed, Verdict::KeepUnobservable]);
    // The role is young, or its trust is.
    assert_eq!(of(&with(&named, 30), &usage(one.clone(), &[PROD])), [Verdict::KeepUsed, Verdict::KeepYoung]);
    let mut changed = with(&named, 500);
    changed.since.by_holder.insert(target(), (TODAY - 10) * DAY_MS);
    assert_eq!(of(&changed, &usage(one.clone(), &[PROD])), [Verdict::KeepUsed, Verdict::KeepYoung]);
    let account = trust(json!({"AWS": root(PROD)}));
    assert_eq!(of(&with(&account, 30), &usage(one.clone(), &[PROD])), [Verdict::KeepUsed], "an account of a young role is not narrowed");
    // Whom it names is young.
    let mut young = with(&named, 500);
    young.accounts.get_mut(PROD).unwrap().principals.iter_mut().find(|p| p.name == "idle").unwrap().created_ms = Some((TODAY - 10) * DAY_MS);
    assert_eq!(of(&young, &usage(one.clone(), &[PROD])), [Verdict::KeepUsed, Verdict::KeepYoung]);
    // Somebody took up a role, and the record does not tell which.
    let vague = UsageRow { resource_arn: role_arn(PROD, "*").into(), provenance: "type-wildcard".into(), ..assumed(&job(), &target()) };
    assert_eq!(of(&with(&named, 500), &usage(vec![one[0].clone(), vague], &[PROD])), [Verdict::KeepUsed, Verdict::KeepUnobservable]);
    // Throttled calls may have been in; refused ones were not.
    let failed = |outcome| UsageRow { outcome, ..assumed(&role_arn(PROD, "app/idle"), &target()) };
    assert_eq!(of(&with(&named, 500), &usage(vec![one[0].clone(), failed(Outcome::Error)], &[PROD])), [Verdict::KeepUsed, Verdict::KeepUsed]);
    assert_eq!(of(&with(&named, 500), &usage(vec![one[0].clone(), failed(Outcome::Denied)], &[PROD])), [Verdict::KeepUsed, Verdict::Drop]);
}

#[test]
fn services_and_providers() {
    let saml = format!("arn:aws:iam::{PROD}:saml-provider/idp");
    let oidc = format!("arn:aws:iam::{PROD}:oidc-provider/token.example.com");
    let policy = trust(json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com", "states.eu-west-1.amazonaws.com"], "Federated": [saml, oidc]}));
    let rows = |more: Vec<UsageRow>| {
        let mut rows = vec![assumed_by("AWSService", "states.amazonaws.com", "sts:AssumeRole", &target())];
        rows.extend(more);
        verdicts(&policy, rows).into_iter().map(|(_, v)| v).collect::<Vec<_>>()
    };
    use Verdict::{Drop, KeepUnobservable, KeepUsed};
    assert_eq!(rows(vec![]), [KeepUnobservable, KeepUnobservable, KeepUsed, Drop, Drop], "nothing shows that Lambda's calls are logged");
    let elsewhere = assumed_by("AWSService", "lambda.amazonaws.com", "sts:AssumeRole", &job());
    let also_ec2 = assumed_by("AWSService", "ec2.amazonaws.com", "sts:AssumeRole", &job());
    assert_eq!(rows(vec![elsewhere, also_ec2]), [KeepUnobservable, Drop, KeepUsed, Drop, Drop], "it takes up another role, and would have been seen here");
    let by_host = assumed_by("WebIdentityUser", "token.example.com", "sts:AssumeRoleWithWebIdentity", &target());
    let by_name = assumed_by("SAMLUser", "a name", "sts:AssumeRoleWithSAML", &target());
    assert_eq!(rows(vec![by_host, by_name])[3..], [KeepUsed, KeepUsed], "the provider under its host, or not told");
}

#[test]
fn settings_and_what_was_before() {
    let named = trust(json!({"AWS": [job(), role_arn(PROD, "app/idle")]}));
    let mut calls = usage(vec![assumed(&job(), &target())], &[PROD]);
    let last = |calls: &Usage, settings: &ReduceSettings| trust_of(&with(&named, 500), calls, settings).verdicts.to_vec()[1].clone();
    let listed = Keep { principal: target(), actions: vec!["sts:Assume*".into()], owner: "ops".into(), until: "2099-01-01".into(), ..Keep::default() };
    assert_eq!(last(&calls, &ReduceSettings { keep: vec![listed], ..ReduceSettings::default() }).verdict, Verdict::KeepListed);
    calls.history = vec![before(assumed(&role_arn(PROD, "app/idle"), &target()), 200)];
    let seldom = last(&calls, &ReduceSettings::default());
    assert_eq!((seldom.verdict, seldom.last_seen_ms), (Verdict::KeepCadence, Some((TODAY - 200) * DAY_MS)));
    assert_eq!(last(&calls, &ReduceSettings { mode: Mode::Aggressive, ..ReduceSettings::default() }).verdict, Verdict::Drop);
    // A conservative run narrows no account.
    let account = with(&trust(json!({"AWS": root(PROD)})), 500);
    assert_eq!(trust_of(&account, &calls, &ReduceSettings { mode: Mode::Conservative, ..ReduceSettings::default() }).verdicts.to_vec()[0].verdict, Verdict::KeepUsed);
    let balanced = trust_of(&account, &calls, &ReduceSettings::default());
    assert_eq!(balanced.proposed[0].statements[0].conditions[0].values, [role_arn(PROD, "app/idle"), job()], "who came before the window may come again");
    let alone = Rule { arn: Some(target()), leave_alone: true, ..Rule::default() };
    let (proposals, skipped) = reduced(&account, &calls, &ReduceSettings { rules: vec![alone], ..ReduceSettings::default() });
    assert!(!proposals.iter().any(|p| p.unit.owner_arn == target()) && skipped.iter().any(|s| s.owner_arn == target() && s.policy == super::POLICY_NAME));
}

#[test]
fn what_does_not_fit_stays_an_account() {
    let many: Vec<UsageRow> = (0..60).map(|n| assumed(&role_arn(PROD, &format!("app/a-rather-long-name-of-a-role-{n}")), &target())).collect();
    let proposal = trust_of(&with(&trust(json!({"AWS": [root(PROD), role_arn(DATA, "app/other")]})), 500), &usage(many, &[PROD]), &ReduceSettings::default());
    assert_eq!(said(&proposal), [(root(PROD), Verdict::KeepUsed), (role_arn(DATA, "app/other"), Verdict::Drop)]);
    let reason = &proposal.verdicts.to_vec()[0].reason;
    assert!(reason.contains("do not fit"), "{reason}");
    assert_eq!(proposal.proposed, [document(&trust(json!({"AWS": root(PROD)})))]);
}
