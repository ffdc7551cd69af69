//! One test for each kind of change: what it tells of the time before it, and what it leaves open.

use super::{Change, History, Limits};
use crate::grants::{Account, AttachedDocument, Grants, ManagedPolicy, OwnerKind, PolicySource, PolicyVersion, Principal};
use crate::policy::parse_text;

const MIN: i64 = 60_000;
const ACCOUNT: &str = "111122223333";
const P: &str = "arn:aws:iam::111122223333:policy/team/P";

fn text(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#)
}

fn trust(service: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}}}"#)
}

fn principal(kind: OwnerKind, name: &str) -> Principal {
    Principal {
        kind,
        account: ACCOUNT.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        arn: format!("arn:aws:iam::{ACCOUNT}:{}/{name}", kind.as_str()),
        unique_id: format!("ID-{name}"),
        created_ms: None,
        inline: Vec::new(),
        attached: Vec::new(),
        groups: Vec::new(),
        boundary: None,
        trust: (kind == OwnerKind::Role).then(|| parse_text(&trust("ec2.amazonaws.com"))),
        tags: [].into(),
        last_used_ms: None,
        last_used_known: false,
        instance_profiles: Vec::new(),
        untold: Vec::new(),
    }
}

fn with_inline(mut principal: Principal, action: &str) -> Principal {
    principal.inline.push(AttachedDocument { name: "own".to_owned(), document: parse_text(&text(action)) });
    principal
}

/// A role `app`, a user `ann` in the group `team`, and the policy P with two versions.
fn grants(principals: Vec<Principal>) -> Grants {
    let version = |id: &str, action: &str| PolicyVersion { id: id.to_owned(), created_ms: None, document: parse_text(&text(action)).ok() };
    let policy = ManagedPolicy {
        arn: P.to_owned(),
        name: "P".to_owned(),
        account: Some(ACCOUNT.to_owned()),
        created_ms: None,
        version_created_ms: None,
        document: parse_text(&text("p:Two")),
        versions: vec![version("v1", "p:One"), version("v2", "p:Two")],
    };
    let account = Account { id: ACCOUNT.to_owned(), has_authorization_details: true, complete: true, principals, ..Account::default() };
    Grants { accounts: [(ACCOUNT.to_owned(), account)].into(), policies: [(P.to_owned(), policy)].into(), ..Grants::default() }
}

fn change(minute: i64, operation: &str, name: &str) -> Change {
    let kind = ["Policy", "User", "Role", "Group"].into_iter().find(|k| operation.contains(k)).unwrap().to_lowercase();
    let kind = match operation {
        _ if operation.contains("User") => "user".to_owned(),
        _ if operation.contains("Role") => "role".to_owned(),
        _ if operation.contains("Group") => "group".to_owned(),
        _ => kind,
    };
    Change {
        at_ms: minute * MIN,
        event_id: format!("{minute} {operation}"),
        account: Some(ACCOUNT.to_owned()),
        operation: operation.to_owned(),
        target_kind: kind,
        target_name: Some(name.to_owned()),
        is_told: true,
        ..Change::default()
    }
}

fn put(minute: i64, operation: &str, name: &str, document: &str) -> Change {
    Change { policy_name: Some("own".to_owned()), document: Some(document.to_owned()), ..change(minute, operation, name) }
}

fn attach(minute: i64, operation: &str, name: &str) -> Change {
    // The policy's ARN as somebody typed it.
    Change { policy_arn: Some(P.replace("policy/team", "policy/Team").to_owned()), ..change(minute, operation, name) }
}

fn of_policy(minute: i64, operation: &str, version: &str, document: Option<&str>) -> Change {
    Change {
        target_kind: "policy".to_owned(),
        target_name: None,
        target_arn: Some(P.to_owned()),
        version_id: Some(version.to_owned()),
        document: document.map(text),
        set_as_default: Some(true),
        ..change(minute, operation, "")
    }
}

