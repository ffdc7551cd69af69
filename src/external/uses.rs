//! Who came in by each entry: the calls of one source put together, and the calls that no entry explains any more.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::accounts::{Accounts, Class};
use super::entries::{TrustEntry, federated_class};
use super::matching::{arn_of, may_have_come_by};
use super::network::{family, grouped, listed, name_pattern, network, some_of};
use super::oidc::{Width, host, platform};
use super::origins::Origins;
use crate::grants::{Grants, OwnerKind};
use crate::policy::{PrincipalElement, Statement};
use crate::reduce::trust::entries::{Entry, Kind, entries};
use crate::usage::{Assumption, Chain, Details, Window};

/// Weeks of the strip.
const WEEKS: i64 = 13;
/// How many subjects a list, and a condition, may have.
const SUBJECTS: usize = 20;

/// One source's use of one role, by one entry or by none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryUse {
    /// The entry; `None`: no entry explains it now.
    pub entry_id: Option<String>,
    /// The role that was taken up.
    pub role_arn: String,
    /// Its account.
    pub role_account: Option<String>,
    /// Whether the exports have the role.
    pub is_role_known: bool,
    /// `role`, `user`, `root`, `service`, `saml`, `oidc`, `account`.
    pub source_kind: &'static str,
    /// Caller ARN, service, provider, or unique id.
    pub source: String,
    /// The caller's account.
    pub source_account: Option<String>,
    /// Where the caller comes from.
    pub source_class: Class,
    /// Whose account that is.
    pub vendor: Option<String>,
    /// Whose records told of it: `caller`, `owner`, `both`.
    pub sides: &'static str,
    /// Calls.
    pub calls: i64,
    /// First call, epoch ms.
    pub first_seen_ms: i64,
    /// Last call, epoch ms.
    pub last_seen_ms: i64,
    /// Days with calls.
    pub active_days: i64,
    /// The middle of the gaps between days with calls.
    pub median_gap_days: Option<i64>,
    /// Calls a week, the newest week last.
    pub weeks: String,
    /// Patterns of names of sessions.
    pub sessions: Option<String>,
    /// How many different names.
    pub distinct_sessions: i64,
    /// Calls with a source identity.
    pub source_identity_calls: i64,
    /// `yes`, `some`, `no`, `not told`, `not applicable`.
    pub mfa: &'static str,
    /// Calls with MFA.
    pub mfa_calls: i64,
    /// Calls that passed a session policy.
    pub session_policy_calls: i64,
    /// Different addresses.
    pub addresses: i64,
    /// Their networks.
    pub networks: Option<String>,
    /// Autonomous systems and countries of the addresses; `None` without a database.
    pub origins: Option<String>,
    /// AWS services in the place of an address.
    pub internal: Option<String>,
    /// Regions.
    pub regions: Option<String>,
    /// VPC endpoints.
    pub endpoints: Option<String>,
    /// Families of user agents.
    pub agents: Option<String>,
    /// Calls with an ExternalId.
    pub external_id_calls: i64,
    /// Different ExternalIds.
    pub distinct_external_ids: i64,
    /// Which ones, as `id-1`, `id-2`: numbers of this run, the same number the same value.
    pub external_ids: Option<String>,
    /// To how many roles the most widely sent of them was sent.
    pub external_id_roles: i64,
    /// Subjects that were seen.
    pub subjects: Option<String>,
    /// How many.
    pub distinct_subjects: i64,
    /// Of a web identity that may be wider than its use: the condition that lists the subjects that were seen.
    pub subject_condition: Option<String>,
    /// Sessions between the beginning and this role, the role's included; the deepest chain.
    pub chain_depth: i64,
    /// Whether every chain is known to its beginning.
    pub is_chain_whole: bool,
    /// The deepest chain in words.
    pub chain: Option<String>,
    /// Where the chain that comes from furthest outside began.
    pub chain_first: Option<String>,
    /// Whether some chain of more than one role began outside.
    pub is_chain_from_outside: bool,
}

