//! Policies: their documents, proposals with their verdicts, and the folders that they have names by.

use std::sync::Arc;

use super::model::named;
use super::{Redact, fields};
use crate::aws::secret::is_external_id;
use crate::policy::{Condition, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement, Statement};
use crate::redact::Redactor;
use crate::reduce::known::Generalised;
use crate::reduce::learned::Suggestion;
use crate::reduce::write::Step;
use crate::reduce::{ActionVerdict, PatternVerdict, VerdictGroup, Verdicts};
use crate::report::model::{HolderRow, ProposalRow};

/// What a document says of itself that must not be applied: nobody has its names.
const MARK: &str = "redacted-not-to-be-applied";

/// A document with tokens, and hashes for ExternalIds.
#[must_use]
pub fn document(document: &PolicyDocument, r: &Redactor) -> PolicyDocument {
    let mut new = document.without_secrets();
    new.redact(r);
    new
}

/// A redacted document that says that it is one, for the files beside which documents to apply would stand.
#[must_use]
pub fn marked(document: &PolicyDocument) -> PolicyDocument {
    PolicyDocument { id: Some(MARK.to_owned()), ..document.clone() }
}

impl Redact for PolicyDocument {
    fn redact(&mut self, r: &Redactor) {
        let PolicyDocument { version: _, id, statements } = self;
        id.redact(r);
        statements.redact(r);
    }
}

/// Of an ARN that many share the document is shared, too, if nothing of it was replaced.
impl Redact for Arc<PolicyDocument> {
    fn redact(&mut self, r: &Redactor) {
        let new = document(self, r);
        if new != **self {
            *self = Arc::new(new);
        }
    }
}

impl Redact for Statement {
    fn redact(&mut self, r: &Redactor) {
        let Statement { sid, effect: _, principal, action, resource, conditions } = self;
        sid.redact(r);
        match principal {
            Some(PrincipalElement::Principal(set) | PrincipalElement::NotPrincipal(set)) => set.redact(r),
            None => {}
        }
        // Names of AWS.
        let _ = action;
        match resource {
            Some(ResourceElement::Resource(list) | ResourceElement::NotResource(list)) => list.redact(r),
            None => {}
        }
        conditions.redact(r);
    }
}

impl Redact for PrincipalSet {
    fn redact(&mut self, r: &Redactor) {
        let PrincipalSet { aws, service: _, federated, canonical_user } = self;
        aws.iter_mut().filter(|p| *p != "*").for_each(|p| *p = r.principal(p));
        federated.redact(r);
        canonical_user.redact(r);
    }
}

/// Whether a condition key is about somebody by name (IAM User Guide, "AWS global condition context keys").
fn is_name(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let ends = [":sub", ":username", ":rolesessionname", ":sourceidentity", ":namequalifier", ":cn", ":commonname", ":displayname", ":givenname", ":mail", ":name", ":surname", ":uid"];
    ends.iter().any(|end| key.ends_with(end)) && !key.contains("tag/")
}

impl Redact for Condition {
    fn redact(&mut self, r: &Redactor) {
        let Condition { operator: _, key, values } = self;
        // The name of a tag may stand in it, and a host.
        if !key.starts_with("aws:") || key.contains('/') {
            key.redact(r);
        }
        for value in values {
            if is_external_id(key) {
                *value = r.text(value).into_owned();
            } else if key.eq_ignore_ascii_case("aws:userid") {
                *value = match value.split_once(':') {
                    Some((id, session)) => format!("{}:{}", r.text(id), r.names(session)),
                    None => r.principal(value),
                };
            } else if is_name(key) {
                *value = r.names(value);
            } else {
                value.redact(r);
            }
        }
    }
}

impl Redact for HolderRow {
    fn redact(&mut self, r: &Redactor) {
        let HolderRow { kind, name } = self;
        named(kind, name, r);
    }
}

impl Redact for ProposalRow {
    fn redact(&mut self, r: &Redactor) {
        let ProposalRow {
            account, kind, owner, owner_arn, policy, policy_arn, path, version: _, holders, instance_arn, placement: _, status: _, why, actions_before: _, actions_after: _, verdicts: _,
            risky_dropped: _, sizes: _, replay: _, containment, lint, members, folder: _, stem: _, detached, current, proposed, evidence, groups, generalised, packing, suggestions,
            risk_removed: _,
        } = self;
        account.redact(r);
        named(kind, owner, r);
        owner_arn.redact(r);
        policy.redact(r);
        policy_arn.redact(r);
        path.redact(r);
        holders.redact(r);
        instance_arn.redact(r);
        why.redact(r);
        containment.redact(r);
        lint.redact(r);
        members.redact(r);
        detached.redact(r);
        current.redact(r);
        proposed.iter_mut().for_each(|d| *d = document(d, r));
        evidence.redact(r);
        groups.redact(r);
        generalised.redact(r);
        packing.redact(r);
        suggestions.redact(r);
    }
}

impl Redact for Verdicts {
    fn redact(&mut self, r: &Redactor) {
        let mut all = self.to_vec();
        all.redact(r);
        *self = Verdicts::from(all);
    }
}

impl Redact for ActionVerdict {
    fn redact(&mut self, r: &Redactor) {
        let ActionVerdict {
            statement: _, sid, action: _, subject, verdict: _, first_seen_ms: _, last_seen_ms: _, calls: _, denied_calls: _, resources, patterns, samples, via, confidence: _, reason,
        } = self;
        sid.redact(r);
        subject.redact(r);
        resources.redact(r);
        patterns.redact(r);
        samples.iter_mut().for_each(|id| *id = r.event(id).into());
        via.redact(r);
        reason.redact(r);
    }
}

fields!(PatternVerdict { pattern: text, verdict: keep, calls: keep });
fields!(VerdictGroup { statement: keep, sid: text, verdict: keep, confidence: keep, reason: text, actions: keep });
fields!(Generalised { pattern: text, used: keep, known_beyond: keep });
fields!(Step { kind: keep, pattern: text, in_place_of: text, known_beyond: keep, size: keep });

impl Redact for Suggestion {
    fn redact(&mut self, r: &Redactor) {
        let Suggestion { operator: _, key, values, actions: _, calls: _, first_seen_ms: _, last_seen_ms: _, distinct: _, confidence: _ } = self;
        for value in values {
            if is_name(key) {
                *value = r.names(value);
            } else {
                value.redact(r);
            }
        }
    }
}
