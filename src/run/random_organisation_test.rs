//! Random small organisations with their use, from bytes: users, groups and roles of two accounts with inline, customer
//! managed and AWS managed policies and boundaries; calls that are held against these policies before they are logged.
//!
//! The words come from small lists, so that patterns, resources and conditions meet often. A call is known in full (its
//! resource and every condition key); its row tells what a log would tell of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::holders::{as_held, policies, request_principal};
use super::small_reference_test::{ACTIONS, small};
use crate::aws::{Arn, arn_matches};
use crate::evaluate::{CompiledPolicies, Compiler, Context, Decision, PreparedRequest, Request, RequestPrincipal, decide};
use crate::grants::builder::Builder;
use crate::grants::{Capture, Document, Grants, OwnerKind, Source as Export, gaad};
use crate::policy::{PolicyDocument, parse_document, print};
use crate::reduce::{Mode, Placement, Proposal, ReduceSettings, Status};
use crate::usage::coverage::{RegionCoverage, days_of};
use crate::usage::{AccountCoverage, Outcome, UnknownCall, Usage, UsageRow, Window};

pub const DAY: i64 = 86_400_000;
/// 2026-11-01.
const NOW: i64 = 1_793_491_200_000;
const OLD: &str = "2025-01-01T00:00:00Z";
const YOUNG: &str = "2026-10-20T00:00:00Z";
const HOME: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// The window of all random organisations.
pub fn window() -> Window {
    Window::of_days(90, NOW)
}

/// Bytes that are spent on choices; when they are gone every choice is the first.
pub struct Source<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl<'b> Source<'b> {
    pub fn new(bytes: &'b [u8]) -> Source<'b> {
        Source { bytes: bytes.iter() }
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % n.max(1)
    }

    pub fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 1
    }

    pub fn of<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len())]
    }

    fn some<'w>(&mut self, words: &[&'w str], most: usize) -> Vec<&'w str> {
        let n = self.below(most) + 1;
        (0..n).map(|_| self.of(words)).collect()
    }
}

const ACTION_PATTERNS: &[&str] = &[
    "*", "s3:*", "s3:Get*", "s3:*Object", "S3:getobject", "s3:GetObject", "s3:PutObject", "s3:List*", "sqs:*", "sqs:Send*", "sqs:SendMessage", "sqs:*Queue*",
    "sns:*", "sns:Publish", "dynamodb:*", "dynamodb:?e*", "dynamodb:GetItem", "dynamodb:Query", "ec2:*", "ec2:Describe*", "ec2:*Instances", "lambda:*",
    "lambda:InvokeFunction", "lambda:*Function", "iam:*", "iam:PassRole", "iam:Get*", "kms:*", "kms:Decrypt", "logs:*", "ssm:*", "ssm:SendCommand", "ssm:*Parameter",
    "sts:*", "*:Get*", "*:Delete*", "madeup:DoThing", "sqs:Future*",
];

/// `%` stands for the account.
const RESOURCE_PATTERNS: &[&str] = &[
    "*", "arn:aws:s3:::*", "arn:aws:s3:::data", "arn:aws:s3:::data/*", "arn:aws:s3:::data*", "arn:aws:s3:::data/in/*.csv", "arn:aws:s3:::data/in/*",
    "arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/*", "arn:aws:sqs:*:%:*", "arn:aws:sqs:eu-west-1:%:orders*", "arn:aws:sqs:*:%:orders",
    "arn:aws:sns:*:%:*", "arn:aws:sns:eu-west-1:%:orders", "arn:aws:dynamodb:*:%:table/*", "arn:aws:dynamodb:eu-west-1:%:table/orders",
    "arn:aws:dynamodb:*:%:table/orders*", "arn:aws:ec2:*:%:instance/*", "arn:aws:ec2:*:*:*", "arn:aws:ec2:eu-west-1:%:instance/i-0*", "arn:aws:lambda:*:%:function:*",
    "arn:aws:lambda:*:%:function:orders*", "arn:aws:iam::%:role/*", "arn:aws:iam::*:role/app", "arn:aws:kms:*:%:key/*", "arn:aws:kms:*:*:key/*", "arn:aws:logs:*:%:*",
    "arn:aws:ssm:*:%:parameter/*", "arn:aws:ssm:*:*:document/*", "arn:aws:*:eu-west-1:*:*", "arn:*", "arn:aws:s3:::${aws:PrincipalTag/team}/*",
];