fn rebuild(grants: &Grants, changes: Vec<Change>) -> History {
    History::rebuild(grants, changes, Limits::default())
}

/// What somebody held at each minute: actions of the identity policies, `|` and the boundary's; `?` where it is open.
fn held(grants: &Grants, history: &History, name: &str, minutes: &[i64]) -> Vec<String> {
    let principal = grants.principals().find(|p| p.name == name && p.kind != OwnerKind::Group).unwrap();
    let actions = |document: &crate::policy::PolicyDocument| {
        let actions = document.statements.iter().map(|s| match &s.action {
            crate::policy::ActionElement::Action(list) | crate::policy::ActionElement::NotAction(list) => list.join(","),
        });
        actions.collect::<Vec<_>>().join(",")
    };
    let at = |minute: &i64| {
        let ms = minute * MIN;
        let era = history.eras.get(&principal.arn).map(|eras| eras.iter().find(|e| e.start_ms <= ms && ms < e.end_ms).unwrap());
        let held = era.map_or_else(|| grants.held_by(principal), |e| e.held());
        let mut out: Vec<String> = held.identity.iter().map(|h| actions(h.document)).collect();
        out.extend(held.boundary.map(|b| format!("|{}", actions(b))));
        if era.is_some_and(|e| e.is_open) {
            out.push("?".to_owned());
        }
        out.join(" ")
    };
    minutes.iter().map(at).collect()
}

fn trusts(history: &History, arn: &str, minutes: &[i64]) -> Vec<bool> {
    let eras = &history.trusts[arn];
    let at = |minute: &i64| eras.iter().find(|e| e.start_ms <= minute * MIN && minute * MIN < e.end_ms).unwrap().document.is_some();
    minutes.iter().map(at).collect()
}

fn role() -> Principal {
    principal(OwnerKind::Role, "app")
}

#[test]
fn an_inline_policy_overwrites_what_is_not_known() {
    let grants = grants(vec![with_inline(role(), "s3:B")]);
    let history = rebuild(&grants, vec![put(10, "PutRolePolicy", "APP", &text("s3:A")), put(20, "PutRolePolicy", "app", &text("s3:B"))]);
    assert_eq!(held(&grants, &history, "app", &[5, 15, 21, 25]), ["?", "s3:A", "?", "s3:B"]);
    assert_eq!((history.changes, history.replayed, history.counts()), (2, 2, (4, 2)));
    assert!(history.stale_hints.is_empty() && history.unknown.is_empty());
    // Percent-encoded, as an answer has it.
    let encoded = text("s3:B").replace('{', "%7B").replace('"', "%22");
    let history = rebuild(&grants, vec![put(10, "PutRolePolicy", "app", &encoded)]);
    assert_eq!(held(&grants, &history, "app", &[5, 15]), ["?", "s3:B"]);
}

#[test]
fn a_deleted_inline_policy_was_there() {
    let grants = grants(vec![role()]);
    let history = rebuild(&grants, vec![put(10, "PutRolePolicy", "app", &text("s3:A")), put(20, "DeleteRolePolicy", "app", "")]);
    assert_eq!(held(&grants, &history, "app", &[5, 15, 25]), ["?", "s3:A", ""]);
    let alone = rebuild(&grants, vec![put(20, "DeleteRolePolicy", "app", "")]);
    assert_eq!(held(&grants, &alone, "app", &[15, 25]), ["?", ""]);
}

#[test]
fn hidden_documents_are_not_known() {
    let grants = grants(vec![with_inline(role(), "s3:B")]);
    for hidden in ["HIDDEN_DUE_TO_SECURITY_REASONS", "{", "", r#"{"Version":"2012-10-17","Stat"#] {
        let history = rebuild(&grants, vec![put(10, "PutRolePolicy", "app", hidden), put(20, "PutRolePolicy", "app", &text("s3:B"))]);
        assert_eq!(held(&grants, &history, "app", &[15, 25]), ["?", "s3:B"], "{hidden}");
    }
}

