//! Who holds what and used what of it, for the access review.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::grants::{Grants, OwnerKind, Principal};
use crate::reference::{ActionIds, Reference};

use crate::report::formats::review::ReviewRow;
use crate::report::model::ReportModel;
use crate::usage::{Outcome, Usage};

/// Tags that name an owner, in the order in which they count; the names' case does not.
const OWNER_TAGS: &[&str] = &["owner", "team", "contact"];

/// What some policies grant: their names, actions that the reference knows, and others.
#[derive(Default)]
struct Granted<'a> {
    policies: BTreeSet<&'a str>,
    known: ActionIds,
    others: BTreeSet<crate::aws::Text>,
}

/// Who answers for a user or role, by its tags.
pub(super) fn owner(principal: &Principal) -> Option<&str> {
    let tag = |name: &&str| principal.tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    OWNER_TAGS.iter().find_map(tag)
}

/// What each user and role holds by the policies that were worked out.
fn granted<'a>(model: &'a ReportModel, reference: &Reference) -> BTreeMap<&'a str, Granted<'a>> {
    let mut all: BTreeMap<&str, Granted<'_>> = BTreeMap::new();
    for row in model.proposals.iter().filter(|p| p.placement != "trust" && p.current.is_some()) {
        for member in &row.members {
            let held = all.entry(member).or_default();
            held.policies.insert(&row.policy);
            row.groups.iter().for_each(|g| held.known.add(&g.actions));
            for verdict in row.evidence.iter() {
                match reference.find(&verdict.action) {
                    Some(id) => _ = held.known.insert(id),
                    None => _ = held.others.insert(verdict.action.clone()),
                }
            }
        }
    }
    all
}

/// Adds the rows of the review: every user and role but those that services own.
pub fn add(model: &mut ReportModel, grants: &Grants, usage: &Usage, config: &Config, reference: &Reference) {
    let mut used: BTreeMap<&str, (BTreeSet<&str>, i64)> = BTreeMap::new();
    for row in usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
        let Some(arn) = row.principal_arn.as_deref() else { continue };
        let (actions, last) = used.entry(arn).or_insert((BTreeSet::new(), row.last_seen_ms));
        actions.insert(&row.action);
        *last = row.last_seen_ms.max(*last);
    }
    let granted = granted(model, reference);
    let is_reviewed = |p: &&Principal| matches!(p.kind, OwnerKind::User | OwnerKind::Role) && !p.path.starts_with("/aws-service-role/");
    let mut rows: Vec<ReviewRow> = grants
        .principals()
        .filter(is_reviewed)
        .map(|p| {
            let (held, seen) = (granted.get(p.arn.as_str()), used.get(p.arn.as_str()));
            let is_covered = usage.coverage.is_complete(&p.account, config.min_coverage_permille());
            ReviewRow {
                account: p.account.clone(),
                kind: p.kind.as_str(),
                principal: p.arn.clone(),
                owner: owner(p).unwrap_or_default().to_owned(),
                policies: held.map(|h| h.policies.iter().map(|name| (*name).to_owned()).collect()).unwrap_or_default(),
                granted: held.map(|h| h.known.len() + h.others.len()),
                used: seen.map(|(actions, _)| actions.len()).or(is_covered.then_some(0)),
                last_used_ms: seen.map(|(_, last)| *last).max(p.last_used_ms),
            }
        })
        .collect();
    rows.sort_by(|a, b| (&a.account, a.kind, &a.principal).cmp(&(&b.account, b.kind, &b.principal)));
    model.review = rows;
}
