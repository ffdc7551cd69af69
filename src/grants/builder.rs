//! Puts together what many exports tell: for each thing the capture that counts, and what the others told differently.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::Failed;
use super::gaad::ALL_LISTS;
use super::gone;
use super::cli::resources::Loose;
use super::iam_collect::Store;
use super::same::Same;
use super::trails::LooseStatus;
use super::{Account, Asked, AttachedDocument, Capture, Conflict, Grants, Known, ManagedPolicy, OwnerKind, Place, Principal, Problem};
use crate::policy::{PolicyDocument, PolicyError};

/// What one capture tells of a user, group or role; `None`: it does not tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrincipalTold {
    /// Kind.
    pub kind: OwnerKind,
    /// Account id.
    pub account: String,
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Path.
    pub path: Option<String>,
    /// Unique id.
    pub unique_id: Option<String>,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
    /// Inline policies.
    pub inline: Option<Vec<AttachedDocument>>,
    /// ARNs of attached managed policies.
    pub attached: Option<Vec<String>>,
    /// Names of the user's groups.
    pub groups: Option<Vec<String>>,
    /// ARN of the permissions boundary, where there is one.
    pub boundary: Option<Option<String>>,
    /// A role's trust policy.
    pub trust: Option<Result<PolicyDocument, PolicyError>>,
    /// Tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// `RoleLastUsed`: when, where it was used in AWS's 400 days.
    pub last_used_ms: Option<Option<i64>>,
    /// Names of instance profiles.
    pub instance_profiles: Option<Vec<String>>,
}

impl PrincipalTold {
    /// Something of which only its kind and names are told.
    #[must_use]
    pub fn named(kind: OwnerKind, account: &str, name: &str, arn: &str) -> PrincipalTold {
        PrincipalTold {
            kind,
            account: account.to_owned(),
            name: name.to_owned(),
            arn: arn.to_owned(),
            path: None,
            unique_id: None,
            created_ms: None,
            inline: None,
            attached: None,
            groups: None,
            boundary: None,
            trust: None,
            tags: None,
            last_used_ms: None,
            instance_profiles: None,
        }
    }
}

/// A line of `errors.jsonl`: a command that gave no output.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Where its output would stand.
    pub place: Place,
    /// What it is about, where the line tells.
    pub resource_arn: Option<String>,
    /// Why there is none; `None`: AWS says that there is no such thing.
    pub why: Option<String>,
    /// The line.
    pub capture: Capture,
}

impl Failure {
    /// What is known of the thing: absent or unknown.
    #[must_use]
    pub fn answer<T>(&self) -> Known<T> {
        self.why.as_ref().map_or(Known::Absent, |why| Known::Unknown(why.clone()))
    }
}

/// Stands for all accounts in [`Builder::breaks_off`].
pub const EVERY_ACCOUNT: &str = "*";

/// The grants while they are put together.
#[derive(Default)]
pub struct Builder {
    /// What is put together.
    pub grants: Grants,
    /// Trail statuses whose trail is not known yet.
    pub statuses: Vec<LooseStatus>,
    /// Parts of iam-collect stores.
    pub store: Store,
    /// Lists of the CLI, and what needs other files to be understood.
    pub cli: super::cli::Parts,
    /// Parts of the resource side that wait for others.
    pub loose: Loose,
    /// Commands that gave no output.
    pub failures: Vec<Failed>,
    /// Outputs that are there, by where they stand.
    pub read: BTreeSet<String>,
    captures: BTreeMap<String, Capture>,
    conflicts: Vec<Conflict>,
    principals: BTreeMap<String, Vec<(Capture, PrincipalTold)>>,
    /// What was told of each policy, and by which captures: every account's export has AWS's own policies once more.
    policies: BTreeMap<String, Vec<(ManagedPolicy, Vec<Capture>)>>,
    whole: BTreeMap<String, Capture>,
    lists: BTreeMap<(String, String), u8>,
    broken: BTreeSet<String>,
    gone: BTreeMap<String, Capture>,
}

