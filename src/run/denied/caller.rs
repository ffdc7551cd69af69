//! Who made a refused call, with what it held at the time: the same callers as `consistency`, and besides those of whom no
//! policy is at hand, because what bounds them may be.

use std::collections::BTreeMap;

use crate::aws::{is_account_id, partition_of_region};
use crate::evaluate::{CompiledPolicies, Compiler, PolicyType, PreparedRequest, PrincipalType, RequestPrincipal};
use crate::grants::{OwnerKind, Principal};
use crate::prove::replay::context_of;
use crate::run::asked::{Caller, Question, Trusts, ask};
use crate::run::consistency::{Holder, Row};
use crate::run::eras::{blank, holder_at, trusts_at};
use crate::run::history::Past;
use crate::run::layers::Layers;
use crate::run::{sessions, takeovers};
use crate::usage::DeniedCallRow;

/// A caller as it stood at the time of a call.
pub struct Standing<'a> {
    /// The caller with its policies.
    pub holder: Holder<'a>,
    /// The trust policies of that time, where they are not those of the export.
    pub trusts: Option<Trusts<'a>>,
    /// The caller's entry in the export.
    pub principal: Option<&'a Principal>,
    /// Why its policies are not known; empty where they are.
    pub not_known: &'static str,
}

impl Standing<'_> {
    /// Puts a row's call to everything that bears on it, as `asked::ask` does.
    pub fn ask<T>(&self, row: &DeniedCallRow, layers: &Layers<'_>, then: impl FnOnce(&PreparedRequest<'_>, &CompiledPolicies, &[PolicyType]) -> T) -> T {
        let call = &row.call;
        let context = context_of(&call.context_class, call.region.as_deref());
        let question = Question {
            action: &call.action,
            resource: &call.resource_arn,
            is_pattern: call.is_pattern(),
            context: &context,
            first_ms: call.first_seen_ms,
        };
        let caller = Caller { who: &self.holder.caller, policies: &self.holder.policies, unseen: &self.holder.unseen };
        ask(caller, &question, self.trusts.as_ref().unwrap_or(layers.trusts()), layers, then)
    }
}

/// Finds callers.
pub struct Callers<'a, 'g> {
    layers: &'a Layers<'g>,
    past: &'a Past,
    by_key: BTreeMap<&'a str, &'a Principal>,
    by_arn: BTreeMap<&'a str, &'a Principal>,
    compiler: Compiler<'static>,
    held: BTreeMap<(&'a str, i64), Holder<'a>>,
}

fn copy<'a>(holder: &Holder<'a>) -> Holder<'a> {
    Holder { arn: holder.arn, caller: holder.caller.clone(), policies: holder.policies.clone(), unseen: holder.unseen.clone() }
}

/// The kinds of policy of a caller that is not in the export.
const OWN: &[PolicyType] = &[PolicyType::Identity, PolicyType::PermissionsBoundary, PolicyType::Session];

/// A caller that no export tells of: what it holds is not known, where it stands may be.
fn stranger(row: &DeniedCallRow) -> (RequestPrincipal, &'static [PolicyType]) {
    let call = &row.call;
    let arn = || call.principal_arn.as_deref().map(str::to_owned);
    let account = Some(call.account.as_str().to_owned()).filter(|a| is_account_id(a));
    let of = |kind| RequestPrincipal { account: account.clone(), ..RequestPrincipal::of_kind(kind) };
    match call.principal_type.as_deref().unwrap_or("") {
        "IAMUser" => (RequestPrincipal { arn: arn(), ..of(PrincipalType::IAMUser) }, OWN),
        "FederatedUser" => (RequestPrincipal { role_arn: arn(), ..of(PrincipalType::FederatedUser) }, OWN),
        "Root" => (of(PrincipalType::Root), OWN),
        "AWSAccount" if account.is_none() => (of(PrincipalType::Anonymous), &[]),
        _ => (RequestPrincipal { role_arn: arn(), ..of(PrincipalType::AssumedRole) }, OWN),
    }
}

