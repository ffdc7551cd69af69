//! The trust policy that remains: entries that go are left out; an account that is narrowed keeps its entry and gets a
//! condition on who of it may come in.
//!
//! The account is not replaced by the names of its roles. In the role's own account a named role needs no permission of its
//! own any more (rule 19 of inputs-and-evaluation.md), so that would widen; AWS refuses a policy that names a role which is not
//! there, and a role that is made again is another principal to it. `aws:PrincipalArn` has none of these faults and lets the
//! same callers in (IAM User Guide, "AWS global condition context keys").

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{BaseOperator, Condition, ConditionOperator, Effect, PolicyDocument, PrincipalElement, PrincipalSet, SetOperator, Statement};
use crate::reduce::write::sids::fresh;

/// The condition key that tells who calls.
pub const PRINCIPAL_ARN: &str = "aws:PrincipalArn";

/// What becomes of the entries of one statement, by their text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Entries that go.
    pub dropped: BTreeSet<String>,
    /// Accounts that stay for some callers only.
    pub narrowed: BTreeMap<String, BTreeSet<String>>,
}

impl Plan {
    /// Whether the statement changes.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.dropped.is_empty() || !self.narrowed.is_empty()
    }
}

/// Whether a statement says already who may call, by their ARN.
#[must_use]
pub fn names_callers(statement: &Statement) -> bool {
    statement.conditions.iter().any(|c| c.key.eq_ignore_ascii_case(PRINCIPAL_ARN))
}

fn set_without(set: &PrincipalSet, out: &dyn Fn(&str) -> bool) -> PrincipalSet {
    let kept = |list: &[String]| list.iter().filter(|t| !out(t)).cloned().collect();
    PrincipalSet { aws: kept(&set.aws), service: kept(&set.service), federated: kept(&set.federated), canonical_user: kept(&set.canonical_user) }
}

fn is_empty(set: &PrincipalSet) -> bool {
    set.aws.is_empty() && set.service.is_empty() && set.federated.is_empty() && set.canonical_user.is_empty()
}

/// The document under the plans, one plan a statement.
#[must_use]
pub fn document(current: &PolicyDocument, plans: &[Plan]) -> PolicyDocument {
    let mut taken: BTreeSet<String> = current.statements.iter().filter_map(|s| s.sid.clone()).collect();
    let mut statements = Vec::new();
    for (statement, plan) in current.statements.iter().zip(plans) {
        let Some(PrincipalElement::Principal(set)) = &statement.principal else {
            statements.push(statement.clone());
            continue;
        };
        if statement.effect == Effect::Deny || !plan.changes() {
            statements.push(statement.clone());
            continue;
        }
        let rest = set_without(set, &|t| plan.dropped.contains(t) || plan.narrowed.contains_key(t));
        let has_rest = !is_empty(&rest);
        if has_rest {
            statements.push(Statement { principal: Some(PrincipalElement::Principal(rest)), ..statement.clone() });
        }
        if !plan.narrowed.is_empty() {
            let callers: BTreeSet<&String> = plan.narrowed.values().flatten().collect();
            let mut conditions = statement.conditions.clone();
            conditions.push(Condition {
                operator: ConditionOperator { set: SetOperator::Single, base: BaseOperator::ArnLike, if_exists: false },
                key: PRINCIPAL_ARN.to_owned(),
                values: callers.into_iter().cloned().collect(),
            });
            let accounts = PrincipalSet { aws: set.aws.iter().filter(|t| plan.narrowed.contains_key(*t)).cloned().collect(), ..PrincipalSet::default() };
            let sid = if has_rest { fresh(statement.sid.as_deref(), &mut taken) } else { statement.sid.clone() };
            statements.push(Statement { sid, principal: Some(PrincipalElement::Principal(accounts)), conditions, ..statement.clone() });
        }
    }
    PolicyDocument { version: current.version, id: current.id.clone(), statements }
}
