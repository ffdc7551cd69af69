//! External access from end to end: 25 shapes of trust in an organisation of three accounts, each with the row that it must
//! give; calls that both sides, one side or nobody's trust policy explains; deleted roles; chains; the controls.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::external_world_test::*;
use super::Outcome;
use crate::report::findings::Status;

type Row = BTreeMap<String, String>;

fn allow(principal: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
}

fn with(principal: Value, condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})
}

fn web(provider: &str, condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
}

fn saml(provider: &str, condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML", "Condition": condition})
}

fn root(account: &str) -> Value {
    json!({"AWS": format!("arn:aws:iam::{account}:root")})
}

fn role(name: &str) -> String {
    role_arn(OWNER, name)
}

/// A shape: what the role is called, its entry and source, and what must stand in the row.
struct Expected {
    role: &'static str,
    entry: String,
    source: String,
    values: Vec<(&'static str, &'static str)>,
}

fn expect(role: &'static str, entry: impl Into<String>, source: impl Into<String>, values: &[(&'static str, &'static str)]) -> Expected {
    Expected { role, entry: entry.into(), source: source.into(), values: values.to_vec() }
}

const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const EKS: &str = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC";
const IDP: &str = "arn:aws:iam::111122223333:saml-provider/idp";
const AUD: &str = "token.actions.githubusercontent.com:aud";
const SUB: &str = "token.actions.githubusercontent.com:sub";

