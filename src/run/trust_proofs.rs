//! The replay of trust policies: everybody who took up a role in the window, and could, still can.
//!
//! Only the role's half of the consent changes, so the caller's half is given: what its own policies say is proved elsewhere.
//! Containment is proved with all other proposals (`proofs`).

use std::collections::{BTreeMap, HashMap};

use super::proofs::Proofs;
use super::takeovers;
use crate::aws::principal::{PrincipalKind, principal_kind};
use crate::evaluate::{Change, CompiledPolicies, Compiler, NamedPolicy, Policies, PreparedRequest, PrincipalType, Request, RequestPrincipal};
use crate::policy::PolicyDocument;
use crate::prove::replay::context_of;
use crate::prove::{Judgement, ReplayCounts, judge};
use crate::reduce::{Placement, Proposal, Status};
use crate::grants::Grants;
use crate::usage::{Outcome, Usage, UsageRow};

/// The caller behind a row. `None`: a user or role of which only the id is known, and no export has it.
fn caller(row: &UsageRow, ids: &HashMap<&str, &str>) -> Option<RequestPrincipal> {
    if let Some(stranger) = takeovers::caller(row.principal_type.as_deref(), &row.principal_key) {
        return Some(stranger);
    }
    let arn = row.principal_arn.as_deref().or_else(|| ids.get(row.principal_key.as_str()).copied())?;
    let (kind, is_role) = match principal_kind(arn)? {
        PrincipalKind::Role => (PrincipalType::AssumedRole, true),
        PrincipalKind::User => (PrincipalType::IAMUser, false),
        PrincipalKind::Root => (PrincipalType::Root, false),
        PrincipalKind::Group | PrincipalKind::Session | PrincipalKind::FederatedUser => return None,
    };
    Some(RequestPrincipal {
        arn: (!is_role).then(|| arn.to_owned()),
        role_arn: is_role.then(|| arn.to_owned()),
        account: Some(row.account.as_str().to_owned()),
        unique_id: Some(row.principal_key.as_str().to_owned()),
        ..RequestPrincipal::of_kind(kind)
    })
}

fn judged(caller: &RequestPrincipal, row: &UsageRow, policies: &CompiledPolicies, change: &Change) -> Judgement {
    let context = context_of(&row.context_class, row.region.as_deref());
    let request = Request {
        principal: caller,
        action: &row.action,
        resource: &row.resource_arn,
        resource_is_pattern: false,
        resource_account: None,
        context: &context,
    };
    judge(&PreparedRequest::new(request), policies, &[], change)
}

/// Replays every proposed trust policy; one that shuts somebody out is a defect and is not written.
pub fn prove(proposals: &mut [Proposal], grants: &Grants, usage: &Usage, proofs: &mut Proofs<'_>) {
    let ids: HashMap<&str, &str> = grants.principals().map(|p| (p.unique_id.as_str(), p.arn.as_str())).collect();
    let mut rows: BTreeMap<&str, Vec<&UsageRow>> = BTreeMap::new();
    for row in usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed && r.action.starts_with("sts:") && !r.is_pattern()) {
        rows.entry(&row.resource_arn).or_default().push(row);
    }
    // A policy that gives the caller its half.
    let everything = PolicyDocument::allowing_everything();
    let mut compiler = Compiler::default();
    for proposal in proposals.iter_mut().filter(|p| p.unit.placement == Placement::Trust && p.status == Status::Proposed) {
        let mut policies = |documents: &[&PolicyDocument]| {
            let resource = documents.iter().map(|document| NamedPolicy { name: "trust policy", document }).collect();
            let identity = vec![NamedPolicy { name: "the caller's own", document: &everything }];
            compiler.policies(&Policies { identity: Some(identity), resource: Some(resource), ..Policies::default() })
        };
        let old = policies(&proposal.current.iter().map(|d| &**d).collect::<Vec<_>>());
        let change = Change { identity: None, resource: policies(&proposal.proposed.iter().collect::<Vec<_>>()).resource };
        let mut counts = ReplayCounts::default();
        let mut lost = None;
        for row in rows.get(proposal.unit.owner_arn.as_str()).into_iter().flatten() {
            let Some(caller) = caller(row, &ids) else {
                counts.requests += 1;
                counts.calls += row.calls;
                counts.unknown += 1;
                continue;
            };
            let judgement = judged(&caller, row, &old, &change);
            counts.count(&judgement, row.calls);
            if judgement == Judgement::NewlyDenied {
                lost.get_or_insert_with(|| row.principal_arn.clone().unwrap_or_else(|| row.principal_key.clone()));
            }
        }
        proofs.trusts.insert(proposal.unit.owner_arn.clone(), counts);
        if let Some(who) = lost {
            proposal.status = Status::Defect(format!("replay: {who} could no longer take up the role"));
        }
    }
}
