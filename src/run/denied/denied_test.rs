//! Causes, clusters, changes and verdicts on a small organisation of our own. Every call of it stands in exactly one cluster.

use std::collections::BTreeSet;

use super::of_grants;
use crate::grants::organisation::{Node, Organisation, OrganisationPolicy, OrganisationPolicyKind};
use crate::grants::resource::Resource;
use crate::grants::{Account, AttachedDocument, Grants, Known, OwnerKind, Principal};
use crate::policy::parse_text;
use crate::reference::Reference;
use crate::report::denied_text::{DeniedCluster, DeniedFacts};
use crate::run::history::Past;
use crate::run::layers::Layers;
use crate::usage::{DeniedCallRow, Outcome, SessionCallRow, Usage, UsageRow};

const OURS: &str = "111122223333";
const APP: &str = "arn:aws:iam::111122223333:role/app";

fn statements(text: &str) -> AttachedDocument {
    AttachedDocument { name: "own".to_owned(), document: parse_text(&format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#)) }
}

fn role(name: &str, id: &str, inline: &str) -> Principal {
    let trust = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"sts:AssumeRole"}"#;
    Principal {
        kind: OwnerKind::Role,
        account: OURS.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        arn: format!("arn:aws:iam::{OURS}:role/{name}"),
        unique_id: id.to_owned(),
        created_ms: None,
        inline: vec![statements(inline)],
        attached: Vec::new(),
        groups: Vec::new(),
        boundary: None,
        trust: Some(statements(trust).document),
        tags: [].into(),
        last_used_ms: None,
        last_used_known: false,
        instance_profiles: Vec::new(),
        untold: Vec::new(),
    }
}

/// A role that may read one bucket and do all of EC2 and SQS but delete queues; an SCP that keeps it to Europe and out of
/// deleting; a queue whose policy denies purging.
fn grants() -> Grants {
    let inline = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::ours/*"},{"Effect":"Allow","Action":["ec2:*","sqs:*"],"Resource":"*"},
        {"Sid":"NoDelete","Effect":"Deny","Action":"sqs:DeleteQueue","Resource":"*"}"#;
    let principals = vec![role("app", "AROAAPP", inline), role("idle", "AROAIDLE", r#"{"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*"}"#)];
    let account = Account { id: OURS.to_owned(), has_authorization_details: true, complete: true, principals, ..Account::default() };
    let mut grants = Grants { accounts: [(OURS.to_owned(), account)].into(), ..Grants::default() };
    let scp = OrganisationPolicyKind::ServiceControl;
    let policy = |id: &str, text: &str| {
        let document = Known::Present(statements(text).document);
        (id.to_owned(), OrganisationPolicy { id: id.to_owned(), name: id.to_owned(), kind: scp, aws_managed: false, document })
    };
    let region = r#"{"Effect":"Allow","Action":["s3:*","ec2:*","sqs:*","sts:*"],"Resource":"*"},
        {"Sid":"Europe","Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#;
    let node = Node { id: OURS.to_owned(), parent: Known::Absent, attached: [(scp, Known::Present(["p-europe".to_owned()].into()))].into(), ..Node::default() };
    let organisation = Organisation {
        id: "o-1".to_owned(),
        management_account: Known::Present("999900001111".to_owned()),
        enabled: [(scp, Known::Present(true)), (OrganisationPolicyKind::ResourceControl, Known::Absent)].into(),
        nodes: [(OURS.to_owned(), node)].into(),
        policies: [policy("p-europe", region)].into(),
        ..Organisation::default()
    };
    grants.organisations.insert("o-1".to_owned(), organisation);
    let arn = format!("arn:aws:sqs:eu-west-1:{OURS}:jobs");
    let own = r#"{"Sid":"NoPurge","Effect":"Deny","Principal":"*","Action":"sqs:PurgeQueue","Resource":"*"}"#;
    let queue = Resource {
        arn: arn.clone(), service: "sqs".to_owned(), account: OURS.to_owned(), region: Some("eu-west-1".to_owned()),
        policy: Known::Present(vec![statements(own)]), shared: Known::Absent,
    };
    grants.resources.by_arn.insert(arn, queue);
    grants
}

fn call(action: &str, resource: &str) -> DeniedCallRow {
    let service = action.split(':').next().unwrap();
    DeniedCallRow {
        call: SessionCallRow {
            account: OURS.into(),
            principal_key: "AROAAPP".into(),
            principal_arn: Some(APP.into()),
            principal_type: Some("AssumedRole".into()),
            federated_name: None,
            session_policy: None,
            session_policy_arns: None,
            is_told: false,
            action: action.into(),
            resource_arn: resource.into(),
            arn_provenance: "logged".into(),
            region: Some("eu-west-1".into()),
            context_class: "{}".into(),
            outcome: Outcome::Denied,
            error_code: Some("AccessDenied".into()),
            denied_effect: None,
            denied_policy_type: None,
            denied_policy_arn: None,
            calls: 1,
            first_seen_ms: 86_400_000,
            last_seen_ms: 86_400_000,
            samples: vec!["e1".into()],
        },
        in_session: false,
        is_known_action: true,
        event_source: format!("{service}.amazonaws.com").into(),
        event_name: action.split(':').nth(1).unwrap().into(),
        event_category: Some("Management".into()),
        source_ip: Some("192.0.2.1".into()),
        date: "1970-01-02".into(),
    }
}

fn told(row: DeniedCallRow, effect: &str, layer: &str) -> DeniedCallRow {
    let call = SessionCallRow { denied_effect: Some(effect.into()), denied_policy_type: Some(layer.into()), ..row.call };
    DeniedCallRow { call, ..row }
}

fn on_day(row: &DeniedCallRow, day: i64) -> DeniedCallRow {
    let at = day * 86_400_000;
    let call = SessionCallRow { first_seen_ms: at, last_seen_ms: at, ..row.call.clone() };
    DeniedCallRow { call, date: format!("1970-01-{:02}", day + 1).into(), ..row.clone() }
}

fn used(action: &str, resource: &str, day: i64) -> UsageRow {
    UsageRow {
        account: OURS.into(),
        principal_key: "AROAAPP".into(),
        principal_arn: Some(APP.into()),
        principal_type: Some("AssumedRole".into()),
        action: action.into(),
        resource_arn: resource.into(),
        provenance: "logged".into(),
        region: Some("eu-west-1".into()),
        context_class: "{}".into(),
        outcome: Outcome::Allowed,
        calls: 1,
        first_seen_ms: day * 86_400_000,
        last_seen_ms: day * 86_400_000,
        samples: vec!["u1".into()],
    }
}

fn clustered(grants: &Grants, denied_calls: Vec<DeniedCallRow>, rows: Vec<UsageRow>) -> DeniedFacts {
    let usage = Usage { denied_calls, rows, ..Usage::default() };
    let facts = of_grants(&Layers::new(grants, &usage), &usage, &Past::default(), &BTreeSet::from([OURS.to_owned()]), Reference::bundled().unwrap());
    let all: i64 = usage.denied_calls.iter().map(|r| r.call.calls).sum();
    assert_eq!((facts.calls, facts.clusters.iter().map(|c| c.calls).sum::<i64>(), facts.members.iter().map(|m| m.calls).sum::<i64>()), (all, all, all));
    facts
}

fn one(grants: &Grants, denied: Vec<DeniedCallRow>, rows: Vec<UsageRow>) -> DeniedCluster {
    let mut facts = clustered(grants, denied, rows);
    assert_eq!(facts.clusters.len(), 1, "{:#?}", facts.clusters);
    facts.clusters.remove(0)
}

/// Layer, how it is known, effect, policy and statement.
fn cause(c: &DeniedCluster) -> (Option<&str>, &str, Option<&str>, Option<&str>, Option<&str>) {
    (c.layer, c.known_by, c.effect, c.policy.as_deref(), c.statement.as_deref())
}

fn alone(row: DeniedCallRow) -> DeniedCluster {
    one(&grants(), vec![row], Vec::new())
}

#[test]
fn the_policies_at_hand_name_layer_and_statement() {
    let queue = format!("arn:aws:sqs:eu-west-1:{OURS}:jobs");
    // No statement of the caller's allows it, the SCP does.
    let found = alone(call("s3:PutObject", "arn:aws:s3:::ours/x"));
    assert_eq!(cause(&found), (Some("identity"), "evaluation", Some("implicit"), None, None));
    assert_eq!(found.change.belongs, format!("the inline policy of {APP}"));
    assert_eq!(found.change.statement, r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::ours/x"}]}"#);
    assert_eq!(found.change.after, "allowed", "{:?}", found.change);
    // The SCP says nothing of it: it is asked first, and the caller lacks the grant as well.
    let found = alone(call("iam:ListUsers", "*"));
    assert_eq!(cause(&found), (Some("scp"), "evaluation", Some("implicit"), None, None));
    assert_eq!(found.change.after, "implicitDeny");
    assert!(found.change.then.starts_with("the identity policies would have to allow it too"), "{:?}", found.change);
    assert!(found.change.belongs.ends_with(&format!("on the levels {OURS}")), "{:?}", found.change);
    // Deny statements by layer, each printed as it stands.
    let found = alone(call("sqs:DeleteQueue", &queue));
    assert_eq!(cause(&found), (Some("identity"), "evaluation", Some("explicit"), Some("own"), Some("NoDelete")));
    assert!(found.change.statement.contains(r#""Sid":"NoDelete""#), "{:?}", found.change);
    assert_eq!(found.change.after, "allowed");
    let found = alone(call("sqs:PurgeQueue", &queue));
    assert_eq!(cause(&found), (Some("resource"), "evaluation", Some("explicit"), Some("own"), Some("NoPurge")));
    assert!(found.change.belongs.contains(&queue) && found.change.statement.contains("NoPurge"), "{:?}", found.change);
    let elsewhere = call("ec2:RunInstances", "*");
    let elsewhere = DeniedCallRow { call: SessionCallRow { region: Some("us-east-1".into()), ..elsewhere.call }, ..elsewhere };
    let found = alone(elsewhere);
    assert_eq!(cause(&found), (Some("scp"), "evaluation", Some("explicit"), Some("p-europe"), Some("Europe")));
    assert!(found.change.statement.contains("aws:RequestedRegion"), "{:?}", found.change);
    assert_eq!((found.change.after, found.verdict), ("allowed", "guard"));
    // A role that does not let the caller in, though the caller may ask.
    let mut other = grants();
    let trust = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
    other.accounts.get_mut(OURS).unwrap().principals[1].trust = Some(statements(trust).document);
    let idle = format!("arn:aws:iam::{OURS}:role/idle");
    let found = one(&other, vec![told(call("sts:AssumeRole", &idle), "implicit", "trust")], Vec::new());
    assert_eq!((cause(&found).0, found.change.belongs.as_str()), (Some("trust"), format!("the trust policy of {idle}").as_str()));
    assert!(found.change.statement.contains(&format!(r#""Principal":{{"AWS":"{APP}"}}"#)) && !found.change.statement.contains("Resource"), "{:?}", found.change);
}

#[test]
fn the_message_is_aws_own_word() {
    let guard = "arn:aws:organizations::999900001111:policy/o-1/service_control_policy/p-europe";
    let row = told(call("ec2:RunInstances", "*"), "explicit", "scp");
    let row = DeniedCallRow { call: SessionCallRow { denied_policy_arn: Some(guard.into()), region: Some("us-east-1".into()), ..row.call }, ..row };
    let found = alone(row.clone());
    assert_eq!(cause(&found), (Some("scp"), "message", Some("explicit"), Some("p-europe"), Some("Europe")));
    // Without exports the policy is named all the same, the statement is not.
    let none = one(&Grants::default(), vec![row.clone()], Vec::new());
    assert_eq!(cause(&none), (Some("scp"), "message", Some("explicit"), Some("p-europe"), None));
    assert_eq!((none.change.after, none.change.then.as_str()), ("", "not checked: the policies are not at hand"));
    // The same words and no policy: which statement it is, is not known.
    let unnamed = DeniedCallRow { call: SessionCallRow { denied_policy_arn: None, ..row.call.clone() }, ..row };
    let facts = clustered(&Grants::default(), vec![unnamed], Vec::new());
    assert_eq!((facts.layer_named(), facts.explained, facts.clusters[0].not_known.as_str()), (1, 0, "which statement of the scp policies denies: no exports of grants were given"));
    // AWS says "explicit" of an SCP that merely does not allow.
    let found = alone(told(call("iam:ListUsers", "*"), "explicit", "scp"));
    assert_eq!(cause(&found), (Some("scp"), "message", Some("implicit"), None, None));
    // A layer that is at hand and does not refuse is a contradiction, and no explanation.
    let facts = clustered(&grants(), vec![told(call("ec2:DescribeVpcs", "*"), "implicit", "identity")], Vec::new());
    assert_eq!((facts.contradictions, facts.explained, facts.layer_named()), (1, 0, 1));
    assert!(facts.clusters[0].not_known.contains("do not refuse the call") && facts.clusters[0].change.after.is_empty(), "{:?}", facts.clusters[0]);
}

#[test]
fn endpoints_refuse_network_activity() {
    let row = call("sqs:SendMessage", "*");
    let row = DeniedCallRow { event_category: Some("NetworkActivity".into()), ..row };
    let found = one(&Grants::default(), vec![row.clone()], Vec::new());
    assert_eq!(cause(&found), (Some("vpc_endpoint"), "network-activity", None, None, None));
    assert!(found.not_known.contains("whether a statement of the vpc_endpoint policies denies or none allows"), "{}", found.not_known);
    let coded = DeniedCallRow { call: SessionCallRow { error_code: Some("VpceAccessDenied".into()), ..row.call }, event_category: None, ..row };
    assert_eq!(one(&Grants::default(), vec![coded], Vec::new()).layer, Some("vpc_endpoint"));
}

#[test]
fn what_is_not_known_says_why() {
    let open = |row| one(&grants(), vec![row], Vec::new());
    let stranger = |row: DeniedCallRow| DeniedCallRow { call: SessionCallRow { principal_key: "AROAGONE".into(), principal_arn: None, ..row.call }, ..row };
    let found = open(stranger(call("ec2:DescribeVpcs", "*")));
    assert_eq!((found.layer, found.not_known.as_str()), (None, "the caller is not in the exports of grants"));
    assert!(found.change.what.starts_with("cannot tell: "), "{:?}", found.change);
    // What bounds the caller's account is known all the same.
    let bounded = open(stranger(call("iam:ListUsers", "*")));
    assert_eq!((bounded.layer, bounded.known_by), (Some("scp"), "evaluation"));
    let unknown = open(DeniedCallRow { is_known_action: false, ..call("made:UpName", "*") });
    assert_eq!(unknown.not_known, "the reference knows no action for this call");
    let allowed = open(call("ec2:DescribeVpcs", "*"));
    assert!(allowed.layer.is_none() && allowed.not_known.starts_with("the policies at hand allow the call"), "{}", allowed.not_known);
    let service = DeniedCallRow { call: SessionCallRow { principal_type: Some("AWSService".into()), principal_key: "".into(), principal_arn: None, ..call("s3:PutObject", "*").call }, ..call("s3:PutObject", "*") };
    assert_eq!(open(service).not_known, "an AWS service called for itself");
    // A queue of another account: its policy is not at hand, and only it could let the caller in.
    let theirs = open(call("sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:theirs"));
    assert!(theirs.layer.is_none() && !theirs.not_known.is_empty(), "{theirs:?}");
    let mut gaps = grants();
    gaps.accounts.get_mut(OURS).unwrap().principals[0].attached = vec!["arn:aws:iam::111122223333:policy/gone".to_owned()];
    let found = one(&gaps, vec![call("s3:PutObject", "arn:aws:s3:::ours/x")], Vec::new());
    assert_eq!((found.layer, found.not_known.as_str()), (None, "no identity policy that is at hand allows the call, and not all are at hand"));
    let encoded = call("ec2:RunInstances", "*");
    let encoded = DeniedCallRow { call: SessionCallRow { error_code: Some("Client.UnauthorizedOperation".into()), ..encoded.call }, ..encoded };
    assert!(one(&Grants::default(), vec![encoded], Vec::new()).not_known.contains("decode-authorization-message"));
}

#[test]
fn one_root_cause_is_one_cluster() {
    let deny = |action: &str, who: &str| {
        let row = call(action, "*");
        DeniedCallRow { call: SessionCallRow { region: Some("us-east-1".into()), principal_key: who.into(), principal_arn: None, ..row.call }, ..row }
    };
    // One statement refuses several callers several actions.
    let found = one(&grants(), vec![deny("ec2:RunInstances", "AROAAPP"), deny("ec2:StopInstances", "AROAAPP"), deny("ec2:RunInstances", "AROAIDLE")], Vec::new());
    assert_eq!((found.calls, found.action_count, found.principal_count, found.action.as_str()), (3, 2, 2, "2 actions of ec2"));
    // Many objects of a bucket are one missing grant, two are not many.
    let objects = |n: usize| (0..n).map(|at| call("s3:PutObject", &format!("arn:aws:s3:::ours/{at}"))).collect::<Vec<_>>();
    let found = one(&grants(), objects(9), Vec::new());
    assert_eq!((found.resource.as_str(), found.resource_count, found.resources.len()), ("arn:aws:s3:::ours/*", 9, 5));
    assert!(found.change.statement.contains(r#""Resource":"arn:aws:s3:::ours/*""#), "{:?}", found.change);
    assert_eq!(clustered(&grants(), objects(2), Vec::new()).clusters.len(), 2);
    // The same grant that two roles lack is one.
    let shared = |who: &str| DeniedCallRow { call: SessionCallRow { principal_key: who.into(), principal_arn: None, ..call("s3:PutObject", "arn:aws:s3:::ours/x").call }, ..call("s3:PutObject", "arn:aws:s3:::ours/x") };
    assert_eq!(one(&grants(), vec![shared("AROAAPP"), shared("AROAIDLE")], Vec::new()).principal_count, 2);
    // Ids do not hang on the other clusters, nor on the order of rows.
    let id = |rows: Vec<DeniedCallRow>| clustered(&grants(), rows, Vec::new()).clusters.into_iter().map(|c| c.id).collect::<BTreeSet<_>>();
    let both = vec![call("s3:PutObject", "arn:aws:s3:::ours/x"), call("s3:DeleteObject", "arn:aws:s3:::ours/x")];
    assert!(id(both.clone()).is_superset(&id(both[..1].to_vec())) && id(both.iter().rev().cloned().collect()) == id(both));
}

#[test]
fn verdicts_say_what_the_log_shows() {
    let x = "arn:aws:s3:::ours/x";
    let row = call("s3:PutObject", x);
    let judged = |denied: Vec<DeniedCallRow>, rows: Vec<UsageRow>| one(&grants(), denied, rows).verdict;
    assert_eq!(judged(vec![on_day(&row, 5)], vec![]), "cannot-tell");
    assert_eq!(judged(vec![on_day(&row, 5)], vec![used("s3:PutObject", x, 2)]), "mistake", "was allowed before");
    assert_eq!(judged(vec![on_day(&row, 5)], vec![used("s3:PutObject", x, 8)]), "mended");
    assert_eq!(judged(vec![on_day(&row, 5)], vec![used("s3:PutObject", x, 2), used("s3:PutObject", x, 8)]), "cannot-tell", "by turns");
    let bounded = told(on_day(&row, 5), "implicit", "session");
    assert_eq!(judged(vec![bounded], vec![used("s3:PutObject", x, 2), used("s3:PutObject", x, 8)]), "guard", "in some sessions");
    assert_eq!(judged(vec![on_day(&row, 5)], vec![used("s3:PutObject", "arn:aws:s3:::ours/y", 8)]), "mistake", "a resource was left out");
    assert_eq!(judged(vec![on_day(&row, 5)], vec![used("s3:GetObject", x, 8)]), "mistake", "an action was left out");
    assert_eq!(judged(vec![on_day(&row, 5)], vec![used("ec2:DescribeVpcs", "*", 8)]), "cannot-tell");
    assert_eq!(judged(vec![on_day(&row, 2), on_day(&row, 3)], vec![]), "cannot-tell");
    assert_eq!(judged(vec![on_day(&row, 2), on_day(&row, 3), on_day(&row, 4)], vec![]), "mistake", "again and again");
    let foreign = DeniedCallRow { call: SessionCallRow { account: "444455556666".into(), principal_key: "AIDAX".into(), principal_arn: None, principal_type: Some("AWSAccount".into()), ..row.call.clone() }, ..row.clone() };
    assert_eq!(judged(vec![foreign], vec![]), "probing");
    let nobody = DeniedCallRow { call: SessionCallRow { account: "ANONYMOUS_PRINCIPAL".into(), principal_key: "".into(), principal_arn: None, principal_type: Some("AWSAccount".into()), ..row.call.clone() }, ..row.clone() };
    assert_eq!(judged(vec![nobody], vec![]), "probing");
    // Role after role.
    let roles = |n: usize| (0..n).map(|at| call("sts:AssumeRole", &format!("arn:aws:iam::{OURS}:role/r{at}"))).collect::<Vec<_>>();
    assert_eq!(judged(roles(4), vec![used("sts:AssumeRole", "arn:aws:iam::111122223333:role/z", 1)]), "probing");
    // Many services on one day, or day after day.
    let services = ["iam:ListUsers", "kms:ListKeys", "rds:DescribeDBInstances", "sns:ListTopics", "lambda:ListFunctions", "dynamodb:ListTables"];
    let tour = |day: i64| services.iter().map(move |a| on_day(&call(a, "*"), day)).collect::<Vec<_>>();
    let found = one(&grants(), tour(1), Vec::new());
    assert_eq!((found.verdict, found.subject.as_str(), found.action_count, found.change.statement.as_str()), ("probing", APP, 6, ""));
    assert_eq!(judged((1..4).flat_map(tour).collect(), vec![]), "scanner");
    // Reasons hold no counts, so that a finding does not change every night.
    let reason = |days: i64| one(&grants(), (1..days).map(|d| on_day(&row, d)).collect(), Vec::new()).reason;
    assert_eq!(reason(5), reason(9));
}
