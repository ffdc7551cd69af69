//! Permission sets: the union of their roles, what goes into the one inline policy, and when a set is left alone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fit::inline_limit;
use super::made_test::*;
use super::{Placement, Proposal, ReduceSettings, Skipped, Status, Verdict};
use crate::grants::permission_set::CustomerPolicy;
use crate::grants::{AttachedDocument, Grants, Known, OwnerKind, PermissionSet, PolicySource};
use crate::policy::{ActionElement, print};
use crate::usage::UsageRow;

const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
const NAME: &str = "AWSReservedSSO_Ops_0123456789abcdef";
const PATH: &str = "/aws-reserved/sso.amazonaws.com/";
const MANAGED: &str = "arn:aws:iam::aws:policy/Queues";
const SQS: &[&str] = &["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes"];
const SNS: &[&str] = &["sns:CreateTopic", "sns:DeleteTopic"];

fn sso(account: &str) -> String {
    role_arn(account, &format!("{}{NAME}", PATH.trim_start_matches('/')))
}

/// The set `Ops` in both accounts: an inline policy on topics, an AWS managed policy on queues.
fn organisation(managed_document: &Value) -> Grants {
    let inline = allow(json!(SNS), json!("*"));
    let of = |account| {
        let more = json!({"RolePolicyList": [{"PolicyName": "AwsSSOInlinePolicy", "PolicyDocument": inline}], "AttachedManagedPolicies": attached(MANAGED)});
        (account, vec![role(account, PATH, NAME, 500, more)], vec![managed(MANAGED, managed_document)])
    };
    let mut grants = grants(vec![of(PROD), of(DATA)]);
    let set = PermissionSet {
        arn: SET.to_owned(),
        instance: "arn:aws:sso:::instance/ssoins-1".to_owned(),
        name: Some("Ops".to_owned()),
        inline: Known::Present(AttachedDocument { name: "inline".to_owned(), document: Ok(document(&inline)) }),
        managed: Known::Present(vec![MANAGED.to_owned()]),
        customer: Known::Present(Vec::new()),
        boundary: Known::Absent,
        accounts: Known::Present([PROD.to_owned(), DATA.to_owned()].into()),
        ..PermissionSet::default()
    };
    grants.permission_sets.insert(SET.to_owned(), set);
    grants
}

fn sqs() -> Value {
    allow(json!(SQS), json!("*"))
}

fn rows() -> Vec<UsageRow> {
    let queue = |account: &str| format!("arn:aws:sqs:eu-west-1:{account}:q");
    vec![
        call(&sso(PROD), "sqs:CreateQueue", &queue(PROD)),
        call(&sso(DATA), "sqs:GetQueueAttributes", &queue(DATA)),
        call(&sso(DATA), "sns:CreateTopic", "arn:aws:sns:eu-west-1:444455556666:t"),
    ]
}

fn outcome(grants: &Grants) -> (Vec<Proposal>, Vec<Skipped>) {
    let (proposals, skipped) = reduced(grants, &usage(rows(), &[PROD, DATA]), &ReduceSettings::default());
    let of_set = |arn: &str| arn == SET;
    (
        proposals.into_iter().filter(|p| of_set(&p.unit.owner_arn)).collect(),
        skipped.into_iter().filter(|s| of_set(&s.owner_arn)).collect(),
    )
}

fn actions(proposal: &Proposal) -> Vec<String> {
    let mut all: Vec<String> = proposal.proposed[0]
        .statements
        .iter()
        .flat_map(|s| match &s.action {
            ActionElement::Action(list) => list.clone(),
            ActionElement::NotAction(_) => panic!("{s:?}"),
        })
        .collect();
    all.sort();
    all
}

#[test]
fn what_is_left_of_a_managed_policy_goes_into_the_inline_policy() {
    let (proposals, skipped) = outcome(&organisation(&sqs()));
    assert!(skipped.is_empty(), "{skipped:?}");
    let [set] = proposals.as_slice() else { panic!("{proposals:?}") };
    assert_eq!((set.unit.owner_kind, set.unit.placement, set.unit.account.as_str()), (OwnerKind::PermissionSet, Placement::PermissionSet, "999900001111"));
    assert_eq!((&set.status, set.limit), (&Status::Proposed, inline_limit(OwnerKind::PermissionSet)));
    assert_eq!(actions(set), ["sns:CreateTopic", "sqs:CreateQueue", "sqs:GetQueueAttributes"], "the union of both accounts");
    assert_eq!(set.members, [sso(PROD), sso(DATA)]);
    assert_eq!(set.detached, [(MANAGED.to_owned(), Arc::new(document(&json!({"Version": "2012-10-17", "Statement": [{"Sid": "S2", "Effect": "Allow", "Action": SQS, "Resource": "*"}]}))))]);
    let replaces = |account: &str| {
        [
            PolicySource::Inline { owner_arn: sso(account), name: "AwsSSOInlinePolicy".to_owned() },
            PolicySource::Managed { arn: MANAGED.to_owned(), holder_arn: sso(account) },
        ]
    };
    for source in [PROD, DATA].into_iter().flat_map(replaces) {
        assert!(set.replaces.contains(&source), "{source:?}");
    }
    let dropped: Vec<(usize, &str)> = set
        .groups
        .iter()
        .filter(|g| g.verdict == Verdict::Drop)
        .map(|g| (g.statement, g.sid.as_deref().unwrap()))
        .collect();
    assert_eq!(dropped, [(0, "S"), (1, "S2")], "statements are counted through");
}