#[test]
fn to_attach_again_is_no_error_but_to_detach_twice_is() {
    let mut attached = role();
    attached.attached.push(P.to_owned());
    let attached = grants(vec![attached]);
    let history = rebuild(&attached, vec![attach(10, "AttachRolePolicy", "app")]);
    assert_eq!(held(&attached, &history, "app", &[5, 15]), ["?", "p:Two"], "it may have been attached before");
    let both = vec![attach(10, "DetachRolePolicy", "app"), attach(20, "AttachRolePolicy", "app")];
    let history = rebuild(&attached, both.clone());
    assert_eq!(held(&attached, &history, "app", &[5, 15, 25]), ["p:Two", "", "p:Two"]);
    let again = [both, vec![attach(30, "AttachRolePolicy", "app")]].concat();
    let history = rebuild(&attached, again);
    assert_eq!(held(&attached, &history, "app", &[5, 15, 25, 31]), ["p:Two", "", "p:Two", "p:Two"], "the second changed nothing");
    let source = PolicySource::Managed { arn: P.to_owned(), holder_arn: "arn:aws:iam::111122223333:role/app".to_owned() };
    assert_eq!(history.since.of(&source), Some(20 * MIN));
    let detached = grants(vec![role()]);
    let history = rebuild(&detached, vec![attach(10, "DetachRolePolicy", "app")]);
    assert_eq!(held(&detached, &history, "app", &[5, 11, 15]), ["p:Two", "?", ""]);
}

#[test]
fn what_is_made_was_not_there_and_is_empty() {
    let grants = grants(vec![with_inline(role(), "s3:B")]);
    let made = Change { target_id: Some("ID-app".to_owned()), document: Some(trust("ec2.amazonaws.com")), ..change(10, "CreateRole", "app") };
    let history = rebuild(&grants, vec![made.clone(), put(20, "PutRolePolicy", "app", &text("s3:B"))]);
    assert_eq!(held(&grants, &history, "app", &[5, 15, 25]), ["?", "", "s3:B"]);
    assert_eq!(trusts(&history, "arn:aws:iam::111122223333:role/app", &[5, 15]), [false, true]);
    // Nobody logged the policy that the export has.
    let history = rebuild(&grants, vec![made.clone()]);
    assert_eq!(held(&grants, &history, "app", &[15]), ["?"]);
    assert_eq!(history.stale_hints, ["arn:aws:iam::111122223333:role/app: inline policy `own` in the export is not as the log left it"]);
    // A service puts on its role what the log does not tell.
    let linked = Change { operation: "CreateServiceLinkedRole".to_owned(), ..made };
    let history = rebuild(&grants, vec![linked]);
    assert_eq!((held(&grants, &history, "app", &[5, 15]), history.stale_hints.len()), (vec!["?".to_owned(), "s3:B".to_owned()], 0));
}

#[test]
fn one_that_is_made_again_is_another() {
    let grants = grants(vec![with_inline(role(), "s3:B")]);
    let made = |minute, id: &str| Change { target_id: Some(id.to_owned()), document: Some(trust("ec2.amazonaws.com")), ..change(minute, "CreateRole", "app") };
    let first = vec![made(10, "ID-old"), put(11, "PutRolePolicy", "app", &text("s3:Old")), put(20, "DeleteRolePolicy", "app", ""), change(20, "DeleteRole", "app")];
    let history = rebuild(&grants, [first.clone(), vec![made(30, "ID-app"), put(31, "PutRolePolicy", "app", &text("s3:B"))]].concat());
    assert_eq!(held(&grants, &history, "app", &[15, 25, 35]), ["?", "?", "s3:B"], "what the first held is not the second's");
    assert!(history.stale_hints.is_empty());
    // The export's is neither.
    let history = rebuild(&grants, [first.clone(), vec![made(30, "ID-other")]].concat());
    assert_eq!(held(&grants, &history, "app", &[15, 35]), ["?", "?"]);
    assert_eq!(history.stale_hints.len(), 1);
    // The export is from before the deletion, or a creation is missing; its date tells which.
    let history = rebuild(&grants, first.clone());
    assert_eq!(held(&grants, &history, "app", &[15, 25]), ["?", "?"]);
    let mut young = grants;
    young.accounts.get_mut(ACCOUNT).unwrap().principals[0].created_ms = Some(25 * MIN);
    assert!(rebuild(&young, first).eras.is_empty(), "all of it was the first's");
}