/// `%` stands for the account, `@` for the region.
const RESOURCES: &[&str] = &[
    "arn:aws:s3:::data", "arn:aws:s3:::logs", "arn:aws:s3:::data/in/a.csv", "arn:aws:s3:::data/in/b.csv", "arn:aws:s3:::data/in/dt=2026-10-01/x",
    "arn:aws:s3:::data/in/dt=2026-10-02/x", "arn:aws:s3:::data/in/dt=2026-10-03/x", "arn:aws:s3:::data/top.csv", "arn:aws:s3:::home/ann/x", "arn:aws:s3:::home/bob/y",
    "arn:aws:s3:::blue/z", "arn:aws:sqs:@:%:orders", "arn:aws:sqs:@:%:orders-dlq", "arn:aws:sqs:@:%:bills", "arn:aws:sqs:@:%:orders-2", "arn:aws:sns:@:%:orders",
    "arn:aws:sns:@:%:bills", "arn:aws:dynamodb:@:%:table/orders", "arn:aws:dynamodb:@:%:table/bills",
    "arn:aws:dynamodb:@:%:table/orders/index/by-day", "arn:aws:ec2:@:%:instance/i-0aaaaaaaaaaaaaaa1", "arn:aws:ec2:@:%:instance/i-0aaaaaaaaaaaaaaa2",
    "arn:aws:ec2:@:%:instance/i-0aaaaaaaaaaaaaaa3", "arn:aws:ec2:@:%:instance/i-0bbbbbbbbbbbbbbb4", "arn:aws:ec2:@:%:volume/vol-0aaaaaaaaaaaaaaa1",
    "arn:aws:ec2:@::image/ami-0aaaaaaaaaaaaaaa1", "arn:aws:lambda:@:%:function:orders", "arn:aws:lambda:@:%:function:orders:live", "arn:aws:lambda:@:%:function:bills",
    "arn:aws:iam::%:role/app", "arn:aws:iam::%:role/team/app", "arn:aws:kms:@:%:key/00000000-0000-4000-8000-000000000001",
    "arn:aws:kms:@:%:key/00000000-0000-4000-8000-000000000002", "arn:aws:logs:@:%:log-group:/app/x:log-stream:1", "arn:aws:logs:@:%:log-group:/app/y:log-stream:2",
    "arn:aws:ssm:@:%:parameter/orders/url", "arn:aws:ssm:@:%:parameter/bills", "arn:aws:ssm:@::document/AWS-RunShellScript",
];

const CONTEXTS: &[(&str, &[&str])] = &[
    ("aws:MultiFactorAuthPresent", &["true", "false"]),
    ("aws:PrincipalTag/team", &["blue", "red"]),
    ("aws:SourceIp", &["203.0.113.7", "198.51.100.1"]),
    ("aws:SecureTransport", &["true"]),
    ("aws:CalledVia", &["cloudformation.amazonaws.com"]),
];

fn condition(source: &mut Source<'_>) -> Value {
    match source.below(9) {
        0 => json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        1 => json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        2 => json!({"StringLike": {"aws:PrincipalTag/team": ["blue*", "green"]}}),
        3 => json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        4 => json!({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}}),
        5 => json!({"Null": {"aws:SourceIp": "false"}, "Bool": {"aws:SecureTransport": "true"}}),
        6 => json!({"StringEqualsIfExists": {"aws:PrincipalTag/team": "${aws:PrincipalTag/team}"}}),
        7 => json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}, "NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}),
        _ => json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}),
    }
}

