//! A policy from use alone, for people who have logs and no export: the actions each principal was authorised
//! for, on the resources it used them on. Denied calls grant nothing, and neither do calls that failed before
//! authorisation could be told; both are listed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Arn, Text};
use crate::aws::principal::{PrincipalKind, is_service_linked_role, principal_kind};
use crate::grants::OwnerKind;
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement};
use crate::reference::{ActionId, Reference};
use crate::usage::{Calls, Outcome, Usage, UsageRow, Window, by_principal};

use super::fit::{Attached, Settle, fit_managed};
use crate::policy::limits::MANAGED_LIMIT;
use super::known::Known;
use super::learned::suggestions;
use super::narrow::{Seen, generalise, without_covered};
use super::units::{Placement, Skipped, UnitName};
use super::write::Ground;
use super::write::merge::{Reach, merge};
use super::write::piece::Piece;
use super::write::sids::{about, make_unique};
use super::{ActionVerdict, Proposal, ReduceSettings, Status, Verdict, used_by};

/// Name of the policy that is proposed.
pub const POLICY_NAME: &str = "from-usage";

/// One proposal for every user and role that the logs show, except those whose policies nobody can write.
#[must_use]
pub fn from_usage(usage: &Usage, reference: &Reference, window: Window, settings: &ReduceSettings, settle: Settle<'_>) -> (Vec<Proposal>, Vec<Skipped>) {
    let ground = Ground::new(reference, Known::of(usage, None), settings);
    let attached = Attached::new(None, settings.attached_quota);
    let calls = Calls::new(&usage.rows);
    let mut proposals = Vec::new();
    let mut skipped = Vec::new();
    // One role may show under several ids (deleted and made again); its policy is one.
    let mut by_arn: BTreeMap<&str, Vec<&UsageRow>> = BTreeMap::new();
    for rows in by_principal(&usage.rows).values() {
        for row in rows {
            if let Some(arn) = &row.principal_arn {
                by_arn.entry(arn).or_default().push(row);
            }
        }
    }
    for (arn, rows) in by_arn {
        let kind = match principal_kind(arn) {
            Some(PrincipalKind::User) => OwnerKind::User,
            Some(PrincipalKind::Role) if !is_service_linked_role(arn) => OwnerKind::Role,
            other => {
                skipped.push(Skipped {
                    account: rows.first().map(|r| r.account.as_str().to_owned()).unwrap_or_default(),
                    owner_arn: arn.to_owned(),
                    policy: POLICY_NAME.to_owned(),
                    reason: match other {
                        Some(PrincipalKind::Role) => "service-linked role: only its service can change it",
                        Some(PrincipalKind::Root) => "the root user has no policies",
                        _ => "neither a user nor a role",
                    }
                    .to_owned(),
                });
                continue;
            }
        };
        let mut made = proposal(arn, kind, &rows, &ground);
        fit_managed(&mut made, &attached, &ground, settle);
        proposals.push(Proposal { suggestions: suggestions(&[(arn, "")], &made.verdicts.to_vec(), &calls, window, reference), ..made });
    }
    for p in proposals.iter_mut().filter(|p| p.status == Status::Proposed) {
        p.generalised = ground.known.measured(&p.proposed, None, &used_by(&[(&p.unit.owner_arn, "")], &calls));
    }
    (proposals, skipped)
}

/// The resources that a policy must name for the uses of one action.
fn resources(id: ActionId, allowed: &[&UsageRow], ground: &Ground<'_>) -> Vec<String> {
    let any = vec!["*".to_owned()];
    if !ground.reference.scopable(id) {
        return any;
    }
    let asked: Vec<String> = allowed.iter().map(|r| asked_on(r, id, ground.reference)).collect();
    if asked.iter().any(|r| r == "*") {
        return any;
    }
    let seen: BTreeSet<(&str, bool)> = asked.iter().zip(allowed).map(|(arn, row)| (arn.as_str(), Seen::of(row).created)).collect();
    let seen: Vec<Seen<'_>> = seen.into_iter().map(|(arn, created)| Seen { arn, created }).collect();
    let mut kept: BTreeSet<String> = generalise(&seen, &ground.known, ground.settings).into_iter().collect();
    let accounts: BTreeSet<&str> = allowed.iter().map(|r| r.account.as_str()).collect();
    let regions: BTreeSet<&str> = allowed.iter().filter_map(|r| r.region.as_deref()).collect();
    for account in accounts {
        kept.extend(ground.types.required_not_seen(id, &seen, account, &regions, ground.reference));
    }
    without_covered(kept)
}

fn document(pieces: &[Piece], reference: &Reference) -> PolicyDocument {
    let mut statements: Vec<Statement> =
        pieces.iter().map(|p| Statement { sid: Some(about(p, reference)), ..p.by_name(reference) }).collect();
    statements.sort_by(|a, b| (&a.sid, &a.resource, &a.action).cmp(&(&b.sid, &b.resource, &b.action)));
    make_unique(&mut statements);
    PolicyDocument::new(statements)
}