#[test]
fn a_deleted_principal_that_the_export_has() {
    let mut old = role();
    old.created_ms = Some(0);
    old.inline.push(AttachedDocument { name: "own".to_owned(), document: parse_text(&text("s3:A")) });
    let grants = grants(vec![old]);
    let history = rebuild(&grants, vec![put(10, "PutRolePolicy", "app", &text("s3:A")), put(20, "DeleteRolePolicy", "app", ""), change(20, "DeleteRole", "app")]);
    assert_eq!(held(&grants, &history, "app", &[15, 25]), ["s3:A", "?"], "the export is older than the log");
    assert_eq!(history.stale_hints.len(), 2, "{:?}", history.stale_hints);
}

#[test]
fn memberships_and_what_groups_hold() {
    let mut ann = principal(OwnerKind::User, "ann");
    ann.groups.push("team".to_owned());
    let member = grants(vec![ann, with_inline(principal(OwnerKind::Group, "team"), "s3:G2")]);
    let joined = Change { group_name: Some("TEAM".to_owned()), ..change(10, "AddUserToGroup", "ann") };
    let left = Change { operation: "RemoveUserFromGroup".to_owned(), ..joined.clone() };
    let of_group = [put(5, "PutGroupPolicy", "team", &text("s3:G1")), put(20, "PutGroupPolicy", "team", &text("s3:G2"))];
    let history = rebuild(&member, [vec![joined.clone()], of_group.to_vec()].concat());
    assert_eq!(held(&member, &history, "ann", &[8, 15, 25]), ["?", "s3:G1", "s3:G2"]);
    assert_eq!(history.since.joined["arn:aws:iam::111122223333:group/team"], 10 * MIN);
    let again = Change { at_ms: 15 * MIN, ..joined.clone() };
    let history = rebuild(&member, vec![Change { at_ms: 5 * MIN, ..left.clone() }, joined, again]);
    assert_eq!(held(&member, &history, "ann", &[2, 8, 12, 16]), ["?", "", "s3:G2", "s3:G2"]);
    let stranger = grants(vec![principal(OwnerKind::User, "ann"), with_inline(principal(OwnerKind::Group, "team"), "s3:G2")]);
    let history = rebuild(&stranger, vec![left]);
    assert_eq!(held(&stranger, &history, "ann", &[5, 15]), ["?", ""], "whether it was a member is not documented");
    // A group that is gone was emptied first.
    let gone = grants(vec![principal(OwnerKind::User, "ann")]);
    let joined = Change { group_name: Some("team".to_owned()), ..change(3, "AddUserToGroup", "ann") };
    let left = Change { group_name: Some("team".to_owned()), ..change(30, "RemoveUserFromGroup", "ann") };
    let ended = [put(30, "DeleteGroupPolicy", "team", ""), change(31, "DeleteGroup", "team")];
    let history = rebuild(&gone, [vec![joined, left], of_group.to_vec(), ended.to_vec()].concat());
    assert_eq!(held(&gone, &history, "ann", &[8, 25, 35]), ["s3:G1", "s3:G2", ""]);
}

