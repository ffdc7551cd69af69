//! What is not known of the resource's side, of the organisation or of an endpoint contradicts no call.

use crate::grants::organisation::{Node, Organisation, OrganisationPolicy, OrganisationPolicyKind};
use crate::grants::resource::{Resource, VpcEndpoint};
use crate::grants::{Account, AttachedDocument, Grants, Known, OwnerKind, Principal};
use crate::policy::parse_text;
use crate::run::consistency::{self, Tally};
use crate::run::history::Past;
use crate::usage::{Outcome, Usage, UsageRow};

const OURS: &str = "111122223333";
const OTHERS: &str = "444455556666";

fn document(effect: &str, principal: &str, action: &str) -> AttachedDocument {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}",{principal}"Action":"{action}","Resource":"*"}}]}}"#);
    AttachedDocument { name: String::new(), document: parse_text(&text) }
}

fn grants() -> Grants {
    let role = Principal {
        kind: OwnerKind::Role,
        account: OURS.to_owned(),
        name: "app".to_owned(),
        path: "/".to_owned(),
        arn: format!("arn:aws:iam::{OURS}:role/app"),
        unique_id: "AROAAPP".to_owned(),
        created_ms: None,
        inline: vec![document("Allow", "", "*")],
        attached: Vec::new(),
        groups: Vec::new(),
        boundary: None,
        trust: None,
        tags: [].into(),
        last_used_ms: None,
        last_used_known: false,
        instance_profiles: Vec::new(),
        untold: Vec::new(),
    };
    let account = Account { id: OURS.to_owned(), has_authorization_details: true, complete: true, principals: vec![role], ..Account::default() };
    Grants { accounts: [(OURS.to_owned(), account)].into(), no_organisation: [OURS.to_owned(), OTHERS.to_owned()].into(), ..Grants::default() }
}

fn call(action: &str, resource: &str, context: &str, at: i64) -> UsageRow {
    UsageRow {
        account: OURS.into(),
        principal_key: "AROAAPP".into(),
        principal_arn: Some(format!("arn:aws:iam::{OURS}:role/app").into()),
        principal_type: Some("AssumedRole".into()),
        action: action.into(),
        resource_arn: resource.into(),
        provenance: "logged".into(),
        region: Some("eu-west-1".into()),
        context_class: context.into(),
        outcome: Outcome::Allowed,
        calls: 1,
        first_seen_ms: at,
        last_seen_ms: at,
        samples: vec!["e".into()],
    }
}

/// `ok`, `unknown` and `contradiction` of the calls.
fn compared(grants: &Grants, rows: Vec<UsageRow>) -> [i64; 3] {
    let usage = Usage { rows, ..Usage::default() };
    let out = consistency::of_grants(&super::Layers::new(grants, &usage), &usage, &Past::default());
    let Tally { ok, unknown, contradiction } = out.calls.allowed;
    [ok, unknown, contradiction]
}

