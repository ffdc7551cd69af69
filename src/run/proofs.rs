//! Puts the two proofs to the proposals: builds each principal's policies before and after, replays its calls,
//! checks containment, and turns a proposal that fails into a defect that is not written.

use std::collections::BTreeMap;

use crate::evaluate::{self, CompiledPolicies, Compiler, Decision, NamedPolicy, Policies, PrincipalType, RequestPrincipal};
use crate::grants::{Grants, Held, OwnerKind, PolicySource, Principal};
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement};
use crate::prove::{Containment, ReplayCounts, State, contained, replay, replay::with_request};
use crate::reduce::{Placement, Proposal, Status};
use crate::usage::{Outcome, Usage, UsageRow, by_principal};

/// What the proofs gave.
#[derive(Default)]
pub struct Proofs {
    /// Replay of all principals.
    pub replay: ReplayCounts,
    /// Replay by principal ARN.
    pub by_principal: BTreeMap<String, ReplayCounts>,
    /// Containment by place of the proposal.
    pub containment: Vec<Option<Containment>>,
    /// Decisions on allowed calls under the exported policies: as logged, open, against the log.
    pub allowed: [i64; 3],
    /// The same for denied calls.
    pub denied: [i64; 3],
}

/// Services whose resources can carry policies of their own: a call that no identity policy explains may be
/// granted there, and those policies are not part of this version's input.
const RESOURCE_POLICY_SERVICES: &[&str] = &[
    "backup", "codeartifact", "codebuild", "dynamodb", "ecr", "elasticfilesystem", "es", "events", "glacier", "glue", "iam",
    "kinesis", "kms", "lambda", "logs", "s3", "secretsmanager", "ses", "sns", "sqs", "ssm", "sts",
];

fn request_principal(principal: &Principal) -> RequestPrincipal {
    let is_role = principal.kind == OwnerKind::Role;
    RequestPrincipal {
        arn: (!is_role).then(|| principal.arn.clone()),
        role_arn: is_role.then(|| principal.arn.clone()),
        account: Some(principal.account.clone()),
        unique_id: Some(principal.unique_id.clone()),
        ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
    }
}

/// The policies of one caller: its identity policies and its boundary.
fn policies(compiler: &mut Compiler<'_>, identity: Vec<NamedPolicy<'_>>, boundary: Option<&PolicyDocument>) -> CompiledPolicies {
    let boundary = boundary.map(|document| vec![NamedPolicy { name: "boundary", document }]);
    compiler.policies(&Policies { identity: Some(identity), boundary, ..Policies::default() })
}

/// The identity policies that somebody holds, as they are.
fn as_held<'a>(held: &Held<'a>) -> Vec<NamedPolicy<'a>> {
    held.identity.iter().map(|h| NamedPolicy { name: h.name, document: h.document }).collect()
}

/// Usage rows by the caller's unique id and by its ARN.
struct Calls<'u> {
    by_key: BTreeMap<&'u str, Vec<&'u UsageRow>>,
    by_arn: BTreeMap<&'u str, Vec<&'u UsageRow>>,
}

impl<'u> Calls<'u> {
    fn new(usage: &'u Usage) -> Calls<'u> {
        let mut by_arn: BTreeMap<&str, Vec<&UsageRow>> = BTreeMap::new();
        for row in &usage.rows {
            if let Some(arn) = &row.principal_arn {
                by_arn.entry(arn).or_default().push(row);
            }
        }
        Calls { by_key: by_principal(&usage.rows), by_arn }
    }

    /// A principal's calls: by its id, and by its ARN for records that lack the id.
    fn of(&self, principal: &Principal) -> Vec<&'u UsageRow> {
        let mut rows = self.by_key.get(principal.unique_id.as_str()).cloned().unwrap_or_default();
        let by_arn = self.by_arn.get(principal.arn.as_str()).map_or(&[][..], Vec::as_slice);
        rows.extend(by_arn.iter().filter(|r| r.principal_key != principal.unique_id));
        rows
    }
}

/// What identifies the document that a proposal replaces, seen from a holder.
fn replaced_by(proposal: &Proposal) -> PolicySource {
    let unit = &proposal.unit;
    match (&unit.policy_arn, unit.placement) {
        (Some(arn), Placement::AwsManaged) => PolicySource::Managed { arn: arn.clone(), holder_arn: unit.owner_arn.clone() },
        (Some(arn), _) => PolicySource::Managed { arn: arn.clone(), holder_arn: String::new() },
        (None, _) => PolicySource::Inline { owner_arn: unit.owner_arn.clone(), name: unit.policy_name.clone() },
    }
}

/// The held policies with every proposed document in the place of its original.
fn after<'a>(held: &Held<'a>, proposed: &BTreeMap<PolicySource, &'a Proposal>) -> Vec<NamedPolicy<'a>> {
    let mut out = Vec::new();
    for policy in &held.identity {
        let anywhere = match &policy.source {
            PolicySource::Managed { arn, .. } => Some(PolicySource::Managed { arn: arn.clone(), holder_arn: String::new() }),
            PolicySource::Inline { .. } => None,
        };
        let found = proposed.get(&policy.source).or_else(|| anywhere.and_then(|a| proposed.get(&a)));
        match found {
            Some(p) => out.extend(p.proposed.iter().map(|document| NamedPolicy { name: policy.name, document })),
            None => out.push(NamedPolicy { name: policy.name, document: policy.document }),
        }
    }
    out
}