impl Builder {
    /// Something in a file that cannot be used.
    pub fn problem(&mut self, file: &str, pointer: &str, reason: impl Into<String>) {
        self.grants.problems.push(Problem { file: file.to_owned(), pointer: pointer.to_owned(), reason: reason.into() });
    }

    /// Two captures of one thing that tell different things of it.
    pub fn differs(&mut self, what: &str, kept: &Capture, dropped: &Capture) {
        self.conflicts.push(conflict(what, kept, dropped));
    }

    /// The account of an id.
    pub fn account(&mut self, id: &str) -> &mut Account {
        let account = self.grants.accounts.entry(id.to_owned()).or_default();
        id.clone_into(&mut account.id);
        account
    }

    /// Puts a value in its place if its capture counts. `what` names the thing in reports and is unique to it.
    pub fn put<T: Same>(&mut self, what: &str, capture: &Capture, slot: impl FnOnce(&mut Grants) -> &mut T, value: T) {
        let slot = slot(&mut self.grants);
        match self.captures.get(what) {
            None => *slot = value,
            Some(old) => {
                let wins = capture > old;
                if !slot.same(&value) {
                    let (kept, dropped) = if wins { (capture, old) } else { (old, capture) };
                    self.conflicts.push(conflict(what, kept, dropped));
                }
                if !wins {
                    return;
                }
                *slot = value;
            }
        }
        self.captures.insert(what.to_owned(), capture.clone());
    }

    /// The same for something that may not be known: an answer that tells nothing never takes the place of one that does.
    pub fn put_known<T: Same>(&mut self, what: &str, capture: &Capture, slot: impl FnOnce(&mut Grants) -> &mut Known<T>, value: Known<T>) {
        let place = slot(&mut self.grants);
        if value.is_unknown() {
            if place.is_unknown() {
                *place = value;
            }
            return;
        }
        match self.captures.get(what) {
            Some(old) if !place.is_unknown() => {
                let wins = capture > old;
                if !place.same(&value) {
                    let (kept, dropped) = if wins { (capture, old) } else { (old, capture) };
                    self.conflicts.push(conflict(what, kept, dropped));
                }
                if !wins {
                    return;
                }
                *place = value;
            }
            _ => *place = value,
        }
        self.captures.insert(what.to_owned(), capture.clone());
    }

