//! An account that changes at random, stepped back from its end: what the history tells of any moment is what held
//! then, or it is open; and where the log began with an empty account nothing is open.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::timeline::SETTLE_MS;
use super::{Change, History, Limits};
use crate::grants::{Account, AttachedDocument, Grants, ManagedPolicy, OwnerKind, PolicyVersion, Principal};
use crate::policy::{PolicyDocument, parse_text};

const ACCOUNT: &str = "111122223333";
const STEP: i64 = 600_000;

/// Documents by number; every third one denies.
fn text(number: u8) -> String {
    let effect = if number.is_multiple_of(3) { "Deny" } else { "Allow" };
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"s3:Get{number}","Resource":"*"}}]}}"#)
}

fn trust(number: u8) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"s{number}.amazonaws.com"}},"Action":"sts:AssumeRole"}}]}}"#)
}

fn parsed(text: &str) -> PolicyDocument {
    parse_text(text).unwrap()
}

#[derive(Clone, Debug, Default)]
struct Person {
    id: String,
    created: i64,
    inline: BTreeMap<String, u8>,
    attached: BTreeSet<String>,
    groups: BTreeSet<String>,
    boundary: Option<String>,
    trust: u8,
}

#[derive(Clone, Debug, Default)]
struct Managed {
    created: i64,
    versions: BTreeMap<u32, u8>,
    default: u32,
    last: u32,
}

/// The account as it is.
#[derive(Clone, Debug, Default)]
struct World {
    people: BTreeMap<(OwnerKind, String), Person>,
    policies: BTreeMap<String, Managed>,
    ids: u32,
}

/// Names and documents.
type Policies = Vec<(String, PolicyDocument)>;

/// What one random number means.
type Dice = (u8, u8, u8, u8, bool);

fn kind(n: u8) -> OwnerKind {
    [OwnerKind::User, OwnerKind::Role, OwnerKind::Group][usize::from(n % 3)]
}

fn title(kind: OwnerKind) -> &'static str {
    match kind {
        OwnerKind::User => "User",
        OwnerKind::Role => "Role",
        _ => "Group",
    }
}

fn policy_arn(n: u8) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/p{}", n % 3)
}

fn change(at: i64, operation: String, kind: OwnerKind, name: &str) -> Change {
    Change {
        at_ms: at,
        account: Some(ACCOUNT.to_owned()),
        operation,
        target_kind: kind.as_str().to_owned(),
        // Names are not told apart by case.
        target_name: Some(if at % 7 == 0 { name.to_uppercase() } else { name.to_owned() }),
        is_told: true,
        ..Change::default()
    }
}