/// Facts that all uses share.
struct Ground<'a> {
    accounts: &'a Accounts,
    origins: &'a Origins,
    ids: HashMap<&'a str, &'a str>,
    /// Numbers of ExternalIds, by their hash.
    numbers: BTreeMap<&'a str, usize>,
    /// Roles to which each was sent.
    sent_to: BTreeMap<&'a str, BTreeSet<&'a str>>,
    window: Window,
}

/// Whether a kind of source is no principal of an account.
fn is_federated(kind: &str) -> bool {
    matches!(kind, "saml" | "oidc")
}

/// Where somebody comes from.
#[must_use]
pub fn class_of(accounts: &Accounts, kind: &str, source: &str, account: Option<&str>, role_account: &str) -> Class {
    match kind {
        "service" => Class::AwsService,
        "saml" => Class::FederatedHuman,
        "oidc" => federated_class(platform(source)),
        _ => account.map_or(Class::Unknown, |a| accounts.class(a, role_account)),
    }
}

/// Whether a class is outside of what is ours.
#[must_use]
pub fn is_outside(class: Class) -> bool {
    matches!(class, Class::KnownVendor | Class::UnknownExternal | Class::AwsOwned)
}

fn weeks(details: &Details, window: Window) -> String {
    let mut counts = vec![0_i64; usize::try_from(WEEKS).unwrap_or(13)];
    let last_day = window.end_ms.saturating_sub(1).div_euclid(86_400_000);
    for (day, calls) in &details.days {
        let back = last_day.saturating_sub(*day).div_euclid(7);
        let at = WEEKS - 1 - back;
        if let Some(n) = usize::try_from(at).ok().and_then(|at| counts.get_mut(at)) {
            *n += calls;
        }
    }
    counts.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")
}

