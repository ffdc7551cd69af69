//! Everybody's reach before and after: who can become an administrator by which steps, what a layer that is not known leaves
//! open, what is credited to which proposal; and on random organisations: no proposal opens anything.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::blast::{Blast, Radius, of_grants};
use super::layers::Layers;
use super::made_up_test;
use super::reduction_test::noise;
use super::random_organisation_test::{Source, World, window};
use super::small_reference_test::small;
use crate::blast::Grade;
use crate::grants::builder::Builder;
use crate::grants::organisation::{Node, Organisation, OrganisationPolicy, OrganisationPolicyKind};
use crate::grants::{Capture, Document, Grants, Known, ManagedPolicy, OwnerKind, Source as Export, gaad};
use crate::reduce::made_test::{DATA, PROD, allow, attached, document, managed, role, role_arn, trust};
use crate::reduce::units::UnitName;
use crate::reduce::{self, Covered, Placement, Proposal, Status};
use crate::reference::Reference;
use crate::usage::Usage;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// An account's users, groups, roles and policies.
fn account(users: Vec<Value>, groups: Vec<Value>, roles: Vec<Value>) -> Value {
    let everything = managed(ADMINISTRATOR, &allow(json!("*"), json!("*")));
    let own = managed(&format!("arn:aws:iam::{PROD}:policy/own"), &allow(json!("sqs:*"), json!("*")));
    json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": [everything, own]})
}

fn in_no_organisation(accounts: Vec<(&str, Value)>) -> Grants {
    let mut builder = Builder::default();
    let ids: Vec<String> = accounts.iter().map(|(id, _)| (*id).to_owned()).collect();
    for (account, value) in accounts {
        let capture = Capture { at_ms: None, source: Export::Cli, file: format!("{account}.json") };
        assert!(gaad::take(&Document::new(capture, None, value), &mut builder).is_some());
    }
    let mut grants = builder.finish();
    assert!(grants.problems.is_empty(), "{:?}", grants.problems);
    grants.no_organisation.extend(ids);
    grants
}

fn user(name: &str, more: Value) -> Value {
    let mut user = json!({"UserName": name, "UserId": format!("AIDA{name}"), "Arn": user_arn(name), "Path": "/", "CreateDate": "2024-01-01T00:00:00Z",
        "AttachedManagedPolicies": [], "UserPolicyList": [], "GroupList": []});
    user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    user
}

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{PROD}:user/{name}")
}

fn may(action: Value, resource: Value) -> Value {
    json!({"UserPolicyList": [{"PolicyName": "p", "PolicyDocument": allow(action, resource)}]})
}

/// An administrator's role that trusts these.
fn admin_role(trusts: Value) -> Value {
    role(PROD, "/", "admin", 500, json!({"AssumeRolePolicyDocument": trust(trusts), "AttachedManagedPolicies": attached(ADMINISTRATOR)}))
}

fn blast(grants: &Grants, proposals: &[Proposal]) -> Blast {
    of_grants(proposals, &Layers::new(grants, &Usage::default()), Reference::bundled().unwrap())
}

/// Whether everybody can become an administrator, and how, in short: `yes: sts:AssumeRole admin`.
fn admins(grants: &Grants) -> BTreeMap<String, String> {
    blast(grants, &[]).principals.iter().map(|r| (name(&r.arn), said(&r.before.admin))).collect()
}

fn name(arn: &str) -> String {
    arn.rsplit('/').next().unwrap().to_owned()
}

fn said(admin: &super::blast::CanBecome) -> String {
    let steps: Vec<String> = admin.steps.iter().map(|(how, to)| format!("{how} {}", name(to))).collect();
    if steps.is_empty() { admin.word.to_owned() } else { format!("{}: {}", admin.word, steps.join(", ")) }
}

fn of<'b>(blast: &'b Blast, who: &str) -> &'b Radius {
    blast.principals.iter().find(|r| name(&r.arn) == who).unwrap()
}