    /// What a capture tells of a user, group or role.
    pub fn principal(&mut self, capture: &Capture, mut told: PrincipalTold) {
        for list in [&mut told.attached, &mut told.groups, &mut told.instance_profiles].into_iter().flatten() {
            list.sort();
            list.dedup();
        }
        if let Some(inline) = &mut told.inline {
            inline.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self.principals.entry(told.arn.clone()).or_default().push((capture.clone(), told));
    }

    /// What a capture tells of a managed policy.
    pub fn policy(&mut self, capture: &Capture, policy: ManagedPolicy) {
        let told = self.policies.entry(policy.arn.clone()).or_default();
        match told.iter_mut().find(|(other, _)| *other == policy) {
            Some((_, captures)) => captures.push(capture.clone()),
            None => told.push((policy, vec![capture.clone()])),
        }
    }

    /// Lists of account authorization details that a file has, as a set of bits; once it has all, it names everything.
    pub fn lists(&mut self, account: &str, capture: &Capture, lists: u8) {
        let told = self.lists.entry((account.to_owned(), capture.file.clone())).or_default();
        *told |= lists;
        if *told == ALL_LISTS {
            self.lists_all(account, capture);
        }
    }

    /// A capture that lists every principal and policy of an account.
    pub fn lists_all(&mut self, account: &str, capture: &Capture) {
        let newest = self.whole.entry(account.to_owned()).or_insert_with(|| capture.clone());
        if *capture > *newest {
            *newest = capture.clone();
        }
    }

    /// Something of an account's users, roles and policies could not be read: there may be holders that are not known.
    pub fn breaks_off(&mut self, account: &str) {
        self.broken.insert(account.to_owned());
    }

    fn is_broken(&self, account: &str) -> bool {
        self.broken.contains(account) || self.broken.contains(EVERY_ACCOUNT)
    }

    /// Something that was deleted at the time of a capture: what older captures tell of it does not count.
    pub fn gone(&mut self, arn: &str, capture: &Capture) {
        let newest = self.gone.entry(arn.to_owned()).or_insert_with(|| capture.clone());
        if *capture > *newest {
            *newest = capture.clone();
        }
    }

    /// What the command of a place answered.
    pub fn answered(&mut self, place: &Place, resource_arn: Option<&str>, answer: Known<()>, capture: &Capture) {
        let asked = Asked { answer, at_ms: capture.at_ms, file: capture.file.clone() };
        let question = place.question(resource_arn);
        // A later success stands beside the failure that came before it.
        match self.grants.asked.get(&question) {
            Some(old) if old.answer.present().is_some() && asked.answer.present().is_none() => {}
            _ => {
                self.grants.asked.insert(question, asked);
            }
        }
    }

    /// Everything, put together.
    #[must_use]
    pub fn finish(mut self) -> Grants {
        for (arn, captures) in std::mem::take(&mut self.principals) {
            let mut captures = self.since_the_end(&arn, captures);
            captures.sort_by(|a, b| b.0.cmp(&a.0));
            if captures.is_empty() || self.is_gone(captures.first().map(|(capture, told)| (capture, told.account.as_str())), &arn) {
                continue;
            }
            let principal = self.merged(&arn, captures);
            self.account(&principal.account.clone()).principals.push(principal);
        }
        for (arn, told) in std::mem::take(&mut self.policies) {
            let mut told: Vec<(Capture, (ManagedPolicy, Vec<Capture>))> =
                told.into_iter().filter_map(|(policy, captures)| Some((captures.iter().max()?.clone(), (policy, captures)))).collect();
            told = self.since_the_end(&arn, told);
            told.sort_by(|a, b| b.0.cmp(&a.0));
            let mut told = told.into_iter();
            let Some((kept, (policy, _))) = told.next() else { continue };
            if self.is_gone(policy.account.as_deref().map(|account| (&kept, account)), &arn) {
                continue;
            }
            for (_, (_, captures)) in told.filter(|(_, (other, _))| !other.document.same(&policy.document)) {
                self.conflicts.extend(captures.iter().map(|dropped| conflict(&arn, &kept, dropped)));
            }
            self.grants.policies.insert(arn, policy);
        }
        self.conflicts.extend(gone::forget(&mut self.grants, &self.captures, &self.gone));
        let mut grants = self.grants;
        for (id, account) in &mut grants.accounts {
            let broken = self.broken.contains(id) || self.broken.contains(EVERY_ACCOUNT);
            account.complete = self.whole.contains_key(id) && !broken;
        }
        grants.conflicts = self.conflicts;
        grants.conflicts.sort();
        grants.conflicts.dedup();
        for account in grants.accounts.values_mut() {
            account.principals.sort_by(|a, b| (a.kind, &a.name, &a.arn).cmp(&(b.kind, &b.name, &b.arn)));
        }
        grants.problems.sort();
        grants
    }

    /// The captures of something that are not older than its end.
    fn since_the_end<T>(&mut self, arn: &str, mut captures: Vec<(Capture, T)>) -> Vec<(Capture, T)> {
        if let Some(end) = self.gone.get(arn) {
            for (old, _) in captures.extract_if(.., |(capture, _)| gone::is_over(capture, end)) {
                self.conflicts.push(conflict(arn, end, &old));
            }
        }
        captures
    }

    /// Whether something is older than an export that lists everything of its account and does not have it.
    fn is_gone(&mut self, newest: Option<(&Capture, &str)>, arn: &str) -> bool {
        let Some((capture, account)) = newest else { return false };
        // What an export that is not whole lacks may stand in the part that is missing.
        if self.is_broken(account) {
            return false;
        }
        match self.whole.get(account) {
            Some(whole) if capture.at_ms.is_some() && whole.at_ms > capture.at_ms && whole.file != capture.file => {
                self.conflicts.push(conflict(arn, whole, capture));
                true
            }
            _ => false,
        }
    }

    /// One principal from its captures, the one that counts first.
    fn merged(&mut self, arn: &str, captures: Vec<(Capture, PrincipalTold)>) -> Principal {
        // A name can be used again after a delete: captures of another unique id are about somebody else.
        let unique_id = captures.iter().find_map(|(_, told)| told.unique_id.clone());
        let told: Vec<&(Capture, PrincipalTold)> =
            captures.iter().filter(|(_, t)| t.unique_id.is_none() || t.unique_id == unique_id).collect();
        let first = captures.first().map(|(_, told)| told);
        let kind = first.map_or(OwnerKind::Role, |t| t.kind);
        let mut untold = Vec::new();
        macro_rules! newest {
            ($field:ident, $name:expr) => {{
                let mut tell = told.iter().filter_map(|(capture, t)| t.$field.as_ref().map(|v| (capture, v)));
                let kept = tell.next();
                if let Some((kept_by, kept)) = kept {
                    for (dropped_by, other) in tell {
                        if !other.same(kept) {
                            self.conflicts.push(conflict(&format!("{arn}: {}", $name), kept_by, dropped_by));
                        }
                    }
                }
                kept.map(|(_, value)| value.clone())
            }};
        }
        let inline = newest!(inline, "inline policies");
        let attached = newest!(attached, "attached policies");
        let groups = newest!(groups, "groups");
        let boundary = newest!(boundary, "permissions boundary");
        let trust = newest!(trust, "trust policy");
        for (name, missing) in [
            ("inline policies", inline.is_none()),
            ("attached policies", attached.is_none()),
            ("groups", groups.is_none() && kind == OwnerKind::User),
            ("permissions boundary", boundary.is_none() && kind != OwnerKind::Group),
            ("trust policy", trust.is_none() && kind == OwnerKind::Role),
        ] {
            if missing {
                untold.push(name);
            }
        }
        let last_used = told.iter().filter_map(|(_, t)| t.last_used_ms).max();
        Principal {
            kind,
            account: first.map(|t| t.account.clone()).unwrap_or_default(),
            name: first.map(|t| t.name.clone()).unwrap_or_default(),
            path: told.iter().find_map(|(_, t)| t.path.clone()).unwrap_or_else(|| "/".to_owned()),
            arn: arn.to_owned(),
            unique_id: unique_id.clone().unwrap_or_default(),
            created_ms: told.iter().find_map(|(_, t)| t.created_ms),
            inline: inline.unwrap_or_default(),
            attached: attached.unwrap_or_default(),
            groups: groups.unwrap_or_default(),
            boundary: boundary.flatten(),
            trust,
            tags: told.iter().find_map(|(_, t)| t.tags.clone()).unwrap_or_default(),
            last_used_ms: last_used.flatten(),
            last_used_known: last_used.is_some(),
            instance_profiles: told.iter().find_map(|(_, t)| t.instance_profiles.clone()).unwrap_or_default(),
            untold,
        }
    }
}

pub(super) fn conflict(what: &str, kept: &Capture, dropped: &Capture) -> Conflict {
    Conflict { what: what.to_owned(), kept: kept.file.clone(), dropped: dropped.file.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::Source;

    fn capture(at_ms: Option<i64>, file: &str) -> Capture {
        Capture { at_ms, source: Source::Cli, file: file.to_owned() }
    }

    fn told(unique_id: &str, attached: &[&str]) -> PrincipalTold {
        PrincipalTold {
            unique_id: Some(unique_id.to_owned()),
            attached: Some(attached.iter().map(|a| (*a).to_owned()).collect()),
            ..PrincipalTold::named(OwnerKind::Role, "111122223333", "r", "arn:aws:iam::111122223333:role/r")
        }
    }

    #[test]
    fn the_newest_capture_counts_whatever_the_order() {
        let captures = [
            (capture(Some(5), "b"), told("AROA1", &["new"])),
            (capture(None, "z"), told("AROA1", &["undated"])),
            (capture(Some(3), "a"), PrincipalTold { last_used_ms: Some(Some(1)), ..told("AROA1", &["old"]) }),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let mut builder = Builder::default();
            for at in order {
                let (capture, told) = &captures[at];
                builder.principal(capture, told.clone());
                builder.put_known("key", capture, |g| &mut g.accounts.entry("a".to_owned()).or_default().evidence.summary, Known::Present([("x".to_owned(), capture.at_ms.unwrap_or(0))].into()));
            }
            let grants = builder.finish();
            let role = grants.principals().next().unwrap();
            assert_eq!(role.attached, ["new"]);
            assert_eq!((role.last_used_ms, role.last_used_known), (Some(1), true), "told by the older one only");
            assert_eq!(role.untold, ["inline policies", "permissions boundary", "trust policy"]);
            assert_eq!(grants.accounts["a"].evidence.summary.present().unwrap()["x"], 5);
            assert!(grants.conflicts.iter().any(|c| c.kept == "b" && c.dropped == "z"), "{:?}", grants.conflicts);
        }
    }

    #[test]
    fn a_name_that_was_used_again_is_somebody_else() {
        let mut builder = Builder::default();
        builder.principal(&capture(Some(1), "a"), PrincipalTold { inline: Some(Vec::new()), ..told("AROA1", &["old"]) });
        builder.principal(&capture(Some(2), "b"), told("AROA2", &["new"]));
        let grants = builder.finish();
        let role = grants.principals().next().unwrap();
        assert_eq!((role.unique_id.as_str(), role.attached.as_slice()), ("AROA2", &["new".to_owned()][..]));
        assert!(role.untold.contains(&"inline policies"));
    }

    #[test]
    fn what_a_whole_and_newer_export_lacks_is_gone() {
        let mut builder = Builder::default();
        builder.principal(&capture(Some(1), "old"), told("AROA1", &["p"]));
        builder.lists_all("111122223333", &capture(Some(2), "whole"));
        let grants = builder.finish();
        assert_eq!(grants.principals().count(), 0);
        assert_eq!(grants.conflicts.len(), 1);
    }

    #[test]
    fn the_same_policy_from_many_exports_is_kept_once() {
        let policy = |name: &str, actions: &str| ManagedPolicy {
            versions: Vec::new(),
            arn: "arn:aws:iam::aws:policy/P".to_owned(),
            name: name.to_owned(),
            account: None,
            created_ms: None,
            version_created_ms: None,
            document: crate::policy::parse_text(&format!(r#"{{"Statement": {{"Effect": "Allow", "Action": "{actions}", "Resource": "*"}}}}"#)),
        };
        let told = [(1, "a", "s3:Get*"), (3, "c", "s3:Get*"), (2, "b", "s3:*"), (1, "d", "s3:*")];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let mut builder = Builder::default();
            for at in order {
                let (time, file, actions) = told[at];
                builder.policy(&capture(Some(time), file), policy("P", actions));
            }
            assert_eq!(builder.policies["arn:aws:iam::aws:policy/P"].len(), 2);
            let grants = builder.finish();
            assert_eq!(grants.policies["arn:aws:iam::aws:policy/P"], policy("P", "s3:Get*"), "the newest capture counts");
            let conflicts: Vec<_> = grants.conflicts.iter().map(|c| (c.kept.as_str(), c.dropped.as_str())).collect();
            assert_eq!(conflicts, [("c", "b"), ("c", "d")]);
        }
    }

    #[test]
    fn an_answer_that_tells_nothing_takes_no_place() {
        let mut builder = Builder::default();
        builder.put_known("p", &capture(Some(1), "a"), |g| &mut g.accounts.entry("a".to_owned()).or_default().evidence.block_public_access, Known::Absent);
        builder.put_known("p", &capture(Some(2), "b"), |g| &mut g.accounts.entry("a".to_owned()).or_default().evidence.block_public_access, Known::Unknown("refused".to_owned()));
        assert_eq!(builder.finish().accounts["a"].evidence.block_public_access, Known::Absent);
    }
}
