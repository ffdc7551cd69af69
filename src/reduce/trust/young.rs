//! Users and roles that are too young to have shown what they take up: a trust that is narrowed to those who were seen must
//! not shut them out (design.md section 6, principle 3).

use std::collections::{BTreeSet, HashMap};

use crate::aws::arn_matches;
use crate::grants::{Grants, Index, OwnerKind, PolicySource, Principal};
use crate::policy::matching::action_pattern_matches;
use crate::policy::{ActionElement, Effect, ResourceElement, Statement};

/// Young principals that may take up roles, by account, with the resources of the statements that let them.
pub struct Young<'g> {
    by_account: HashMap<&'g str, Vec<(&'g Principal, Vec<&'g Statement>)>>,
    arns: BTreeSet<&'g str>,
}

fn may_assume(statement: &Statement) -> bool {
    const ACTIONS: &[&str] = &["sts:AssumeRole"];
    statement.effect == Effect::Allow
        && match &statement.action {
            ActionElement::Action(list) => list.iter().any(|p| ACTIONS.iter().any(|a| action_pattern_matches(p, a))),
            ActionElement::NotAction(list) => !list.iter().any(|p| ACTIONS.iter().all(|a| action_pattern_matches(p, a))),
        }
}

fn may_name(statement: &Statement, role: &str) -> bool {
    match &statement.resource {
        Some(ResourceElement::Resource(list)) => list.iter().any(|p| p.contains("${") || arn_matches(p, role)),
        Some(ResourceElement::NotResource(_)) | None => true,
    }
}

impl<'g> Young<'g> {
    /// Looks for principals that were made, or given something, at or after a moment (epoch ms).
    #[must_use]
    pub fn new(grants: &'g Grants, since_ms: i64) -> Young<'g> {
        let index = Index::new(grants);
        let since = &grants.since;
        let recent = |at: &i64| *at > since_ms;
        let given: BTreeSet<&str> = since
            .by_source
            .iter()
            .filter(|(_, at)| recent(at))
            .map(|(source, _)| match source {
                PolicySource::Inline { owner_arn, .. } => owner_arn.as_str(),
                PolicySource::Managed { holder_arn, .. } => holder_arn.as_str(),
            })
            .chain(since.by_holder.iter().chain(&since.joined).filter(|(_, at)| recent(at)).map(|(arn, _)| arn.as_str()))
            .collect();
        let mut arns: BTreeSet<&str> = BTreeSet::new();
        for principal in grants.principals() {
            if given.contains(principal.arn.as_str()) || principal.created_ms.is_none_or(|at| recent(&at)) {
                match principal.kind {
                    OwnerKind::Group => arns.extend(index.members_of(principal).iter().map(|m| m.arn.as_str())),
                    _ => _ = arns.insert(&principal.arn),
                }
            }
        }
        let mut by_account: HashMap<&str, Vec<(&Principal, Vec<&Statement>)>> = HashMap::new();
        for principal in grants.principals().filter(|p| p.kind != OwnerKind::Group && arns.contains(p.arn.as_str())) {
            let held = grants.held_by(principal);
            let statements: Vec<&Statement> = held.identity.iter().flat_map(|h| &h.document.statements).filter(|s| may_assume(s)).collect();
            if !statements.is_empty() {
                by_account.entry(&principal.account).or_default().push((principal, statements));
            }
        }
        Young { by_account, arns }
    }

    /// Whether a user or role is young.
    #[must_use]
    pub fn has(&self, arn: &str) -> bool {
        self.arns.contains(arn)
    }

    /// The young principals of an account whose policies let them take up a role.
    pub fn takers<'a>(&'a self, account: &str, role: &'a str) -> impl Iterator<Item = &'g Principal> + 'a {
        let all = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
        all.iter().filter(move |(_, statements)| statements.iter().any(|s| may_name(s, role))).map(|(p, _)| *p)
    }
}
