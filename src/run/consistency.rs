//! Holds the whole log against the grants at hand: every call that succeeded and every call that was denied, by each
//! principal of the export. The figures and the contradictions stand in `run.json` and in the report.

use std::collections::BTreeMap;

use super::holders::{Calls, as_held, policies, request_principal};
use crate::evaluate::{CompiledPolicies, Compiler, NamedPolicy, Policies, PolicyType, PreparedRequest, Request};
use crate::grants::{Grants, OwnerKind, Principal};
use crate::prove::replay::context_of;
use crate::prove::{Agreement, Comparison, Logged, Refusal, compare};
use crate::usage::{DenialRow, Outcome, Usage, UsageRow};

/// Services whose resources can carry policies of their own: a call that no identity policy explains may be
/// granted there, and those policies are not part of the export.
const RESOURCE_POLICY_SERVICES: &[&str] = &[
    "backup", "codeartifact", "codebuild", "dynamodb", "ecr", "elasticfilesystem", "es", "events", "glacier", "glue", "iam",
    "kinesis", "kms", "lambda", "logs", "s3", "secretsmanager", "ses", "sns", "sqs", "ssm", "sts",
];

/// Calls by how they stand to the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// As logged.
    pub ok: i64,
    /// Not to be told.
    pub unknown: i64,
    /// Against the log.
    pub contradiction: i64,
}

impl Tally {
    fn add(&mut self, agreement: Agreement, calls: i64) {
        *match agreement {
            Agreement::Ok => &mut self.ok,
            Agreement::Unknown => &mut self.unknown,
            Agreement::Contradiction => &mut self.contradiction,
        } += calls;
    }
}

/// A request on which log and grants contradict each other.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Contradiction {
    /// The caller.
    pub principal_arn: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// What the log says.
    pub logged: String,
    /// What the grants at hand say, with the deciding statements.
    pub decided: String,
    /// Calls.
    pub calls: i64,
    /// Event ids.
    pub samples: Vec<String>,
}

/// The comparison of the log with the grants at hand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Consistency {
    /// Calls that succeeded.
    pub allowed: Tally,
    /// Calls that were denied.
    pub denied: Tally,
    /// Denied calls whose message names a kind of policy that is at hand, and that refuses here too.
    pub layer_agrees: i64,
    /// The same where it does not refuse here.
    pub layer_differs: i64,
    /// Denied calls whose message names a kind that is not at hand, by kind.
    pub layer_not_at_hand: BTreeMap<String, i64>,
    /// Denied calls whose message names no kind.
    pub layer_not_named: i64,
    /// Calls that are open, by what would settle them; a call may stand under several.
    pub settled_by: BTreeMap<String, i64>,
    /// Requests with contradictions, in order.
    pub contradictions: Vec<Contradiction>,
}

/// One caller with what it holds.
struct Holder<'g> {
    principal: &'g Principal,
    policies: CompiledPolicies,
    gaps: bool,
}

/// One row of the log, of use or of denial.
struct Row<'r> {
    action: &'r str,
    resource: &'r str,
    is_pattern: bool,
    region: Option<&'r str>,
    context_class: &'r str,
    calls: i64,
    samples: Vec<String>,
    logged: Logged<'r>,
    error_code: Option<&'r str>,
}

