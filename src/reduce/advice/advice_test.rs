//! Advice: forks, entries of resource policies, service control policies, conditions of trust policies; and when none is given.

use serde_json::{Value, json};

use super::fork::{Fork, forks};
use super::{Advice, AdviceKind, advise};
use crate::grants::organisation::Node;
use crate::grants::{AttachedDocument, Grants, Known, Resource, Selectors, Trail, TrailStatus};
use crate::policy::{ActionElement, PolicyDocument, print};
use crate::reduce::made_test::*;
use crate::reduce::{Covered, ReduceSettings};
use crate::reference::Reference;
use crate::usage::{Assumption, Usage, UsageRow};

const SHARED: &str = "arn:aws:iam::111122223333:policy/shared";

fn advised(grants: &Grants, usage: &Usage) -> Vec<Advice> {
    let (reference, settings) = (Reference::bundled().unwrap(), ReduceSettings::default());
    let covered = Covered::new(&usage.coverage, &grants.trails, reference, &settings, WINDOW);
    advise(grants, usage, &covered, reference, WINDOW, &settings)
}

fn of_kind(grants: &Grants, usage: &Usage, kind: AdviceKind) -> Vec<Advice> {
    advised(grants, usage).into_iter().filter(|a| a.kind == kind).collect()
}

// Forks.

const BUSY: &[&str] = &[
    "ec2:CreateVolume", "ec2:DeleteVolume", "ec2:DescribeVolumes", "ec2:CreateTags", "ec2:CreateSnapshot", "ec2:DeleteSnapshot", "ec2:DescribeSnapshots", "ec2:RunInstances",
    "ec2:StopInstances", "ec2:StartInstances", "ec2:DescribeInstances", "ec2:CreateVpc",
];

fn holders(names: &[&str], actions: Value) -> Grants {
    let holder = |name: &&str| role(PROD, "/", name, 500, json!({"AttachedManagedPolicies": attached(SHARED)}));
    grants(vec![(PROD, names.iter().map(holder).collect(), vec![managed(SHARED, &allow(actions, json!("*")))])])
}

fn did(role: &str, actions: &[&str]) -> Vec<UsageRow> {
    actions.iter().map(|a| call(&role_arn(PROD, role), a, "*")).collect()
}

fn forked(grants: &Grants, rows: Vec<UsageRow>) -> Vec<Fork> {
    let usage = usage(rows, &[PROD]);
    let (reference, settings) = (Reference::bundled().unwrap(), ReduceSettings::default());
    let covered = Covered::new(&usage.coverage, &grants.trails, reference, &settings, WINDOW);
    let (proposals, _) = reduced(grants, &usage, &settings);
    forks(grants, &usage, &covered, reference, WINDOW, &settings, &proposals)
}

fn actions(document: &PolicyDocument) -> Vec<&str> {
    document
        .statements
        .iter()
        .flat_map(|s| match &s.action {
            ActionElement::Action(list) => list.iter().map(String::as_str).collect::<Vec<_>>(),
            ActionElement::NotAction(_) => Vec::new(),
        })
        .collect()
}

#[test]
fn a_holder_that_needs_much_less_gets_a_fork() {
    let grants = holders(&["a", "b", "c"], json!("ec2:*"));
    let mut rows = did("a", BUSY);
    rows.extend(did("b", BUSY));
    rows.extend(did("c", &BUSY[..2]));
    let all = forked(&grants, rows);
    let [fork] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((fork.policy_arn.as_str(), fork.members.as_slice()), (SHARED, &[role_arn(PROD, "c")][..]));
    let document = fork.advice.document.as_ref().unwrap();
    assert!(actions(document).contains(&"ec2:CreateVolume") && !actions(document).contains(&"ec2:CreateVpc"));
    assert!(fork.advice.title.contains("used 2 of the 12"), "{}", fork.advice.title);
}

