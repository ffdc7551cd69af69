//! `iam:PassRole` and `iam:CreateServiceLinkedRole` on more than named roles.

use super::action::is_pattern;
use super::condition::Used;
use super::document::Scope;
use super::variable::as_wildcards;
use super::{Code, Report};
use crate::aws::arn::Arn;
use crate::aws::glob::{glob_covers, glob_matches};

/// How a statement comes to allow an action.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// It names it.
    Name,
    /// A pattern takes it in.
    Star,
    /// NotAction does not take it out.
    NotAction,
}

/// The codes of one danger, in the order of [`By`]: on wide resources, and with NotResource.
struct Danger {
    action: &'static str,
    /// The roles that it is about.
    roles: &'static str,
    wide: [Code; 3],
    not_resource: [Code; 3],
    message: &'static str,
}

const PASS_ROLE: Danger = Danger {
    action: "iam:passrole",
    roles: "role/*",
    wide: [Code::PassRoleWithStarInResource, Code::PassRoleWithStarInActionAndResource, Code::PassRoleWithStarInResourceAndNotAction],
    not_resource: [Code::PassRoleWithNotResource, Code::PassRoleWithStarInActionAndNotResource, Code::PassRoleWithNotActionAndNotResource],
    message: "any role can be passed to any service: name the roles, or the services in iam:PassedToService",
};

const CREATE_SLR: Danger = Danger {
    action: "iam:createservicelinkedrole",
    roles: "role/aws-service-role/*",
    wide: [Code::CreateSlrWithStarInResource, Code::CreateSlrWithStarInActionAndResource, Code::CreateSlrWithStarInResourceAndNotAction],
    not_resource: [Code::CreateSlrWithNotResource, Code::CreateSlrWithStarInActionAndNotResource, Code::CreateSlrWithNotActionAndNotResource],
    message: "service-linked roles of any service can be made: name their ARNs",
};

/// Checks an Allow statement.
pub(super) fn check(scope: &Scope<'_>, report: &mut Report, conditions: &[Used<'_>]) {
    let to_services = conditions.iter().any(|c| c.lower == "iam:passedtoservice");
    danger(scope, report, &PASS_ROLE, to_services);
    danger(scope, report, &CREATE_SLR, false);
}

fn allows(scope: &Scope<'_>, action: &str) -> Option<By> {
    let has = |pattern: &str| glob_matches(&pattern.to_ascii_lowercase(), action);
    if scope.not_action {
        return (!scope.actions.is_empty() && !scope.actions.iter().any(|a| has(a))).then_some(By::NotAction);
    }
    let found = |patterns: bool| scope.actions.iter().any(|a| is_pattern(a) == patterns && has(a));
    if found(false) {
        Some(By::Name)
    } else if found(true) {
        Some(By::Star)
    } else {
        None
    }
}

fn danger(scope: &Scope<'_>, report: &mut Report, danger: &Danger, is_bounded: bool) {
    let Some(by) = allows(scope, danger.action) else { return };
    let codes = if scope.not_resource { danger.not_resource } else { danger.wide };
    let [name, star, not_action] = codes;
    let code = match by {
        By::Name => name,
        By::Star => star,
        By::NotAction => not_action,
    };
    if scope.not_resource {
        if !scope.resources.is_empty() {
            report.add(code, "NotResource", None, danger.message);
        }
        return;
    }
    // A role's name may begin in a way that only roles of one service have: only what takes in all roles counts.
    let is_wide = |text: &str| match Arn::parse(&as_wildcards(text)) {
        _ if text == "*" => true,
        Some(arn) => glob_matches(arn.service, "iam") && glob_covers(arn.resource, danger.roles),
        None => false,
    };
    if let Some(resource) = scope.resources.iter().find(|r| is_wide(r))
        && !is_bounded
    {
        report.add(code, "Resource", Some(resource), danger.message);
    }
}
