//! Service control policies that the logs suggest: services and regions that nobody in an account, or in any account of an
//! organisational unit, used.
//!
//! Only where the logs could have shown it: the account's days are covered, reads and writes are logged, and the service shows
//! every use as a management event. Services by which an account is administered, paid for and watched are never named; the
//! management account is bounded by no such policy and gets no advice. Source: reference-data.md sections 4 and 5; AWS
//! Organizations User Guide, "SCP evaluation" and "Quotas"; AWS Control Tower, "Region deny control".

use std::collections::{BTreeMap, BTreeSet};

use super::{Advice, AdviceKind, day};
use crate::aws::is_account_id;
use crate::grants::{Grants, Organisation};
use crate::policy::limits::SCP_LIMIT_SUGGESTED;
use crate::policy::{ActionElement, BaseOperator, Condition, ConditionOperator, Effect, PolicyDocument, ResourceElement, SetOperator, Statement, print};
use crate::reduce::covered::{Covered, GLOBAL, GLOBAL_WEST};
use crate::reduce::declared::{Place, Word};
use crate::reference::mapping::prefixes_of;
use crate::reference::{ActionId, Observability, Reference, Service};
use crate::usage::{Outcome, Usage, Window};

/// Services that are never suggested: an account is administered, paid for and watched by them, or they answer in an emergency;
/// and AWS Import/Export, whose calls are not logged.
const ADMINISTRATION: &[&str] = &[
    "access-analyzer", "account", "account-access", "artifact", "auditmanager", "aws-portal", "backup", "bcm-dashboards", "bcm-data-exports",
    "bcm-pricing-calculator", "bcm-recommended-actions", "billing", "billingconductor", "budgets", "ce", "cloudformation", "cloudshell",
    "cloudtrail", "cloudtrail-data", "cloudwatch", "compute-optimizer", "config", "consolidatedbilling", "controltower", "cost-optimization-hub",
    "cur", "detective", "fms", "freetier", "guardduty", "health", "iam", "identitystore", "importexport", "inspector", "inspector-scan",
    "inspector2", "invoicing", "kms", "license-manager", "logs", "macie2", "notifications", "organizations", "payments", "pricing",
    "purchase-orders", "ram", "resource-explorer-2", "securityhub", "securitylake", "servicecatalog", "servicequotas", "shield", "signin", "ssm",
    "sso", "sso-directory", "sts", "support", "supportplans", "tag", "tax", "trustedadvisor",
];

/// What a rule on regions leaves alone besides the global services: what answers from one region, or is asked without one.
const NO_REGION: &[&str] = &[
    "acm:*", "aws-marketplace:*", "aws-portal:*", "billingconductor:*", "chatbot:*", "consolidatedbilling:*", "directconnect:*", "ec2:DescribeRegions",
    "ecr-public:*", "fms:*", "freetier:*", "invoicing:*", "kms:*", "license-manager:*", "notifications:*", "payments:*", "pricing:*", "purchase-orders:*",
    "resource-explorer-2:*", "s3:*MultiRegionAccessPoint*", "s3:GetAccountPublicAccessBlock", "s3:GetBucketLocation", "s3:ListAllMyBuckets",
    "s3:PutAccountPublicAccessBlock", "servicequotas:*", "signin:*", "sso:*", "sts:*", "supportplans:*", "tag:*", "waf-regional:*", "wafv2:*",
    "wellarchitected:*",
];

/// What an account used.
#[derive(Default)]
struct Used<'u> {
    services: BTreeSet<String>,
    regions: BTreeSet<&'u str>,
    calls: i64,
}

fn used_by_account<'u>(usage: &'u Usage) -> BTreeMap<&'u str, Used<'u>> {
    let mut all: BTreeMap<&str, Used<'_>> = BTreeMap::new();
    for row in usage.history.iter().chain(&usage.rows).filter(|r| r.outcome != Outcome::Denied) {
        let used = all.entry(&row.account).or_default();
        if let Some((service, _)) = row.action.split_once(':')
            && !used.services.contains(service)
        {
            used.services.insert(service.to_owned());
        }
        used.regions.extend(row.region.as_deref());
        used.calls += row.calls;
    }
    for call in &usage.unknown_calls {
        if let Some(account) = &call.account {
            all.entry(account).or_default().services.extend(prefixes_of(&call.event_source));
        }
    }
    // Calls that only fail, and calls of strangers and services, speak for a region too.
    for (account, coverage) in &usage.coverage.accounts {
        all.entry(account).or_default().regions.extend(coverage.regions.keys().map(String::as_str));
    }
    all
}

