//! The levels over an account: their order, what switches them off, and what makes them unknown.

use std::collections::BTreeSet;

use super::organisation::{Node, Organisation, OrganisationPolicy, OrganisationPolicyKind};
use super::{Grants, Known};
use crate::policy::parse_text;

const SCP: OrganisationPolicyKind = OrganisationPolicyKind::ServiceControl;
const RCP: OrganisationPolicyKind = OrganisationPolicyKind::ResourceControl;
const MEMBER: &str = "111122223333";
const MANAGEMENT: &str = "999988887777";

fn node(id: &str, parent: Known<&str>, attached: &[&str]) -> Node {
    let ids: BTreeSet<String> = attached.iter().map(|a| (*a).to_owned()).collect();
    Node {
        id: id.to_owned(),
        parent: parent.map(str::to_owned),
        attached: [(SCP, Known::Present(ids))].into(),
        ..Node::default()
    }
}

fn policy(id: &str) -> OrganisationPolicy {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    OrganisationPolicy {
        id: id.to_owned(),
        name: id.to_owned(),
        kind: SCP,
        aws_managed: false,
        document: Known::Present(parse_text(text)),
    }
}

/// A root, two units, one account; policies at every level.
fn organisation() -> Organisation {
    let nodes = [
        node("r-1", Known::Absent, &["p-1"]),
        node("ou-1", Known::Present("r-1"), &["p-2", "p-1"]),
        node("ou-2", Known::Present("ou-1"), &[]),
        node(MEMBER, Known::Present("ou-2"), &["p-3"]),
    ];
    Organisation {
        id: "o-1".to_owned(),
        management_account: Known::Present(MANAGEMENT.to_owned()),
        enabled: [(SCP, Known::Present(true)), (RCP, Known::Present(false))].into(),
        nodes: nodes.into_iter().map(|n| (n.id.clone(), n)).collect(),
        policies: ["p-1", "p-2", "p-3"].into_iter().map(|id| (id.to_owned(), policy(id))).collect(),
        ..Organisation::default()
    }
}

fn why(organisation: &Organisation) -> String {
    organisation.levels(MEMBER, SCP).why().unwrap().to_owned()
}

#[test]
fn levels_go_from_the_root_down_to_the_account() {
    let organisation = organisation();
    let levels = organisation.levels(MEMBER, SCP);
    let told: Vec<(&str, Vec<&str>)> =
        levels.present().unwrap().iter().map(|l| (l.id, l.policies.iter().map(|p| p.id.as_str()).collect())).collect();
    // A level without a policy is a level all the same: there nothing is allowed.
    assert_eq!(told, [("r-1", vec!["p-1"]), ("ou-1", vec!["p-1", "p-2"]), ("ou-2", vec![]), (MEMBER, vec!["p-3"])]);
}

#[test]
fn what_does_not_bound_an_account() {
    let mut organisation = organisation();
    assert!(matches!(organisation.levels(MEMBER, RCP), Known::Absent), "the kind is off");
    assert!(matches!(organisation.levels(MANAGEMENT, SCP), Known::Absent), "the management account");
    organisation.management_account = Known::default();
    assert_eq!(why(&organisation), "which account is the management account: not exported");
    organisation.enabled.insert(SCP, Known::Present(false));
    assert!(matches!(organisation.levels(MEMBER, SCP), Known::Absent), "off, whoever manages");
    organisation.enabled.clear();
    assert_eq!(why(&organisation), "whether SERVICE_CONTROL_POLICY is on: not exported");
    organisation.enabled.insert(SCP, Known::Unknown("it is changing: PENDING_ENABLE".to_owned()));
    assert_eq!(why(&organisation), "whether SERVICE_CONTROL_POLICY is on: it is changing: PENDING_ENABLE");
}

#[test]
fn what_is_missing_is_named() {
    let without = |change: fn(&mut Organisation)| {
        let mut organisation = organisation();
        change(&mut organisation);
        why(&organisation)
    };
    assert_eq!(without(|o| _ = o.nodes.remove(MEMBER)), "`111122223333` is not in the organisation's export");
    assert_eq!(without(|o| _ = o.nodes.remove("ou-1")), "`ou-1` is not in the organisation's export");
    assert_eq!(without(|o| o.nodes.get_mut("ou-2").unwrap().parent = Known::default()), "where `ou-2` hangs: not exported");
    assert_eq!(without(|o| o.nodes.get_mut("ou-2").unwrap().attached.clear()), "policies attached to `ou-2`: not exported");
    let unknown = |o: &mut Organisation| _ = o.nodes.get_mut("r-1").unwrap().attached.insert(SCP, Known::Unknown("refused".to_owned()));
    assert_eq!(without(unknown), "policies attached to `r-1`: refused");
    assert_eq!(without(|o| _ = o.policies.remove("p-2")), "policy `p-2` is attached to `ou-1` but not in the export");
    assert_eq!(without(|o| o.policies.get_mut("p-2").unwrap().document = Known::Unknown("refused".to_owned())), "policy `p-2`: refused");
    assert_eq!(without(|o| o.policies.get_mut("p-2").unwrap().document = Known::Present(parse_text("{}"))), "policy `p-2`: cannot be read");
    assert_eq!(without(|o| o.nodes.get_mut("r-1").unwrap().parent = Known::Present("ou-2".to_owned())), "the tree over `111122223333` has no end");
}

#[test]
fn each_account_has_its_organisation() {
    let mut grants = Grants::default();
    assert_eq!(grants.organisation_of(MEMBER).why(), Some("no organisation was exported"));
    grants.organisations.insert("o-1".to_owned(), organisation());
    grants.organisations.insert("o-2".to_owned(), Organisation { id: "o-2".to_owned(), ..Organisation::default() });
    grants.no_organisation.insert("000000000000".to_owned());
    assert_eq!(grants.organisation_of(MEMBER).present().unwrap().id, "o-1");
    assert_eq!(grants.organisation_of(MANAGEMENT).present().unwrap().id, "o-1");
    assert!(matches!(grants.organisation_of("000000000000"), Known::Absent));
    assert!(grants.organisation_of("222222222222").is_unknown());
    let levels = |account: &str| grants.organisation_levels(account, SCP);
    assert_eq!(levels(MEMBER).present().unwrap().len(), 4);
    assert!(matches!(levels(MANAGEMENT), Known::Absent));
    assert!(matches!(levels("000000000000"), Known::Absent), "known to be in no organisation");
    assert!(levels("222222222222").is_unknown());
    grants.organisations.get_mut("o-2").unwrap().nodes.insert(MEMBER.to_owned(), Node::default());
    assert_eq!(grants.organisation_of(MEMBER).why(), Some("both `o-1` and `o-2` name the account `111122223333`"));
}