#[test]
fn holders_that_need_about_the_same_share() {
    let grants = holders(&["a", "b"], json!("ec2:*"));
    let mut rows = did("a", BUSY);
    rows.extend(did("b", &BUSY[..5]));
    assert!(forked(&grants, rows).is_empty(), "7 fewer");
    // Credentials of a database are another matter.
    let grants = holders(&["a", "b"], json!(["ec2:*", "redshift:GetClusterCredentials"]));
    let mut rows = did("a", &[BUSY, &["redshift:GetClusterCredentials"]].concat());
    rows.extend(did("b", &BUSY[..5]));
    let all = forked(&grants, rows);
    assert_eq!(all.iter().map(|f| f.members.clone()).collect::<Vec<_>>(), [vec![role_arn(PROD, "b")]]);
    assert!(all[0].advice.evidence.iter().any(|e| e == "dangerous among these: redshift:GetClusterCredentials"), "{:?}", all[0].advice.evidence);
}

#[test]
fn at_most_half_of_the_holders_leave() {
    let grants = holders(&["a", "b", "c", "d"], json!("ec2:*"));
    let mut rows = did("a", BUSY);
    for (name, at) in [("b", 0), ("c", 2), ("d", 4)] {
        rows.extend(did(name, &BUSY[at..at + 1]));
    }
    assert_eq!(forked(&grants, rows).iter().map(|f| f.members.len()).sum::<usize>(), 2);
}

// Resource policies.

fn resource(grants: &mut Grants, arn: &str, service: &str, principal: Value, action: &str) {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "In", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn}]});
    let own = AttachedDocument { name: "policy".to_owned(), document: Ok(document(&policy)) };
    let resource = Resource {
        arn: arn.to_owned(),
        service: service.to_owned(),
        account: PROD.to_owned(),
        region: Some("eu-west-1".to_owned()),
        policy: Known::Present(vec![own]),
        shared: Known::Absent,
    };
    grants.resources.by_arn.insert(arn.to_owned(), resource);
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

#[test]
fn entries_for_others_that_nobody_uses() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    let mut grants = grants(vec![(PROD, vec![], vec![]), (DATA, vec![], vec![])]);
    resource(&mut grants, key, "kms", json!({"AWS": [root(PROD), root(DATA), root("777788889999"), "AROAGONE"], "Service": "logs.amazonaws.com"}), "kms:Decrypt");
    let used = vec![call(&role_arn(DATA, "job"), "kms:Decrypt", key)];
    let all = of_kind(&grants, &usage(used, &[PROD, DATA]), AdviceKind::ResourcePolicy);
    let [advice] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((advice.subject.as_str(), advice.confidence), (key, "medium"));
    let left: Value = serde_json::from_str(&print::minified(advice.document.as_ref().unwrap())).unwrap();
    assert_eq!(left["Statement"][0]["Principal"], json!({"AWS": [root(PROD), root(DATA)], "Service": "logs.amazonaws.com"}));
    assert!(advice.evidence.iter().any(|e| e == &format!("used by {}: 7 calls", role_arn(DATA, "job"))), "{:?}", advice.evidence);
    // Somebody of the account called the service on a key that the record does not name.
    let vague = UsageRow { provenance: "type-wildcard".into(), ..call(&role_arn("777788889999", "x"), "kms:Decrypt", "arn:aws:kms:*:*:key/*") };
    let all = of_kind(&grants, &usage(vec![vague], &[PROD, DATA]), AdviceKind::ResourcePolicy);
    assert_eq!(all[0].confidence, "low");
}

#[test]
fn data_events_are_a_caveat() {
    let queue = "arn:aws:sqs:eu-west-1:111122223333:q";
    let mut grants = grants(vec![(PROD, vec![], vec![])]);
    resource(&mut grants, queue, "sqs", json!("*"), "sqs:SendMessage");
    let of = |usage: &Usage| of_kind(&grants, usage, AdviceKind::ResourcePolicy);
    let all = of(&usage(vec![], &[PROD]));
    assert_eq!((all.len(), all[0].confidence, all[0].document.is_none()), (1, "low", true));
    assert!(all[0].title.contains("open to everybody") && all[0].text.contains("data events"), "{:?}", all[0]);
    assert_eq!(of(&usage(vec![call(&role_arn(PROD, "own"), "sqs:SendMessage", queue)], &[PROD])).len(), 1, "its own account does not need it");
    assert!(of(&usage(vec![call(&role_arn(DATA, "x"), "sqs:SendMessage", queue)], &[PROD])).is_empty());
}