#[test]
fn steps_lead_to_an_administrator() {
    let admin = role_arn(PROD, "admin");
    let root = format!("arn:aws:iam::{PROD}:root");
    let runs = json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]);
    let users = vec![
        user("takes", may(json!("sts:AssumeRole"), json!(admin))),
        user("elsewhere", may(json!("sts:AssumeRole"), json!(role_arn(PROD, "other")))),
        user("trusts", may(json!("iam:UpdateAssumeRolePolicy"), json!("*"))),
        user("keys", may(json!("iam:CreateAccessKey"), json!(user_arn("root-like")))),
        user("root-like", json!({"AttachedManagedPolicies": attached(ADMINISTRATOR)})),
        user("chain", may(json!("iam:CreateAccessKey"), json!(user_arn("takes")))),
        user("itself", may(json!("iam:PutUserPolicy"), json!("arn:aws:iam::*:user/${aws:username}"))),
        user("other-user", may(json!("iam:PutUserPolicy"), json!(user_arn("nobody")))),
        user("member", json!({"GroupList": ["crew"]})),
        user("joins", may(json!("iam:AddUserToGroup"), json!("*"))),
        user("versions", json!({"AttachedManagedPolicies": attached(&format!("arn:aws:iam::{PROD}:policy/own")),
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": allow(json!("iam:CreatePolicyVersion"), json!("*"))}]})),
        user("only-this", json!({"UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*", "Condition": {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}}]}}]})),
        user("passes", may(runs.clone(), json!("*"))),
        user("passes-other", may(runs, json!(role_arn(PROD, "worker")))),
        user("writes-and-takes", may(json!(["sts:AssumeRole", "iam:PutRolePolicy"]), json!(role_arn(PROD, "worker")))),
        user("only-writes", may(json!("iam:PutRolePolicy"), json!(role_arn(PROD, "worker")))),
        user("nobody", json!({})),
    ];
    let groups = vec![
        json!({"GroupName": "crew", "GroupId": "AGPA1", "Arn": format!("arn:aws:iam::{PROD}:group/crew"), "Path": "/", "AttachedManagedPolicies": [],
            "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": allow(json!("iam:PutGroupPolicy"), json!("*"))}]}),
        json!({"GroupName": "admins", "GroupId": "AGPA2", "Arn": format!("arn:aws:iam::{PROD}:group/admins"), "Path": "/",
            "AttachedManagedPolicies": attached(ADMINISTRATOR), "GroupPolicyList": []}),
    ];
    let worker = role(PROD, "/", "worker", 500, json!({"AssumeRolePolicyDocument": trust(json!({"Service": "lambda.amazonaws.com", "AWS": root}))}));
    let lambda_admin = role(PROD, "/", "fn", 500, json!({"AssumeRolePolicyDocument": trust(json!({"Service": "lambda.amazonaws.com"})), "AttachedManagedPolicies": attached(ADMINISTRATOR)}));
    let grants = in_no_organisation(vec![(PROD, account(users, groups, vec![admin_role(json!({"AWS": root})), worker, lambda_admin]))]);
    let found = admins(&grants);
    let expected = [
        ("takes", "yes: sts:AssumeRole admin"),
        ("elsewhere", "no"),
        ("trusts", "yes: iam:UpdateAssumeRolePolicy admin"),
        ("keys", "yes: iam:CreateAccessKey root-like"),
        ("root-like", "yes"),
        ("chain", "yes: iam:CreateAccessKey takes, sts:AssumeRole admin"),
        ("itself", "yes: iam:PutUserPolicy itself"),
        ("other-user", "no"),
        ("member", "yes: iam:PutGroupPolicy member"),
        ("joins", "yes: iam:AddUserToGroup joins"),
        ("versions", "yes: iam:CreatePolicyVersion versions"),
        ("only-this", "no"),
        ("passes", "yes: pass-role-lambda-invoke fn"),
        ("passes-other", "no"),
        ("writes-and-takes", "yes: iam:PutRolePolicy worker, sts:AssumeRole worker"),
        ("only-writes", "no"),
        ("nobody", "no"),
        ("admin", "yes"),
        ("worker", "no"),
        ("fn", "yes"),
    ];
    for (who, what) in expected {
        assert_eq!(found[who], what, "{who}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn trust_policies_and_conditions_decide_who_takes_a_role_up() {
    let taker = |name: &str, account| role(account, "/", name, 500, json!({"RolePolicyList": [{"PolicyName": "hop", "PolicyDocument": allow(json!("sts:AssumeRole"), json!("*"))}]}));
    let bare = |name: &str, account| role(account, "/", name, 500, json!({}));
    let of = |trusts: Value| {
        let near = account(vec![], vec![], vec![admin_role(trusts), taker("near", PROD), bare("bare", PROD)]);
        let far = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [taker("far", DATA), bare("bare-far", DATA)]});
        let found = admins(&in_no_organisation(vec![(PROD, near), (DATA, far)]));
        ["near", "bare", "far", "bare-far"].map(|who| found[who].split(':').next().unwrap().to_owned())
    };
    assert_eq!(of(json!({"Service": "ec2.amazonaws.com"})), ["no", "no", "no", "no"]);
    assert_eq!(of(json!({"AWS": format!("arn:aws:iam::{PROD}:root")})), ["yes", "no", "no", "no"]);
    assert_eq!(of(json!({"AWS": DATA})), ["no", "no", "yes", "no"]);
    assert_eq!(of(json!({"AWS": [role_arn(PROD, "bare"), role_arn(DATA, "bare-far")]})), ["no", "yes", "no", "no"], "by name, in its own account");
    assert_eq!(of(json!({"AWS": "*"})), ["yes", "yes", "yes", "no"]);

    let mut guarded = admin_role(json!({"AWS": PROD}));
    guarded["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let found = admins(&in_no_organisation(vec![(PROD, account(vec![], vec![], vec![guarded, taker("near", PROD)]))]));
    assert_eq!(found["near"], "perhaps: sts:AssumeRole admin");
}