impl World {
    /// Does something and gives the events of it.
    fn act(&mut self, (what, who, which, number, _): Dice, at: i64) -> Vec<Change> {
        let kind = kind(who);
        let name = format!("n{}", who / 3 % 2);
        let key = (kind, name.clone());
        let arn = policy_arn(which);
        let put = |operation: &str| change(at, operation.replace('*', title(kind)), kind, &name);
        let of_policy = |operation: &str| Change { target_name: None, target_arn: Some(arn.clone()), ..change(at, operation.to_owned(), OwnerKind::Policy, "") };
        let inline = format!("i{}", which % 2);
        let number = number % 6;
        let exists = self.people.contains_key(&key);
        match what % 14 {
            0 | 1 if !exists => {
                self.ids += 1;
                let bounded = (kind != OwnerKind::Group && number == 1 && self.policies.contains_key(&arn)).then(|| arn.clone());
                let id = format!("ID{}", self.ids);
                self.people.insert(key, Person { id: id.clone(), created: at, trust: number, boundary: bounded.clone(), ..Person::default() });
                let document = (kind == OwnerKind::Role).then(|| trust(number));
                vec![Change { target_id: Some(id), document, policy_arn: bounded, ..put("Create*") }]
            }
            1 if exists && kind != OwnerKind::Role => {
                let new = format!("n{}", (who / 3 + 1) % 2);
                if self.people.contains_key(&(kind, new.clone())) {
                    return Vec::new();
                }
                if let Some(person) = self.people.remove(&key) {
                    self.people.insert((kind, new.clone()), person);
                }
                if kind == OwnerKind::Group {
                    for member in self.people.values_mut() {
                        if member.groups.remove(&name) {
                            member.groups.insert(new.clone());
                        }
                    }
                }
                vec![Change { new_name: Some(new), ..put("Update*") }]
            }
            2 if exists && number < 3 => {
                // Emptied first, in the same second.
                let person = self.people.remove(&key).unwrap_or_default();
                let mut all: Vec<Change> = person.inline.keys().map(|i| Change { policy_name: Some(i.clone()), ..put("Delete*Policy") }).collect();
                all.extend(person.attached.iter().map(|a| Change { policy_arn: Some(a.clone()), ..put("Detach*Policy") }));
                all.extend(person.groups.iter().map(|g| Change { group_name: Some(g.clone()), ..put("RemoveUserFromGroup") }));
                if kind == OwnerKind::Group {
                    for ((_, member), person) in &mut self.people {
                        if person.groups.remove(&name) {
                            all.push(Change { group_name: Some(name.clone()), ..change(at, "RemoveUserFromGroup".to_owned(), OwnerKind::User, member) });
                        }
                    }
                }
                all.push(put("Delete*"));
                all
            }
            3 | 4 => self.people.get_mut(&key).map_or_else(Vec::new, |person| {
                person.inline.insert(inline.clone(), number);
                vec![Change { policy_name: Some(inline.clone()), document: Some(text(number)), ..put("Put*Policy") }]
            }),
            5 => match self.people.get_mut(&key).and_then(|p| p.inline.remove(&inline)) {
                Some(_) => vec![Change { policy_name: Some(inline), ..put("Delete*Policy") }],
                None => Vec::new(),
            },
            6 | 7 if self.policies.contains_key(&arn) => self.people.get_mut(&key).map_or_else(Vec::new, |person| {
                person.attached.insert(arn.clone());
                vec![Change { policy_arn: Some(arn.clone()), ..put("Attach*Policy") }]
            }),
            8 if self.people.get_mut(&key).is_some_and(|p| p.attached.remove(&arn)) => vec![Change { policy_arn: Some(arn), ..put("Detach*Policy") }],
            9 if kind == OwnerKind::User && exists => {
                let group = format!("n{}", which % 2);
                if !self.people.contains_key(&(OwnerKind::Group, group.clone())) {
                    return Vec::new();
                }
                let Some(person) = self.people.get_mut(&key) else { return Vec::new() };
                let joins = number < 4;
                if joins { person.groups.insert(group.clone()) } else { person.groups.remove(&group) };
                vec![Change { group_name: Some(group), ..put(if joins { "AddUserToGroup" } else { "RemoveUserFromGroup" }) }]
            }
            10 if kind != OwnerKind::Group && (number >= 4 || self.policies.contains_key(&arn)) => self.people.get_mut(&key).map_or_else(Vec::new, |person| {
                person.boundary = (number < 4).then(|| arn.clone());
                let operation = if number < 4 { "Put*PermissionsBoundary" } else { "Delete*PermissionsBoundary" };
                vec![Change { policy_arn: person.boundary.clone(), ..put(operation) }]
            }),
            11 if kind == OwnerKind::Role => self.people.get_mut(&key).map_or_else(Vec::new, |person| {
                person.trust = number;
                vec![Change { document: Some(trust(number)), ..put("UpdateAssumeRolePolicy") }]
            }),
            12 => match self.policies.get_mut(&arn) {
                None => {
                    self.policies.insert(arn.clone(), Managed { created: at, versions: [(1, number)].into(), default: 1, last: 1 });
                    vec![Change { document: Some(text(number)), version_id: Some("v1".to_owned()), ..of_policy("CreatePolicy") }]
                }
                Some(policy) if number < 5 => {
                    policy.last += 1;
                    policy.versions.insert(policy.last, number);
                    let as_default = number != 2;
                    if as_default {
                        policy.default = policy.last;
                    }
                    let version_id = Some(format!("v{}", policy.last));
                    vec![Change { document: Some(text(number)), version_id, set_as_default: Some(as_default), ..of_policy("CreatePolicyVersion") }]
                }
                Some(_) => {
                    let in_use = |p: &Person| p.attached.contains(&arn) || p.boundary.as_ref() == Some(&arn);
                    if self.people.values().any(in_use) {
                        return Vec::new();
                    }
                    self.policies.remove(&arn);
                    vec![of_policy("DeletePolicy")]
                }
            },
            13 => self.policies.get_mut(&arn).map_or_else(Vec::new, |policy| {
                let chosen = policy.versions.keys().copied().nth(usize::from(number) % policy.versions.len()).unwrap_or(1);
                let version_id = Some(format!("v{chosen}"));
                if who < 128 {
                    policy.default = chosen;
                    vec![Change { version_id, ..of_policy("SetDefaultPolicyVersion") }]
                } else if chosen != policy.default {
                    policy.versions.remove(&chosen);
                    vec![Change { version_id, ..of_policy("DeletePolicyVersion") }]
                } else {
                    Vec::new()
                }
            }),
            _ => Vec::new(),
        }
    }