// Service control policies.

fn trailed(mut grants: Grants) -> Grants {
    let trail = |account: &str| Trail {
        arn: format!("arn:aws:cloudtrail:eu-west-1:{account}:trail/t"),
        name: "t".into(),
        account: account.to_owned(),
        home_region: "eu-west-1".into(),
        multi_region: true,
        global_services: true,
        selectors: Some(Selectors::standard()),
        status: Some(TrailStatus { is_logging: true, started_ms: Some(0), delivery_error: None }),
        ..Trail::default()
    };
    for account in [PROD, DATA] {
        let trail = trail(account);
        grants.trails.insert(trail.arn.clone(), trail);
    }
    grants
}

#[test]
fn idle_services_and_regions_are_denied_where_all_accounts_are_covered() {
    let grants = trailed(grants(vec![(PROD, vec![], vec![]), (DATA, vec![], vec![])]));
    let rows = vec![call(&role_arn(PROD, "a"), "glacier:ListVaults", "*"), call(&role_arn(DATA, "b"), "gamelift:ListFleets", "*")];
    let all = advised(&grants, &usage(rows.clone(), &[PROD, DATA]));
    let denied = |subject: &str| {
        let advice = all.iter().find(|a| a.kind == AdviceKind::ServiceControlServices && a.subject == subject).unwrap();
        let document = advice.document.clone().unwrap();
        assert!(print::size(&document) <= crate::policy::limits::SCP_LIMIT_SUGGESTED, "{}", print::size(&document));
        actions(&document).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let has = |subject: &str, service: &str| denied(subject).iter().any(|a| a == service);
    assert!(!has(PROD, "glacier:*") && has(DATA, "glacier:*") && !has("ou-1", "glacier:*") && !has("r-1", "gamelift:*"));
    for never in ["iam:*", "sts:*", "cloudtrail:*", "support:*", "s3:*", "kms:*"] {
        assert!(!has("ou-1", never), "{never}");
    }
    let regions: Vec<&Advice> = all.iter().filter(|a| a.kind == AdviceKind::ServiceControlRegions).collect();
    assert_eq!(regions.iter().map(|a| a.subject.as_str()).collect::<std::collections::BTreeSet<_>>(), [PROD, DATA, "ou-1", "r-1"].into());
    let statement = &regions[0].document.as_ref().unwrap().statements[0];
    assert!(matches!(&statement.action, ActionElement::NotAction(list) if list.iter().any(|a| a == "iam:*")));
    assert_eq!(statement.conditions[0].values, ["eu-west-1", "us-east-1"]);

    // One account that is not covered: nothing for it, and nothing for what it is in.
    let part: Vec<Advice> = advised(&grants, &usage(rows, &[PROD]));
    assert!(!part.is_empty() && part.iter().all(|a| a.subject == PROD), "{part:?}");
}

#[test]
fn no_advice_for_the_management_account_nor_without_a_trail_of_all_regions() {
    let grants = grants(vec![(PROD, vec![], vec![]), (DATA, vec![], vec![])]);
    let calls = usage(vec![], &[PROD, DATA]);
    assert!(of_kind(&grants, &calls, AdviceKind::ServiceControlRegions).is_empty(), "regions without events may not be logged");
    let mut managed = grants.clone();
    let organisation = managed.organisations.get_mut("o-1").unwrap();
    organisation.management_account = Known::Present(DATA.to_owned());
    let of = |grants: &Grants| advised(grants, &calls).into_iter().map(|a| a.subject).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(of(&managed), [PROD, "ou-1", "r-1"].map(str::to_owned).into());
    managed.organisations.get_mut("o-1").unwrap().management_account = Known::Unknown("not told".to_owned());
    assert!(of(&managed).is_empty(), "any of them may be the management account");
    // An account that is closed says nothing.
    let mut closed = grants.clone();
    let node = Node { id: "123412341234".to_owned(), parent: Known::Present("ou-1".to_owned()), status: Some("SUSPENDED".to_owned()), ..Node::default() };
    closed.organisations.get_mut("o-1").unwrap().nodes.insert(node.id.clone(), node);
    assert!(of(&closed).contains("ou-1") && !of(&closed).contains("123412341234"));
}

// Conditions of trust policies.

fn assumption(role: &str, kind: &'static str, source: &str, subject: Option<&str>) -> Assumption {
    Assumption {
        role_arn: role.to_owned(),
        role_account: Some(PROD.to_owned()),
        action: "sts:AssumeRole".to_owned(),
        source_kind: kind,
        source: source.to_owned(),
        source_account: None,
        calls: 20,
        first_seen_ms: (TODAY - 85) * DAY_MS,
        last_seen_ms: (TODAY - 1) * DAY_MS,
        external_id_calls: 0,
        distinct_external_ids: 0,
        mfa_calls: 0,
        subject: subject.map(str::to_owned),
        sides: "owner",
        details: crate::usage::Details::default(),
    }
}

fn conditions(trust_policy: &Value, age_days: i64, assumptions: Vec<Assumption>) -> Vec<Advice> {
    let grants = grants(vec![(PROD, vec![role(PROD, "/", "target", age_days, json!({"AssumeRolePolicyDocument": trust_policy}))], vec![])]);
    let usage = Usage { assumptions, ..usage(vec![], &[PROD]) };
    of_kind(&grants, &usage, AdviceKind::TrustCondition)
}

#[test]
fn subjects_that_are_stable_are_listed() {
    let provider = format!("arn:aws:iam::{PROD}:oidc-provider/token.example.com");
    let target = role_arn(PROD, "target");
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"token.example.com:aud": "sts"}, "StringLike": {"token.example.com:sub": "repo:org/*"}}}]});
    let seen = |subject: &str| assumption(&target, "oidc", &provider, Some(subject));
    let all = conditions(&policy, 500, vec![seen("repo:org/a"), seen("repo:org/b")]);
    let [advice] = all.as_slice() else { panic!("{all:?}") };
    let written: Value = serde_json::from_str(&print::minified(advice.document.as_ref().unwrap())).unwrap();
    let expected = json!({"StringEquals": {"token.example.com:aud": "sts", "token.example.com:sub": ["repo:org/a", "repo:org/b"]}});
    assert_eq!(written["Statement"][0]["Condition"], expected);
    let fresh = Assumption { first_seen_ms: (TODAY - 5) * DAY_MS, ..seen("repo:org/c") };
    assert!(conditions(&policy, 500, vec![seen("repo:org/a"), fresh]).is_empty(), "a new one came in the last third: more may come");
    assert!(conditions(&policy, 30, vec![seen("repo:org/a")]).is_empty(), "the role is young");
    assert!(conditions(&policy, 500, vec![seen("repo:org/*")]).is_empty(), "a subject that would be a pattern");
    let exact = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"token.example.com:sub": "repo:org/a"}}}]});
    assert!(conditions(&exact, 500, vec![seen("repo:org/a")]).is_empty(), "nothing is wide");
}

#[test]
fn mfa_and_external_id() {
    let target = role_arn(PROD, "target");
    let ann = assumption(&target, "user", "arn:aws:iam::111122223333:user/ann", None);
    let with_mfa = Assumption { mfa_calls: 20, ..ann.clone() };
    let own = trust(json!({"AWS": root(PROD)}));
    let all = conditions(&own, 500, vec![with_mfa.clone()]);
    assert!(all.len() == 1 && all[0].title.contains("MFA") && all[0].document.is_some(), "{all:?}");
    assert!(conditions(&own, 500, vec![with_mfa, ann]).is_empty());

    let vendor = Assumption { external_id_calls: 20, distinct_external_ids: 1, ..assumption(&target, "account", "AROAVENDOR", None) };
    let outside = trust(json!({"AWS": root("777788889999")}));
    let all = conditions(&outside, 500, vec![vendor.clone()]);
    assert!(all.len() == 1 && all[0].title.contains("ExternalId") && all[0].document.is_none(), "{all:?}");
    assert!(conditions(&outside, 500, vec![Assumption { external_id_calls: 3, ..vendor.clone() }]).is_empty());
    assert!(conditions(&own, 500, vec![vendor]).is_empty(), "within one account it is no secret");
}