fn median_gap(details: &Details) -> Option<i64> {
    let days: Vec<i64> = details.days.keys().copied().collect();
    let mut gaps: Vec<i64> = days.iter().zip(days.iter().skip(1)).map(|(a, b)| b - a).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

fn mfa(kind: &str, calls: i64, with: i64, without: i64) -> &'static str {
    match kind {
        "service" | "saml" | "oidc" => "not applicable",
        _ if with == calls && calls > 0 => "yes",
        _ if with > 0 => "some",
        // A session of a role never says that its own beginning had MFA.
        "role" => "not told",
        _ if without == calls && calls > 0 => "no",
        _ => "not told",
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn in_words(chain: &Chain) -> String {
    let begins_with_role = chain.roles.first().is_some_and(|r| *r == chain.first);
    let mut words: Vec<&str> = if begins_with_role { Vec::new() } else { vec![chain.first.as_str()] };
    words.extend(chain.roles.iter().map(String::as_str));
    let start = if chain.is_whole || !begins_with_role { "" } else { "… > " };
    format!("{start}{}", words.join(" > "))
}

impl Ground<'_> {
    fn chain_class(&self, chain: &Chain, role_account: &str) -> Class {
        class_of(self.accounts, chain.first_kind, &chain.first, chain.first_account.as_deref(), role_account)
    }

    /// Puts calls of one source together. `allowed`: how wide the entry's subjects are.
    fn together(&self, calls: &[&Assumption], entry: Option<&TrustEntry>, roles: &HashSet<&str>) -> Option<EntryUse> {
        let first = calls.first()?;
        let mut details = Details::default();
        for call in calls {
            details.merge(&call.details);
        }
        let sum = |of: fn(&Assumption) -> i64| calls.iter().map(|a| of(a)).sum::<i64>();
        let (all, with_mfa) = (sum(|a| a.calls), sum(|a| a.mfa_calls));
        let arn = arn_of(first, &self.ids);
        let source = arn.unwrap_or(&first.source).to_owned();
        let kind = match (first.source_kind, arn) {
            ("account", Some(a)) if a.contains(":user/") => "user",
            ("account", Some(a)) if a.contains(":role/") => "role",
            (kind, _) => kind,
        };
        let role_account = first.role_account.clone().unwrap_or_default();
        let source_class = class_of(self.accounts, kind, &source, first.source_account.as_deref(), &role_account);
        let known = first.source_account.as_deref().filter(|_| !is_federated(kind)).and_then(|a| self.accounts.known(a));
        let subjects: BTreeSet<String> = calls.iter().filter_map(|a| a.subject.clone()).collect();
        let any_untold = calls.iter().any(|a| a.subject.is_none());
        let is_wide = entry.is_some_and(|e| e.entry_kind == "oidc" && !matches!(e.width, Some(Width::Exact)));
        let can_list = is_wide && !any_untold && !subjects.is_empty() && subjects.len() <= SUBJECTS && !subjects.iter().any(|s| s.contains(['*', '?', '$']));
        let subject_condition = can_list.then(|| {
            let list: Vec<&String> = subjects.iter().collect();
            serde_json::json!({"StringEquals": {format!("{}:sub", host(&first.source)): list}}).to_string()
        });
        let numbers: BTreeSet<String> =
            details.external_ids.values.keys().filter_map(|h| self.numbers.get(h.as_str())).map(|n| format!("id-{n}")).collect();
        let widest = details.external_ids.values.keys().filter_map(|h| self.sent_to.get(h.as_str())).map(BTreeSet::len).max();
        let deepest = details.chains.keys().max_by_key(|c| (c.roles.len(), std::cmp::Reverse(*c)));
        let from_outside = details.chains.keys().find(|c| c.roles.len() > 1 && is_outside(self.chain_class(c, &role_account)));
        // What began in an outside account is whole as far as anybody here can know.
        let is_whole = |c: &Chain| c.is_whole || is_outside(self.chain_class(c, &role_account));
        let (caller, owner) = calls.iter().fold((false, false), |(c, o), a| (c || a.sides != "owner", o || a.sides != "caller"));
        Some(EntryUse {
            entry_id: entry.map(|e| e.entry_id.clone()),
            role_arn: first.role_arn.clone(),
            role_account: first.role_account.clone(),
            is_role_known: roles.contains(first.role_arn.as_str()),
            source_kind: kind,
            source,
            source_account: first.source_account.clone(),
            source_class,
            vendor: known.map(|k| k.name.clone()),
            sides: if caller && owner { "both" } else if owner { "owner" } else { "caller" },
            calls: all,
            first_seen_ms: calls.iter().map(|a| a.first_seen_ms).min()?,
            last_seen_ms: calls.iter().map(|a| a.last_seen_ms).max()?,
            active_days: count(details.days.len()),
            median_gap_days: median_gap(&details),
            weeks: weeks(&details, self.window),
            sessions: listed(&grouped(&details.sessions, name_pattern)),
            distinct_sessions: count(details.sessions.values.len()),
            source_identity_calls: details.source_identity_calls,
            mfa: mfa(kind, all, with_mfa, details.without_mfa_calls),
            mfa_calls: with_mfa,
            session_policy_calls: details.session_policy_calls,
            addresses: count(details.addresses.values.len()),
            networks: listed(&grouped(&details.addresses, |a| network(a).unwrap_or_default())),
            origins: if self.origins.is_empty() { None } else { listed(&grouped(&details.addresses, |a| self.origins.of(a))) },
            internal: listed(&details.internal),
            regions: listed(&details.regions),
            endpoints: listed(&details.endpoints),
            agents: listed(&grouped(&details.agents, |a| family(a).to_owned())),
            external_id_calls: sum(|a| a.external_id_calls),
            distinct_external_ids: count(details.external_ids.values.len()),
            external_ids: some_of(&numbers, SUBJECTS),
            external_id_roles: count(widest.unwrap_or(0)),
            distinct_subjects: count(subjects.len()),
            subjects: some_of(&subjects, SUBJECTS),
            subject_condition,
            chain_depth: count(deepest.map_or(1, |c| c.roles.len())),
            is_chain_whole: details.chains.keys().all(is_whole),
            chain: deepest.filter(|c| c.roles.len() > 1).map(in_words),
            chain_first: from_outside.or(deepest).map(|c| c.first.clone()),
            is_chain_from_outside: from_outside.is_some(),
        })
    }
}

fn statement_entries(statement: &Statement) -> Vec<Entry<'_>> {
    match &statement.principal {
        Some(PrincipalElement::Principal(set)) => entries(set),
        _ => vec![Entry { kind: Kind::Everybody, text: "NotPrincipal" }],
    }
}

