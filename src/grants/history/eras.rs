//! From the slots of an account to what each user and role held, from one change to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::slots::{GroupsAt, Slots, slots_of};
use super::timeline::{Info, Timeline};
use super::who::{People, small};
use super::{Doc, Era, EraPolicy, History, Limits, TrustEra};
use crate::aws::Arn;
use crate::grants::{Grants, ManagedPolicy, OwnerKind, PolicySource, Principal};

/// All slots, and what they are read with.
pub(super) struct Composer<'a, 'g> {
    pub grants: &'g Grants,
    pub people: &'a People<'g>,
    pub slots: Vec<Slots>,
    /// Documents of managed policies that changed, by ARN in small letters.
    pub policies: BTreeMap<String, Timeline<Doc>>,
    from_ms: i64,
    exported: BTreeMap<String, &'g ManagedPolicy>,
    documents: BTreeMap<String, Doc>,
}

/// What a principal held at one moment.
#[derive(Default)]
struct Moment {
    identity: Vec<EraPolicy>,
    boundary: Option<Doc>,
    gaps: Vec<String>,
    is_open: bool,
    is_blank: bool,
}

impl Moment {
    fn open(&mut self, what: String) {
        self.gaps.push(format!("{what}: the log does not tell what held then"));
        self.is_open = true;
    }
}

/// Builds every era.
pub(super) fn compose(grants: &Grants, people: &People<'_>, limits: Limits) -> History {
    let mut history = History::default();
    let (exported_ms, known_from_ms) = (limits.exported_ms, limits.known_from_ms.unwrap_or(i64::MIN));
    let from_ms = limits.wanted_from_ms.unwrap_or(i64::MIN);
    let is_quiet = people.all.iter().all(|e| !e.is_touched && e.doubtful_ms.is_none() && e.unknown_before_ms.is_none());
    if is_quiet && people.policies.is_empty() && people.policies_unknown_before.is_empty() {
        return history;
    }
    let exported: BTreeMap<String, &ManagedPolicy> = grants.policies.values().map(|p| (small(&p.arn), p)).collect();
    let documents: BTreeMap<String, Doc> =
        exported.iter().filter_map(|(arn, p)| Some((arn.clone(), Arc::new(p.document.as_ref().ok()?.without_secrets())))).collect();
    let policies = people
        .policies
        .iter()
        .map(|(arn, steps)| {
            let is_whole = Arn::parse(arn).and_then(|a| grants.accounts.get(a.account)).is_some_and(|a| a.complete);
            let now = match (exported.get(arn), documents.get(arn)) {
                (Some(_), document) => Info::Present(document.cloned()),
                (None, _) if is_whole => Info::Absent,
                (None, _) => Info::Any,
            };
            (arn.clone(), Timeline::new(steps, &now, exported_ms, known_from_ms))
        })
        .collect();
    let groups_at: GroupsAt<'_> = (people.all.iter().enumerate())
        .filter_map(|(at, e)| e.exported.filter(|p| p.kind == OwnerKind::Group).map(|p| ((p.account.as_str(), p.name.as_str()), at)))
        .collect();
    let slots = people.all.iter().map(|e| slots_of(e, people, grants, &groups_at, exported_ms, known_from_ms)).collect();
    let composer = Composer { grants, people, slots, policies, from_ms, exported, documents };
    for (at, entity) in people.all.iter().enumerate() {
        let Some(principal) = entity.exported else { continue };
        if principal.kind != OwnerKind::Group {
            let eras = composer.eras(at, principal);
            if eras.len() > 1 || eras.iter().any(|e| e.is_open) {
                history.eras.insert(principal.arn.clone(), eras);
            }
        }
        if principal.kind == OwnerKind::Role {
            let trusts = composer.trusts(at);
            let is_lost = matches!(principal.trust, Some(Ok(_))) && trusts.iter().any(|t| t.document.is_none());
            if trusts.len() > 1 || is_lost {
                history.trusts.insert(principal.arn.clone(), trusts);
            }
        }
        composer.stale_hints(at, principal, &mut history.stale_hints);
    }
    for (arn, line) in &composer.policies {
        if line.stale_from_ms.is_some() {
            history.stale_hints.push(format!("{}: its document in the export is not the one that the log set last", composer.spelled(arn, None)));
        }
    }
    super::since::fill(&composer, &mut history.since);
    history
}

/// The spans between cuts, from a moment on.
fn spans(cuts: &BTreeSet<i64>, from_ms: i64) -> Vec<(i64, i64)> {
    let starts = [from_ms].into_iter().chain(cuts.iter().copied().filter(|c| *c > from_ms));
    let ends = cuts.iter().copied().filter(|c| *c > from_ms).chain([i64::MAX]);
    starts.zip(ends).collect()
}