fn document(source: &mut Source<'_>, account: &str) -> PolicyDocument {
    let resources = |source: &mut Source<'_>| -> Vec<String> { source.some(RESOURCE_PATTERNS, 3).iter().map(|p| p.replace('%', account)).collect() };
    let mut statements = Vec::new();
    for n in 0..source.below(4) + 1 {
        let mut statement = Map::new();
        if source.chance(2) {
            statement.insert("Sid".to_owned(), json!(format!("S{n}")));
        }
        statement.insert("Effect".to_owned(), json!(if source.below(6) == 5 { "Deny" } else { "Allow" }));
        let element = if source.below(9) == 8 { "NotAction" } else { "Action" };
        statement.insert(element.to_owned(), json!(source.some(ACTION_PATTERNS, 4)));
        let element = if source.below(9) == 8 { "NotResource" } else { "Resource" };
        statement.insert(element.to_owned(), json!(resources(source)));
        if source.below(3) == 2 {
            statement.insert("Condition".to_owned(), condition(source));
        }
        statements.push(Value::Object(statement));
    }
    let version = if source.below(12) == 11 { "2008-10-17" } else { "2012-10-17" };
    parse_document(&json!({"Version": version, "Statement": statements})).unwrap()
}

/// A user, group or role.
#[derive(Clone, Debug)]
pub struct Owner {
    pub kind: OwnerKind,
    pub account: &'static str,
    pub name: String,
    made: &'static str,
    inline: Vec<(String, PolicyDocument)>,
    attached: BTreeSet<String>,
    groups: Vec<String>,
    boundary: Option<String>,
}

impl Owner {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:{}/{}", self.account, self.kind.as_str(), self.name)
    }

    fn unique_id(&self) -> String {
        format!("{}{}{}", if self.kind == OwnerKind::Role { "AROA" } else { "AIDA" }, self.account, self.name.to_uppercase())
    }
}

/// A call as it was, and what the log tells of it.
#[derive(Clone, Debug)]
pub struct Call {
    pub caller: String,
    pub action: &'static str,
    pub resource: String,
    pub context: Context,
    pub row: UsageRow,
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct World {
    pub owners: Vec<Owner>,
    managed: BTreeMap<String, (PolicyDocument, &'static str)>,
    pub calls: Vec<Call>,
    pub usage: Usage,
    pub settings: ReduceSettings,
}

fn owners(source: &mut Source<'_>, managed: &BTreeMap<String, (PolicyDocument, &'static str)>) -> Vec<Owner> {
    let mut owners = Vec::new();
    for account in HOME.iter().take(source.below(2) + 1) {
        for (kind, name) in [(OwnerKind::Role, "app"), (OwnerKind::User, "ann"), (OwnerKind::Group, "ops"), (OwnerKind::User, "bob"), (OwnerKind::Role, "job")].iter().take(source.below(5) + 1) {
            let here: Vec<&String> = managed.keys().filter(|arn| arn.contains(account) || arn.contains("::aws:")).collect();
            let mut owner = Owner {
                kind: *kind,
                account,
                name: (*name).to_owned(),
                made: if source.below(8) == 7 { YOUNG } else { OLD },
                inline: (0..source.below(3)).map(|n| (format!("p{n}"), document(source, account))).collect(),
                attached: (0..source.below(3)).map(|_| here[source.below(here.len())].clone()).collect(),
                groups: Vec::new(),
                boundary: None,
            };
            // What IAM would refuse: all of a user's inline policies may take 2,048 characters.
            while *kind == OwnerKind::User && owner.inline.iter().map(|(_, d)| print::size(d)).sum::<usize>() > 2048 {
                owner.inline.pop();
            }
            if *kind == OwnerKind::User && source.below(3) > 0 {
                owner.groups = vec!["ops".to_owned()];
            }
            if *kind != OwnerKind::Group && source.below(5) == 4 {
                owner.boundary = Some(format!("arn:aws:iam::{account}:policy/bound"));
            }
            owners.push(owner);
        }
    }
    let groups: BTreeSet<&str> = owners.iter().filter(|o| o.kind == OwnerKind::Group).map(|o| o.account).collect();
    let without: Vec<bool> = owners.iter().map(|o| !groups.contains(o.account)).collect();
    owners.iter_mut().zip(without).filter(|(_, without)| *without).for_each(|(o, _)| o.groups.clear());
    owners
}

fn coverage_of(source: &mut Source<'_>) -> AccountCoverage {
    let mut seen = AccountCoverage { share_permille: 1000, reads_visible: true, writes_visible: true, ..AccountCoverage::default() };
    let mut regions = 2;
    match source.below(8) {
        5 => seen.share_permille = 300,
        6 => seen.reads_visible = false,
        7 => regions = 1,
        _ => {}
    }
    for region in REGIONS.iter().rev().take(regions) {
        seen.regions.insert((*region).to_owned(), RegionCoverage { spans: true, writes_span: true, ..RegionCoverage::default() });
    }
    seen
}

fn settings(source: &mut Source<'_>) -> ReduceSettings {
    let mut settings = ReduceSettings { mode: [Mode::Balanced, Mode::Balanced, Mode::Aggressive, Mode::Conservative][source.below(4)], ..ReduceSettings::default() };
    settings.ids_to_wildcard = [3, 2, 1][source.below(3)];
    settings.names_to_prefix = [25, 2, 3][source.below(3)];
    settings.pin_region = source.below(3) != 2;
    settings.declared_data_events = ["s3", "dynamodb", "sqs", "sns", "lambda"].iter().filter(|_| source.below(2) == 0).map(|s| (*s).to_owned()).collect();
    settings
}

/// The resources that an action can be about, of an account in a region.
pub fn resources_of(action: &'static str, account: &'static str, region: &'static str) -> &'static [String] {
    static ALL: OnceLock<BTreeMap<[&str; 3], Vec<String>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let places = HOME.iter().flat_map(|a| REGIONS.iter().map(move |r| (*a, *r)));
        places.flat_map(|(a, r)| ACTIONS.iter().map(move |action| ([*action, a, r], found(action, a, r)))).collect()
    });
    &all[&[action, account, region]]
}