#[test]
fn renamed_users_and_groups_stay_who_they_are() {
    let mut anna = with_inline(principal(OwnerKind::User, "anna"), "s3:B");
    anna.groups.push("staff".to_owned());
    let grants = grants(vec![anna, with_inline(principal(OwnerKind::Group, "staff"), "s3:G")]);
    let rename = |minute, operation: &str, old: &str, new: &str| Change { new_name: Some(new.to_owned()), ..change(minute, operation, old) };
    let history = rebuild(&grants, vec![
        put(10, "PutUserPolicy", "ann", &text("s3:A")),
        rename(15, "UpdateUser", "ann", "anna"),
        put(20, "PutUserPolicy", "anna", &text("s3:B")),
        put(5, "PutGroupPolicy", "team", &text("s3:G")),
        Change { group_name: Some("team".to_owned()), ..change(12, "AddUserToGroup", "Ann") },
        rename(30, "UpdateGroup", "team", "staff"),
        Change { target_id: Some("ID-other".to_owned()), ..change(38, "CreateUser", "ann") },
        put(40, "PutUserPolicy", "ann", &text("s3:Another")),
    ]);
    assert_eq!(held(&grants, &history, "anna", &[18, 25, 45]), ["s3:A s3:G", "s3:B s3:G", "s3:B s3:G"]);
    // Of one second it is not known who bore the name when.
    let second = vec![rename(15, "UpdateUser", "ann", "anna"), put(15, "PutUserPolicy", "ann", &text("s3:A")), put(20, "PutUserPolicy", "anna", &text("s3:B"))];
    assert_eq!(held(&grants, &rebuild(&grants, second), "anna", &[18, 25]), ["?", "?"]);
    // Two bore one name: a change is missing.
    let history = rebuild(&grants, vec![rename(15, "UpdateUser", "anna", "ann"), put(20, "PutUserPolicy", "anna", &text("s3:A"))]);
    assert_eq!(held(&grants, &history, "anna", &[5]), ["?"]);
}

#[test]
fn boundaries() {
    let mut bounded = with_inline(principal(OwnerKind::User, "ann"), "s3:A");
    bounded.boundary = Some(P.to_owned());
    let arn = bounded.arn.clone();
    let grants = grants(vec![bounded]);
    let set = |minute| Change { policy_arn: Some(P.to_owned()), ..change(minute, "PutUserPermissionsBoundary", "ann") };
    let history = rebuild(&grants, vec![set(20)]);
    assert_eq!(held(&grants, &history, "ann", &[15, 25]), ["s3:A ?", "s3:A |p:Two"]);
    assert_eq!(history.since.of_holder(&arn), Some(20 * MIN));
    let history = rebuild(&grants, vec![change(10, "DeleteUserPermissionsBoundary", "ann"), set(20)]);
    assert_eq!(held(&grants, &history, "ann", &[5, 15, 25]), ["s3:A ?", "s3:A", "s3:A |p:Two"]);
    let made = Change { target_id: Some("ID-ann".to_owned()), policy_arn: Some(P.to_owned()), ..change(5, "CreateUser", "ann") };
    let own = put(6, "PutUserPolicy", "ann", &text("s3:A"));
    let history = rebuild(&grants, vec![made, own, of_policy(20, "SetDefaultPolicyVersion", "v1", None), of_policy(30, "SetDefaultPolicyVersion", "v2", None)]);
    assert_eq!(held(&grants, &history, "ann", &[25, 35]), ["s3:A |p:One", "s3:A |p:Two"]);
}

