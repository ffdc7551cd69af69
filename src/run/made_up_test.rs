//! A made-up organisation of any size with its use, and proposals for it as the reduction would make them; for tests that
//! need many of them, and for measuring.

use crate::grants::organisation::{Node, Organisation, OrganisationPolicy, OrganisationPolicyKind};
use crate::grants::resource::Resource;
use crate::grants::{Account, AttachedDocument, Grants, Known, ManagedPolicy, OwnerKind, Principal};
use crate::policy::{PolicyDocument, parse_text};
use crate::reduce::units::UnitName;
use crate::reduce::{Placement, Proposal, Status};
use crate::usage::{Outcome, Usage, UsageRow};

/// Actions that a role's own policy grants and that it uses; see [`own`].
pub const USED_OWN: &[&str] =
    &["s3:GetObject", "s3:PutObject", "dynamodb:GetItem", "dynamodb:Query", "ec2:DescribeInstances", "ec2:DescribeVpcs", "sqs:SendMessage"];

/// The same of the policy that ten roles share; `ec2:DescribeVpcs` is granted by both.
pub const USED_SHARED: &[&str] = &["sns:Publish", "logs:PutLogEvents", "secretsmanager:GetSecretValue", "ec2:DescribeVpcs"];

/// Roles that a policy of their queue names: it allows them by itself.
pub const NAMED_EVERY: usize = 5;

