//! Limits of owners: an owner's inline policies together, and room for attached policies on the fullest holder.

use serde_json::{Value, json};

use super::fit::{Attached, fit_inline_owners, fit_managed, inline_limit, share_room};
use super::known::Known;
use super::units::{Placement, UnitName};
use super::write::Ground;
use super::{Proposal, ReduceSettings, Status};
use crate::grants::builder::Builder;
use crate::grants::{Capture, Document, Grants, OwnerKind, Source, gaad};
use crate::policy::{PolicyDocument, parse_text, print};
use crate::reference::Reference;

const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SHARED: &str = "arn:aws:iam::111122223333:policy/shared";

fn document(actions: &Value) -> PolicyDocument {
    parse_text(&json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}).to_string()).unwrap()
}

/// So many actions that nobody knows, so that nothing makes them shorter.
fn unheard(n: usize) -> Value {
    json!((0..n).map(|n| format!("unheard:Action{n:04}")).collect::<Vec<_>>())
}

fn proposal(policy: &str, placement: Placement, current: &PolicyDocument, proposed: &PolicyDocument) -> Proposal {
    let unit = UnitName {
        account: "111122223333".to_owned(),
        owner_kind: if placement == Placement::CustomerManaged { OwnerKind::Policy } else { OwnerKind::Role },
        owner_name: "app".to_owned(),
        owner_arn: if placement == Placement::CustomerManaged { SHARED.to_owned() } else { ROLE.to_owned() },
        policy_name: policy.to_owned(),
        policy_arn: (placement != Placement::Inline).then(|| SHARED.to_owned()),
        placement,
    };
    Proposal {
        proposed: vec![proposed.clone()],
        status: Status::Proposed,
        ..Proposal::of(unit, std::sync::Arc::new(current.clone()))
    }
}

fn with_ground<T>(ask: impl FnOnce(&Ground<'_>) -> T) -> T {
    let settings = ReduceSettings::default();
    ask(&Ground::new(Reference::bundled().unwrap(), Known::default(), &settings))
}

/// A role and a user with so many attached policies, `shared` among them.
fn grants(on_role: usize, on_user: usize) -> Grants {
    let attached = |n: usize| -> Vec<Value> {
        let others = (1..n).map(|n| json!({"PolicyName": format!("p{n}"), "PolicyArn": format!("arn:aws:iam::111122223333:policy/p{n}")}));
        others.chain([json!({"PolicyName": "shared", "PolicyArn": SHARED})]).collect()
    };
    let value = json!({
        "UserDetailList": [{"UserName": "ann", "UserId": "AIDA1", "Arn": "arn:aws:iam::111122223333:user/ann", "GroupList": [], "AttachedManagedPolicies": attached(on_user)}],
        "GroupDetailList": [],
        "RoleDetailList": [{"RoleName": "app", "RoleId": "AROA1", "Arn": ROLE, "AttachedManagedPolicies": attached(on_role), "RolePolicyList": []}],
        "Policies": [],
    });
    let mut builder = Builder::default();
    let capture = Capture { at_ms: None, source: Source::Cli, file: "gaad.json".to_owned() };
    assert!(gaad::take(&Document::new(capture, None, value), &mut builder).is_some());
    builder.finish()
}

#[test]
fn inline_policies_share_their_owners_total() {
    with_ground(|ground| {
        let wide = document(&json!("unheard:*"));
        let long = document(&unheard(400));
        let short = document(&unheard(20));
        let mut list = [proposal("a", Placement::Inline, &wide, &long), proposal("b", Placement::Inline, &wide, &short)];
        fit_inline_owners(&mut list, ground);
        assert_eq!([&list[0].status, &list[1].status], [&Status::Proposed; 2], "{} of {}", list[0].takes() + list[1].takes(), inline_limit(OwnerKind::Role));
        let longer = document(&unheard(600));
        let mut list = [proposal("a", Placement::Inline, &wide, &longer), proposal("b", Placement::Inline, &wide, &short)];
        fit_inline_owners(&mut list, ground);
        assert!(matches!(&list[0].status, Status::Withheld(why) if why.contains("of 10240 characters")), "{:?}", list[0].status);
        assert_eq!(list[1].status, Status::Proposed, "the one that grew most gives way, the other fits");
        assert_eq!(list[1].limit, 10_240);
    });
}

#[test]
fn an_inline_policy_is_made_shorter_before_it_is_withheld() {
    with_ground(|ground| {
        let names: Vec<&str> = ground.reference.expand("ec2:Describe*").into_iter().map(|id| ground.reference.name(id)).collect();
        let wide = document(&json!("ec2:*"));
        let mut list = [proposal("a", Placement::Inline, &wide, &document(&json!(names))), proposal("b", Placement::Inline, &wide, &document(&unheard(300)))];
        fit_inline_owners(&mut list, ground);
        assert_eq!(list[0].status, Status::Proposed);
        assert_eq!(list[0].proposed, [document(&json!("ec2:Describe*"))]);
        assert!(list[0].unpacked.is_some() && !list[0].packing.is_empty());
        assert!(list[1].unpacked.is_none(), "what needs not change does not");
    });
}

fn fit_all(list: &mut [Proposal], grants: &Grants, ground: &Ground<'_>) {
    let before = list.to_vec();
    let mut attached = Attached::new(Some(grants), 10);
    list.iter_mut().for_each(|p| fit_managed(p, &attached, ground, &|_| {}));
    share_room(list, &mut attached, ground, &|_| {}, &|at| before.get(at).cloned());
}

#[test]
fn a_split_leaves_room_for_what_is_attached() {
    with_ground(|ground| {
        let wide = document(&json!("unheard:*"));
        // Two policies of 6,144 characters.
        let long = document(&unheard(400));
        assert!(print::size(&long) > 6144 && print::size(&long) < 12_000);
        let fitted = |placement, on_role, on_user| {
            let grants = grants(on_role, on_user);
            let mut list = [proposal("shared", placement, &wide, &long)];
            fit_all(&mut list, &grants, ground);
            let [one] = list;
            one
        };
        for (placement, on_role, on_user, fits) in [
            (Placement::CustomerManaged, 9, 9, true),
            (Placement::CustomerManaged, 1, 10, false),
            (Placement::CustomerManaged, 10, 1, false),
            (Placement::AwsManaged, 9, 10, true),
            (Placement::AwsManaged, 10, 1, false),
        ] {
            let one = fitted(placement, on_role, on_user);
            assert_eq!(one.status == Status::Proposed, fits, "{placement:?} {on_role} {on_user}: {:?}", one.status);
            assert!(!fits || (one.proposed.len() == 2 && one.proposed.iter().all(|d| print::size(d) <= 6144)));
        }
        assert!(matches!(fitted(Placement::AwsManaged, 10, 1).status, Status::Withheld(why) if why.contains("10 of 10 are attached to arn:aws:iam::111122223333:role/app")));
    });
}

#[test]
fn two_splits_share_the_room() {
    with_ground(|ground| {
        let wide = document(&json!("unheard:*"));
        let long = document(&unheard(400));
        let grants = grants(9, 1);
        let mut list = [proposal("one", Placement::AwsManaged, &wide, &long), proposal("two", Placement::AwsManaged, &wide, &long)];
        fit_all(&mut list, &grants, ground);
        assert_eq!(list[0].status, Status::Proposed);
        assert!(matches!(&list[1].status, Status::Withheld(_)), "the first took the last place");
    });
}