#[test]
fn versions_of_managed_policies() {
    let mut attached = role();
    attached.attached.push(P.to_owned());
    let grants = grants(vec![attached]);
    let at = |history: &History, minutes: &[i64]| held(&grants, history, "app", minutes);
    let history = rebuild(&grants, vec![of_policy(10, "CreatePolicyVersion", "v2", Some("p:Two"))]);
    assert_eq!(at(&history, &[5, 15]), ["p:One", "p:Two"], "before the second there was the first, and the export has it");
    let history = rebuild(&grants, vec![of_policy(10, "SetDefaultPolicyVersion", "v1", None), of_policy(20, "SetDefaultPolicyVersion", "v2", None)]);
    assert_eq!(at(&history, &[5, 15, 25]), ["?", "p:One", "p:Two"]);
    let history = rebuild(&grants, vec![
        of_policy(5, "CreatePolicyVersion", "v3", Some("p:Three")),
        of_policy(10, "SetDefaultPolicyVersion", "v2", None),
        Change { set_as_default: Some(false), ..of_policy(15, "CreatePolicyVersion", "v4", Some("p:Four")) },
        of_policy(17, "DeletePolicyVersion", "v3", None),
        of_policy(20, "SetDefaultPolicyVersion", "v3", None),
        of_policy(30, "SetDefaultPolicyVersion", "v2", None),
    ]);
    assert_eq!(at(&history, &[2, 8, 18, 25, 35]), ["?", "p:Three", "p:Two", "p:Three", "p:Two"], "a version that is gone stands in the log");
    let history = rebuild(&grants, vec![of_policy(5, "CreatePolicyVersion", "v3", Some("p:Three"))]);
    assert_eq!((at(&history, &[8]), history.stale_hints.len()), (vec!["?".to_owned()], 1), "the export has another default");
    let made = Change { document: Some(text("p:Two")), ..of_policy(10, "CreatePolicy", "v1", None) };
    let history = rebuild(&grants, vec![Change { document: Some(text("p:Old")), ..of_policy(1, "CreatePolicy", "v1", None) }, of_policy(5, "DeletePolicy", "", None), made, attach(20, "DetachRolePolicy", "app"), attach(30, "AttachRolePolicy", "app")]);
    assert_eq!(at(&history, &[15, 25, 35]), ["p:Two", "", "p:Two"]);
}

#[test]
fn trust_policies() {
    let grants = grants(vec![role()]);
    let arn = "arn:aws:iam::111122223333:role/app";
    let update = |minute, service: &str| Change { document: Some(trust(service)), ..change(minute, "UpdateAssumeRolePolicy", "app") };
    let history = rebuild(&grants, vec![update(10, "lambda.amazonaws.com"), update(20, "ec2.amazonaws.com")]);
    assert_eq!(trusts(&history, arn, &[5, 15, 21, 25]), [false, true, false, true]);
    assert!(history.eras.is_empty(), "what it holds did not change");
    assert_eq!(history.since.of_holder(arn), Some(20 * MIN));
    let history = rebuild(&grants, vec![update(10, "lambda.amazonaws.com")]);
    assert_eq!((trusts(&history, arn, &[15]), history.stale_hints.len()), (vec![false], 1));
}

#[test]
fn changes_of_what_is_not_told() {
    let grants = grants(vec![with_inline(role(), "s3:A"), with_inline(principal(OwnerKind::Role, "other"), "s3:O"), with_inline(principal(OwnerKind::User, "ann"), "s3:U")]);
    let hidden = Change { target_name: None, is_told: false, ..change(10, "PutRolePolicy", "") };
    let history = rebuild(&grants, vec![hidden]);
    assert_eq!(held(&grants, &history, "app", &[5, 15]), ["?", "s3:A"]);
    assert_eq!(held(&grants, &history, "other", &[5, 15]), ["?", "s3:O"]);
    assert_eq!(held(&grants, &history, "ann", &[5, 15]), ["s3:U", "s3:U"]);
    assert_eq!(history.unknown, ["account 111122223333: the record of PutRolePolicy 10 PutRolePolicy does not tell what was changed"]);
    let half = Change { policy_name: None, ..change(10, "PutRolePolicy", "app") };
    let history = rebuild(&grants, vec![half]);
    assert_eq!((held(&grants, &history, "app", &[5, 15]), held(&grants, &history, "other", &[5])), (vec!["?".to_owned(), "s3:A".to_owned()], vec!["s3:O".to_owned()]));
    let elsewhere = Change { account: Some("444455556666".to_owned()), ..put(10, "PutRolePolicy", "app", &text("s3:X")) };
    let history = rebuild(&grants, vec![elsewhere]);
    assert_eq!((history.eras.len(), history.changes, history.replayed), (0, 1, 0), "an account that was not exported");
}