fn document(statements: &str) -> PolicyDocument {
    parse_text(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

/// The account of a role.
pub fn account_of(role: usize) -> String {
    format!("{:012}", 100_000_000_000 + role / 100)
}

/// The ARN of a role.
pub fn role_arn(role: usize) -> String {
    format!("arn:aws:iam::{}:role/app-{role}", account_of(role))
}

fn queue(role: usize) -> String {
    format!("arn:aws:sqs:eu-west-1:{}:queue-{role}", account_of(role))
}

fn shared_arn(role: usize) -> String {
    format!("arn:aws:iam::{}:policy/shared-{}", account_of(role), role / 10)
}

/// A role's own policy, with these actions in its four Allow statements.
fn own(role: usize, [s3, dynamodb, ec2, sqs]: [&str; 4]) -> PolicyDocument {
    let account = account_of(role);
    document(&format!(
        r#"{{"Effect":"Allow","Action":[{s3}],"Resource":["arn:aws:s3:::bucket-{role}/*","arn:aws:s3:::everybodys/*"]}},
           {{"Effect":"Allow","Action":[{dynamodb}],"Resource":"arn:aws:dynamodb:*:{account}:table/app-{role}-*","Condition":{{"StringEquals":{{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}}}}},
           {{"Effect":"Allow","Action":[{ec2}],"Resource":"*"}},
           {{"Effect":"Allow","Action":[{sqs}],"Resource":"arn:aws:sqs:*:{account}:queue-{role}","Condition":{{"StringEquals":{{"aws:PrincipalTag/team":"blue"}}}}}},
           {{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::secret/*"}}"#
    ))
}

fn shared(logs: &str) -> PolicyDocument {
    document(&format!(r#"{{"Effect":"Allow","Action":["sns:Publish",{logs},"secretsmanager:GetSecretValue","ec2:DescribeVpcs"],"Resource":"*"}}"#))
}

fn organisation(accounts: impl Iterator<Item = String>) -> Organisation {
    let scp = OrganisationPolicyKind::ServiceControl;
    let guard = document(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},
           {"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}},
           {"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
    );
    let policy = OrganisationPolicy { id: "p-1".to_owned(), name: "guard".to_owned(), kind: scp, aws_managed: false, document: Known::Present(Ok(guard)) };
    let node = |id: String| (id.clone(), Node { id, parent: Known::Absent, attached: [(scp, Known::Present(["p-1".to_owned()].into()))].into(), ..Node::default() });
    Organisation {
        id: "o-1".to_owned(),
        management_account: Known::Present("999900001111".to_owned()),
        enabled: [(scp, Known::Present(true)), (OrganisationPolicyKind::ResourceControl, Known::Absent)].into(),
        nodes: accounts.map(node).collect(),
        policies: [("p-1".to_owned(), policy)].into(),
        ..Organisation::default()
    }
}

/// The grants of so many roles, ten of which share a managed policy.
pub fn grants(roles: usize) -> Grants {
    let mut grants = Grants::default();
    for role in 0..roles {
        let id = account_of(role);
        let granted = [
            r#""s3:GetObject","s3:PutObject","s3:DeleteObject""#,
            r#""dynamodb:GetItem","dynamodb:Query","dynamodb:PutItem","dynamodb:DeleteTable""#,
            r#""ec2:Describe*""#,
            r#""sqs:SendMessage","sqs:ReceiveMessage","sqs:DeleteQueue""#,
        ];
        let account = grants.accounts.entry(id.clone()).or_insert_with(|| Account { id: id.clone(), has_authorization_details: true, complete: true, ..Account::default() });
        account.principals.push(Principal {
            kind: OwnerKind::Role,
            account: id.clone(),
            name: format!("app-{role}"),
            path: "/".to_owned(),
            arn: role_arn(role),
            unique_id: format!("AROA{role:016}"),
            created_ms: None,
            inline: vec![AttachedDocument { name: "own".to_owned(), document: Ok(own(role, granted)) }],
            attached: vec![shared_arn(role)],
            groups: Vec::new(),
            boundary: None,
            trust: None,
            tags: [].into(),
            last_used_ms: None,
            last_used_known: false,
            instance_profiles: Vec::new(),
            untold: Vec::new(),
        });
        grants.policies.entry(shared_arn(role)).or_insert_with(|| ManagedPolicy {
            arn: shared_arn(role),
            name: format!("shared-{}", role / 10),
            account: Some(id.clone()),
            created_ms: None,
            version_created_ms: None,
            document: Ok(shared(r#""logs:*""#)),
            versions: Vec::new(),
        });
        if role % NAMED_EVERY == 0 {
            let text = format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sqs:*","Resource":"*"}}"#, role_arn(role));
            let policy = Known::Present(vec![AttachedDocument { name: "queue".to_owned(), document: Ok(document(&text)) }]);
            let resource = Resource { arn: queue(role), service: "sqs".to_owned(), account: id, region: Some("eu-west-1".to_owned()), policy, shared: Known::Absent };
            grants.resources.by_arn.insert(queue(role), resource);
        }
    }
    grants.organisations.insert("o-1".to_owned(), organisation(grants.accounts.keys().cloned()));
    grants
}

/// One row of use: the actions of [`USED_OWN`] and [`USED_SHARED`] in turn.
fn row(role: usize, n: usize) -> UsageRow {
    let all: Vec<&str> = USED_OWN.iter().chain(USED_SHARED).copied().collect();
    let account = account_of(role);
    let action = all[n % all.len()];
    let resource = match action.split(':').next().unwrap() {
        "s3" => format!("arn:aws:s3:::bucket-{role}/in/{n}"),
        "dynamodb" => format!("arn:aws:dynamodb:eu-west-1:{account}:table/app-{role}-{n}"),
        "sqs" => queue(role),
        "sns" => format!("arn:aws:sns:eu-west-1:{account}:topic-{n}"),
        "logs" => format!("arn:aws:logs:eu-west-1:{account}:log-group:/app/{role}:log-stream:{n}"),
        "secretsmanager" => format!("arn:aws:secretsmanager:eu-west-1:{account}:secret:app-{n}-AbCdEf"),
        _ => "*".to_owned(),
    };
    UsageRow {
        account: account.into(),
        principal_key: format!("AROA{role:016}").into(),
        principal_arn: Some(role_arn(role).into()),
        principal_type: Some("AssumedRole".into()),
        action: action.into(),
        resource_arn: resource.into(),
        provenance: "logged".into(),
        region: Some("eu-west-1".into()),
        context_class: format!(r#"{{"aws:SourceIp":"203.0.113.{}"}}"#, n % 4).into(),
        outcome: Outcome::Allowed,
        calls: 3,
        first_seen_ms: 1000,
        last_seen_ms: 2000,
        samples: vec![format!("e-{role}-{n}").into()],
    }
}

/// So many rows of use for each role.
pub fn usage(roles: usize, rows_each: usize) -> Usage {
    Usage { rows: (0..roles).flat_map(|role| (0..rows_each).map(move |n| row(role, n))).collect(), ..Usage::default() }
}

fn proposal(account: String, kind: OwnerKind, owner: (&str, &str), policy_arn: Option<String>, documents: [PolicyDocument; 2], members: Vec<String>) -> Proposal {
    let [current, proposed] = documents;
    let placement = if policy_arn.is_some() { Placement::CustomerManaged } else { Placement::Inline };
    let unit = UnitName {
        account,
        owner_kind: kind,
        owner_name: owner.0.to_owned(),
        owner_arn: owner.1.to_owned(),
        policy_name: if policy_arn.is_some() { owner.0.to_owned() } else { "own".to_owned() },
        policy_arn,
        placement,
    };
    Proposal {
        proposed: vec![proposed],
        status: Status::Proposed,
        limit: 10_240,
        members,
        ..Proposal::of(unit, std::sync::Arc::new(current))
    }
}

/// The smaller policies: what is used of each statement, on the resources that were granted.
pub fn proposals(grants: &Grants, roles: usize) -> Vec<Proposal> {
    let kept = [
        r#""s3:GetObject","s3:PutObject""#,
        r#""dynamodb:GetItem","dynamodb:Query""#,
        r#""ec2:DescribeInstances","ec2:DescribeVpcs""#,
        r#""sqs:SendMessage""#,
    ];
    let mut all: Vec<Proposal> = (0..roles)
        .map(|role| {
            let current = grants.accounts[&account_of(role)].principals[role % 100].inline[0].document.clone().unwrap();
            let (name, arn) = (format!("app-{role}"), role_arn(role));
            proposal(account_of(role), OwnerKind::Role, (&name, &arn), None, [current, own(role, kept)], vec![arn.clone()])
        })
        .collect();
    all.extend((0..roles).step_by(10).map(|role| {
        let arn = shared_arn(role);
        let members = (role..roles.min(role + 10)).map(role_arn).collect();
        let current = grants.policies[&arn].document.clone().unwrap();
        proposal(account_of(role), OwnerKind::Policy, (&format!("shared-{}", role / 10), &arn), Some(arn.clone()), [current, shared(r#""logs:PutLogEvents""#)], members)
    }));
    all
}

/// `TRAILTRIM_ROLES=10000 cargo test --release --lib measure_replay -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn measure_replay() {
    let roles: usize = std::env::var("TRAILTRIM_ROLES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let grants = grants(roles);
    let mut usage = usage(roles, 100);
    let mut all = proposals(&grants, roles);
    let step = |what: &str, since: std::time::Instant| println!("{what}: {:.2} s", since.elapsed().as_secs_f64());
    let at = std::time::Instant::now();
    let layers = super::layers::Layers::new(&grants, &usage);
    step("layers", at);
    let at = std::time::Instant::now();
    let proofs = super::proofs::of_grants(&mut all, &layers, &usage);
    step("proofs", at);
    println!("{:?}", proofs.replay);
    drop(proofs);
    usage.history = usage.rows.clone();
    let at = std::time::Instant::now();
    let window = crate::usage::Window { start_ms: 10_000, end_ms: 20_000 };
    let backtest = super::backtest::of_grants(&all, &layers, &usage, window);
    step("backtest", at);
    println!("{:?}", backtest.counts);
    let at = std::time::Instant::now();
    let consistency = super::consistency::of_grants(&layers, &usage, &super::history::Past::default());
    step("consistency", at);
    println!("{:?}", consistency.calls.allowed);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{:?}", status.lines().find(|l| l.starts_with("VmHWM")));
}