fn proposal(arn: &str, kind: OwnerKind, rows: &[&UsageRow], ground: &Ground<'_>) -> Proposal {
    let reference = ground.reference;
    let parsed = Arn::parse(arn);
    let mut by_action: BTreeMap<ActionId, Vec<&UsageRow>> = BTreeMap::new();
    for row in rows {
        if let Some(id) = reference.find(&row.action) {
            by_action.entry(id).or_default().push(row);
        }
    }
    let mut sets: BTreeMap<Vec<String>, BTreeSet<ActionId>> = BTreeMap::new();
    let mut verdicts = Vec::new();
    for (id, rows) in by_action {
        let allowed: Vec<&UsageRow> = rows.iter().copied().filter(|r| r.outcome == Outcome::Allowed).collect();
        let mut verdict = verdict_of(reference.name(id), &rows, &allowed);
        if !allowed.is_empty() {
            let on = resources(id, &allowed, ground);
            verdict.resources = on.iter().map(|r| Text::from(r.as_str())).collect();
            sets.entry(on).or_default().insert(id);
        }
        verdicts.push(verdict);
    }
    let frame = Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: ActionElement::Action(Vec::new()),
        resource: None,
        conditions: Vec::new(),
    };
    let pieces: Vec<Piece> = sets
        .into_iter()
        .map(|(resources, ids)| Piece { frame: frame.clone(), ids, patterns: BTreeSet::new(), resource: Some(ResourceElement::Resource(resources)) })
        .collect();
    let separate = document(&pieces, reference);
    let whole = document(&merge(pieces, Reach::Service, ground, &|_| true), reference);
    let empty = whole.statements.is_empty();
    Proposal {
        unit: UnitName {
            account: parsed.map(|a| a.account.to_owned()).unwrap_or_default(),
            owner_kind: kind,
            owner_name: parsed.map(|a| a.name().to_owned()).unwrap_or_default(),
            owner_arn: arn.to_owned(),
            policy_name: POLICY_NAME.to_owned(),
            policy_arn: None,
            placement: Placement::FromUsage,
        },
        current: None,
        unpacked: (!empty && separate.statements.len() != whole.statements.len()).then_some(separate),
        proposed: if empty { Vec::new() } else { vec![whole] },
        packing: Vec::new(),
        generalised: Vec::new(),
        suggestions: Vec::new(),
        verdicts: verdicts.into(),
        groups: Vec::new(),
        status: if empty { Status::Withheld("no authorised use: an empty policy".to_owned()) } else { Status::Proposed },
        limit: MANAGED_LIMIT,
        members: vec![arn.to_owned()],
        detached: Vec::new(),
        replaces: Vec::new(),
    }
}

/// Services that authorise a call that names no resource on the type's pattern (`db:*`), as their denials say.
const ASK_ON_PATTERN: &[&str] = &["rds", "s3"];

/// The resource that a policy must name for a use. Where every type of the action is optional and the call named none,
/// services differ: some authorise on the type's pattern, some on `*`; only `*` allows both.
fn asked_on(row: &UsageRow, id: ActionId, reference: &Reference) -> String {
    let has_required = reference.action(id).is_some_and(|a| a.resources.iter().any(|r| r.required));
    let service = row.action.split_once(':').map_or("", |(s, _)| s);
    if row.is_pattern() && !has_required && !ASK_ON_PATTERN.contains(&service) { "*".to_owned() } else { row.resource_arn.as_str().to_owned() }
}

fn verdict_of(action: &str, rows: &[&UsageRow], allowed: &[&UsageRow]) -> ActionVerdict {
    let denied_calls: i64 = rows.iter().filter(|r| r.outcome == Outcome::Denied).map(|r| r.calls).sum();
    let mut samples: Vec<Text> = if allowed.is_empty() { rows } else { allowed }.iter().flat_map(|r| r.samples.clone()).collect();
    samples.sort();
    samples.dedup();
    samples.truncate(3);
    samples.shrink_to_fit();
    let via: std::collections::BTreeSet<String> = allowed.iter().filter_map(|r| r.called_via()).collect();
    let vague = allowed.iter().any(|r| r.is_pattern());
    let (verdict, confidence, reason) = match (allowed.is_empty(), denied_calls) {
        (false, _) if vague => (Verdict::KeepUsed, "medium", "used; the log does not name the resource".into()),
        (false, _) => (Verdict::KeepUsed, "high", "used in the window".into()),
        (true, 0) => (
            Verdict::Drop,
            "low",
            "only calls that failed before authorisation could be told (throttling, validation): not granted".into(),
        ),
        (true, n) => (Verdict::Drop, "high", Cow::Owned(format!("never authorised: {n} calls, all denied"))),
    };
    ActionVerdict {
        statement: 0,
        sid: None,
        action: action.into(),
        subject: None,
        verdict,
        first_seen_ms: allowed.iter().map(|r| r.first_seen_ms).min(),
        last_seen_ms: allowed.iter().map(|r| r.last_seen_ms).max(),
        calls: allowed.iter().map(|r| r.calls).sum(),
        denied_calls,
        resources: Vec::new(),
        patterns: Vec::new(),
        samples,
        via: via.into_iter().map(Text::from).collect(),
        confidence,
        reason,
    }
}
