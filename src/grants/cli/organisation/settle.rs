//! Puts together what the files of each organisation tell: which organisation each is of, then its policies and whom they
//! are attached to. The tree itself: `tree`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::super::builder::Builder;
use super::super::super::organisation::{Organisation, OrganisationPolicy, OrganisationPolicyKind};
use super::super::super::{Capture, Grants, Known};
use super::super::pages::{Listed, Pages};
use super::{Child, Part, Parts, Root, Summary, Told, tree};
use crate::policy::parse_document;

/// Everything that is told of one organisation.
#[derive(Default)]
pub struct Gathered {
    pub management: Vec<(Capture, String)>,
    pub billing_only: Vec<(Capture, bool)>,
    pub roots: Pages<(), Root>,
    pub units: Pages<String, Child>,
    pub children: Pages<String, Child>,
    pub accounts: Pages<(), Child>,
    pub loose: Vec<(Capture, Child)>,
    pub parents: Vec<(Capture, String, String)>,
    policies: Pages<OrganisationPolicyKind, Summary>,
    documents: Vec<(Capture, Summary, Value)>,
    pub targets: Pages<String, (String, String)>,
    delegated: Pages<(), String>,
    services: Pages<String, String>,
    features: Vec<(Capture, BTreeSet<String>)>,
    resource_policy: Vec<(Capture, Value)>,
    failed: Vec<(Capture, &'static str, String, Known<()>)>,
}

/// The organisation of an id.
pub fn organisation<'g>(grants: &'g mut Grants, id: &str) -> &'g mut Organisation {
    let organisation = grants.organisations.entry(id.to_owned()).or_default();
    id.clone_into(&mut organisation.id);
    organisation
}

/// Puts what was kept in its place.
pub fn settle(parts: Parts, builder: &mut Builder) {
    let mut roots: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for part in &parts.told {
        if let Some((id, _)) = &part.of {
            roots.entry(part.root.clone()).or_default().insert(id.clone());
            ids.insert(id.clone());
        }
    }
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    for part in parts.told {
        if matches!(part.told, Told::OtherPolicy) {
            continue;
        }
        // The organisation of the same bundle, or, for a file that stands alone, the only one there is.
        let of_root = roots.get(&part.root).unwrap_or(&ids);
        let id = match (&part.of, of_root.iter().next()) {
            (Some((id, _)), _) => id.clone(),
            (None, Some(id)) if of_root.len() == 1 => id.clone(),
            (None, _) => {
                if !matches!(part.told, Told::Failed { .. }) {
                    builder.problem(&part.capture.file, "", "of which organisation it tells is not told");
                }
                continue;
            }
        };
        gathered.entry(id).or_default().take(part);
    }
    let mut members = BTreeMap::new();
    for (id, told) in gathered {
        apply(&id, told, &mut members, builder);
    }
    tree::one_organisation_each(&members, builder);
    tree::without_organisation(parts.not_in_use, &members, builder);
}

impl Gathered {
    fn take(&mut self, part: Part) {
        let Part { capture, of, more, told, .. } = part;
        if let Some((_, management)) = of.filter(|(_, m)| !m.is_empty()) {
            self.management.push((capture.clone(), management));
        }
        match told {
            Told::Organization { management, billing_only } => {
                self.management.extend(management.map(|m| (capture.clone(), m)));
                self.billing_only.push((capture, billing_only));
            }
            Told::Roots(roots) => self.roots.add((), &capture, roots, more),
            Told::Units { parent, units } => match parent {
                Some(parent) => self.units.add(parent, &capture, units, more),
                None => self.loose.extend(units.into_iter().map(|u| (capture.clone(), u))),
            },
            Told::Accounts { parent: Some(parent), accounts, .. } => self.children.add(parent, &capture, accounts, more),
            Told::Accounts { all: true, accounts, .. } => self.accounts.add((), &capture, accounts, more),
            Told::Accounts { accounts, .. } => self.loose.extend(accounts.into_iter().map(|a| (capture.clone(), a))),
            Told::Parent { child, parent } => self.parents.push((capture, child, parent)),
            Told::Policies { kind, policies } => self.policies.add(kind, &capture, policies, more),
            Told::Policy { summary, content } => self.documents.push((capture, summary, content)),
            Told::Targets { policy, targets } => self.targets.add(policy, &capture, targets, more),
            Told::Delegated(accounts) => self.delegated.add((), &capture, accounts, more),
            Told::Services { account, services } => self.services.add(account, &capture, services, more),
            Told::Features(features) => self.features.push((capture, features)),
            Told::ResourcePolicy(content) => self.resource_policy.push((capture, content)),
            Told::Failed { export, item, answer } => self.failed.push((capture, export, item, answer)),
            Told::OtherPolicy => {}
        }
    }

