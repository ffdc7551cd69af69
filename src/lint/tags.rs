//! Tag keys in conditions of actions of services that know nothing of tags: an Allow then allows nothing, and a Deny denies
//! nothing. Told by service, as Access Analyzer does.

use std::collections::BTreeSet;

use super::action::element;
use super::condition::Used;
use super::document::Scope;
use super::keys::Keys;
use super::{Code, Report};

/// Checks the tag keys of a statement.
pub(super) fn check(scope: &Scope<'_>, report: &mut Report, conditions: &[Used<'_>]) {
    for used in conditions {
        let Some(tag) = Keys::tag_key(&used.lower) else { continue };
        // A key that is not there is what these ask for, or let pass.
        if used.operator.is_none_or(|o| o.if_exists || o.base == crate::policy::BaseOperator::Null || o.base.is_negated()) {
            continue;
        }
        if scope.not_action {
            let code = if scope.is_allow { Code::AllowNotActionWithUnsupportedTagKey } else { Code::DenyNotActionWithUnsupportedTagKey };
            report.add(code, "NotAction", Some(used.key), "services that know nothing of this key are not meant by the statement");
            continue;
        }
        let mut services: BTreeSet<String> = BTreeSet::new();
        for action in &scope.actions {
            let prefix = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
            if scope.linter.keys.lacks_tag_key(&prefix, tag) {
                services.insert(prefix);
            }
        }
        if services.is_empty() {
            continue;
        }
        let (code, what) = match scope.is_allow {
            true => (Code::AllowWithUnsupportedTagKey, "allowed"),
            false => (Code::DenyWithUnsupportedTagKey, "denied"),
        };
        let list = services.into_iter().collect::<Vec<_>>().join(", ");
        report.add(code, element(scope), Some(used.key), format!("no action of these services knows the key, so none is {what}: {list}"));
    }
}