#[test]
fn what_no_export_tells_is_a_gap_in_every_era() {
    let mut silent = role();
    silent.untold = vec!["inline policies", "permissions boundary"];
    silent.attached.push(P.to_owned());
    let grants = grants(vec![silent]);
    let history = rebuild(&grants, vec![put(10, "PutRolePolicy", "app", &text("s3:A")), attach(20, "DetachRolePolicy", "app"), attach(30, "AttachRolePolicy", "app")]);
    assert_eq!(held(&grants, &history, "app", &[5, 15, 25, 35]), ["p:Two ?", "s3:A p:Two", "s3:A", "s3:A p:Two"], "the log tells what the export does not");
    assert!(history.stale_hints.is_empty());
    for era in &history.eras["arn:aws:iam::111122223333:role/app"] {
        for what in ["inline policies", "permissions boundary"] {
            assert!(era.gaps.iter().any(|g| g.starts_with(what) && g.ends_with("not exported")), "{era:?}");
        }
    }
}

#[test]
fn an_export_of_a_known_time_is_stepped_forwards_too() {
    let grants = grants(vec![with_inline(role(), "s3:A")]);
    let changes = vec![put(10, "PutRolePolicy", "app", &text("s3:A")), put(20, "PutRolePolicy", "app", &text("s3:B"))];
    let history = History::rebuild(&grants, changes.clone(), Limits { exported_ms: Some(15 * MIN), ..Limits::default() });
    assert_eq!((held(&grants, &history, "app", &[5, 15, 25]), history.stale_hints.len()), (vec!["?".to_owned(), "s3:A".to_owned(), "s3:B".to_owned()], 0));
    let history = rebuild(&grants, changes.clone());
    assert_eq!((held(&grants, &history, "app", &[15, 25]), history.stale_hints.len()), (vec!["s3:A".to_owned(), "?".to_owned()], 1), "of an unknown time");
    let history = History::rebuild(&grants, changes, Limits { known_from_ms: Some(18 * MIN), ..Limits::default() });
    assert_eq!(held(&grants, &history, "app", &[15, 19]), ["?", "s3:A"], "before the store kept changes nothing is known");
    assert!(!history.since.is_complete);
}

#[test]
fn a_deny_that_was_lifted_makes_all_grants_young() {
    let arn = "arn:aws:iam::111122223333:role/app";
    let grants = grants(vec![with_inline(role(), "s3:A")]);
    let deny = text("s3:A").replace("Allow", "Deny");
    let other = |mut c: Change| {
        c.policy_name = Some("other".to_owned());
        c
    };
    let history = rebuild(&grants, vec![other(put(10, "PutRolePolicy", "app", &deny)), other(put(20, "DeleteRolePolicy", "app", ""))]);
    assert_eq!(history.since.of_holder(arn), Some(20 * MIN));
    let made = Change { target_id: Some("ID-app".to_owned()), document: Some(trust("ec2.amazonaws.com")), ..change(1, "CreateRole", "app") };
    let own = put(2, "PutRolePolicy", "app", &text("s3:A"));
    let history = rebuild(&grants, vec![made, own, other(put(10, "PutRolePolicy", "app", &text("s3:C"))), other(put(20, "DeleteRolePolicy", "app", ""))]);
    assert_eq!(history.since.of_holder(arn), Some(MIN), "an Allow that went lifts nothing");
}

#[test]
fn accounts_of_which_only_items_are_exported_have_a_history() {
    let mut grants = grants(vec![with_inline(principal(OwnerKind::Role, "app"), "a:One")]);
    for account in grants.accounts.values_mut() {
        (account.has_authorization_details, account.complete) = (false, false);
    }
    let history = rebuild(&grants, vec![put(10, "PutRolePolicy", "app", &text("a:One"))]);
    let source = PolicySource::Inline { owner_arn: format!("arn:aws:iam::{ACCOUNT}:role/app"), name: "own".to_owned() };
    assert_eq!(history.since.of(&source), Some(10 * MIN), "what was put inside the window is young");
}