/// Whether every use of a service is a management event.
fn shows_all_use(service: &Service, reference: &Reference) -> bool {
    let ids = (service.first_action..service.first_action.saturating_add(service.action_count)).map(ActionId);
    let classes: Vec<Observability> = ids.filter_map(|id| reference.action(id)).map(|a| a.observability).collect();
    classes.contains(&Observability::Management) && classes.iter().all(|c| matches!(c, Observability::Management | Observability::Derived))
}

/// Dangerous actions first, then large services.
fn weight(service: &Service, reference: &Reference) -> (usize, u32) {
    let ids = (service.first_action..service.first_action.saturating_add(service.action_count)).map(ActionId);
    (ids.filter(|id| !reference.risk(*id).is_empty()).count(), service.action_count)
}

/// `Ok` when the logs would have shown any call of an account.
fn is_covered(covered: &Covered<'_>, account: &str) -> Result<(), String> {
    covered.days(account)?;
    for read_only in [true, false] {
        covered.management(account, "ec2", read_only, Place::Anywhere)?;
    }
    Ok(())
}

fn service_is_covered(covered: &Covered<'_>, account: &str, service: &str) -> bool {
    let place = covered.global_region(account, service).map_or(Place::Anywhere, Place::Global);
    [true, false].iter().all(|read_only| covered.management(account, service, *read_only, place).is_ok())
}

/// Whether a trail is known to log regions without events too.
fn regions_are_covered(covered: &Covered<'_>, account: &str) -> bool {
    // A region that no trail is at home in: only a trail of all regions reaches it.
    [true, false].iter().all(|read| covered.declared.management(account, "ec2", *read, Place::Region("another")) == Word::Covered)
}

/// Accounts that advice is about together.
struct Group<'g> {
    id: &'g str,
    name: &'g str,
    accounts: Vec<&'g str>,
}

/// Every account, organisational unit and root of an organisation, with the accounts that a policy there would bind.
fn groups<'g>(organisation: &'g Organisation, management: &str) -> Vec<Group<'g>> {
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let is_open = |status: Option<&str>| status.is_none_or(|s| s == "ACTIVE");
    for account in organisation.nodes.values().filter(|n| is_account_id(&n.id) && n.id != management && is_open(n.status.as_deref())) {
        let mut at = Some(account.id.as_str());
        // A root, five levels of units and the account.
        for _ in 0..8 {
            let Some(id) = at else { break };
            below.entry(id).or_default().push(&account.id);
            at = organisation.nodes.get(id).and_then(|n| n.parent.present()).map(String::as_str);
        }
    }
    below
        .into_iter()
        .filter_map(|(id, accounts)| {
            let node = organisation.nodes.get(id)?;
            Some(Group { id: &node.id, name: &node.name, accounts })
        })
        .collect()
}

fn deny(sid: &str, action: ActionElement, conditions: Vec<Condition>) -> PolicyDocument {
    PolicyDocument::new(vec![Statement {
        sid: Some(sid.to_owned()),
        effect: Effect::Deny,
        principal: None,
        action,
        resource: Some(ResourceElement::Resource(vec!["*".to_owned()])),
        conditions,
    }])
}

fn whom(group: &Group<'_>) -> String {
    let what = if is_account_id(group.id) { "account" } else { "organisational unit or root" };
    if group.name.is_empty() { format!("{what} {}", group.id) } else { format!("{what} {} ({})", group.id, group.name) }
}

fn seen(group: &Group<'_>, used: &BTreeMap<&str, Used<'_>>, window: Window) -> Vec<String> {
    let mut lines = vec![format!("window {} to {}", day(window.start_ms), day(window.end_ms))];
    lines.extend(group.accounts.iter().map(|a| format!("account {a}: {} calls", used.get(a).map_or(0, |u| u.calls))));
    lines
}