type SourceKey<'a> = (&'static str, &'a str, Option<&'a str>);

/// Calls by source, in order.
fn by_source<'a>(calls: &[&'a Assumption], ids: &HashMap<&str, &'a str>) -> Vec<Vec<&'a Assumption>> {
    let mut groups: BTreeMap<SourceKey<'a>, Vec<&'a Assumption>> = BTreeMap::new();
    for call in calls {
        let source = arn_of(call, ids).unwrap_or(&call.source);
        // An ARN names its account; records may leave the account out.
        let key = if source.starts_with("arn:") && !is_federated(call.source_kind) { ("principal", source, None) } else { (call.source_kind, source, call.source_account.as_deref()) };
        groups.entry(key).or_default().push(call);
    }
    groups.into_values().collect()
}

/// Who came in by each entry; and, without an entry, who came in by none that stands now.
#[must_use]
pub fn entry_uses(grants: &Grants, assumptions: &[Assumption], rows: &[TrustEntry], accounts: &Accounts, origins: &Origins, window: Window) -> Vec<EntryUse> {
    let mut sent_to: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for assumption in assumptions {
        for hash in assumption.details.external_ids.values.keys() {
            sent_to.entry(hash).or_default().insert(&assumption.role_arn);
        }
    }
    let ids: HashMap<&str, &str> = grants.principals().map(|p| (p.unique_id.as_str(), p.arn.as_str())).collect();
    let numbers = sent_to.keys().enumerate().map(|(at, hash)| (*hash, at + 1)).collect();
    let ground = Ground { accounts, origins, ids, numbers, sent_to, window };
    let mut by_role: BTreeMap<&str, Vec<&Assumption>> = BTreeMap::new();
    for assumption in assumptions {
        by_role.entry(&assumption.role_arn).or_default().push(assumption);
    }
    let by_id: HashMap<&str, &TrustEntry> = rows.iter().map(|r| (r.entry_id.as_str(), r)).collect();
    let roles: HashSet<&str> = grants.principals().filter(|p| p.kind == OwnerKind::Role).map(|p| p.arn.as_str()).collect();
    let trusts: HashMap<&str, &crate::policy::PolicyDocument> =
        grants.principals().filter_map(|p| Some((p.arn.as_str(), p.trust.as_ref()?.as_ref().ok()?))).collect();
    let mut out = Vec::new();
    for (role, calls) in by_role {
        let mut explained: HashSet<*const Assumption> = HashSet::new();
        for (at, statement) in trusts.get(role).iter().flat_map(|d| d.statements.iter().enumerate()) {
            let mut seen: HashSet<&str> = HashSet::new();
            for entry in statement_entries(statement) {
                // An entry that is written twice lets nobody in twice.
                if !seen.insert(entry.text) {
                    continue;
                }
                let Some(row) = by_id.get(format!("{role}|{at}|{}", entry.text).as_str()) else { continue };
                let came: Vec<&Assumption> = calls.iter().copied().filter(|a| may_have_come_by(&entry, statement, a, &ground.ids)).collect();
                explained.extend(came.iter().map(|a| std::ptr::from_ref(*a)));
                out.extend(by_source(&came, &ground.ids).iter().filter_map(|group| ground.together(group, Some(row), &roles)));
            }
        }
        let rest: Vec<&Assumption> = calls.iter().copied().filter(|a| !explained.contains(&std::ptr::from_ref(*a))).collect();
        out.extend(by_source(&rest, &ground.ids).iter().filter_map(|group| ground.together(group, None, &roles)));
    }
    out.sort_by(|a, b| (&a.role_arn, &a.entry_id, &a.source, a.source_kind).cmp(&(&b.role_arn, &b.entry_id, &b.source, b.source_kind)));
    out
}