impl Composer<'_, '_> {
    /// An ARN as it is written.
    pub fn spelled(&self, arn: &str, holder: Option<&Principal>) -> String {
        let of_holder = holder.and_then(|p| p.attached.iter().find(|a| small(a) == arn));
        let of_export = || self.exported.get(arn).map(|p| &p.arn);
        of_holder.or_else(of_export).or_else(|| self.people.spelling.get(arn)).cloned().unwrap_or_else(|| arn.to_owned())
    }

    /// The document of a managed policy at a moment; why not, where it is not known.
    pub fn document(&self, arn: &str, ms: i64) -> Result<Doc, bool> {
        let account = Arn::parse(arn).map(|a| a.account.to_owned()).unwrap_or_default();
        if self.people.policies_unknown_before.get(&account).is_some_and(|until| ms < *until) {
            return Err(true);
        }
        match self.policies.get(arn) {
            Some(line) => match line.at(ms) {
                Info::Present(Some(document)) => Ok(document),
                _ => Err(true),
            },
            None => self.documents.get(arn).cloned().ok_or(false),
        }
    }

    /// The moments at which what an entity holds may change.
    fn cuts(&self, at: usize, cuts: &mut BTreeSet<i64>) {
        let (Some(slots), Some(entity)) = (self.slots.get(at), self.people.all.get(at)) else { return };
        cuts.extend(slots.life.cuts());
        cuts.extend(slots.inline.values().flat_map(Timeline::cuts));
        cuts.extend(slots.attached.values().flat_map(Timeline::cuts));
        cuts.extend(slots.boundary.cuts());
        cuts.extend(slots.groups.values().flat_map(Timeline::cuts));
        cuts.extend(entity.unknown_before_ms);
        let bounds = slots.boundary.contents().filter_map(|b| if let Info::Present(Some(arn)) = b { Some(small(arn)) } else { None });
        for arn in slots.attached.keys().cloned().chain(bounds) {
            cuts.extend(self.policies.get(&arn).into_iter().flat_map(Timeline::cuts));
            cuts.extend(Arn::parse(&arn).and_then(|a| self.people.policies_unknown_before.get(a.account)));
        }
        for group in slots.groups.keys() {
            self.cuts(*group, cuts);
        }
    }

    fn is_doubtful(&self, at: usize, ms: i64) -> bool {
        self.people.all.get(at).is_some_and(|e| e.doubtful_ms.is_some() || e.unknown_before_ms.is_some_and(|until| ms < until))
    }

    /// A user's or role's eras, in order.
    fn eras(&self, at: usize, principal: &Principal) -> Vec<Era> {
        let mut cuts = BTreeSet::new();
        self.cuts(at, &mut cuts);
        let mut eras: Vec<Era> = Vec::new();
        for (start_ms, end_ms) in spans(&cuts, self.from_ms) {
            let moment = self.moment(at, principal, start_ms);
            match eras.last_mut() {
                Some(last) if last.identity == moment.identity && last.boundary == moment.boundary && last.gaps == moment.gaps => last.end_ms = end_ms,
                _ => eras.push(Era {
                    start_ms,
                    end_ms,
                    identity: moment.identity,
                    boundary: moment.boundary,
                    gaps: moment.gaps,
                    is_open: moment.is_open,
                    is_blank: moment.is_blank,
                }),
            }
        }
        eras
    }

    fn moment(&self, at: usize, principal: &Principal, ms: i64) -> Moment {
        let mut out = Moment::default();
        let Some(slots) = self.slots.get(at) else { return out };
        if self.is_doubtful(at, ms) || slots.life.at(ms) == Info::Absent || (!slots.life.is_constant() && !slots.life.at(ms).is_known()) {
            out.open(principal.arn.clone());
            out.is_blank = true;
            return out;
        }
        self.add_own(at, &principal.arn, Some(principal), ms, &mut out);
        for (at, membership) in &slots.groups {
            let Some(group) = self.people.all.get(*at) else { continue };
            let name = group.exported.map_or(group.label.as_str(), |g| g.arn.as_str());
            match membership.at(ms) {
                Info::Absent => {}
                Info::Present(Some(())) if !self.is_doubtful(*at, ms) && (group.exported.is_some() || group.is_ended()) => {
                    self.add_own(*at, name, group.exported, ms, &mut out);
                }
                Info::Present(Some(())) => out.open(name.to_owned()),
                _ => out.open(format!("membership of {} in {name}", principal.arn)),
            }
        }
        if principal.untold.contains(&"groups") {
            out.gaps.push(format!("groups of {}: not exported", principal.arn));
        }
        let groups = self.grants.accounts.get(&principal.account).map_or(&[][..], |a| a.principals.as_slice());
        for name in principal.groups.iter().filter(|name| !groups.iter().any(|g| g.kind == OwnerKind::Group && g.name == **name)) {
            out.gaps.push(format!("group `{name}` is not in the export"));
        }
        match slots.boundary.at(ms) {
            Info::Absent => {}
            Info::Present(Some(arn)) => match self.document(&small(&arn), ms) {
                Ok(document) => out.boundary = Some(document),
                Err(true) => out.open(format!("permissions boundary `{arn}`")),
                Err(false) => out.gaps.push(format!("permissions boundary `{arn}` is not in the export")),
            },
            _ if slots.boundary.is_constant() => out.gaps.push(format!("permissions boundary of {}: not exported", principal.arn)),
            _ => out.open(format!("permissions boundary of {}", principal.arn)),
        }
        out
    }

