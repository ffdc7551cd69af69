//! The proofs of what owners propose besides: trust policies, permission sets, forks.

use serde_json::{Value, json};

use super::layers::Layers;
use super::{fork_proofs, proofs, trust_proofs};
use crate::grants::{AttachedDocument, Grants, Known, PermissionSet};
use crate::prove::Containment;
use crate::reduce::advice::fork::{Fork, forks};
use crate::reduce::made_test::*;
use crate::reduce::{Covered, Placement, Proposal, ReduceSettings, Status};
use crate::reference::Reference;
use crate::usage::Usage;

fn proposals(grants: &Grants, usage: &Usage) -> Vec<Proposal> {
    reduced(grants, usage, &ReduceSettings::default()).0
}

/// Puts all proofs to them.
fn proved<'u>(proposals: &mut [Proposal], grants: &Grants, usage: &'u Usage) -> proofs::Proofs<'u> {
    let mut proofs = proofs::of_grants(proposals, &Layers::new(grants, usage), usage);
    trust_proofs::prove(proposals, grants, usage, &mut proofs);
    proofs
}

fn target() -> String {
    role_arn(PROD, "target")
}

/// A role that trusts its account, a named role of another, and a service; with callers of each kind.
fn trusting() -> (Grants, Usage) {
    let may = |name: &str, account| role(account, "/", name, 500, json!({"RolePolicyList": [{"PolicyName": "hop", "PolicyDocument": allow(json!("sts:AssumeRole"), json!("*"))}]}));
    let policy = trust(json!({"AWS": [format!("arn:aws:iam::{PROD}:root"), role_arn(DATA, "far"), role_arn(DATA, "idle")], "Service": "ec2.amazonaws.com"}));
    let own = role(PROD, "/", "target", 500, json!({"AssumeRolePolicyDocument": policy}));
    let grants = grants(vec![(PROD, vec![own, may("near", PROD)], vec![]), (DATA, vec![may("far", DATA), may("idle", DATA)], vec![])]);
    let rows = vec![
        assumed(&role_arn(PROD, "near"), &target()),
        assumed(&role_arn(DATA, "far"), &target()),
        assumed_by("AWSService", "ec2.amazonaws.com", "sts:AssumeRole", &target()),
    ];
    (grants, usage(rows, &[PROD, DATA]))
}

fn trust_at(proposals: &[Proposal]) -> usize {
    proposals.iter().position(|p| p.unit.placement == Placement::Trust && p.unit.owner_arn == target()).unwrap()
}

#[test]
fn a_smaller_trust_lies_inside_the_old_one_and_lets_everybody_in() {
    let (grants, usage) = trusting();
    let mut all = proposals(&grants, &usage);
    let at = trust_at(&all);
    assert_eq!(all[at].status, Status::Proposed);
    let proofs = proved(&mut all, &grants, &usage);
    assert_eq!((&all[at].status, &proofs.containment[at]), (&Status::Proposed, &Some(Containment::Contained)));
    let counts = proofs.trusts[&target()];
    assert_eq!((counts.requests, counts.calls, counts.newly_denied, counts.unknown, counts.unexplained), (3, 21, 0, 0, 0));
    // The callers' own policies are proved beside it.
    assert_eq!(proofs.replay.newly_denied, 0);
    assert!(all.iter().all(|p| !matches!(p.status, Status::Defect(_))), "{all:?}");
}

#[test]
fn a_trust_that_shuts_somebody_out_is_a_defect() {
    let (grants, usage) = trusting();
    let fresh = proposals(&grants, &usage);
    let at = trust_at(&fresh);
    let written = fresh[at].proposed[0].clone();
    for (statement, what) in [(0, "the named role and the service"), (1, "the account")] {
        let mut all = fresh.clone();
        all[at].proposed[0].statements.remove(statement);
        proved(&mut all, &grants, &usage);
        assert!(matches!(&all[at].status, Status::Defect(why) if why.contains("could no longer take up the role")), "without {what}: {:?}", all[at].status);
        assert!(all.iter().enumerate().all(|(n, p)| n == at || !matches!(p.status, Status::Defect(_))), "nobody else is to blame");
    }
    // One that names the caller in its own account would let it in without a permission of its own.
    let mut wide = fresh.clone();
    wide[at].proposed = vec![document(&trust(json!({"AWS": [role_arn(PROD, "near"), role_arn(DATA, "far")], "Service": "ec2.amazonaws.com"})))];
    proved(&mut wide, &grants, &usage);
    assert!(matches!(&wide[at].status, Status::Defect(why) if why.contains("containment")), "{:?}", wide[at].status);
    assert_eq!(fresh[at].proposed[0], written);
}

const MANAGED: &str = "arn:aws:iam::aws:policy/Queues";