#[test]
fn boundaries_and_layers_that_are_not_known() {
    let boundary = format!("arn:aws:iam::{PROD}:policy/own");
    let bounded = |action: Value| {
        let mut user = user("bounded", may(action, json!("*")));
        user["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary});
        user
    };
    // The boundary lets all of these pass; what it leaves out stays out of reach.
    let with = |action: Value, bound: Value| {
        let mut value = account(vec![bounded(action)], vec![], vec![]);
        value["Policies"][1] = managed(&boundary, &allow(bound, json!("*")));
        admins(&in_no_organisation(vec![(PROD, value)])).remove("bounded").unwrap()
    };
    let writes = json!(["iam:PutUserPolicy", "sqs:*"]);
    assert_eq!(with(writes.clone(), writes.clone()), "no", "what it writes stays within the boundary");
    let removes = json!(["iam:PutUserPolicy", "iam:DeleteUserPermissionsBoundary"]);
    assert_eq!(with(removes.clone(), removes.clone()), "yes: iam:DeleteUserPermissionsBoundary and iam:PutUserPolicy bounded");
    assert_eq!(with(removes.clone(), json!("*")), "yes: iam:PutUserPolicy bounded", "a boundary of everything bounds nothing");
    assert_eq!(with(removes, json!("sqs:*")), "no");
    assert_eq!(with(json!("*"), json!("*")), "yes");

    // A service control policy that is there, one that is not exported, and a policy that is not.
    let mut grants = in_no_organisation(vec![(PROD, account(vec![user("itself", may(json!("iam:PutUserPolicy"), json!("*")))], vec![], vec![]))]);
    assert_eq!(admins(&grants)["itself"], "yes: iam:PutUserPolicy itself");
    grants.no_organisation.clear();
    let found = blast(&grants, &[]);
    assert_eq!(said(&of(&found, "itself").before.admin), "perhaps: iam:PutUserPolicy itself");
    assert!(of(&found, "itself").not_known[0].starts_with("service control policies:"), "{:?}", of(&found, "itself").not_known);
    let scp = OrganisationPolicyKind::ServiceControl;
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "iam:Put*", "Resource": "*"}]});
    let policy = OrganisationPolicy { id: "p-1".to_owned(), name: "p".to_owned(), kind: scp, aws_managed: false, document: Known::Present(Ok(document(&deny))) };
    let node = Node { id: PROD.to_owned(), parent: Known::Absent, attached: [(scp, Known::Present(["p-1".to_owned()].into()))].into(), ..Node::default() };
    let organisation = Organisation {
        id: "o-1".to_owned(),
        management_account: Known::Present("999900001111".to_owned()),
        enabled: [(scp, Known::Present(true)), (OrganisationPolicyKind::ResourceControl, Known::Absent)].into(),
        nodes: [(PROD.to_owned(), node)].into(),
        policies: [("p-1".to_owned(), policy)].into(),
        ..Organisation::default()
    };
    grants.organisations.insert("o-1".to_owned(), organisation);
    let found = blast(&grants, &[]);
    assert_eq!((said(&of(&found, "itself").before.admin), of(&found, "itself").before.measured.ways.len()), ("no".to_owned(), 0));

    let missing = user("gap", json!({"AttachedManagedPolicies": attached("arn:aws:iam::111122223333:policy/missing")}));
    let found = blast(&in_no_organisation(vec![(PROD, account(vec![missing], vec![], vec![]))]), &[]);
    assert_eq!((of(&found, "gap").before.admin.word, of(&found, "gap").not_known.len()), ("unknown", 1));
    let mut unbounded = user("bounded", may(json!("*"), json!("*")));
    unbounded["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": format!("arn:aws:iam::{PROD}:policy/missing")});
    let found = admins(&in_no_organisation(vec![(PROD, account(vec![unbounded], vec![], vec![]))]));
    assert!(found["bounded"].starts_with("perhaps"), "the boundary is not known: {found:?}");
}