fn found(action: &str, account: &str, region: &str) -> Vec<String> {
    let id = small().find(action).unwrap();
    let of_action: Vec<_> = small().action(id).unwrap().resources.iter().filter_map(|r| small().resource_type(id, r)).collect();
    let types: Vec<String> = of_action.iter().flat_map(|t| t.arn_patterns.clone()).collect();
    if types.is_empty() {
        return vec!["*".to_owned()];
    }
    // What lies in another resource is of its own type only: no bucket has a slash in its name.
    let has = |name: &str| of_action.iter().any(|t| t.name.contains(name));
    let fits = |r: &str| (!r.contains(":s3:::") || r.contains('/') == has("object")) && (!r.contains("/index/") || has("index")) && (!r.ends_with(":live") || has("alias"));
    let open = |pattern: &String| pattern.split("${").enumerate().map(|(at, part)| if at == 0 { part.to_owned() } else { format!("*{}", part.split_once('}').unwrap().1) }).collect::<String>();
    let patterns: Vec<String> = types.iter().map(open).collect();
    let all = RESOURCES.iter().map(|r| r.replace('%', account).replace('@', region));
    all.filter(|r| fits(r) && patterns.iter().any(|p| arn_matches(p, r))).collect()
}

/// All keys of a request.
pub fn context(source: &mut Source<'_>, owner: &Owner, region: &str) -> Context {
    let mut context = Context::new(true);
    context.set("aws:RequestedRegion", vec![region.to_owned()]);
    context.set("aws:PrincipalArn", vec![owner.arn()]);
    if owner.kind == OwnerKind::User {
        context.set("aws:username", vec![owner.name.clone()]);
    }
    for (key, values) in CONTEXTS {
        if source.below(3) > 0 {
            context.set(key, vec![source.of(values).to_owned()]);
        }
    }
    context
}

