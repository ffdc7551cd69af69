//! Proves forks as proposals are proved: the fork lies inside the shared policy, and its holders lose no call of the window. A
//! fork that fails either is not advised.

use std::collections::{BTreeMap, BTreeSet};

use super::holders::{as_held, policies, request_principal};
use crate::evaluate::{Change, Compiler, NamedPolicy};
use crate::grants::{Grants, PolicySource, Principal};
use crate::prove::replay::with_request;
use crate::prove::{Containment, ReplayCounts, contained, judge};
use crate::reduce::advice::Advice;
use crate::reduce::advice::fork::{Fork, members_of};
use crate::usage::{Calls, Outcome, Usage};

/// The forks that are proved, as advice with both proofs in its evidence. A fork without a document is advice alone.
pub fn proved(forks: Vec<Fork>, grants: &Grants, usage: &Usage) -> Vec<Advice> {
    if forks.is_empty() {
        return Vec::new();
    }
    let wanted: BTreeSet<&str> = members_of(&forks);
    let people: BTreeMap<&str, &Principal> = grants.principals().filter(|p| wanted.contains(p.arn.as_str())).map(|p| (p.arn.as_str(), p)).collect();
    let calls = Calls::new(&usage.rows);
    let mut compiler = Compiler::default();
    let mut out = Vec::new();
    for fork in &forks {
        let mut advice = fork.advice.clone();
        let Some(document) = &advice.document else {
            out.push(advice);
            continue;
        };
        let Some(Ok(shared)) = grants.policies.get(&fork.policy_arn).map(|p| &p.document) else { continue };
        if contained(&[document], &[shared]) != Containment::Contained {
            continue;
        }
        let mut counts = ReplayCounts::default();
        for member in fork.members.iter().filter_map(|m| people.get(m.as_str())) {
            let held = grants.held_by(member);
            let is_shared = |source: &PolicySource| matches!(source, PolicySource::Managed { arn, .. } if *arn == fork.policy_arn);
            let after = held.identity.iter().map(|h| NamedPolicy { name: h.name, document: if is_shared(&h.source) { document } else { h.document } }).collect();
            let caller = request_principal(member);
            let old = policies(&mut compiler, as_held(&held), held.boundary);
            let change = Change { identity: policies(&mut compiler, after, held.boundary).identity, resource: None };
            for row in calls.of(&member.unique_id, &member.arn).iter().filter(|r| r.outcome == Outcome::Allowed) {
                counts.count(&with_request(&caller, row, |request| judge(request, &old, &[], &change)), row.calls);
            }
        }
        if counts.newly_denied > 0 {
            continue;
        }
        advice.evidence.push("containment: proved".to_owned());
        advice.evidence.push(format!("replay: {} calls in {} requests, 0 newly denied, {} unknown", counts.calls, counts.requests, counts.unknown));
        out.push(advice);
    }
    out
}
