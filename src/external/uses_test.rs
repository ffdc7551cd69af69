//! Calls held against entries: by which of several statements somebody came, what conditions speak against, and how calls are
//! put together.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Accounts, Class, Decided, EntryUse, KnownAccounts, Origins, entry_uses, outside_accounts, trust_entries};
use crate::grants::{Account, Grants, OwnerKind, Principal};
use crate::usage::{Assumption, Chain, Details, Usage, Window};

const OWN: &str = "111122223333";
const OTHER: &str = "999988887777";
const DAY_MS: i64 = 86_400_000;

fn window() -> Window {
    Window::of_days(90, 20_000 * DAY_MS)
}

fn principal(kind: OwnerKind, name: &str, trust: Option<Value>) -> Principal {
    Principal {
        kind,
        account: OWN.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        arn: format!("arn:aws:iam::{OWN}:{}/{name}", if kind == OwnerKind::Role { "role" } else { "user" }),
        unique_id: format!("ID{name}"),
        created_ms: Some(0),
        inline: Vec::new(),
        attached: Vec::new(),
        groups: Vec::new(),
        boundary: None,
        trust: trust.map(|t| crate::policy::parse_text(&json!({"Version": "2012-10-17", "Statement": t}).to_string())),
        tags: [("Team".to_owned(), "shop".to_owned())].into(),
        last_used_ms: None,
        last_used_known: false,
        instance_profiles: Vec::new(),
        untold: Vec::new(),
    }
}

fn grants(principals: Vec<Principal>) -> Grants {
    let mut grants = Grants::default();
    grants.accounts.insert(OWN.to_owned(), Account { id: OWN.to_owned(), principals, has_authorization_details: true, complete: true, ..Account::default() });
    grants
}

fn accounts(grants: &Grants) -> Accounts {
    Accounts::new([OWN.to_owned()], grants, &BTreeMap::new(), KnownAccounts::new())
}

fn call(kind: &'static str, source: &str, account: Option<&str>, subject: Option<&str>) -> Assumption {
    let action = if kind == "oidc" { "sts:AssumeRoleWithWebIdentity" } else { "sts:AssumeRole" };
    Assumption {
        role_arn: format!("arn:aws:iam::{OWN}:role/target"),
        role_account: Some(OWN.to_owned()),
        action: action.to_owned(),
        source_kind: kind,
        source: source.to_owned(),
        source_account: account.map(str::to_owned),
        calls: 3,
        first_seen_ms: 19_990 * DAY_MS,
        last_seen_ms: 19_999 * DAY_MS,
        external_id_calls: 0,
        distinct_external_ids: 0,
        mfa_calls: 0,
        subject: subject.map(str::to_owned),
        sides: "owner",
        details: Details { days: [(19_990, 1), (19_992, 1), (19_999, 1)].into(), ..Details::default() },
    }
}

fn uses(grants: &Grants, calls: &[Assumption]) -> Vec<EntryUse> {
    let accounts = accounts(grants);
    let entries = trust_entries(grants, &accounts, &Decided::default(), window().end_ms);
    entry_uses(grants, calls, &entries, &accounts, &Origins::default(), window())
}

fn statements(uses: &[EntryUse]) -> Vec<(Option<&str>, &str)> {
    uses.iter().map(|u| (u.entry_id.as_deref().and_then(|id| id.split('|').nth(1)), u.source.as_str())).collect()
}

#[test]
fn subjects_tell_by_which_statement_somebody_came() {
    let provider = format!("arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com");
    let by = |sub: &str| json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": sub}}});
    let grants = grants(vec![principal(OwnerKind::Role, "target", Some(json!([by("repo:acme/shop:*"), by("repo:acme/api:*")])))]);
    let all = uses(&grants, &[call("oidc", &provider, None, Some("repo:acme/api:ref:refs/heads/main")), call("oidc", &provider, None, Some("repo:evil/x:ref:y"))]);
    assert_eq!(statements(&all), [(None, provider.as_str()), (Some("1"), provider.as_str())]);
    assert_eq!(all[0].subjects.as_deref(), Some("repo:evil/x:ref:y"), "no statement takes it now");
    assert!(all[1].subject_condition.as_deref().is_some_and(|c| c.contains("repo:acme/api:ref:refs/heads/main")));
    assert_eq!((all[1].active_days, all[1].median_gap_days, all[1].source_class), (3, Some(7), Class::FederatedWorkload));
    assert_eq!(all[1].weeks, "0 0 0 0 0 0 0 0 0 0 0 2 1");
}