    /// Why a command gave no output.
    fn failure(&self, export: &str, item: &str) -> Option<Known<()>> {
        self.failed.iter().find(|(_, e, i, _)| *e == export && i == item).map(|(_, _, _, answer)| answer.clone())
    }
}

fn apply(id: &str, mut told: Gathered, members: &mut tree::Members, builder: &mut Builder) {
    organisation(&mut builder.grants, id);
    for (capture, management) in std::mem::take(&mut told.management) {
        builder.put_known(&format!("management account of {id}"), &capture, |g| &mut organisation(g, id).management_account, Known::Present(management));
    }
    let failed_roots = told.failure("roots", "").and_then(|f| f.why().map(str::to_owned));
    let targets = tree::apply(id, &mut told, failed_roots, members, builder);
    policies(id, &mut told, targets, builder);
    for ((), listed) in std::mem::take(&mut told.delegated).settle(|()| format!("delegated administrators of {id}"), builder) {
        for account in listed.items {
            organisation(&mut builder.grants, id).delegated.entry(account).or_default();
        }
    }
    for (account, listed) in std::mem::take(&mut told.services).settle(|a| format!("services that {a} administers for {id}"), builder) {
        let mut services = listed.items;
        services.sort();
        let known = known(&listed.whole, services);
        let what = format!("services that {account} administers for {id}");
        builder.put_known(&what, &listed.capture, |g| organisation(g, id).delegated.entry(account.clone()).or_default(), known);
    }
    for (capture, features) in told.features {
        builder.put_known(&format!("features of {id}"), &capture, |g| &mut organisation(g, id).features, Known::Present(features));
    }
    for (capture, content) in told.resource_policy {
        let document = parse_document(&content);
        if let Err(e) = &document {
            builder.problem(&capture.file, "/ResourcePolicy/Content", e.to_string());
        }
        builder.put_known(&format!("resource policy of {id}"), &capture, |g| &mut organisation(g, id).resource_policy, Known::Present(document));
    }
    for (capture, export, item, answer) in told.failed {
        match export {
            "organization-features" => {
                builder.put_known(&format!("features of {id}"), &capture, |g| &mut organisation(g, id).features, why(answer));
            }
            "organization-resource-policy" => {
                let answer = why(answer);
                builder.put_known(&format!("resource policy of {id}"), &capture, |g| &mut organisation(g, id).resource_policy, answer);
            }
            "delegated-services" => {
                let answer = why(answer);
                let what = format!("services that {item} administers for {id}");
                builder.put_known(&what, &capture, |g| organisation(g, id).delegated.entry(item.clone()).or_default(), answer);
            }
            "organization-policy" if organisation(&mut builder.grants, id).policies.contains_key(&item) => {
                let answer = match answer {
                    Known::Absent => Known::Unknown("AWS says that there is no such policy".to_owned()),
                    other => why(other),
                };
                if let Some(policy) = organisation(&mut builder.grants, id).policies.get_mut(&item).filter(|p| p.document.is_unknown()) {
                    policy.document = answer;
                }
            }
            _ => {}
        }
    }
    full_access(organisation(&mut builder.grants, id));
}

/// The answer of a command that gave no output, for what it would have told.
fn why<T>(answer: Known<()>) -> Known<T> {
    match answer {
        Known::Absent => Known::Absent,
        Known::Unknown(why) => Known::Unknown(why),
        Known::Present(()) => Known::default(),
    }
}

/// A whole list's items; of a list that breaks off nothing is known.
pub fn known<T>(whole: &Known<()>, items: T) -> Known<T> {
    match whole {
        Known::Unknown(why) => Known::Unknown(why.clone()),
        Known::Present(()) | Known::Absent => Known::Present(items),
    }
}

fn policy<'g>(grants: &'g mut Grants, id: &str, summary: &Summary) -> &'g mut OrganisationPolicy {
    organisation(grants, id).policies.entry(summary.id.clone()).or_insert_with(|| OrganisationPolicy {
        id: summary.id.clone(),
        name: summary.name.clone(),
        kind: summary.kind,
        aws_managed: summary.aws_managed,
        document: Known::default(),
    })
}

type Targets = BTreeMap<String, Listed<(String, String)>>;