impl<'a, 'g: 'a> Callers<'a, 'g> {
    /// Sorts the export's users and roles.
    pub fn new(layers: &'a Layers<'g>, past: &'a Past) -> Callers<'a, 'g> {
        let all = || layers.grants().principals().filter(|p| p.kind != OwnerKind::Group);
        Callers {
            layers,
            past,
            by_key: all().filter(|p| !p.unique_id.is_empty()).map(|p| (p.unique_id.as_str(), p)).collect(),
            by_arn: all().map(|p| (p.arn.as_str(), p)).collect(),
            compiler: Compiler::default(),
            held: BTreeMap::new(),
        }
    }

    /// The caller's entry in the export: by its id, else by its ARN.
    pub fn principal(&self, row: &DeniedCallRow) -> Option<&'a Principal> {
        let by_arn = || row.call.principal_arn.as_deref().and_then(|arn| self.by_arn.get(arn));
        self.by_key.get(row.call.principal_key.as_str()).or_else(by_arn).copied()
    }

    /// The caller of a row, `None` where nothing of it could be asked: services that call for themselves.
    pub fn of(&mut self, row: &'a DeniedCallRow) -> Option<Standing<'a>> {
        if let Some(principal) = self.principal(row) {
            return Some(self.exported(principal, row));
        }
        let call = &row.call;
        let key = call.principal_key.as_str();
        let plain = |caller, not_known| {
            let policies = CompiledPolicies::default();
            Standing { holder: Holder { arn: key, caller, policies, unseen: Vec::new() }, trusts: None, principal: None, not_known }
        };
        if call.action.starts_with("sts:") && let Some(caller) = takeovers::caller(call.principal_type.as_deref(), key) {
            let mut standing = plain(caller, "");
            standing.trusts = self.trusts_then(row, i64::MIN);
            return Some(standing);
        }
        match call.principal_type.as_deref() {
            Some("AWSService") => None,
            Some("Root") if self.layers.grants().accounts.contains_key(key) => {
                let arn = format!("arn:{}:iam::{key}:root", partition_of_region(call.region.as_deref().unwrap_or_default()));
                let caller = RequestPrincipal { arn: Some(arn), account: Some(key.to_owned()), ..RequestPrincipal::of_kind(PrincipalType::Root) };
                let mut standing = plain(caller, "");
                standing.holder.unseen.push(PolicyType::Session);
                Some(standing)
            }
            _ => {
                let (caller, unknown) = stranger(row);
                let mut standing = plain(caller, "the caller is not in the exports of grants");
                standing.holder.policies = standing.holder.policies.with_unknown(unknown);
                standing.holder.unseen.extend(unknown);
                Some(standing)
            }
        }
    }

    fn exported(&mut self, principal: &'a Principal, row: &'a DeniedCallRow) -> Standing<'a> {
        let grants = self.layers.grants();
        let (first, last) = (row.call.first_seen_ms, row.call.last_seen_ms);
        let start = |ms| self.past.era_at(&principal.arn, ms).map_or(i64::MIN, |e| e.start_ms);
        let resource = row.call.resource_arn.as_str();
        let same_trust = self.past.trust_at(resource, first) == self.past.trust_at(resource, last);
        if start(first) != start(last) || !same_trust {
            let not_known = "the caller's grants, or the role's trust policy, changed while it was refused";
            return Standing { holder: blank(principal), trusts: Some(Trusts::new()), principal: Some(principal), not_known };
        }
        let (past, compiler) = (self.past, &mut self.compiler);
        let held = self.held.entry((principal.arn.as_str(), start(first))).or_insert_with(|| holder_at(past, grants, principal, first, compiler));
        let mut holder = copy(held);
        if row.in_session {
            (holder, _) = sessions::bounded(&holder, &row.call, grants);
        }
        Standing { holder, trusts: self.trusts_then(row, first), principal: Some(principal), not_known: "" }
    }

    /// The trust policies at the time of a call, where the role that it names had another one.
    fn trusts_then(&mut self, row: &'a DeniedCallRow, ms: i64) -> Option<Trusts<'a>> {
        let ms = ms.max(row.call.first_seen_ms);
        let is_past = self.past.has_trusts_of(&row.call.resource_arn);
        is_past.then(|| {
            let one = Row::of_session(&row.call);
            let mut then = Trusts::new();
            for (_, trust) in trusts_at(self.past, ms, std::iter::once(&one), self.layers.trusts(), &mut self.compiler) {
                then.insert(row.call.resource_arn.as_str(), trust);
            }
            then
        })
    }
}
