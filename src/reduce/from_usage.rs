//! A policy from use alone, for people who have logs and no export: the actions each principal was authorised
//! for, on the resources it used them on. Denied calls grant nothing, and neither do calls that failed before
//! authorisation could be told; both are listed.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Arn;
use crate::aws::principal::{PrincipalKind, is_service_linked_role, principal_kind};
use crate::grants::OwnerKind;
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement};
use crate::reference::{ActionId, Reference};
use crate::usage::{Outcome, Usage, UsageRow, by_principal};

use super::fit::{MANAGED_LIMIT, SPLIT_LIMIT, split};
use super::narrow::generalise;
use super::units::{Placement, Skipped, UnitName};
use super::{ActionVerdict, Proposal, ReduceSettings, Status, Verdict};

/// Name of the policy that is proposed.
pub const POLICY_NAME: &str = "from-usage";

/// One proposal for every user and role that the logs show, except those whose policies nobody can write.
#[must_use]
pub fn from_usage(usage: &Usage, reference: &Reference, settings: &ReduceSettings) -> (Vec<Proposal>, Vec<Skipped>) {
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
                    account: rows.first().map(|r| r.account.clone()).unwrap_or_default(),
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
        proposals.push(proposal(arn, kind, &rows, reference, settings));
    }
    (proposals, skipped)
}

fn proposal(arn: &str, kind: OwnerKind, rows: &[&UsageRow], reference: &Reference, settings: &ReduceSettings) -> Proposal {
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
        if allowed.is_empty() {
            verdicts.push(verdict);
            continue;
        }
        let resources = if reference.scopable(id) {
            let mut seen: Vec<String> = allowed.iter().map(|r| asked_on(r, id, reference)).collect();
            seen.sort();
            seen.dedup();
            if seen.iter().any(|r| r == "*") { vec!["*".to_owned()] } else { generalise(&seen, settings) }
        } else {
            vec!["*".to_owned()]
        };
        verdict.resources.clone_from(&resources);
        sets.entry(resources).or_default().insert(id);
        verdicts.push(verdict);
    }
    let statements = sets
        .into_iter()
        .map(|(resources, ids)| Statement {
            sid: None,
            effect: Effect::Allow,
            principal: None,
            action: ActionElement::Action(ids.into_iter().map(|id| reference.name(id).to_owned()).collect()),
            resource: Some(ResourceElement::Resource(resources)),
            conditions: Vec::new(),
        })
        .collect();
    let whole = PolicyDocument::new(statements);
    let (proposed, status) = match split(&whole, MANAGED_LIMIT) {
        _ if whole.statements.is_empty() => (Vec::new(), Status::Withheld("no authorised use: an empty policy".to_owned())),
        Some(parts) if parts.len() <= SPLIT_LIMIT => (parts, Status::Proposed),
        _ => (vec![whole], Status::Withheld(format!("does not fit into {SPLIT_LIMIT} policies of {MANAGED_LIMIT} characters"))),
    };
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
        proposed,
        compressed: None,
        verdicts,
        groups: Vec::new(),
        status,
        limit: MANAGED_LIMIT,
        members: vec![arn.to_owned()],
        detached: Vec::new(),
        replaces: Vec::new(),
    }
}

/// Services that authorise a call that names no resource on the type's pattern (`db:*`), as their denials say.
const ASK_ON_PATTERN: &[&str] = &["rds"];

/// The resource that a policy must name for a use. Where every type of the action is optional and the call named none,
/// services differ: some authorise on the type's pattern, some on `*`; only `*` allows both.
fn asked_on(row: &UsageRow, id: ActionId, reference: &Reference) -> String {
    let has_required = reference.action(id).is_some_and(|a| a.resources.iter().any(|r| r.required));
    let service = row.action.split_once(':').map_or("", |(s, _)| s);
    if row.is_pattern() && !has_required && !ASK_ON_PATTERN.contains(&service) { "*".to_owned() } else { row.resource_arn.clone() }
}

fn verdict_of(action: &str, rows: &[&UsageRow], allowed: &[&UsageRow]) -> ActionVerdict {
    let denied_calls: i64 = rows.iter().filter(|r| r.outcome == Outcome::Denied).map(|r| r.calls).sum();
    let mut samples: Vec<String> = if allowed.is_empty() { rows } else { allowed }.iter().flat_map(|r| r.samples.clone()).collect();
    samples.sort();
    samples.dedup();
    samples.truncate(3);
    let via: std::collections::BTreeSet<String> = allowed.iter().filter_map(|r| r.called_via()).collect();
    let vague = allowed.iter().any(|r| r.is_pattern());
    let (verdict, confidence, reason) = match (allowed.is_empty(), denied_calls) {
        (false, _) if vague => (Verdict::KeepUsed, "medium", "used; the log does not name the resource".to_owned()),
        (false, _) => (Verdict::KeepUsed, "high", "used in the window".to_owned()),
        (true, 0) => (
            Verdict::Drop,
            "low",
            "only calls that failed before authorisation could be told (throttling, validation): not granted".to_owned(),
        ),
        (true, n) => (Verdict::Drop, "high", format!("never authorised: {n} calls, all denied")),
    };
    ActionVerdict {
        statement: 0,
        sid: None,
        action: action.to_owned(),
        subject: None,
        verdict,
        first_seen_ms: allowed.iter().map(|r| r.first_seen_ms).min(),
        last_seen_ms: allowed.iter().map(|r| r.last_seen_ms).max(),
        calls: allowed.iter().map(|r| r.calls).sum(),
        denied_calls,
        resources: Vec::new(),
        patterns: Vec::new(),
        samples,
        via: via.into_iter().collect(),
        confidence,
        reason,
    }
}