impl<'r> Row<'r> {
    fn of_use(row: &'r UsageRow) -> Row<'r> {
        Row {
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            region: row.region.as_deref(),
            context_class: &row.context_class,
            calls: row.calls,
            samples: row.samples.clone(),
            logged: Logged::Allowed,
            error_code: None,
        }
    }

    fn of_denial(row: &'r DenialRow) -> Row<'r> {
        let mut samples: Vec<String> = row.sample_event_first.iter().chain(&row.sample_event_last).cloned().collect();
        samples.dedup();
        Row {
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            region: row.region.as_deref(),
            context_class: &row.context_class,
            calls: row.calls,
            samples,
            logged: Logged::Denied(Refusal {
                effect: row.denied_effect.as_deref(),
                policy_type: row.denied_policy_type.as_deref(),
            }),
            error_code: row.error_code.as_deref(),
        }
    }

    fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or("")
    }
}

/// Compares every call of the export's principals with the log.
pub fn of_grants(grants: &Grants, usage: &Usage) -> Consistency {
    let mut compiler = Compiler::default();
    let trusts = trust_policies(grants, &mut compiler);
    let used = Calls::new(&usage.rows);
    let denied = Calls::new(&usage.denials);
    let mut out = Consistency::default();
    for principal in grants.principals().filter(|p| p.kind != OwnerKind::Group) {
        let rows: Vec<Row<'_>> = used
            .of(principal)
            .into_iter()
            .filter(|r| r.outcome == Outcome::Allowed)
            .map(Row::of_use)
            .chain(denied.of(principal).into_iter().map(Row::of_denial))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let held = grants.held_by(principal);
        let policies = policies(&mut compiler, as_held(&held), held.boundary);
        let holder = Holder { principal, policies, gaps: !held.gaps.is_empty() };
        for row in rows {
            let comparison = put(&holder, &row, &trusts);
            out.add(&holder, &row, &comparison);
        }
    }
    out.contradictions.sort();
    out
}

/// The trust policy of every role of the export, compiled.
fn trust_policies<'g>(grants: &'g Grants, compiler: &mut Compiler<'_>) -> BTreeMap<&'g str, CompiledPolicies> {
    grants
        .principals()
        .filter_map(|role| match &role.trust {
            Some(Ok(document)) => {
                let resource = Some(vec![NamedPolicy { name: "trust policy", document }]);
                Some((role.arn.as_str(), compiler.policies(&Policies { resource, ..Policies::default() })))
            }
            _ => None,
        })
        .collect()
}

fn put(holder: &Holder<'_>, row: &Row<'_>, trusts: &BTreeMap<&str, CompiledPolicies>) -> Comparison {
    let principal = request_principal(holder.principal);
    let context = context_of(row.context_class, row.region);
    // Of a role in the export the trust policy is known, and the role's own account counts. Of every other resource
    // the caller's own half is asked, as if it owned the resource.
    let trust = trusts.get(row.resource).filter(|_| row.service() == "sts");
    let request = PreparedRequest::new(Request {
        principal: &principal,
        action: row.action,
        resource: row.resource,
        resource_is_pattern: row.is_pattern,
        resource_account: if trust.is_some() { None } else { principal.account() },
        context: &context,
    });
    let mut unseen = Vec::new();
    if holder.gaps {
        unseen.extend([PolicyType::Identity, PolicyType::PermissionsBoundary]);
    }
    match trust {
        Some(trust) => {
            let with_trust = holder.policies.clone().with_resource(trust.resource.clone());
            compare(&request, &with_trust, &unseen, row.logged)
        }
        None => {
            if RESOURCE_POLICY_SERVICES.contains(&row.service()) {
                unseen.push(PolicyType::Resource);
            }
            compare(&request, &holder.policies, &unseen, row.logged)
        }
    }
}

impl Consistency {
    fn add(&mut self, holder: &Holder<'_>, row: &Row<'_>, comparison: &Comparison) {
        match row.logged {
            Logged::Allowed => self.allowed.add(comparison.agreement, row.calls),
            Logged::Denied(refusal) => {
                self.denied.add(comparison.agreement, row.calls);
                match (comparison.layer, refusal.policy_type) {
                    (Some(true), _) => self.layer_agrees += row.calls,
                    (Some(false), _) => self.layer_differs += row.calls,
                    (None, Some(kind)) => *self.layer_not_at_hand.entry(kind.to_owned()).or_default() += row.calls,
                    (None, None) => self.layer_not_named += row.calls,
                }
            }
        }
        for what in &comparison.settles {
            *self.settled_by.entry(what.clone()).or_default() += row.calls;
        }
        if comparison.agreement == Agreement::Contradiction {
            self.contradictions.push(Contradiction {
                principal_arn: holder.principal.arn.clone(),
                action: row.action.to_owned(),
                resource: row.resource.to_owned(),
                logged: logged_text(row),
                decided: decided_text(comparison),
                calls: row.calls,
                samples: row.samples.clone(),
            });
        }
    }
}

fn logged_text(row: &Row<'_>) -> String {
    match row.logged {
        Logged::Allowed => "allowed".to_owned(),
        Logged::Denied(refusal) => {
            let words = [row.error_code, refusal.effect, refusal.policy_type];
            format!("denied: {}", words.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
    }
}

fn decided_text(comparison: &Comparison) -> String {
    let evaluation = &comparison.evaluation;
    let by: Vec<String> =
        evaluation.decided_by.iter().map(|d| format!("{} {}/{}", d.policy_type.as_str(), d.policy, d.statement)).collect();
    match (by.as_slice(), evaluation.missing_policy_type) {
        ([], Some(kind)) => format!("{}: no {} policy allows", evaluation.decision.as_str(), kind.as_str()),
        ([], None) => evaluation.decision.as_str().to_owned(),
        (by, _) => format!("{} by {}", evaluation.decision.as_str(), by.join(", ")),
    }
}