#[test]
fn conditions_and_names_speak_against_entries() {
    let of = |principal_element: Value, condition: Value| json!([{"Effect": "Allow", "Principal": principal_element, "Action": "sts:AssumeRole", "Condition": condition}]);
    let came = |trust: Value, call: Assumption| {
        let all = [principal(OwnerKind::Role, "target", Some(trust)), principal(OwnerKind::User, "ann", None)];
        uses(&grants(all.to_vec()), &[call]).into_iter().map(|u| (u.entry_id.is_some(), u.source_kind)).collect::<Vec<_>>()
    };
    let root = |account: &str| json!({"AWS": account});
    let stranger = call("account", "AROASTRANGER", Some(OTHER), None);
    assert_eq!(came(of(root(OTHER), json!({})), stranger.clone()), [(true, "account")]);
    assert_eq!(came(of(root(OTHER), json!({"StringEquals": {"sts:ExternalId": "x"}})), stranger.clone()), [(false, "account")], "it sent none");
    let sent = Assumption { external_id_calls: 3, ..stranger.clone() };
    assert_eq!(came(of(root(OTHER), json!({"StringEquals": {"sts:ExternalId": "x"}})), sent), [(true, "account")]);
    assert_eq!(came(of(root(OWN), json!({})), stranger), [(false, "account")]);
    // An id that the exports know is its user.
    let by_id = call("account", "IDann", Some(OWN), None);
    let ann = format!("arn:aws:iam::{OWN}:user/ann");
    assert_eq!(came(of(json!({"AWS": ann}), json!({})), by_id.clone()), [(true, "user")]);
    assert_eq!(came(of(root(OWN), json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{OWN}:user/b*")}})), by_id), [(false, "user")]);
    // Written twice, there once.
    let service = call("service", "lambda.amazonaws.com", None, None);
    assert_eq!(came(of(json!({"Service": ["lambda.amazonaws.com", "lambda.amazonaws.com"]}), json!({})), service), [(true, "service")]);
}

#[test]
fn an_outsider_reaches_what_its_sessions_take_up() {
    let trust = |who: Value| Some(json!([{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}]));
    let door = principal(OwnerKind::Role, "door", trust(json!({"AWS": OTHER})));
    let target = principal(OwnerKind::Role, "target", trust(json!({"AWS": door.arn})));
    let grants = grants(vec![door.clone(), target.clone()]);
    let accounts = accounts(&grants);
    let chain = Chain {
        roles: vec![door.arn.clone(), target.arn.clone()],
        is_whole: false,
        first_kind: "account",
        first: "AROASTRANGER".to_owned(),
        first_account: Some(OTHER.to_owned()),
    };
    let mut inner = call("role", &door.arn, Some(OWN), None);
    inner.details.chains = [(chain, 3)].into();
    let outer = Assumption { role_arn: door.arn.clone(), ..call("account", "AROASTRANGER", Some(OTHER), None) };
    let usage = Usage { assumptions: vec![outer, inner], ..Usage::default() };
    let decided = Decided { privilege: [(target.arn.clone(), "admin")].into(), ..Decided::default() };
    let entries = trust_entries(&grants, &accounts, &decided, window().end_ms);
    let uses = entry_uses(&grants, &usage.assumptions, &entries, &accounts, &Origins::default(), window());
    let of_target = uses.iter().find(|u| u.role_arn == target.arn).unwrap();
    assert!(of_target.is_chain_from_outside && of_target.is_chain_whole && of_target.chain_depth == 2, "{of_target:?}");
    assert_eq!(of_target.chain.as_deref(), Some(format!("AROASTRANGER > {} > {}", door.arn, target.arn).as_str()));
    let rows = outside_accounts(&entries, &uses, &usage, &accounts);
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.account.as_str(), row.calls, row.class), (OTHER, 3, "unknown-external"));
    assert_eq!([&row.trusted_by, &row.chained, &row.strong], [&[door.arn].into(), &[target.arn.clone()].into(), &[target.arn].into()]);
    assert_eq!(entries[0].owner.as_deref(), Some("shop"));
}