#[test]
fn without_an_inline_policy_the_set_gets_one() {
    let mut grants = organisation(&sqs());
    grants.permission_sets.get_mut(SET).unwrap().inline = Known::Absent;
    for account in [PROD, DATA] {
        grants.accounts.get_mut(account).unwrap().principals[0].inline.clear();
    }
    let (proposals, _) = outcome(&grants);
    let [set] = proposals.as_slice() else { panic!("{proposals:?}") };
    assert_eq!((actions(set), set.current.as_ref().unwrap().statements.len()), (vec!["sqs:CreateQueue".to_owned(), "sqs:GetQueueAttributes".to_owned()], 0));
}

#[test]
fn what_does_not_fit_stays_attached() {
    // Data events that no log shows stay, however long they are spelled.
    let resources: Vec<String> = (0..400).map(|n| format!("arn:aws:sqs:eu-west-1:{PROD}:a-queue-with-a-long-name-{n}")).collect();
    let long = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": resources}, {"Effect": "Allow", "Action": "sqs:DeleteQueue", "Resource": "*"}]});
    assert!(print::size(&document(&long)) > inline_limit(OwnerKind::PermissionSet));
    let (proposals, _) = outcome(&organisation(&long));
    let of = |placement| proposals.iter().find(|p| p.unit.placement == placement).unwrap();
    let (inline, managed) = (of(Placement::PermissionSet), of(Placement::AwsManaged));
    assert_eq!(proposals.len(), 2);
    assert!(matches!(&managed.status, Status::Withheld(why) if why.contains("does not fit")), "{:?}", managed.status);
    assert_eq!((&inline.status, actions(inline), inline.detached.len()), (&Status::Proposed, vec!["sns:CreateTopic".to_owned()], 0));
}

#[test]
fn a_set_with_a_role_that_is_not_seen_is_left_alone() {
    let why = |change: &dyn Fn(&mut Grants)| {
        let mut grants = organisation(&sqs());
        change(&mut grants);
        let (proposals, skipped) = outcome(&grants);
        assert!(proposals.is_empty(), "{proposals:?}");
        skipped.into_iter().map(|s| s.reason).collect::<Vec<_>>().join("; ")
    };
    fn set(grants: &mut Grants) -> &mut PermissionSet {
        grants.permission_sets.get_mut(SET).unwrap()
    }
    assert!(why(&|g| _ = g.accounts.remove(DATA)).contains("account 444455556666, whose users and roles are not all exported"));
    assert!(why(&|g| g.accounts.get_mut(DATA).unwrap().complete = false).contains("not all exported"));
    assert!(why(&|g| g.accounts.get_mut(DATA).unwrap().principals.clear()).contains("its role there is not in the export"));
    assert!(why(&|g| set(g).accounts = Known::Unknown("refused".to_owned())).contains("is not known: refused"));
    assert!(why(&|g| set(g).accounts = Known::Absent).contains("in no account"));
    assert!(why(&|g| set(g).managed = Known::Unknown("refused".to_owned())).contains("its AWS managed policies: refused"));
    assert!(why(&|g| set(g).managed = Known::Present(Vec::new())).contains("is not provisioned as it is"));
    assert!(why(&|g| set(g).name = None).contains("its name is not exported"));
    assert!(why(&|g| g.accounts.get_mut(DATA).unwrap().principals[0].untold.push("inline policies")).contains("not exported"));
    let twin = |g: &mut Grants| {
        let twin = PermissionSet { arn: "ps-2".to_owned(), ..set(g).clone() };
        g.permission_sets.insert("ps-2".to_owned(), twin);
    };
    assert!(why(&twin).contains("two permission sets have this name"));
}

#[test]
fn customer_managed_policies_are_reduced_in_each_account() {
    let mut grants = organisation(&sqs());
    let copy = |account: &str| format!("arn:aws:iam::{account}:policy/team/shared");
    grants.permission_sets.get_mut(SET).unwrap().customer = Known::Present(vec![CustomerPolicy { path: "/team/".to_owned(), name: "shared".to_owned() }]);
    for account in [PROD, DATA] {
        let principal = &mut grants.accounts.get_mut(account).unwrap().principals[0];
        principal.attached.push(copy(account));
        let mut policy = grants.policies[MANAGED].clone();
        (policy.arn, policy.name, policy.account) = (copy(account), "shared".to_owned(), Some(account.to_owned()));
        grants.policies.insert(copy(account), policy);
    }
    let (_, skipped) = outcome(&grants);
    assert!(skipped.iter().any(|s| s.policy == "shared" && s.reason.contains("reduced in each account")), "{skipped:?}");
    let (proposals, _) = reduced(&grants, &usage(rows(), &[PROD, DATA]), &ReduceSettings::default());
    let kept = |account: &str| actions(proposals.iter().find(|p| p.unit.owner_arn == copy(account)).unwrap());
    assert_eq!((kept(PROD), kept(DATA)), (vec!["sqs:CreateQueue".to_owned()], vec!["sqs:GetQueueAttributes".to_owned()]));
}

#[test]
fn a_set_is_as_young_as_its_youngest_role() {
    let mut grants = organisation(&sqs());
    grants.accounts.get_mut(DATA).unwrap().principals[0].created_ms = Some((TODAY - 5) * DAY_MS);
    let (proposals, _) = outcome(&grants);
    assert!(!proposals.is_empty() && proposals.iter().all(|p| p.groups.iter().all(|g| g.verdict == Verdict::KeepYoung)), "{proposals:?}");
}