    fn document(&self, arn: &str) -> Option<String> {
        let policy = self.policies.get(arn)?;
        policy.versions.get(&policy.default).map(|n| text(*n))
    }

    /// Names and documents of what somebody holds, and the boundary.
    fn held(&self, id: &str) -> Option<(Policies, Option<PolicyDocument>)> {
        let person = self.people.values().find(|p| p.id == id)?;
        let groups = person.groups.iter().filter_map(|g| self.people.get(&(OwnerKind::Group, g.clone())));
        let mut all = Vec::new();
        for owner in [person].into_iter().chain(groups) {
            all.extend(owner.inline.iter().map(|(name, n)| (name.clone(), parsed(&text(*n)))));
            all.extend(owner.attached.iter().filter_map(|a| Some((a.rsplit('/').next()?.to_owned(), parsed(&self.document(a)?)))));
        }
        all.sort();
        Some((all, person.boundary.as_ref().and_then(|b| self.document(b)).map(|d| parsed(&d))))
    }

    fn export(&self) -> Grants {
        let mut account = Account { id: ACCOUNT.to_owned(), has_authorization_details: true, complete: true, ..Account::default() };
        for ((kind, name), person) in &self.people {
            account.principals.push(Principal {
                kind: *kind,
                account: ACCOUNT.to_owned(),
                name: name.clone(),
                path: "/".to_owned(),
                arn: format!("arn:aws:iam::{ACCOUNT}:{}/{name}", kind.as_str()),
                unique_id: person.id.clone(),
                created_ms: Some(person.created),
                inline: person.inline.iter().map(|(name, n)| AttachedDocument { name: name.clone(), document: parse_text(&text(*n)) }).collect(),
                attached: person.attached.iter().cloned().collect(),
                groups: person.groups.iter().cloned().collect(),
                boundary: person.boundary.clone(),
                trust: (*kind == OwnerKind::Role).then(|| parse_text(&trust(person.trust))),
                tags: BTreeMap::new(),
                last_used_ms: None,
                last_used_known: false,
                instance_profiles: Vec::new(),
                untold: Vec::new(),
            });
        }
        let managed = |(arn, policy): (&String, &Managed)| {
            let version = |(v, n): (&u32, &u8)| PolicyVersion { id: format!("v{v}"), created_ms: None, document: parse_text(&text(*n)).ok() };
            let policy = ManagedPolicy {
                arn: arn.clone(),
                name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
                account: Some(ACCOUNT.to_owned()),
                created_ms: Some(policy.created),
                version_created_ms: None,
                document: parse_text(&self.document(arn).unwrap()),
                versions: policy.versions.iter().map(version).collect(),
            };
            (arn.clone(), policy)
        };
        Grants { accounts: [(ACCOUNT.to_owned(), account)].into(), policies: self.policies.iter().map(managed).collect(), ..Grants::default() }
    }
}

/// Runs an account; the first `silent` acts are before the log. Gives the changes, the times, and the account after each.
fn run(dice: &[Dice], silent: usize) -> (Vec<Change>, Vec<(i64, World)>, i64) {
    let mut world = World::default();
    let mut changes = Vec::new();
    let mut states = Vec::new();
    let (mut at, mut log_start) = (0, i64::MAX);
    for (n, dice) in dice.iter().enumerate() {
        // Some things happen in one second.
        if n <= silent || !dice.4 {
            at += STEP;
        }
        let mut made = world.act(*dice, at);
        if n >= silent {
            log_start = log_start.min(at);
            for change in &mut made {
                change.event_id = format!("{:03}", (changes.len() * 37) % 1000);
                changes.push(change.clone());
            }
        }
        match states.last_mut() {
            Some((time, state)) if *time == at => *state = world.clone(),
            _ => states.push((at, world.clone())),
        }
    }
    // The order of events in a second is not the order of the list.
    changes.sort();
    (changes, states, log_start)
}