fn with_set() -> (Grants, Usage) {
    let (path, name) = ("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Ops_0123456789abcdef");
    let inline = allow(json!(["sns:CreateTopic", "sns:DeleteTopic"]), json!("*"));
    let queues = allow(json!(["sqs:CreateQueue", "sqs:DeleteQueue"]), json!("*"));
    let of = |account| {
        let more = json!({"RolePolicyList": [{"PolicyName": "AwsSSOInlinePolicy", "PolicyDocument": inline}], "AttachedManagedPolicies": attached(MANAGED)});
        (account, vec![role(account, path, name, 500, more)], vec![managed(MANAGED, &queues)])
    };
    let mut grants = grants(vec![of(PROD), of(DATA)]);
    let set = PermissionSet {
        arn: "ps".to_owned(),
        name: Some("Ops".to_owned()),
        inline: Known::Present(AttachedDocument { name: "inline".to_owned(), document: Ok(document(&inline)) }),
        managed: Known::Present(vec![MANAGED.to_owned()]),
        customer: Known::Present(Vec::new()),
        accounts: Known::Present([PROD.to_owned(), DATA.to_owned()].into()),
        ..PermissionSet::default()
    };
    grants.permission_sets.insert("ps".to_owned(), set);
    let sso = |account| role_arn(account, &format!("aws-reserved/sso.amazonaws.com/{name}"));
    let rows = vec![
        call(&sso(PROD), "sqs:CreateQueue", "arn:aws:sqs:eu-west-1:111122223333:q"),
        call(&sso(DATA), "sns:CreateTopic", "arn:aws:sns:eu-west-1:444455556666:t"),
    ];
    (grants, usage(rows, &[PROD, DATA]))
}

#[test]
fn a_permission_set_is_replayed_for_its_roles_in_all_accounts() {
    let (grants, usage) = with_set();
    let fresh = proposals(&grants, &usage);
    let at = fresh.iter().position(|p| p.unit.placement == Placement::PermissionSet).unwrap();
    let mut all = fresh.clone();
    let proofs = proved(&mut all, &grants, &usage);
    assert_eq!((&all[at].status, &proofs.containment[at]), (&Status::Proposed, &Some(Containment::Contained)), "inside inline and managed policy together");
    assert_eq!((proofs.replay.requests, proofs.replay.newly_denied), (2, 0));
    // What came from the managed policy is replaced as well: without its rest the call is lost.
    for lost in ["sqs:CreateQueue", "sns:CreateTopic"] {
        let mut broken = fresh.clone();
        broken[at].proposed[0].statements.retain(|s| !format!("{s:?}").contains(lost));
        let proofs = proved(&mut broken, &grants, &usage);
        assert!(matches!(&broken[at].status, Status::Defect(why) if why.contains(lost)), "{lost}: {:?}", broken[at].status);
        assert_eq!(proofs.replay.newly_denied, 0, "taken back");
    }
}

#[test]
fn a_fork_is_advised_only_with_both_proofs() {
    let shared = "arn:aws:iam::111122223333:policy/shared";
    let busy = ["CreateVolume", "DeleteVolume", "DescribeVolumes", "CreateTags", "CreateSnapshot", "DeleteSnapshot", "DescribeSnapshots", "RunInstances", "StopInstances", "StartInstances", "CreateVpc"];
    let actions: Vec<String> = busy.iter().map(|a| format!("ec2:{a}")).collect();
    let holder = |name: &str| role(PROD, "/", name, 500, json!({"AttachedManagedPolicies": attached(shared)}));
    let grants = grants(vec![(PROD, vec![holder("a"), holder("b")], vec![managed(shared, &allow(json!(actions), json!("*")))])]);
    let mut rows: Vec<_> = actions.iter().map(|a| call(&role_arn(PROD, "a"), a, "*")).collect();
    rows.push(call(&role_arn(PROD, "b"), "ec2:CreateVpc", "*"));
    let usage = usage(rows, &[PROD]);
    let (reference, settings) = (Reference::bundled().unwrap(), ReduceSettings::default());
    let covered = Covered::new(&usage.coverage, &grants.trails, reference, &settings, WINDOW);
    let found = forks(&grants, &usage, &covered, reference, WINDOW, &settings, &proposals(&grants, &usage));
    let advice = fork_proofs::proved(found.clone(), &grants, &usage);
    assert_eq!(advice.len(), 1);
    assert!(advice[0].evidence.iter().any(|e| e == "replay: 7 calls in 1 requests, 0 newly denied, 0 unknown"), "{:?}", advice[0].evidence);
    let with = |document: Value| -> Vec<Fork> {
        let mut changed = found.clone();
        changed[0].advice.document = Some(self::document(&document));
        changed
    };
    assert!(fork_proofs::proved(with(allow(json!("ec2:DeleteVpc"), json!("*"))), &grants, &usage).is_empty(), "not inside");
    assert!(fork_proofs::proved(with(allow(json!("ec2:CreateTags"), json!("*"))), &grants, &usage).is_empty(), "a call is lost");
}