/// What the log tells of a context: some of its keys.
fn told(source: &mut Source<'_>, context: &Context) -> String {
    let mut out = Map::new();
    for (key, _) in CONTEXTS {
        if let crate::evaluate::ContextValue::Present(values) = context.get(key)
            && source.below(2) == 1
        {
            out.insert((*key).to_owned(), json!(values[0]));
        }
    }
    Value::Object(out).to_string()
}

/// The resource as the log tells it, and where it has it from.
fn logged(source: &mut Source<'_>, action: &str, resource: &str, account: &str, region: &str) -> (String, &'static str) {
    let id = small().find(action).unwrap();
    let arn = Arn::parse(resource);
    match source.below(9) {
        7 if resource != "*" => {
            let types = small().action(id).unwrap().resources.iter().filter_map(|r| small().resource_type(id, r)).flat_map(|t| &t.arn_patterns);
            let filled = types.map(|p| {
                let named = p.replace("${Partition}", "aws").replace("${Region}", region).replace("${Account}", account);
                named.split("${").enumerate().map(|(at, part)| if at == 0 { part.to_owned() } else { format!("*{}", part.split_once('}').unwrap().1) }).collect::<String>()
            });
            let fitting = filled.into_iter().find(|p| arn_matches(p, resource));
            (fitting.unwrap_or_else(|| "*".to_owned()), "type-wildcard")
        }
        8 if arn.is_some_and(|a| a.service != "s3") => (resource.to_owned(), "response"),
        _ if resource == "*" => ("*".to_owned(), "none"),
        _ => (resource.to_owned(), "parameter"),
    }
}