fn shapes(world: &mut World) -> Vec<Expected> {
    let mut all = Vec::new();
    let root_of = |account: &str| format!("arn:aws:iam::{account}:root");
    let none = Call::default();
    let add = |world: &mut World, name: &'static str, statements: Value| world.role(OWNER, "/", name, statements, &["s3:ListBucket"]);
    for name in ["deployer", "reader"] {
        world.role(SISTER, "/", name, json!([allow(json!({"Service": "ec2.amazonaws.com"}))]), &["sts:AssumeRole"]);
    }
    world.role(OWNER, "/", "robot", json!([allow(json!({"Service": "lambda.amazonaws.com"}))]), &["sts:AssumeRole"]);
    world.user(OWNER, "ann");

    add(world, "s01", json!([allow(root(OWNER))]));
    world.assumed(OWNER, &as_role(OWNER, "robot", "ASIAROBOT"), &role("s01"), &none);
    all.push(expect("s01", root_of(OWNER), role("robot"), &[("entry_kind", "account-root"), ("entry_class", "same-account"), ("status", "PASS"), ("verdict", "narrow-to-seen"),
        ("calls", "6"), ("active_days", "6"), ("weeks", "1 0 1 0 0 1 0 0 1 0 0 1 1"), ("replay", "0 of 6 observed assumptions would be denied"), ("privilege", "read"), ("owner", "platform")]));

    add(world, "s02", json!([allow(root(SISTER))]));
    world.assumed_both(SISTER, "deployer", &role("s02"));
    world.assumed_both(SISTER, "reader", &role("s02"));
    all.push(expect("s02", root_of(SISTER), role_arn(SISTER, "reader"), &[("source_class", "same-organisation"), ("sides", "both"), ("calls", "6"), ("verdict", "narrow-to-seen")]));

    add(world, "s03", json!([allow(json!({"AWS": role("robot")}))]));
    world.assumed(OWNER, &as_role(OWNER, "robot", "ASIAROBOT"), &role("s03"), &none);
    all.push(expect("s03", role("robot"), role("robot"), &[("entry_kind", "role"), ("source_class", "same-account"), ("status", "PASS"), ("verdict", "keep"), ("snippet", "")]));

    add(world, "s04", json!([allow(json!({"AWS": role_arn(SISTER, "deployer")}))]));
    world.assumed_both(SISTER, "deployer", &role("s04"));
    all.push(expect("s04", role_arn(SISTER, "deployer"), role_arn(SISTER, "deployer"), &[("source_class", "same-organisation"), ("sides", "both"), ("verdict", "keep"), ("confidence", "high"), ("mfa", "not told")]));

    add(world, "s05", json!([allow(json!({"AWS": role_arn(SISTER, "deployer")}))]));
    world.assumed(OWNER, &as_other(SISTER, &key("AROA", SISTER, "deployer")), &role("s05"), &none);
    all.push(expect("s05", role_arn(SISTER, "deployer"), role_arn(SISTER, "deployer"), &[("sides", "owner"), ("calls", "6"), ("confidence", "medium"), ("status", "PASS")]));

    add(world, "s06", json!([allow(root(STRANGER))]));
    world.assumed(OWNER, &as_other(STRANGER, "AROASTRANGER0000001"), &role("s06"), &none);
    all.push(expect("s06", root_of(STRANGER), "AROASTRANGER0000001", &[("entry_class", "unknown-external"), ("status", "FAIL"), ("severity", "HIGH"), ("verdict", "add-external-id"),
        ("reason", "an outside account is trusted without an ExternalId"), ("networks", "198.51.100.0/24 (6)"), ("agents", "aws-cli (6)")]));

    add(world, "s07", json!([with(root(STRANGER), json!({"StringEquals": {"sts:ExternalId": "top-secret"}}))]));
    world.assumed(OWNER, &as_other(STRANGER, "AROASTRANGER0000001"), &role("s07"), &Call { external_id: Some("top-secret"), ..none });
    all.push(expect("s07", root_of(STRANGER), "AROASTRANGER0000001", &[("status", "PASS"), ("requires_external_id", "true"), ("external_id_calls", "6"), ("verdict", "keep"), ("conditions", "StringEquals sts:ExternalId (set)")]));

    add(world, "s08", json!([allow(root(VENDOR))]));
    world.assumed(OWNER, &as_other(VENDOR, "AROAVENDOR000000001"), &role("s08"), &Call { external_id: Some("customer-42"), ..none });
    all.push(expect("s08", root_of(VENDOR), "AROAVENDOR000000001", &[("entry_class", "known-vendor"), ("vendor", "Example Monitoring Ltd"), ("vendor_source", "configuration"), ("status", "FAIL"), ("severity", "HIGH"),
        ("verdict", "add-external-id"), ("replay", "0 of 6 observed assumptions would be denied"), ("distinct_external_ids", "1"), ("external_id_roles", "1")]));

    add(world, "s09", json!([allow(root(LISTED))]));
    world.assumed(OWNER, &as_other(LISTED, "AROALISTED000000001"), &role("s09"), &none);
    all.push(expect("s09", root_of(LISTED), "AROALISTED000000001", &[("vendor", "Listed Scanner"), ("vendor_source", "https://scanner.example/docs"), ("status", "FAIL"),
        ("reason", "a vendor is trusted without an ExternalId: ask the vendor for one")]));

    add(world, "s10", json!([allow(json!({"AWS": ["AROAGONE000000000001", role("robot")]}))]));
    world.assumed(OWNER, &as_role(OWNER, "robot", "ASIAROBOT"), &role("s10"), &none);
    all.push(expect("s10", "AROAGONE000000000001", "", &[("entry_class", "dangling"), ("status", "FAIL"), ("severity", "LOW"), ("verdict", "remove-entry"), ("replay", "0 of 6 observed assumptions would be denied")]));

    add(world, "s11", json!([allow(json!("*"))]));
    world.assumed(OWNER, &as_other(STRANGER, "AIDASTRANGER0000002"), &role("s11"), &none);
    all.push(expect("s11", "*", "AIDASTRANGER0000002", &[("entry_class", "public"), ("source_class", "unknown-external"), ("severity", "CRITICAL"), ("verdict", "name-principals"),
        ("snippet", r#"{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg"}}"#)]));

    add(world, "s12", json!([with(json!({"AWS": "*"}), json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg"}}))]));
    world.assumed_both(SISTER, "reader", &role("s12"));
    all.push(expect("s12", "*", role_arn(SISTER, "reader"), &[("entry_class", "same-organisation"), ("status", "PASS"), ("conditions", "StringEquals aws:PrincipalOrgID = o-exampleorg")]));

    add(world, "s13", json!([saml(IDP, json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}))]));
    for name in ["ann@example.com", "bob@example.com"] {
        world.assumed(OWNER, &as_saml(IDP, name), &role("s13"), &Call { session: Some(name), ..none });
    }
    all.push(expect("s13", IDP, IDP, &[("entry_class", "federated-human"), ("status", "PASS"), ("calls", "12"), ("distinct_sessions", "2"), ("mfa", "not applicable"), ("verdict", "keep")]));

    add(world, "s14", json!([saml(IDP, json!({}))]));
    world.assumed(OWNER, &as_saml(IDP, "ann@example.com"), &role("s14"), &none);
    all.push(expect("s14", IDP, IDP, &[("federation_flags", "no-aud"), ("status", "FAIL"), ("severity", "LOW"), ("verdict", "add-audience")]));

    let main = "repo:acme/shop:ref:refs/heads/main";
    add(world, "s15", json!([web(GITHUB, json!({"StringEquals": {AUD: "sts.amazonaws.com", SUB: main}}))]));
    world.assumed(OWNER, &as_web(GITHUB, main), &role("s15"), &none);
    all.push(expect("s15", GITHUB, GITHUB, &[("platform", "github"), ("source_class", "federated-workload"), ("status", "PASS"), ("subjects", "repo:acme/shop:ref:refs/heads/main"), ("verdict", "keep")]));

    add(world, "s16", json!([web(GITHUB, json!({"StringEquals": {AUD: "sts.amazonaws.com"}, "StringLike": {SUB: "repo:acme/*"}}))]));
    for sub in [main, "repo:acme/api:environment:prod"] {
        world.assumed(OWNER, &as_web(GITHUB, sub), &role("s16"), &none);
    }
    all.push(expect("s16", GITHUB, GITHUB, &[("federation_flags", "pull-request; wide-sub"), ("status", "FAIL"), ("severity", "HIGH"), ("verdict", "pin-subject"), ("distinct_subjects", "2"),
        ("snippet", r#"{"StringEquals":{"token.actions.githubusercontent.com:sub":["repo:acme/api:environment:prod","repo:acme/shop:ref:refs/heads/main"]}}"#),
        ("replay", "0 of 12 observed assumptions would be denied")]));

    add(world, "s17", json!([web(GITHUB, json!({"StringEquals": {AUD: "sts.amazonaws.com"}}))]));
    world.assumed(OWNER, &as_web(GITHUB, main), &role("s17"), &none);
    all.push(expect("s17", GITHUB, GITHUB, &[("federation_flags", "no-sub"), ("status", "FAIL"), ("severity", "HIGH"), ("reason", "a web identity provider is trusted without a subject"), ("verdict", "pin-subject")]));

    add(world, "s18", json!([web(GITHUB, json!({"StringEquals": {AUD: "sts.amazonaws.com"}, "StringLike": {SUB: "repo:acme@1/shop@22:*"}}))]));
    world.assumed(OWNER, &as_web(GITHUB, "repo:acme@1/shop@22:ref:refs/heads/main"), &role("s18"), &none);
    all.push(expect("s18", GITHUB, GITHUB, &[("federation_flags", "pull-request"), ("status", "FAIL"), ("severity", "MEDIUM"), ("verdict", "pin-subject"), ("subjects_allowed", "repo:acme@1/shop@22:*")]));

    let (eks_sub, eks_aud) = ("oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub", "oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud");
    add(world, "s19", json!([web(EKS, json!({"StringEquals": {eks_aud: "sts.amazonaws.com", eks_sub: "system:serviceaccount:shop:api"}}))]));
    world.assumed(OWNER, &as_web(EKS, "system:serviceaccount:shop:api"), &role("s19"), &none);
    all.push(expect("s19", EKS, EKS, &[("platform", "kubernetes"), ("source_class", "federated-workload"), ("status", "PASS"), ("verdict", "keep"), ("federation_flags", "")]));

    add(world, "s20", json!([allow(json!({"Service": "ec2.amazonaws.com"}))]));
    world.assumed(OWNER, &as_service("ec2.amazonaws.com"), &role("s20"), &Call { session: Some("i-0abc12345def67890"), address: Some("ec2.amazonaws.com"), ..none });
    all.push(expect("s20", "ec2.amazonaws.com", "ec2.amazonaws.com", &[("source_class", "aws-service"), ("status", "PASS"), ("deputy", "not-supported"), ("verdict", "keep"), ("internal", "ec2.amazonaws.com (6)"), ("addresses", "0"), ("sessions", "i-* (6)")]));

    add(world, "s21", json!([allow(json!({"Service": "scheduler.amazonaws.com"}))]));
    world.assumed(OWNER, &as_service("scheduler.amazonaws.com"), &role("s21"), &none);
    all.push(expect("s21", "scheduler.amazonaws.com", "scheduler.amazonaws.com", &[("status", "PASS"), ("deputy", "advised"), ("verdict", "add-source-account"),
        ("snippet", r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#), ("replay", "not replayed: the log does not tell aws:SourceAccount")]));

    add(world, "s22", json!([with(json!({"Service": "states.amazonaws.com"}), json!({"StringEquals": {"aws:SourceAccount": OWNER}}))]));
    all.push(expect("s22", "states.amazonaws.com", "", &[("status", "PASS"), ("deputy", "asked"), ("verdict", "keep"), ("calls", ""), ("condition_flags", "")]));

    add(world, "s23", json!([with(json!({"Service": "lambda.amazonaws.com"}), json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}))]));
    all.push(expect("s23", "lambda.amazonaws.com", "", &[("status", "FAIL"), ("severity", "LOW"), ("verdict", "remove-entry"), ("condition_flags", "never-holds: aws:MultiFactorAuthPresent is never sent")]));

    add(world, "s24", json!([with(json!({"AWS": user_arn(OWNER, "ann")}), json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}))]));
    world.assumed(OWNER, &as_user(OWNER, "ann"), &role("s24"), &Call { device: Some("arn:aws:iam::111122223333:mfa/ann"), ..none });
    all.push(expect("s24", user_arn(OWNER, "ann"), user_arn(OWNER, "ann"), &[("entry_kind", "user"), ("mfa", "yes"), ("status", "PASS"), ("verdict", "keep")]));

    add(world, "s25", json!([allow(json!({"AWS": [role_arn(SISTER, "reader"), role_arn(SISTER, "deployer")]}))]));
    world.assumed_both(SISTER, "deployer", &role("s25"));
    all.push(expect("s25", role_arn(SISTER, "reader"), "", &[("status", "FAIL"), ("severity", "MEDIUM"), ("verdict", "remove-entry"), ("replay", "0 of 6 observed assumptions would be denied"),
        ("reason", "never used in the window: remove the entry")]));
    all
}

fn rows_of<'r>(rows: &'r [Row], role_arn: &str) -> Vec<&'r Row> {
    rows.iter().filter(|r| r["resource"] == role_arn).collect()
}

fn statuses(outcome: &Outcome, report: &str, resource: &str) -> Vec<(Status, String)> {
    let of = outcome.model.findings.iter().filter(|f| f.report == report && f.resource == resource);
    of.map(|f| (f.status, f.severity.clone())).collect()
}

#[test]
fn twenty_five_of_twenty_five_shapes_of_trust() {
    let mut world = World::new();
    let expected = shapes(&mut world);
    let folder = tempfile::tempdir().unwrap();
    let outcome = world.run(folder.path(), true);
    let rows = table(folder.path(), "external_access");
    let mut wrong = Vec::new();
    let mut right = 0;
    for shape in &expected {
        let of = |r: &&&Row| r["entry"] == shape.entry && r["source"] == shape.source;
        let of_role = rows_of(&rows, &role(shape.role));
        let matching: Vec<&&Row> = of_role.iter().filter(of).collect();
        let [row] = matching.as_slice() else {
            wrong.push(format!("{}: {} rows for {} by {}; there are {of_role:#?}", shape.role, matching.len(), shape.entry, shape.source));
            continue;
        };
        let differing: Vec<String> = shape.values.iter().filter(|(c, v)| row.get(*c).map(String::as_str) != Some(*v)).map(|(c, v)| format!("{c}: {:?}, not {v:?}", row.get(*c))).collect();
        if differing.is_empty() {
            right += 1;
        } else {
            wrong.push(format!("{}: {}; {}", shape.role, differing.join("; "), row["reason"]));
        }
    }
    assert!(wrong.is_empty(), "{right} of {} rows as expected:\n{}", expected.len(), wrong.join("\n"));
    assert_eq!((right, expected.len()), (25, 25));
    println!("{right} of {} rows as expected", expected.len());
    // No row says anything that was a secret, nor does any other file.
    for entry in walkdir::WalkDir::new(folder.path().join("out")) {
        let path = entry.unwrap().into_path();
        if path.is_file() {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let is_policy = path.components().any(|c| c.as_os_str() == "policies");
            assert!(!text.contains("secret-token") && !text.contains("customer-42"), "{}", path.display());
            assert!(is_policy || !text.contains("top-secret"), "{}", path.display());
        }
    }
    controls(&outcome);
}

/// The controls on the same organisation.
fn controls(outcome: &Outcome) {
    let is = |report: &str, name: &str, status: Status, severity: Option<&str>| {
        let found = statuses(outcome, report, &role(name));
        assert!(found.iter().any(|(s, v)| *s == status && severity.is_none_or(|wanted| wanted == v)), "{report} {name}: {found:?}");
    };
    use Status::{Fail, NotApplicable, Pass};
    is("role-one-caller", "s01", Fail, Some("MEDIUM"));
    is("role-one-caller", "s02", Pass, None);
    is("trust-never-used", "s25", Fail, Some("MEDIUM"));
    is("trust-never-used", "s25", Pass, None);
    is("trust-never-used", "s22", Status::Unknown, Some("LOW"));
    is("trust-dangling", "s10", Fail, Some("LOW"));
    is("trust-dangling", "s03", Pass, None);
    is("oidc-no-sub", "s17", Fail, Some("HIGH"));
    is("oidc-no-sub", "s15", Pass, None);
    is("oidc-wide-sub", "s16", Fail, Some("HIGH"));
    is("oidc-wide-sub", "s18", Fail, Some("MEDIUM"));
    is("oidc-wide-sub", "s17", NotApplicable, None);
    is("oidc-wide-sub", "s19", Pass, None);
    is("extid-missing", "s06", Fail, Some("HIGH"));
    is("extid-missing", "s07", Pass, None);
    is("extid-missing", "s09", Fail, Some("HIGH"));
    is("extid-not-required-but-sent", "s08", Fail, Some("MEDIUM"));
    is("extid-not-required-but-sent", "s07", Pass, None);
    is("extid-not-required-but-sent", "s06", NotApplicable, None);
    is("ext-trust", "s11", Fail, Some("CRITICAL"));
    is("ext-trust", "s06", Fail, Some("MEDIUM"));
    is("ext-trust", "s12", Pass, None);
    is("ext-deputy", "s21", Fail, Some("LOW"));
    is("ext-deputy", "s22", Pass, None);
    is("ext-deputy", "s20", NotApplicable, None);
    let star = statuses(outcome, "assume-star", &role("robot"));
    assert_eq!(star, [(Fail, "HIGH".to_owned())]);
    // The third account gave no exports: nothing is known of its trust policies.
    for report in ["ext-trust", "ext-deputy", "assume-star", "role-one-caller", "trust-never-used", "trust-dangling", "oidc-no-sub", "oidc-wide-sub", "extid-missing", "extid-not-required-but-sent"] {
        assert!(statuses(outcome, report, THIRD).iter().any(|(s, _)| *s == Status::Unknown), "{report}");
    }
    assert_eq!(statuses(outcome, "new-external-account", STRANGER), [(Status::Unknown, "MEDIUM".to_owned())], "there was no run before");
}

#[test]
fn calls_that_no_entry_explains_deleted_roles_and_owners_elsewhere() {
    let mut world = World::new();
    let none = Call::default();
    world.role(SISTER, "/", "deployer", json!([allow(json!({"Service": "ec2.amazonaws.com"}))]), &["sts:AssumeRole"]);
    // The trust policy names somebody else now.
    world.role(OWNER, "/", "changed", json!([allow(json!({"AWS": role_arn(SISTER, "other")}))]), &["s3:ListBucket"]);
    world.assumed_both(SISTER, "deployer", &role("changed"));
    // The role is gone; so is the caller of which only the id is left.
    world.assumed(OWNER, &as_other(STRANGER, "AROASTRANGER0000001"), &role("deleted"), &none);
    // A role of an account without exports: only the caller's side.
    world.assumed(SISTER, &as_role(SISTER, "deployer", "ASIAOTHER"), &role_arn(THIRD, "unseen"), &none);
    // Owned by a service, by Identity Center; AWS's own account; another of ours outside the organisation.
    world.role(OWNER, "/aws-service-role/ops.amazonaws.com/", "AWSServiceRoleForOps", json!([allow(json!({"Service": "ops.amazonaws.com"}))]), &["s3:ListBucket"]);
    world.role(OWNER, "/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Dev_0123456789abcdef", json!([saml("arn:aws:iam::111122223333:saml-provider/AWSSSO_x", json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}))]), &["s3:ListBucket"]);
    world.role(OWNER, "/", "awsowned", json!([allow(root(AWS))]), &["s3:ListBucket"]);
    world.role(OWNER, "/", "bought", json!([allow(root(BOUGHT))]), &["s3:ListBucket"]);
    let folder = tempfile::tempdir().unwrap();
    let outcome = world.run(folder.path(), true);
    let rows = table(folder.path(), "external_access");
    let said = |arn: &str, columns: &[&str]| -> Vec<Vec<String>> { rows_of(&rows, arn).iter().map(|r| columns.iter().map(|c| r[*c].clone()).collect()).collect() };
    let changed = said(&role("changed"), &["entry_kind", "source", "status", "sides"]);
    assert_eq!(changed, [vec!["role".to_owned(), String::new(), "FAIL".to_owned(), String::new()], vec![String::new(), role_arn(SISTER, "deployer"), "UNKNOWN".to_owned(), "both".to_owned()]]);
    assert!(rows_of(&rows, &role("changed"))[1]["reason"].contains("has changed since"));
    let deleted = rows_of(&rows, &role("deleted"));
    assert!(deleted.len() == 1 && deleted[0]["reason"].contains("deleted since") && deleted[0]["source_class"] == "unknown-external", "{deleted:?}");
    let unseen = rows_of(&rows, &role_arn(THIRD, "unseen"));
    assert!(unseen.len() == 1 && unseen[0]["reason"].contains("no trust policies") && unseen[0]["sides"] == "caller", "{unseen:?}");
    let linked = said("arn:aws:iam::111122223333:role/aws-service-role/ops.amazonaws.com/AWSServiceRoleForOps", &["status", "verdict"]);
    assert_eq!(linked, [["NOT-APPLICABLE", "keep"]]);
    let sso = said("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef", &["status", "verdict"]);
    assert_eq!(sso, [["FAIL", "fix-at-permission-set"]]);
    assert_eq!(said(&role("awsowned"), &["entry_class"]), [["aws-owned"]]);
    assert_eq!(said(&role("bought"), &["entry_class", "status", "verdict"]), [["other-own-account", "FAIL", "remove-entry"]]);
    assert!(statuses(&outcome, "trust-never-used", &role("changed")).iter().all(|(s, _)| *s == Status::Fail));

    // Without any grants every role is one whose trust nobody gave.
    let alone = tempfile::tempdir().unwrap();
    world.run(alone.path(), false);
    let rows = table(alone.path(), "external_access");
    assert!(rows.len() == 3 && rows.iter().all(|r| r["status"] == "UNKNOWN"), "{rows:#?}");
}

#[test]
fn chains_from_outside_and_new_accounts() {
    let mut world = World::new();
    let id = Call { external_id: Some("agreed"), ..Call::default() };
    world.role(OWNER, "/", "door", json!([with(root(STRANGER), json!({"StringEquals": {"sts:ExternalId": "agreed"}}))]), &["sts:AssumeRole"]);
    world.role(OWNER, "/", "inner", json!([allow(json!({"AWS": role("door")}))]), &["*"]);
    world.role(OWNER, "/", "deep", json!([allow(json!({"AWS": role("inner")}))]), &["s3:ListBucket"]);
    for day in DAYS_OF_USE {
        let (first, second) = (format!("ASIADOOR{day:012}"), format!("ASIAINNER{day:011}"));
        world.assume(OWNER, day, &as_other(STRANGER, "AROASTRANGER0000001"), &role("door"), &Call { issued: Some(&first), ..id });
        world.assume(OWNER, day, &as_role(OWNER, "door", &first), &role("inner"), &Call { issued: Some(&second), ..Call::default() });
        world.assume(OWNER, day, &as_role(OWNER, "inner", &second), &role("deep"), &Call::default());
    }
    // A person who goes on from one role to another.
    world.user(OWNER, "ann");
    let hop = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role("end")}]);
    world.role_with(OWNER, "/", "middle", json!([allow(json!({"AWS": user_arn(OWNER, "ann")}))]), hop);
    world.role(OWNER, "/", "end", json!([allow(json!({"AWS": role("middle")}))]), &["s3:ListBucket"]);
    for day in DAYS_OF_USE {
        let issued = format!("ASIAMIDDLE{day:010}");
        world.assume(OWNER, day, &as_user(OWNER, "ann"), &role("middle"), &Call { issued: Some(&issued), ..Call::default() });
        world.assume(OWNER, day, &as_role(OWNER, "middle", &issued), &role("end"), &Call::default());
    }
    // Where it began is in no log.
    world.assume(OWNER, 3, &as_role(OWNER, "door", "ASIALOST"), &role("lost"), &Call::default());
    world.role(OWNER, "/", "lost", json!([allow(json!({"AWS": role("door")}))]), &["s3:ListBucket"]);
    let folder = tempfile::tempdir().unwrap();
    // A first night that ends before the stranger came, and a second one.
    let mut quiet = World::new();
    quiet.role(OWNER, "/", "door", json!([with(root(STRANGER), json!({"StringEquals": {"sts:ExternalId": "agreed"}}))]), &["sts:AssumeRole"]);
    quiet.run_at(folder.path(), true, NOW_MS - 95 * 86_400_000);
    std::fs::remove_dir_all(folder.path().join("logs")).unwrap();
    let outcome = world.run(folder.path(), true);
    let rows = table(folder.path(), "external_access");
    let inner = rows_of(&rows, &role("inner"));
    assert_eq!(inner.len(), 1);
    assert_eq!((inner[0]["chain_depth"].as_str(), inner[0]["chain_first"].as_str(), inner[0]["privilege"].as_str()), ("2", "AROASTRANGER0000001", "admin"));
    assert_eq!(inner[0]["chain"], format!("AROASTRANGER0000001 > {} > {}", role("door"), role("inner")));
    assert_eq!(rows_of(&rows, &role("deep"))[0]["chain_depth"], "3");
    assert_eq!(statuses(&outcome, "chain-depth", &role("inner")), [(Status::Fail, "HIGH".to_owned())]);
    assert_eq!(statuses(&outcome, "chain-depth", &role("deep")), [(Status::Fail, "MEDIUM".to_owned())]);
    assert_eq!(statuses(&outcome, "chain-depth", &role("lost")), [(Status::Unknown, "MEDIUM".to_owned())]);
    assert_eq!(statuses(&outcome, "chain-depth", &role("end")), [(Status::Pass, "MEDIUM".to_owned())]);
    assert!(statuses(&outcome, "chain-depth", &role("door")).is_empty());
    assert_eq!(statuses(&outcome, "assume-star", &role("middle")), [(Status::Pass, "HIGH".to_owned())]);
    assert_eq!(statuses(&outcome, "assume-star", &role("door")), [(Status::Fail, "HIGH".to_owned())]);
    let outside = table(folder.path(), "outside_accounts");
    assert_eq!(outside.len(), 1);
    let row = &outside[0];
    assert_eq!([&row["outside_account"], &row["trusted_by"], &row["used"], &row["strong"]], [STRANGER, &role("door"), &role("door"), &format!("{}; {}", role("door"), role("inner"))]);
    assert_eq!(row["chained"], format!("{}; {}", role("deep"), role("inner")));
    assert_eq!((row["calls"].as_str(), row["roles_without_external_id"].as_str()), ("6", "0"));
    assert_eq!(statuses(&outcome, "new-external-account", STRANGER), [(Status::Fail, "HIGH".to_owned())], "never seen before this night");
    // The same night again says the same; the next one knows the account.
    let again = world.run_at(folder.path(), true, NOW_MS + 1000);
    assert_eq!(statuses(&again, "new-external-account", STRANGER), [(Status::Pass, "HIGH".to_owned())]);
}