fn proposal(owner: &str, policy: &str, placement: Placement, documents: [&Value; 2]) -> Proposal {
    let kind = if placement == Placement::Trust { OwnerKind::Role } else { OwnerKind::User };
    let unit = UnitName {
        account: PROD.to_owned(),
        owner_arn: owner.to_owned(),
        owner_kind: kind,
        owner_name: name(owner),
        placement,
        policy_name: policy.to_owned(),
        policy_arn: None,
    };
    let mut made = Proposal::of(unit, document(documents[0]).into());
    made.status = Status::Proposed;
    made.proposed = vec![document(documents[1])];
    made
}

#[test]
fn a_closed_path_is_credited_to_what_closes_it() {
    let wide = allow(json!(["sts:AssumeRole", "sqs:DeleteQueue"]), json!("*"));
    let narrow = allow(json!("sqs:DeleteQueue"), json!("*"));
    let two = json!({"UserPolicyList": [{"PolicyName": "a", "PolicyDocument": wide}, {"PolicyName": "b", "PolicyDocument": allow(json!("iam:CreateAccessKey"), json!("*"))}]});
    let trusting = trust(json!({"AWS": PROD}));
    let users = vec![user("takes", may(json!("sts:AssumeRole"), json!("*"))), user("two", two)];
    let grants = in_no_organisation(vec![(PROD, account(users, vec![], vec![admin_role(json!({"AWS": PROD}))]))]);

    // The role's trust closes to everybody.
    let closing = proposal(&role_arn(PROD, "admin"), "trust policy", Placement::Trust, [&trusting, &trust(json!({"Service": "ec2.amazonaws.com"}))]);
    let found = blast(&grants, std::slice::from_ref(&closing));
    let takes = of(&found, "takes");
    assert_eq!((takes.before.admin.word, takes.after.admin.word), ("yes", "no"));
    assert_eq!(takes.before.risk - takes.after.risk, 1000);
    // `two` makes a key for nobody who is an administrator, so it loses its path too.
    assert_eq!(found.removed[&0], crate::report::blast_text::RiskRemoved { principals: 2, risk: 2000, paths: 2 });

    // One of two policies of a user gets smaller: alone it takes the action away, and the path with it.
    let a = proposal(&user_arn("two"), "a", Placement::Inline, [&wide, &narrow]);
    let b = proposal(&user_arn("two"), "b", Placement::Inline, [&allow(json!("iam:CreateAccessKey"), json!("*")), &allow(json!("iam:CreateAccessKey"), json!(user_arn("two")))]);
    let found = blast(&grants, &[a, b]);
    let two = of(&found, "two");
    assert_eq!((two.before.admin.word, two.after.admin.word, two.touched.as_slice()), ("yes", "no", &[0, 1][..]));
    // sts:AssumeRole on all: credentials 8. iam:CreateAccessKey: way 20 -> 10, credentials 8 -> 4, and of permissions where it counts.
    assert_eq!(found.removed[&0].risk, 8 + 1000);
    let manages = usize::from(Reference::bundled().unwrap().dangers().permissions.contains(Reference::bundled().unwrap().find("iam:CreateAccessKey").unwrap()));
    assert_eq!(found.removed[&1].risk, 10 + 4 + 2 * manages + 1000);
    assert_eq!(said(&of(&found, "takes").after.admin), "yes: sts:AssumeRole admin", "not touched: remaining risk");
    assert_eq!(of(&found, "takes").after.risk, of(&found, "takes").before.risk);
}