impl World {
    /// An organisation with its use; of every byte something comes of.
    pub fn random(source: &mut Source<'_>) -> World {
        let mut managed = BTreeMap::new();
        for name in ["ReadAll", "ForAll"] {
            managed.insert(format!("arn:aws:iam::aws:policy/{name}"), (document(source, "*"), OLD));
        }
        for account in HOME {
            for name in ["shared", "team"] {
                let made = if source.below(8) == 7 { YOUNG } else { OLD };
                managed.insert(format!("arn:aws:iam::{account}:policy/{name}"), (document(source, account), made));
            }
            let mut bound = document(source, account);
            bound.statements.extend(parse_document(&json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}})).unwrap().statements);
            managed.insert(format!("arn:aws:iam::{account}:policy/bound"), (bound, OLD));
        }
        let owners = owners(source, &managed);
        let mut coverage = crate::usage::Coverage { window_days: days_of(window()), ..Default::default() };
        for account in HOME {
            coverage.accounts.insert(account.to_owned(), coverage_of(source));
        }
        let settings = settings(source);
        let mut world = World { owners, managed, calls: Vec::new(), usage: Usage { coverage, ..Usage::default() }, settings };
        let calls = source.below(24);
        world.calls = world.random_calls(source, calls, &[(0, 3), (40, 5), (86, 3)]);
        if source.below(10) == 9 {
            let owner = world.owners[0].clone();
            let who = (Some(owner.account.to_owned()), Some(owner.unique_id()), Some(owner.arn()));
            world.usage.unknown_calls.push(UnknownCall {
                account: who.0, principal_key: who.1, principal_arn: who.2, event_source: "sqs.amazonaws.com".to_owned(), event_name: "NewThing".to_owned(), calls: 2,
            });
        }
        world.usage.rows = rows(&world.calls);
        world.usage.history = rows(&world.random_calls(source, 3, &[(-60, 10)]));
        world
    }

    /// Users and roles.
    pub fn people(&self) -> impl Iterator<Item = &Owner> {
        self.owners.iter().filter(|o| o.kind != OwnerKind::Group)
    }

    /// Calls on days of the window, each held against the policies before it is logged: what these allow is allowed, what
    /// they do not is refused, but for a few that somebody else's policy allowed and a few that failed otherwise.
    pub fn random_calls(&self, source: &mut Source<'_>, count: usize, days: &[(i64, usize)]) -> Vec<Call> {
        let grants = self.grants();
        let mut compiler = Compiler::default();
        let people: Vec<(&Owner, Caller)> = self.people().map(|owner| (owner, Caller::new(&grants, &owner.arn(), &mut compiler))).collect();
        let mut calls = Vec::new();
        for _ in 0..count {
            let (owner, caller) = &people[source.below(people.len())];
            // Three tries for a call that is allowed: policies of few words allow little of all that can be asked.
            let mut tries = 3;
            let (action, resource, region, context, decision) = loop {
                let action = ACTIONS[source.below(ACTIONS.len())];
                let account = if source.below(8) == 7 { HOME[1] } else { owner.account };
                let region = source.of(&REGIONS);
                let resources = resources_of(action, account, region);
                let resource = resources[source.below(resources.len())].clone();
                let context = context(source, owner, region);
                let decision = caller.decide(action, &resource, false, &context);
                tries -= 1;
                if decision == Decision::Allowed || tries == 0 {
                    break (action, resource, region, context, decision);
                }
            };
            let outcome = match (decision, source.below(12)) {
                (_, 11) => Outcome::Error,
                (Decision::Allowed, _) | (_, 10) => Outcome::Allowed,
                _ => Outcome::Denied,
            };
            let (start, among) = days[source.below(days.len())];
            let at = window().start_ms + (start + source.below(among) as i64) * DAY + 3_600_000;
            let (resource_arn, provenance) = logged(source, action, &resource, owner.account, region);
            let row = UsageRow {
                account: owner.account.into(),
                principal_key: owner.unique_id().into(),
                principal_arn: Some(owner.arn().into()),
                principal_type: None,
                action: action.into(),
                resource_arn: resource_arn.into(),
                provenance: provenance.into(),
                region: Some(region.into()),
                context_class: told(source, &context).into(),
                outcome,
                calls: 1,
                first_seen_ms: at,
                last_seen_ms: at,
                samples: vec![format!("e{}", calls.len()).into()],
            };
            calls.push(Call { caller: owner.arn(), action, resource, context, row });
        }
        calls
    }

    /// What an export of the organisation gives.
    pub fn grants(&self) -> Grants {
        let mut builder = Builder::default();
        let json = |document: &PolicyDocument| -> Value { serde_json::from_str(&print::minified(document)).unwrap() };
        for account in self.owners.iter().map(|o| o.account).collect::<BTreeSet<_>>() {
            let mut page = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false});
            for owner in self.owners.iter().filter(|o| o.account == account) {
                let title = match owner.kind {
                    OwnerKind::User => "User",
                    OwnerKind::Group => "Group",
                    _ => "Role",
                };
                let inline: Vec<Value> = owner.inline.iter().map(|(name, document)| json!({"PolicyName": name, "PolicyDocument": json(document)})).collect();
                let attached: Vec<Value> = owner.attached.iter().map(|arn| json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn})).collect();
                let mut detail = json!({"Path": "/", "Arn": owner.arn(), "CreateDate": owner.made, "AttachedManagedPolicies": attached});
                detail[format!("{title}Name")] = json!(owner.name);
                detail[format!("{title}Id")] = json!(owner.unique_id());
                detail[format!("{title}PolicyList")] = json!(inline);
                match owner.kind {
                    OwnerKind::User => detail["GroupList"] = json!(owner.groups),
                    OwnerKind::Role => {
                        detail["AssumeRolePolicyDocument"] =
                            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}});
                    }
                    _ => {}
                }
                if let Some(arn) = &owner.boundary {
                    detail["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
                }
                page[format!("{title}DetailList")].as_array_mut().unwrap().push(detail);
            }
            for (arn, (document, made)) in self.managed.iter().filter(|(arn, _)| arn.contains(account) || arn.contains("::aws:")) {
                let version = json!({"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": made, "Document": json(document)});
                page["Policies"].as_array_mut().unwrap().push(
                    json!({"Arn": arn, "PolicyName": arn.rsplit('/').next(), "DefaultVersionId": "v1", "CreateDate": made, "PolicyVersionList": [version]}),
                );
            }
            let capture = Capture { at_ms: None, source: Export::Cli, file: format!("{account}.json") };
            gaad::take(&Document::new(capture, None, page), &mut builder).unwrap();
        }
        builder.finish()
    }

    /// The organisation once the proposals are in place, the rest as it was; new policies are as old as their originals.
    pub fn with(&self, proposals: &[Proposal]) -> World {
        let mut world = self.clone();
        for proposal in proposals.iter().filter(|p| p.status == Status::Proposed) {
            let unit = &proposal.unit;
            let holders = |owners: &mut Vec<Owner>| -> Vec<usize> {
                let holds = |o: &Owner| proposal.unit.policy_arn.as_ref().is_some_and(|arn| o.attached.contains(arn));
                let of_unit = |o: &Owner| unit.placement == Placement::CustomerManaged || o.arn() == unit.owner_arn;
                owners.iter().enumerate().filter(|(_, o)| of_unit(o) && holds(o)).map(|(at, _)| at).collect()
            };
            match unit.placement {
                Placement::Inline => {
                    let owner = world.owners.iter_mut().find(|o| o.arn() == unit.owner_arn).unwrap();
                    owner.inline.retain(|(name, _)| *name != unit.policy_name);
                    for (n, document) in proposal.proposed.iter().enumerate() {
                        owner.inline.push((format!("{}{}", unit.policy_name, if n == 0 { String::new() } else { format!("-{n}") }), document.clone()));
                    }
                }
                Placement::CustomerManaged | Placement::AwsManaged => {
                    let old = unit.policy_arn.clone().unwrap();
                    let made = world.managed[&old].1;
                    let at = holders(&mut world.owners);
                    at.iter().for_each(|at| {
                        world.owners[*at].attached.remove(&old);
                    });
                    for (n, document) in proposal.proposed.iter().enumerate() {
                        let arn = match unit.placement {
                            Placement::CustomerManaged if n == 0 => old.clone(),
                            _ => format!("arn:aws:iam::{}:policy/{}-{}-{n}", unit.account, unit.owner_name, unit.policy_name),
                        };
                        world.managed.insert(arn.clone(), (document.clone(), made));
                        at.iter().for_each(|at| {
                            world.owners[*at].attached.insert(arn.clone());
                        });
                    }
                }
                other => panic!("{other:?}: there are no permission sets, and the only entry of a trust policy stays"),
            }
        }
        world
    }
}