    fn add_own(&self, at: usize, owner_arn: &str, owner: Option<&Principal>, ms: i64, out: &mut Moment) {
        let Some(slots) = self.slots.get(at) else { return };
        let untold = owner.map_or(&[][..], |p| p.untold.as_slice());
        out.gaps.extend(untold.iter().filter(|w| w.ends_with("policies")).map(|what| format!("{what} of {owner_arn}: not exported")));
        for (name, line) in &slots.inline {
            match line.at(ms) {
                Info::Absent => {}
                Info::Present(Some(document)) => out.identity.push(EraPolicy {
                    source: PolicySource::Inline { owner_arn: owner_arn.to_owned(), name: name.clone() },
                    name: name.clone(),
                    document,
                }),
                _ if line.is_constant() => out.gaps.push(format!("inline policy `{name}` of {owner_arn} cannot be read")),
                _ => out.open(format!("inline policy `{name}` of {owner_arn}")),
            }
        }
        for (arn, line) in &slots.attached {
            let spelled = self.spelled(arn, owner);
            match (line.at(ms), self.document(arn, ms)) {
                (Info::Absent, _) => {}
                (Info::Present(Some(())), Ok(document)) => out.identity.push(EraPolicy {
                    name: self.exported.get(arn).map_or_else(|| spelled.rsplit('/').next().unwrap_or_default().to_owned(), |p| p.name.clone()),
                    source: PolicySource::Managed { arn: spelled, holder_arn: owner_arn.to_owned() },
                    document,
                }),
                (Info::Present(Some(())), Err(true)) => out.open(format!("policy `{spelled}`")),
                (Info::Present(Some(())), Err(false)) => out.gaps.push(format!("policy `{spelled}` is attached to {owner_arn} but not in the export")),
                _ => out.open(format!("policy `{spelled}` on {owner_arn}")),
            }
        }
    }

    /// A role's trust policies, in order.
    fn trusts(&self, at: usize) -> Vec<TrustEra> {
        let (Some(slots), Some(entity)) = (self.slots.get(at), self.people.all.get(at)) else { return Vec::new() };
        let mut cuts: BTreeSet<i64> = slots.trust.cuts().into_iter().chain(slots.life.cuts()).collect();
        cuts.extend(entity.unknown_before_ms);
        let mut eras: Vec<TrustEra> = Vec::new();
        for (start_ms, end_ms) in spans(&cuts, self.from_ms) {
            let lives = slots.life.is_constant() || slots.life.at(start_ms) == Info::Present(Some(()));
            let document = match slots.trust.at(start_ms) {
                Info::Present(document) if lives && !self.is_doubtful(at, start_ms) => document,
                _ => None,
            };
            match eras.last_mut() {
                Some(last) if last.document == document => last.end_ms = end_ms,
                _ => eras.push(TrustEra { start_ms, end_ms, document }),
            }
        }
        eras
    }

    fn stale_hints(&self, at: usize, principal: &Principal, out: &mut Vec<String>) {
        let Some(slots) = self.slots.get(at) else { return };
        let arn = &principal.arn;
        let mut hint = |is_stale: bool, what: String| {
            if is_stale {
                out.push(format!("{arn}: {what} is not as the log left it"));
            }
        };
        slots.inline.iter().for_each(|(name, line)| hint(line.stale_from_ms.is_some(), format!("inline policy `{name}` in the export")));
        slots.attached.iter().for_each(|(policy, line)| hint(line.stale_from_ms.is_some(), format!("the attachment of `{}` in the export", self.spelled(policy, Some(principal)))));
        slots.groups.values().for_each(|line| hint(line.stale_from_ms.is_some(), "membership in a group in the export".to_owned()));
        hint(slots.boundary.stale_from_ms.is_some(), "the permissions boundary in the export".to_owned());
        hint(slots.trust.stale_from_ms.is_some() && principal.kind == OwnerKind::Role, "the trust policy in the export".to_owned());
    }
}