/// The policies, and whom each kind is attached to.
fn policies(id: &str, told: &mut Gathered, targets: Targets, builder: &mut Builder) {
    for (capture, summary, content) in std::mem::take(&mut told.documents) {
        let document = parse_document(&content);
        if let Err(e) = &document {
            builder.problem(&capture.file, "/Policy/Content", e.to_string());
        }
        let what = format!("policy {} of {id}", summary.id);
        builder.put_known(&what, &capture, |g| &mut policy(g, id, &summary).document, Known::Present(document));
    }
    let mut lists: BTreeMap<OrganisationPolicyKind, Listed<Summary>> = std::mem::take(&mut told.policies)
        .settle(|kind| format!("{} policies of {id}", kind.as_str()), builder)
        .into_iter()
        .collect();
    for kind in [OrganisationPolicyKind::ServiceControl, OrganisationPolicyKind::ResourceControl] {
        let list = lists.remove(&kind);
        for summary in list.iter().flat_map(|l| &l.items) {
            policy(&mut builder.grants, id, summary);
        }
        let (attached, capture) = attached(kind, list, told, &targets);
        let Some(capture) = capture else { continue };
        let nodes: Vec<String> = organisation(&mut builder.grants, id).nodes.keys().cloned().collect();
        for node in nodes {
            let here = attached.as_ref().map(|a| a.get(&node).cloned().unwrap_or_default());
            let what = format!("{} policies attached to {node} of {id}", kind.as_str());
            builder.put_known(&what, &capture, |g| tree::node(g, id, &node).attached.entry(kind).or_default(), here);
        }
    }
}

/// Policies by the root, unit or account they are attached to.
type Attached = BTreeMap<String, BTreeSet<String>>;

/// The attachments of a kind, known only where the targets of all its policies are; with the newest capture that told any.
fn attached(
    kind: OrganisationPolicyKind,
    list: Option<Listed<Summary>>,
    told: &Gathered,
    targets: &Targets,
) -> (Known<Attached>, Option<Capture>) {
    let row = if kind == OrganisationPolicyKind::ServiceControl { "scps" } else { "rcps" };
    let Some(list) = list else {
        let failed = told.failed.iter().find(|(_, e, ..)| *e == row);
        let why = failed.and_then(|(.., answer)| answer.why()).unwrap_or("not exported");
        let capture = failed.map(|(capture, ..)| capture.clone()).or_else(|| targets.values().map(|t| t.capture.clone()).max());
        return (Known::Unknown(format!("which {} policies there are: {why}", kind.as_str())), capture);
    };
    let mut newest = list.capture.clone();
    if let Known::Unknown(why) = &list.whole {
        return (Known::Unknown(format!("which {} policies there are: {why}", kind.as_str())), Some(newest));
    }
    let mut attached = Attached::new();
    for policy in &list.items {
        match (targets.get(&policy.id), told.failure("organization-targets", &policy.id)) {
            (Some(listed), _) => {
                if let Known::Unknown(why) = &listed.whole {
                    return (Known::Unknown(format!("targets of policy `{}`: {why}", policy.id)), Some(newest));
                }
                newest = newest.max(listed.capture.clone());
                for (target, _) in &listed.items {
                    attached.entry(target.clone()).or_default().insert(policy.id.clone());
                }
            }
            // The policy went away between the list and this call.
            (None, Some(Known::Absent)) => {}
            (None, failed) => {
                let why = failed.as_ref().and_then(Known::why).unwrap_or("not exported");
                return (Known::Unknown(format!("targets of policy `{}`: {why}", policy.id)), Some(newest));
            }
        }
    }
    (Known::Present(attached), Some(newest))
}

/// AWS's own two policies allow everything, exported or not. Source: Organizations User Guide, "SCP evaluation" and "RCP
/// syntax": `FullAWSAccess` and `RCPFullAWSAccess`, `Allow` of `*` on `*`.
fn full_access(organisation: &mut Organisation) {
    let own = [
        ("p-FullAWSAccess", "FullAWSAccess", OrganisationPolicyKind::ServiceControl, r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#),
        ("p-RCPFullAWSAccess", "RCPFullAWSAccess", OrganisationPolicyKind::ResourceControl, r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#),
    ];
    for (id, name, kind, text) in own {
        let is_attached = organisation.nodes.values().any(|n| n.attached.get(&kind).and_then(Known::present).is_some_and(|a| a.contains(id)));
        if !is_attached && !organisation.policies.contains_key(id) {
            continue;
        }
        let policy = organisation.policies.entry(id.to_owned()).or_insert_with(|| OrganisationPolicy {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
            aws_managed: true,
            document: Known::default(),
        });
        if policy.document.is_unknown() {
            policy.document = Known::Present(crate::policy::parse_text(text));
        }
    }
}
