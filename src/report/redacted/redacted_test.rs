//! What becomes of rows of tables, of policies and of findings.

use std::sync::Arc;

use super::{Redact, document, marked, model, rows};
use crate::policy::{PolicyDocument, parse_text, print};
use crate::redact::{Key, Redactor};
use crate::reduce::{ActionVerdict, PatternVerdict, Verdict, Verdicts};
use crate::report::findings::suppressions::Suppression;
use crate::report::model::{HolderRow, ProposalRow, ReportModel};
use crate::report::sql::{Cell, Rows};
use crate::report::{Finding, Status};

fn redactor() -> Redactor {
    Redactor::new(Key::of(b"a key of tests, sixteen").unwrap(), ["ann".to_owned(), "repo:acme/app:ref:refs/heads/main".to_owned()], []).unwrap()
}

fn table(columns: &[&str], cells: &[&str]) -> Vec<String> {
    let mut all = Rows { columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows: vec![cells.iter().map(|c| Cell::Text((*c).to_owned())).collect()] };
    rows(&redactor(), &mut all);
    all.rows.remove(0).iter().map(Cell::text).collect()
}

#[test]
fn cells_are_what_their_columns_say() {
    let r = redactor();
    assert_eq!(table(&["kind", "name", "path"], &["user", "admin", "/people/"]), ["user".to_owned(), r.person("admin"), r.path("/people/")]);
    assert_eq!(table(&["kind", "name", "path"], &["role", "app", "/people/"]), ["role", "app", "/people/"]);
    assert_eq!(table(&["target_kind", "target_name", "new_name"], &["user", "x", "y"]), ["user".to_owned(), r.person("x"), r.person("y")]);
    assert_eq!(table(&["user_name", "status", "action"], &["FAIL", "FAIL", "ann:Get"]), [r.person("FAIL"), "FAIL".to_owned(), "ann:Get".to_owned()]);
    assert_eq!(table(&["user_name"], &["<root_account>"]), ["<root_account>"]);
    assert_eq!(table(&["owner"], &["platform team"]), [r.person("platform team")], "whose a role is, by its tags");
    assert_eq!(table(&["owner_kind", "owner"], &["bucket", "arn:aws:s3:::b"]), ["bucket", "arn:aws:s3:::b"], "what a document is of");
    assert_eq!(table(&["sides", "subject"], &["both", "someone"]), ["both".to_owned(), r.person("someone")]);
    assert_eq!(table(&["subject"], &["bucket-of-logs"]), ["bucket-of-logs"]);
    assert_eq!(table(&["sessions"], &["ann (3); i-* (2)"]), [r.listed_names("ann (3); i-* (2)")]);
    assert_eq!(table(&["subjects"], &["repo:acme/*; 2 more"]), [format!("{}; 2 more", r.names("repo:acme/*"))]);
    assert_eq!(table(&["sample_event_ids"], &["R1; R2"]), [format!("{}; {}", r.event("R1"), r.event("R2"))]);
    assert_eq!(table(&["cluster_id"], &["0123456789abcdef"])[0].len(), 16);
    assert_ne!(table(&["principal_key"], &["something"]), ["something"]);
    let words = table(&["reason"], &["ann of 111122223333 came from 203.0.113.7 by repo:acme/app:ref:refs/heads/main"]).remove(0);
    for gone in ["ann ", "111122223333", "203.0.113.7", "acme"] {
        assert!(!words.contains(gone), "{words}");
    }
    let mut numbers = Rows { columns: vec!["account".to_owned()], rows: vec![vec![Cell::Int(111_122_223_333)], vec![Cell::Null]] };
    rows(&r, &mut numbers);
    assert_eq!(numbers.rows, [vec![Cell::Int(111_122_223_333)], vec![Cell::Null]], "numbers are no ids");
}

fn trust() -> PolicyDocument {
    parse_text(
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"ByAnn","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:user/ann","*"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole",
        "Condition":{"StringEquals":{"sts:ExternalId":"agreed-secret","aws:PrincipalOrgID":"o-a1b2c3d4e5","aws:username":"ann"},"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*","aws:userid":"AROACKCEVSQ6C2EXAMPLE:ann"},
        "IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}}]}"#,
    )
    .unwrap()
}