/// Compares every moment with the truth; the number of open moments after the first that the log tells of.
fn compare(dice: &[Dice], silent: usize) -> usize {
    let (changes, states, log_start) = run(dice, silent);
    let Some((_, last)) = states.last() else { return 0 };
    let grants = last.export();
    let history = History::rebuild(&grants, changes.clone(), Limits::default());
    let log = format!("{changes:#?}");
    let mut open = 0;
    for (n, (from, state)) in states.iter().enumerate() {
        let end = states.get(n + 1).map_or(from + STEP, |s| s.0);
        for (moment, truths) in [(end - 1, vec![state]), (*from, states.get(n.wrapping_sub(1)).map(|s| &s.1).into_iter().chain([state]).collect::<Vec<_>>())] {
            // A log that begins later tells nothing of earlier times.
            let principals = grants.principals().filter(|p| p.kind != OwnerKind::Group && moment >= log_start - 1);
            for principal in principals {
                let Some((then, bound)) = state.held(&principal.unique_id) else { continue };
                let era = history.eras.get(&principal.arn).map(|eras| eras.iter().find(|e| e.start_ms <= moment && moment < e.end_ms).unwrap());
                let held = era.map_or_else(|| grants.held_by(principal), |e| e.held());
                let mut told: Policies = held.identity.iter().map(|h| (h.name.to_owned(), h.document.clone())).collect();
                told.sort();
                if era.is_some_and(|e| e.is_open) {
                    open += usize::from(moment == end - 1);
                    // What is told is true all the same.
                    let mut rest = then.clone();
                    for policy in &told {
                        let at = rest.iter().position(|p| p == policy);
                        assert!(at.is_some(), "{} at {moment}: {policy:?} was not held\n{log}", principal.arn);
                        rest.remove(at.unwrap());
                    }
                    assert!(held.boundary.is_none() || held.boundary == bound.as_ref(), "{} at {moment}\n{log}", principal.arn);
                } else {
                    for truth in &truths {
                        let Some((then, bound)) = truth.held(&principal.unique_id) else { continue };
                        assert_eq!(told, then, "{} at {moment}\n{log}", principal.arn);
                        assert_eq!(held.boundary, bound.as_ref(), "{} at {moment}\n{log}", principal.arn);
                    }
                }
                if principal.kind == OwnerKind::Role {
                    let truth = state.people.values().find(|p| p.id == principal.unique_id).map(|p| parsed(&trust(p.trust)));
                    let eras = history.trusts.get(&principal.arn);
                    let told = eras.map(|eras| eras.iter().find(|e| e.start_ms <= moment && moment < e.end_ms).unwrap().document.as_deref());
                    match told {
                        None => assert_eq!(principal.trust.as_ref().and_then(|t| t.as_ref().ok()), truth.as_ref(), "{}\n{log}", principal.arn),
                        Some(None) => open += usize::from(moment == end - 1),
                        Some(document) => assert_eq!(document, truth.as_ref(), "{} at {moment}\n{log}", principal.arn),
                    }
                }
            }
        }
    }
    open
}

fn dice() -> impl Strategy<Value = Vec<Dice>> {
    proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), prop::bool::weighted(0.2)), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_of_the_past_is_true(dice in dice(), silent in 0_usize..60) {
        compare(&dice, silent);
    }

    #[test]
    fn a_log_from_the_beginning_tells_everything(dice in dice()) {
        let apart: Vec<Dice> = dice.into_iter().map(|d| (d.0, d.1, d.2, d.3, false)).collect();
        prop_assert_eq!(compare(&apart, 0), 0);
    }
}

#[test]
fn moments_are_long_enough_to_settle() {
    const { assert!(STEP > 2 * SETTLE_MS) };
}