/// Rows of use: what the log tells alike is one row.
pub fn rows(calls: &[Call]) -> Vec<UsageRow> {
    let mut all: Vec<UsageRow> = Vec::new();
    let key = |r: &UsageRow| (r.principal_key.clone(), r.action.clone(), r.resource_arn.clone(), r.provenance.clone(), r.region.clone(), r.context_class.clone(), r.outcome);
    for row in calls.iter().map(|c| &c.row) {
        match all.iter_mut().find(|r| key(r) == key(row)) {
            Some(known) => {
                known.calls += row.calls;
                known.first_seen_ms = known.first_seen_ms.min(row.first_seen_ms);
                known.last_seen_ms = known.last_seen_ms.max(row.last_seen_ms);
            }
            None => all.push(row.clone()),
        }
    }
    all.sort_by_key(key);
    all
}

/// A user or role with all that they hold.
pub struct Caller {
    pub principal: RequestPrincipal,
    held: CompiledPolicies,
}

impl Caller {
    pub fn new(grants: &Grants, arn: &str, compiler: &mut Compiler<'_>) -> Caller {
        let principal = grants.principals().find(|p| p.arn == arn).unwrap();
        let held = grants.held_by(principal);
        assert!(held.gaps.is_empty(), "{:?}", held.gaps);
        Caller { principal: request_principal(principal), held: policies(compiler, as_held(&held), held.boundary) }
    }

    /// What the engine says of a request.
    pub fn decide(&self, action: &str, resource: &str, is_pattern: bool, context: &Context) -> Decision {
        // Of another account's resource this is the caller's half, as if it owned the resource.
        let resource_account = self.principal.account();
        decide(&PreparedRequest::new(Request { principal: &self.principal, action, resource, resource_is_pattern: is_pattern, resource_account, context }), &self.held)
    }
}