/// Proves proposals made from grants.
pub fn of_grants(proposals: &mut [Proposal], grants: &Grants, usage: &Usage) -> Proofs {
    let mut proofs = Proofs { containment: vec![None; proposals.len()], ..Proofs::default() };
    for (at, proposal) in proposals.iter_mut().enumerate() {
        let (Status::Proposed, Some(current)) = (&proposal.status, &proposal.current) else { continue };
        let answer = contained(&proposal.proposed.iter().collect::<Vec<_>>(), &[current]);
        if let Containment::NotProved(why) = &answer {
            proposal.status = Status::Defect(format!("containment is not proved: {why}"));
        }
        if let Some(slot) = proofs.containment.get_mut(at) {
            *slot = Some(answer);
        }
    }
    let mut compiler = Compiler::default();
    let calls = Calls::new(usage);
    let people: Vec<(&Principal, Vec<&UsageRow>)> = grants
        .principals()
        .filter(|p| p.kind != OwnerKind::Group)
        .map(|p| (p, calls.of(p)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    consistency(&mut proofs, grants, &people, &mut compiler);
    // A proposal that denies a call is taken back; the rest is replayed again without it.
    loop {
        let proposed: BTreeMap<PolicySource, &Proposal> =
            proposals.iter().filter(|p| p.status == Status::Proposed).map(|p| (replaced_by(p), p)).collect();
        proofs.replay = ReplayCounts::default();
        let mut defects: BTreeMap<String, String> = BTreeMap::new();
        for (person, rows) in &people {
            let held = grants.held_by(person);
            let state = State {
                principal: request_principal(person),
                old: policies(&mut compiler, as_held(&held), held.boundary),
                new: policies(&mut compiler, after(&held, &proposed), held.boundary),
            };
            let (counts, denied) = replay(&state, rows);
            proofs.replay.add(counts);
            proofs.by_principal.insert(person.arn.clone(), counts);
            if let Some(first) = denied.first() {
                defects.insert(person.arn.clone(), format!("replay: {} on {} would be denied to {}", first.action, first.resource, person.arn));
            }
        }
        if defects.is_empty() {
            return proofs;
        }
        for proposal in proposals.iter_mut().filter(|p| p.status == Status::Proposed) {
            if let Some(why) = proposal.members.iter().find_map(|m| defects.get(m)) {
                proposal.status = Status::Defect(why.clone());
            }
        }
    }
}

/// Compares the log's outcomes with decisions under the policies as they are.
fn consistency(proofs: &mut Proofs, grants: &Grants, people: &[(&Principal, Vec<&UsageRow>)], compiler: &mut Compiler<'_>) {
    for (person, rows) in people {
        let held = grants.held_by(person);
        let held_policies = policies(compiler, as_held(&held), held.boundary);
        let principal = request_principal(person);
        for row in rows {
            let decision = with_request(&principal, row, |request| evaluate::decide(request, &held_policies));
            let service = row.action.split(':').next().unwrap_or("");
            let [ok, open, against] = match row.outcome {
                Outcome::Allowed => &mut proofs.allowed,
                Outcome::Denied => &mut proofs.denied,
                Outcome::Error => continue,
            };
            let slot = match (row.outcome, decision) {
                (Outcome::Allowed, Decision::Allowed) => ok,
                (Outcome::Allowed, Decision::ImplicitDeny)
                    if RESOURCE_POLICY_SERVICES.contains(&service) || !held.gaps.is_empty() || row.is_pattern() =>
                {
                    open
                }
                (Outcome::Allowed, Decision::ImplicitDeny | Decision::ExplicitDeny) => against,
                (Outcome::Denied, Decision::ImplicitDeny | Decision::ExplicitDeny) => ok,
                // Allowed by these policies and denied all the same: another kind of policy, which is not given.
                _ => open,
            };
            *slot += row.calls;
        }
    }
}

/// Proves policies made from use alone: each must allow every call that it was made from.
pub fn of_use(proposals: &mut [Proposal], usage: &Usage) -> Proofs {
    let everything = PolicyDocument::new(vec![Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: ActionElement::Action(vec!["*".to_owned()]),
        resource: Some(ResourceElement::Resource(vec!["*".to_owned()])),
        conditions: Vec::new(),
    }]);
    let mut proofs = Proofs { containment: vec![None; proposals.len()], ..Proofs::default() };
    let mut compiler = Compiler::default();
    let calls = Calls::new(usage);
    for proposal in proposals.iter_mut().filter(|p| p.status == Status::Proposed) {
        let arn = proposal.unit.owner_arn.clone();
        let rows = calls.by_arn.get(arn.as_str()).cloned().unwrap_or_default();
        let is_role = proposal.unit.owner_kind == OwnerKind::Role;
        let state = State {
            principal: RequestPrincipal {
                arn: (!is_role).then(|| arn.clone()),
                role_arn: is_role.then(|| arn.clone()),
                ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
            },
            old: policies(&mut compiler, vec![NamedPolicy { name: "everything", document: &everything }], None),
            new: policies(
                &mut compiler,
                proposal.proposed.iter().map(|document| NamedPolicy { name: "proposed", document }).collect(),
                None,
            ),
        };
        let (counts, denied) = replay(&state, &rows);
        proofs.replay.add(counts);
        proofs.by_principal.insert(arn, counts);
        if let Some(first) = denied.first() {
            proposal.status = Status::Defect(format!("replay: {} on {} would be denied", first.action, first.resource));
        }
    }
    proofs
}