fn services(group: &Group<'_>, used: &BTreeMap<&str, Used<'_>>, covered: &Covered<'_>, reference: &Reference, window: Window) -> Option<Advice> {
    let all_used: BTreeSet<&str> = group.accounts.iter().filter_map(|a| used.get(a)).flat_map(|u| &u.services).map(String::as_str).collect();
    let mut idle: Vec<&Service> = reference
        .services()
        .iter()
        .filter(|s| !all_used.contains(s.prefix.as_str()) && !ADMINISTRATION.contains(&s.prefix.as_str()) && !GLOBAL.contains(&s.prefix.as_str()))
        .filter(|s| shows_all_use(s, reference) && group.accounts.iter().all(|a| service_is_covered(covered, a, &s.prefix)))
        .collect();
    idle.sort_by_key(|s| (std::cmp::Reverse(weight(s, reference)), &s.prefix));
    let document = |list: &[&Service]| {
        let names: BTreeSet<String> = list.iter().map(|s| format!("{}:*", s.prefix)).collect();
        deny("DenyUnusedServices", ActionElement::Action(names.into_iter().collect()), Vec::new())
    };
    // Each name adds itself, `:*`, two quotes and a comma.
    let mut room = SCP_LIMIT_SUGGESTED.saturating_sub(print::size(&document(&[])));
    let fitting: Vec<&Service> = idle
        .iter()
        .copied()
        .take_while(|s| {
            let needs = s.prefix.len() + 5;
            let fits = needs <= room;
            room = room.saturating_sub(needs);
            fits
        })
        .collect();
    let first = fitting.first()?;
    let left = idle.len() - fitting.len();
    let more = if left > 0 { format!(" {left} more services are as idle and do not fit one policy; those with the most dangerous actions come first.") } else { String::new() };
    let mut evidence = seen(group, used, window);
    evidence.push(format!("services in use: {}", all_used.into_iter().collect::<Vec<_>>().join(", ")));
    Some(Advice {
        kind: AdviceKind::ServiceControlServices,
        account: if is_account_id(group.id) { group.id.to_owned() } else { String::new() },
        subject: group.id.to_owned(),
        title: format!("{} services that nobody uses in {}", fitting.len(), whom(group)),
        text: format!(
            "Nobody called these services in the window or before it, as far as the logs go back; the logs would have shown it. The first is {}.{more} Whoever wants one of them later needs the policy changed first.",
            first.prefix
        ),
        evidence,
        document: Some(document(&fitting)),
        confidence: "high",
    })
}

fn regions(group: &Group<'_>, used: &BTreeMap<&str, Used<'_>>, covered: &Covered<'_>, window: Window) -> Option<Advice> {
    if !group.accounts.iter().all(|a| regions_are_covered(covered, a)) {
        return None;
    }
    let mut all: BTreeSet<&str> = group.accounts.iter().filter_map(|a| used.get(a)).flat_map(|u| u.regions.iter().copied()).collect();
    // Global services answer from here; which they are changes.
    all.extend(group.accounts.iter().filter_map(|a| covered.global_region(a, "iam")));
    if all.is_empty() {
        return None;
    }
    let mut out: BTreeSet<String> = GLOBAL.iter().chain(GLOBAL_WEST).map(|s| format!("{s}:*")).collect();
    out.extend(NO_REGION.iter().map(|s| (*s).to_owned()));
    let condition = Condition {
        operator: ConditionOperator { set: SetOperator::Single, base: BaseOperator::StringNotEquals, if_exists: false },
        key: "aws:RequestedRegion".to_owned(),
        values: all.iter().map(|r| (*r).to_owned()).collect(),
    };
    let document = deny("DenyUnusedRegions", ActionElement::NotAction(out.into_iter().collect()), vec![condition]);
    if print::size(&document) > SCP_LIMIT_SUGGESTED {
        return None;
    }
    Some(Advice {
        kind: AdviceKind::ServiceControlRegions,
        account: if is_account_id(group.id) { group.id.to_owned() } else { String::new() },
        subject: group.id.to_owned(),
        title: format!("all regions but {} of {}", all.len(), whom(group)),
        text: format!(
            "No event comes from another region than {}, and a trail of all regions would have shown it. Global services, and calls that go to one region whatever the caller uses, are left out by NotAction: in a Deny that only makes it smaller. Data events are not logged everywhere: data that is only read or written in another region would not have been seen.",
            all.into_iter().collect::<Vec<_>>().join(", ")
        ),
        evidence: seen(group, used, window),
        document: Some(document),
        confidence: "medium",
    })
}

/// Advice for every account and organisational unit whose logs cover the window.
#[must_use]
pub fn advise(grants: &Grants, usage: &Usage, covered: &Covered<'_>, reference: &Reference, window: Window) -> Vec<Advice> {
    let mut out = Vec::new();
    let used = used_by_account(usage);
    let mut is_known: BTreeMap<String, bool> = BTreeMap::new();
    for organisation in grants.organisations.values() {
        // Without knowing the management account, any of them may be it.
        let Some(management) = organisation.management_account.present() else { continue };
        for group in groups(organisation, management) {
            let known = group.accounts.iter().all(|a| *is_known.entry((*a).to_owned()).or_insert_with(|| is_covered(covered, a).is_ok()));
            if known {
                out.extend(services(&group, &used, covered, reference, window));
                out.extend(regions(&group, &used, covered, window));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_with_data_events_may_be_used_unseen() {
        let reference = Reference::bundled().unwrap();
        let shows = |prefix: &str| shows_all_use(reference.service(prefix).unwrap(), reference);
        assert!(!shows("s3") && !shows("dynamodb") && !shows("execute-api"));
        let all = reference.services().iter().filter(|s| shows_all_use(s, reference)).count();
        assert!(all > 100, "{all} services show all use");
    }
}