fn rank(word: &str) -> usize {
    ["no", "unknown", "perhaps", "yes"].iter().position(|w| *w == word).unwrap()
}

/// What a proposal opens; nothing, it is to be hoped.
fn opened(bytes: &[u8], seen: &mut BTreeMap<&'static str, usize>) -> Option<String> {
    let world = World::random(&mut Source::new(bytes));
    let grants = world.grants();
    let covered = Covered::new(&world.usage.coverage, &grants.trails, small(), &world.settings, window());
    let proposals = reduce::reduce(&grants, &world.usage, &covered, small(), window(), &world.settings, &|_| {}).0;
    let found = of_grants(&proposals, &Layers::new(&grants, &world.usage), small());
    for r in &found.principals {
        let (before, after) = (&r.before.measured, &r.after.measured);
        for way in &after.ways {
            let old = before.ways.iter().find(|w| w.way == way.way).map_or(Grade::Closed, |w| w.grade);
            if way.grade > old {
                return Some(format!("{}: way {} was {old:?} and is {:?}", r.arn, small().dangers().escalations[way.way].id, way.grade));
            }
        }
        for store in &after.stores {
            let old = before.stores.iter().find(|s| s.store == store.store).map_or((Grade::Closed, Grade::Closed), |s| (s.read.grade, s.write.grade));
            if store.read.grade > old.0 || store.write.grade > old.1 {
                return Some(format!("{}: store {} was {old:?}, is {store:?}", r.arn, store.store));
            }
        }
        if r.after.risk > r.before.risk || rank(r.after.admin.word) > rank(r.before.admin.word) {
            return Some(format!("{}: {:?} -> {:?}", r.arn, r.before, r.after));
        }
        *seen.entry("less risk").or_default() += usize::from(r.after.risk < r.before.risk);
        *seen.entry("open ways").or_default() += before.ways.len();
        *seen.entry("closed ways").or_default() += before.ways.len() - after.ways.len();
    }
    None
}

/// More cases where the environment asks for them, as in the other random tests.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_proposal_opens_anything(seed in any::<u64>(), length in 0..3000usize) {
        if let Some(why) = opened(&noise(seed, length), &mut BTreeMap::new()) {
            prop_assert!(false, "{}", why);
        }
    }
}