#[test]
fn our_resource_control_policies_do_not_bound_a_bucket_of_whom_nobody_knows() {
    let mut grants = grants();
    grants.no_organisation.clear();
    let id = "p-guard";
    let rcp = OrganisationPolicyKind::ResourceControl;
    let policy = OrganisationPolicy { id: id.to_owned(), name: id.to_owned(), kind: rcp, aws_managed: false,
        document: Known::Present(document("Deny", r#""Principal":"*","#, "s3:*").document) };
    let node = Node { id: OURS.to_owned(), parent: Known::Absent, attached: [(rcp, Known::Present([id.to_owned()].into()))].into(), ..Node::default() };
    let organisation = Organisation {
        id: "o-1".to_owned(),
        management_account: Known::Present("999900001111".to_owned()),
        enabled: [(rcp, Known::Present(true)), (OrganisationPolicyKind::ServiceControl, Known::Absent)].into(),
        nodes: [(OURS.to_owned(), node)].into(),
        policies: [(id.to_owned(), policy)].into(),
        ..Organisation::default()
    };
    grants.organisations.insert("o-1".to_owned(), organisation);
    let theirs = call("s3:GetObject", "arn:aws:s3:::somebodys/key", "{}", 0);
    assert_eq!(compared(&grants, vec![theirs])[2], 0);
    assert_eq!(compared(&grants, vec![call("s3:ListAllMyBuckets", "*", "{}", 0)]), [0, 0, 1], "what names no resource is the caller's own");
}

#[test]
fn what_ram_may_have_shared_is_open() {
    let arn = format!("arn:aws:sqs:eu-west-1:{OTHERS}:queue");
    let resource = |shared| Resource {
        arn: arn.clone(), service: "sqs".to_owned(), account: OTHERS.to_owned(), region: Some("eu-west-1".to_owned()), policy: Known::Absent, shared,
    };
    let row = call("sqs:SendMessage", &arn, "{}", 0);
    let mut grants = grants();
    grants.resources.by_arn.insert(arn.clone(), resource(Known::Absent));
    assert_eq!(compared(&grants, vec![row.clone()]), [0, 0, 1]);
    grants.resources.by_arn.insert(arn.clone(), resource(Known::Unknown("not exported".to_owned())));
    assert_eq!(compared(&grants, vec![row.clone()]), [0, 1, 0]);
    grants.resources.by_arn.insert(arn.clone(), resource(Known::Absent));
    let unshared = UsageRow { account: OTHERS.into(), principal_key: "AIDAX".into(), principal_arn: None,
        ..call("ram:DisassociateResourceShare", &format!("arn:aws:ram:eu-west-1:{OTHERS}:resource-share/s"), "{}", 10) };
    assert_eq!(compared(&grants, vec![row, unshared]), [0, 1, 0]);
}

#[test]
fn calls_before_a_change_of_their_endpoint_are_open() {
    let mut grants = grants();
    let endpoint = VpcEndpoint {
        id: "vpce-1".to_owned(), account: OURS.to_owned(), policy: Known::Present(document("Allow", r#""Principal":"*","#, "sqs:*")), ..VpcEndpoint::default()
    };
    grants.resources.vpc_endpoints.insert(endpoint.id.clone(), endpoint);
    let context = r#"{"aws:SourceVpce":"vpce-1"}"#;
    let at = |ms| call("ec2:DescribeVpcs", "*", context, ms);
    assert_eq!(compared(&grants, vec![at(0)]), [0, 0, 1]);
    for named in [format!("arn:aws:ec2:eu-west-1:{OURS}:vpc-endpoint/vpce-1"), "*".to_owned()] {
        let change = UsageRow { principal_key: "AIDAX".into(), principal_arn: None, ..call("ec2:ModifyVpcEndpoint", &named, "{}", 10) };
        assert_eq!(compared(&grants, vec![at(0), change.clone()]), [0, 1, 0], "{named}");
        assert_eq!(compared(&grants, vec![at(1_000_000), change]), [0, 0, 1], "{named}");
    }
}

#[test]
fn sides_are_kept_once_for_all_objects_and_apart_by_kind_of_service() {
    let grants = grants();
    let layers = super::Layers::new(&grants, &Usage::default());
    let side = |resource: &str, service: &str| layers.side(resource, service);
    let same = std::sync::Arc::ptr_eq;
    assert!(same(&side("arn:aws:s3:::b/one", "s3"), &side("arn:aws:s3:::b/two/three", "s3")));
    side("arn:aws:s3:::b", "s3");
    side("arn:aws:s3:::c/one", "s3");
    let role = format!("arn:aws:iam::{OTHERS}:role/r");
    assert!(side(&role, "glue-made").unseen.is_empty() && !side(&role, "sts").unseen.is_empty(), "whichever was asked first");
    let (load, kms) = (format!("arn:aws:s3:eu-west-1:{OURS}:accesspoint/a/object/x"), format!("arn:aws:kms:eu-west-1:{OURS}:alias/a"));
    let loads = [load.clone(), load.replace("a/object", "b/object")];
    let keys = [kms.clone(), kms.replace("alias/a", "alias/b")];
    loads.iter().for_each(|load| drop(side(load, "s3")));
    keys.iter().for_each(|key| drop(side(key, "kms")));
    // What is the same of several is held once, and still told apart.
    let sides = super::read(&layers.sides);
    for apart in ["arn:aws:s3:::b", "arn:aws:s3:::b/", "arn:aws:s3:::c/"].into_iter().chain(loads.iter().chain(&keys).map(String::as_str)) {
        assert!(sides[&true].contains_key(apart), "{apart}: {:?}", sides[&true].keys());
    }
    assert!(same(&sides[&true][&*keys[0]], &sides[&true][&*keys[1]]), "nothing is known of either but the owner");
}
