//! Refused calls by root cause: rows become members (one caller, action, resource), members with one cause become clusters.
//!
//! What makes one cause: the same statement that denies; the same missing grant (layer, action and resource, the resource as a
//! pattern where one caller was refused on many of a kind); or one caller that tries whatever there is.

use std::collections::{BTreeMap, BTreeSet};

use sha2::Digest as _;

use super::cause::Cause;
use super::profile::Profile;
use crate::aws::Arn;
use crate::usage::DeniedCallRow;

/// From how many resources of one kind on a caller's refusals are one missing grant.
const MANY: usize = 3;

/// Refused calls of one caller, action, resource and cause.
#[derive(Debug)]
pub struct Member<'a> {
    /// The first of its rows.
    pub row: &'a DeniedCallRow,
    /// Why.
    pub cause: Cause,
    /// Calls.
    pub calls: i64,
    /// First and last, epoch ms.
    pub seen_ms: (i64, i64),
    /// Days.
    pub days: BTreeSet<&'a str>,
    /// Addresses.
    pub addresses: BTreeSet<&'a str>,
    /// Calls by error code.
    pub codes: BTreeMap<&'a str, i64>,
    /// Event ids.
    pub samples: BTreeSet<&'a str>,
}

/// How many event ids are kept of a member.
const SAMPLES: usize = 3;

impl<'a> Member<'a> {
    fn of(row: &'a DeniedCallRow, cause: Cause) -> Member<'a> {
        let seen_ms = (row.call.first_seen_ms, row.call.last_seen_ms);
        let mut member = Member {
            row,
            cause,
            calls: 0,
            seen_ms,
            days: BTreeSet::new(),
            addresses: BTreeSet::new(),
            codes: BTreeMap::new(),
            samples: BTreeSet::new(),
        };
        member.add(row);
        member
    }

    fn add(&mut self, row: &'a DeniedCallRow) {
        let call = &row.call;
        self.calls += call.calls;
        self.seen_ms = (self.seen_ms.0.min(call.first_seen_ms), self.seen_ms.1.max(call.last_seen_ms));
        self.days.insert(&row.date);
        self.addresses.extend(row.source_ip.as_deref());
        *self.codes.entry(call.error_code.as_deref().unwrap_or("none")).or_default() += call.calls;
        self.samples.extend(call.samples.iter().map(crate::aws::Text::as_str));
        while self.samples.len() > SAMPLES {
            self.samples.pop_last();
        }
    }

    /// The caller as people name it.
    pub fn who(&self) -> &'a str {
        who(self.row)
    }
}

/// The caller of a row as people name it: ARN, else id.
pub fn who(row: &DeniedCallRow) -> &str {
    let call = &row.call;
    match call.principal_arn.as_deref() {
        Some(arn) => arn,
        None if !call.principal_key.is_empty() => &call.principal_key,
        None if call.account == *"ANONYMOUS_PRINCIPAL" => "anonymous",
        None => "not told",
    }
}

/// What makes rows one member.
type Same<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// Puts rows with their causes together by caller, action and resource.
pub fn members<'a>(rows: impl Iterator<Item = (&'a DeniedCallRow, Cause)>) -> Vec<Member<'a>> {
    let mut all: BTreeMap<(Same<'a>, Cause), Member<'a>> = BTreeMap::new();
    for (row, cause) in rows {
        let call = &row.call;
        let same = (call.account.as_str(), call.principal_key.as_str(), call.principal_arn.as_deref().unwrap_or(""), call.action.as_str(), call.resource_arn.as_str());
        match all.get_mut(&(same, cause.clone())) {
            Some(member) => member.add(row),
            None => {
                all.insert((same, cause.clone()), Member::of(row, cause));
            }
        }
    }
    all.into_values().collect()
}

/// What the members of a cluster share.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Key {
    /// A statement denies.
    Statement {
        /// Layer.
        layer: &'static str,
        /// Policy.
        policy: String,
        /// Sid or `#n`; empty where it is not known.
        statement: String,
    },
    /// Some statement denies; which is not known.
    Guard {
        /// Layer; empty where it is not known.
        layer: &'static str,
        /// The caller's account.
        account: String,
        /// Prefix of the actions.
        service: String,
    },
    /// Nothing allows, or it is not known what refuses.
    Missing {
        /// Layer; empty where it is not known.
        layer: &'static str,
        /// Action.
        action: String,
        /// Resource, or a pattern.
        resource: String,
    },
    /// One caller tries whatever there is.
    Probe {
        /// Who.
        principal: String,
    },
}

impl Key {
    /// A stable id.
    pub fn id(&self) -> String {
        let parts: [&str; 4] = match self {
            Key::Statement { layer, policy, statement } => ["statement", layer, policy, statement],
            Key::Guard { layer, account, service } => ["guard", layer, account, service],
            Key::Missing { layer, action, resource } => ["missing", layer, action, resource],
            Key::Probe { principal } => ["probe", principal, "", ""],
        };
        let mut hash = sha2::Sha256::new();
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    /// What a finding on the cluster is about.
    pub fn subject(&self) -> &str {
        match self {
            Key::Statement { policy, .. } => policy,
            Key::Guard { account, .. } => account,
            Key::Missing { resource, .. } => resource,
            Key::Probe { principal } => principal,
        }
    }
}

/// The pattern that takes in the resources of a kind beside this one: the objects of a bucket, the tables of a region.
pub fn kind_pattern(resource: &str) -> String {
    let Some(arn) = Arn::parse(resource) else { return resource.to_owned() };
    let head = format!("arn:{}:{}:{}:{}:", arn.partition, arn.service, arn.region, arn.account);
    // Of objects of a bucket the bucket stays, of `type/name` and `type:name` the type.
    match arn.resource.find(['/', ':']).and_then(|at| arn.resource.get(..=at)) {
        Some(kept) => format!("{head}{kept}*"),
        None => format!("{head}*"),
    }
}

/// Groups members by what they share.
pub fn clusters<'m, 'a>(members: &'m [Member<'a>], profiles: &BTreeMap<&str, Profile>) -> BTreeMap<Key, Vec<&'m Member<'a>>> {
    let mut kinds: BTreeMap<(&str, &str, String), BTreeSet<&str>> = BTreeMap::new();
    for member in members {
        let call = &member.row.call;
        kinds.entry((member.who(), &call.action, kind_pattern(&call.resource_arn))).or_default().insert(&call.resource_arn);
    }
    let mut all: BTreeMap<Key, Vec<&Member<'a>>> = BTreeMap::new();
    for member in members {
        let call = &member.row.call;
        let layer = member.cause.layer.unwrap_or("");
        let key = match (member.cause.effect, &member.cause.policy) {
            (Some("explicit"), Some(policy)) => Key::Statement {
                layer,
                policy: policy.clone(),
                statement: member.cause.statement.as_ref().map_or_else(String::new, |s| s.statement.clone()),
            },
            (Some("explicit"), None) => {
                Key::Guard { layer, account: call.account.to_string(), service: call.action.split(':').next().unwrap_or("").to_owned() }
            }
            _ if profiles.get(member.who()).is_some_and(Profile::tries_everything) => Key::Probe { principal: member.who().to_owned() },
            _ => {
                let kind = kind_pattern(&call.resource_arn);
                let is_many = kinds.get(&(member.who(), call.action.as_str(), kind.clone())).is_some_and(|found| found.len() >= MANY);
                Key::Missing { layer, action: call.action.to_string(), resource: if is_many { kind } else { call.resource_arn.to_string() } }
            }
        };
        all.entry(key).or_default().push(member);
    }
    all
}
