//! A proposal with an error of its own is a defect; one that only keeps what was wrong already is not.

use std::sync::Arc;

use super::validity::{check, of_advice};
use crate::grants::OwnerKind;
use crate::lint::Level;
use crate::policy::{PolicyDocument, parse_text};
use crate::reduce::advice::{Advice, AdviceKind};
use crate::reduce::units::UnitName;
use crate::reduce::{Placement, Proposal, Status};
use crate::reference::Reference;

fn document(action: &str, resource: &str) -> PolicyDocument {
    parse_text(&format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{action},"Resource":"{resource}"}}]}}"#)).unwrap()
}

fn proposal(current: Option<PolicyDocument>, proposed: Vec<PolicyDocument>) -> Proposal {
    let unit = UnitName {
        account: "111122223333".into(),
        owner_kind: OwnerKind::Role,
        owner_name: "r".into(),
        owner_arn: "arn:aws:iam::111122223333:role/r".into(),
        policy_name: "p".into(),
        policy_arn: None,
        placement: Placement::Inline,
    };
    Proposal { current: current.clone().map(Arc::new), proposed, status: Status::Proposed, ..Proposal::of(unit, Arc::new(current.unwrap_or_else(PolicyDocument::allowing_everything))) }
}

#[test]
fn only_errors_that_were_not_there_before_make_a_defect() {
    let wrong = || document(r#"["s3:GetObject","s3:Nothing"]"#, "*");
    let right = || document(r#""s3:GetObject""#, "*");
    let mut proposals = [
        proposal(Some(right()), vec![right()]),
        proposal(Some(right()), vec![right(), wrong()]),
        proposal(Some(wrong()), vec![wrong()]),
        proposal(None, vec![wrong()]),
        Proposal { status: Status::Withheld("too long".into()), ..proposal(None, vec![wrong()]) },
    ];
    let facts = check(&mut proposals, Reference::bundled().unwrap());
    let defects: Vec<bool> = proposals.iter().map(|p| matches!(p.status, Status::Defect(_))).collect();
    assert_eq!(defects, [false, true, false, true, false]);
    assert_eq!(facts.iter().map(|f| f.count(Level::Error)).collect::<Vec<_>>(), [(0, 0), (1, 1), (1, 0), (1, 1), (0, 0)]);
    assert!(matches!(proposals.get(1).map(|p| &p.status), Some(Status::Defect(why)) if why.contains("INVALID_ACTION") && why.contains("s3:Nothing")));
    assert_eq!(facts.iter().map(|f| f.documents).collect::<Vec<_>>(), [1, 2, 1, 1, 0]);
}

#[test]
fn an_odd_region_that_the_log_names_is_no_fault_of_a_proposal_from_use() {
    let odd = || document(r#""sqs:SendMessage""#, "arn:aws:sqs:eu-west-1r:111122223333:jobs");
    let granted = document(r#""sqs:SendMessage""#, "*");
    let mut proposals = [proposal(None, vec![odd()]), proposal(Some(granted), vec![odd()])];
    let facts = check(&mut proposals, Reference::bundled().unwrap());
    assert_eq!(facts.iter().map(|f| f.count(Level::Error)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    assert!(matches!(proposals.map(|p| p.status), [Status::Proposed, Status::Defect(_)]));
}

#[test]
fn a_danger_that_became_smaller_is_not_new() {
    let everything = document(r#""*""#, "*");
    let mut proposals = [
        proposal(Some(everything), vec![document(r#""iam:PassRole""#, "*")]),
        proposal(Some(document(r#""iam:PassRole""#, "arn:aws:iam::111122223333:role/app")), vec![document(r#""iam:PassRole""#, "*")]),
    ];
    let facts = check(&mut proposals, Reference::bundled().unwrap());
    assert_eq!(facts.iter().map(|f| f.count(Level::SecurityWarning)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    assert!(proposals.iter().all(|p| p.status == Status::Proposed), "a warning takes nothing back");
    assert_eq!(facts.iter().map(|f| f.words()).collect::<Vec<_>>(), ["0 errors, 1 security warning (0 new)", "0 errors, 1 security warning"]);
}

#[test]
fn documents_of_advice_are_read_as_what_they_are() {
    let piece = |kind, document| Advice {
        kind,
        account: String::new(),
        subject: String::new(),
        title: String::new(),
        text: String::new(),
        evidence: Vec::new(),
        document,
        confidence: "high",
    };
    let trust = parse_text(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}"#).unwrap();
    let advice = [
        piece(AdviceKind::TrustCondition, Some(trust.clone())),
        piece(AdviceKind::ServiceControlServices, None),
        piece(AdviceKind::ServiceControlServices, Some(trust)),
    ];
    let facts = of_advice(&advice, Reference::bundled().unwrap());
    assert_eq!(facts.documents, 2);
    let found: Vec<_> = facts.rows.iter().map(|r| (r.document, r.code)).collect();
    assert_eq!(found, [(3, "SCP_SYNTAX_ERROR_PRINCIPAL"), (3, "MISSING_RESOURCE")]);
}