/// `TRAILTRIM_ROLES=10000 cargo test --release --lib measure_blast -- --ignored --nocapture`
#[test]
#[ignore = "measures"]
fn measure_blast() {
    let roles: usize = std::env::var("TRAILTRIM_ROLES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let mut grants = made_up_test::grants(roles);
    // Wide policies that all accounts share, as AWS's are: everything, power users, readers, and the ways one by one.
    let reference = Reference::bundled().unwrap();
    let reads: Vec<&str> = reference.actions().map(|id| reference.name(id)).filter(|n| n.contains(":Get") || n.contains(":Describe") || n.contains(":List")).collect();
    let ways: Vec<&str> = reference.dangers().escalations.iter().flat_map(|e| &e.needs).flatten().map(|id| reference.name(*id)).collect();
    let wide = [
        ("everything", json!({"Effect": "Allow", "Action": "*", "Resource": "*"})),
        ("power", json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"})),
        ("reads", json!({"Effect": "Allow", "Action": reads, "Resource": "*"})),
        ("ways", json!({"Effect": "Allow", "Action": ways, "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})),
    ];
    for (name, statement) in &wide {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        let policy = ManagedPolicy { arn: arn.clone(), name: (*name).to_owned(), account: None, created_ms: None, version_created_ms: None,
            document: Ok(document(&json!({"Version": "2012-10-17", "Statement": [statement]}))), versions: Vec::new() };
        grants.policies.insert(arn, policy);
    }
    let trusting = document(&trust(json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"], "AWS": made_up_test::account_of(0)})));
    for (at, principal) in grants.accounts.values_mut().flat_map(|a| &mut a.principals).enumerate() {
        let name = match at % 100 { 0 => "everything", n if n < 5 => "power", n if n < 40 => "reads", n if n < 50 => "ways", _ => continue };
        principal.attached.push(format!("arn:aws:iam::aws:policy/{name}"));
        principal.trust = Some(Ok(trusting.clone()));
    }
    let proposals = made_up_test::proposals(&grants, roles);
    let at = std::time::Instant::now();
    let layers = Layers::new(&grants, &Usage::default());
    println!("layers: {:.2} s", at.elapsed().as_secs_f64());
    let at = std::time::Instant::now();
    let found = of_grants(&proposals, &layers, reference);
    println!("blast: {:.2} s, {} proposals lower risk", at.elapsed().as_secs_f64(), found.removed.len());
    let words: BTreeMap<&str, usize> = found.principals.iter().fold(BTreeMap::new(), |mut all, r| {
        *all.entry(r.before.admin.word).or_default() += 1;
        all
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{words:?} {:?}", status.lines().find(|l| l.starts_with("VmHWM")));
}

#[test]
fn an_allow_outside_of_some_regions_takes_in_the_others() {
    assert_eq!(opened(&noise(12_886_602_913_322_087_262, 1150), &mut BTreeMap::new()), None, "found by the random test");
}

#[test]
fn random_organisations_have_ways_that_close() {
    let mut seen = BTreeMap::new();
    for seed in 1..20 {
        assert_eq!(opened(&noise(seed * 77, 3000), &mut seen), None);
    }
    for what in ["less risk", "open ways", "closed ways"] {
        assert!(seen[what] >= 10, "{seen:?}");
    }
}

/// Found by chance: a Deny on the account's own queues left those of others to an Allow on everything, and a proposal that names one
/// of them seemed to open it.
#[test]
fn an_allow_on_everything_reaches_other_accounts_where_the_own_is_denied() {
    let documents = |allow: &Value| json!({"Version": "2012-10-17", "Statement": [
        allow, {"Effect": "Deny", "Action": "sqs:*", "Resource": format!("arn:aws:sqs:*:{PROD}:*")},
    ]});
    let elsewhere = "arn:aws:sqs:eu-west-1:444455556666:orders";
    let wide = documents(&json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}));
    let named = documents(&json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": elsewhere}));
    let own = documents(&json!({"Effect": "Allow", "Action": "sqs:*", "Resource": format!("arn:aws:sqs:*:{PROD}:*")}));
    let user_of = |name: &str, document: &Value| user(name, json!({"UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]}));
    let users = vec![user_of("wide", &wide), user_of("named", &named), user_of("own", &own)];
    let found = blast(&in_no_organisation(vec![(PROD, account(users, vec![], vec![]))]), &[]);
    let written = |name: &str| of(&found, name).before.measured.stores.iter().map(|s| s.write.grade).collect::<Vec<_>>();
    assert_eq!(written("wide"), [Grade::Limited]);
    assert_eq!(written("named"), [Grade::Limited]);
    assert_eq!(written("own"), []);
    for (seed, length) in [(17_789_495_891_082_420_218, 433), (7_172_588_822_920_208_818, 370)] {
        assert_eq!(opened(&noise(seed, length), &mut BTreeMap::new()), None);
    }
}