#[test]
fn documents_stay_documents() {
    let r = redactor();
    let text = print::minified(&document(&trust(), &r));
    for gone in ["111122223333", "/ann", "\"ann\"", "agreed-secret", "a1b2c3d4e5", "acme", "CKCEVSQ6C2", "203.0.113"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    for kept in ["\"Principal\"", "ec2.amazonaws.com", "sts:AssumeRole", "\"*\"", "0.0.0.0/0", "/24", "aws:PrincipalOrgID", "sha256:", r#":sub":"subject-"#] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    let read = parse_text(&text).unwrap();
    assert_eq!(read, document(&trust(), &r), "it is read as it was written");
    assert_eq!(marked(&read).id.as_deref(), Some("redacted-not-to-be-applied"));
    let plain = Arc::new(parse_text(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#).unwrap());
    let mut shared = Arc::clone(&plain);
    shared.redact(&r);
    assert!(Arc::ptr_eq(&plain, &shared), "what says nothing of anybody is shared as before");
}

#[test]
fn verdicts_and_holders_name_nobody() {
    let r = redactor();
    let mut verdict = ActionVerdict::new(0, Some("ByAnn ann"), "iam:GetUser", Verdict::Narrow, "used by ann");
    verdict.subject = Some("arn:aws:iam::111122223333:user/ann".to_owned());
    verdict.resources = vec!["arn:aws:iam::111122223333:user/ann".into()];
    verdict.patterns = vec![PatternVerdict { pattern: "arn:aws:iam::111122223333:user/ann*".to_owned(), verdict: Verdict::Drop, calls: 3 }];
    verdict.samples = vec!["3038ebd2-c98a-4c65-9b6e-e22506292313".into()];
    let holder = |kind: &str| HolderRow { kind: kind.to_owned(), name: "backup".to_owned() };
    let mut row = ProposalRow {
        account: "111122223333".to_owned(), kind: "user".to_owned(), owner: "backup".to_owned(), owner_arn: "arn:aws:iam::111122223333:user/backup".to_owned(),
        holders: vec![holder("user"), holder("role")], current: Some(Arc::new(trust())), proposed: vec![trust()], evidence: Verdicts::from(vec![verdict]), ..ProposalRow::default()
    };
    row.redact(&r);
    assert_eq!((row.owner.clone(), row.holders[0].name.clone(), row.holders[1].name.as_str()), (r.person("backup"), r.person("backup"), "backup"));
    let told = format!("{:?} {:?} {:?}", row.evidence.to_vec(), row.current, row.proposed);
    for gone in ["111122223333", "user/ann", "by ann", "ByAnn ann", "3038ebd2", "agreed-secret"] {
        assert!(!told.contains(gone), "{gone}: {told}");
    }
    let evidence = row.evidence.to_vec();
    assert_eq!((evidence[0].verdict, evidence[0].patterns[0].calls, evidence[0].action.as_str()), (Verdict::Narrow, 3, "iam:GetUser"));
}

#[test]
fn findings_keep_what_they_say() {
    let r = redactor();
    let accepted = Suppression { rule: "key-age".to_owned(), pattern: "0123456789abcdef0123".to_owned(), owner: "Security Team".to_owned(), reason: "ann asked".to_owned(), approved_by: Some("bob".to_owned()), ..Suppression::default() };
    let finding = |name: &str| Finding {
        uid: format!("{:020x}", name.len()),
        report: "key-age".to_owned(),
        status: Status::Fail,
        severity: "HIGH".to_owned(),
        account: "111122223333".to_owned(),
        resource: format!("arn:aws:iam::111122223333:user/{name}"),
        details: [("user_name".to_owned(), Cell::Text(name.to_owned())), ("age_days".to_owned(), Cell::Int(3))].into_iter().collect(),
        suppression: Some(accepted.clone()),
        ..Finding::default()
    };
    let before: Vec<Finding> = ["ann", "bobby", "x"].map(finding).into();
    let mut all = ReportModel { findings: before.clone(), inputs: vec![("accounts/111122223333/x.json".to_owned(), "gaad".to_owned(), "ab".repeat(32))], ..ReportModel::default() };
    model(&mut all, &r);
    assert_eq!(all.redacted, Some(r.key_id()));
    assert_eq!(all.findings.len(), 3);
    for f in &all.findings {
        let old = before.iter().find(|b| f.details.get("user_name").map(Cell::text) == Some(r.person(&b.details.get("user_name").unwrap().text()))).unwrap();
        assert!(f.uid.len() == 20 && f.uid != old.uid && f.uid.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!((f.status, &f.severity, &f.report, f.details.get("age_days")), (old.status, &old.severity, &old.report, Some(&Cell::Int(3))));
        assert!(f.resource.ends_with(&f.details.get("user_name").unwrap().text()), "{}", f.resource);
        let s = f.suppression.as_ref().unwrap();
        assert!(s.owner.starts_with("person-") && s.approved_by.as_ref().unwrap().starts_with("person-") && !s.reason.contains("ann") && s.pattern != accepted.pattern, "{s:?}");
    }
    assert!(all.findings.is_sorted_by_key(|f| f.resource.clone()), "in the order of the tokens");
    assert!(!all.inputs[0].0.contains("111122223333") && all.inputs[0].2.len() == 64 && all.inputs[0].2 != "ab".repeat(32));
}
