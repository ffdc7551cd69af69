//! Findings, and what people accepted.

use super::tables::{cells, columns};
use super::{Redact, Texts as _, fields};
use crate::redact::Redactor;
use crate::report::findings::suppressions::{Entry, Suppression, Suppressions};
use crate::report::findings::Finding;

impl Redact for Finding {
    fn redact(&mut self, r: &Redactor) {
        let Finding {
            uid, report: _, status: _, severity: _, account, resource, reason, details, first_seen_ms: _, last_seen_ms: _, change: _, status_before: _, suppression, is_new: _,
            is_worse: _,
        } = self;
        *uid = r.hash(uid);
        account.redact(r);
        resource.redact(r);
        reason.redact(r);
        let classes = columns(details.iter().map(|(name, _)| name));
        details.change(|all| cells(r, &classes, all));
        suppression.redact(r);
    }
}

impl Redact for Suppression {
    fn redact(&mut self, r: &Redactor) {
        // Whether its owner is a person or a team cannot be told.
        let Suppression { rule: _, pattern, owner, reason, expires: _, ticket, approved_by, allow_glob: _ } = self;
        let is_uid = pattern.len() == 20 && pattern.bytes().all(|b| b.is_ascii_hexdigit());
        *pattern = if is_uid { r.hash(pattern) } else { r.text(pattern).into_owned() };
        *owner = r.person(owner);
        reason.redact(r);
        ticket.redact(r);
        approved_by.iter_mut_text(&mut |name| *name = r.person(name));
    }
}

fields!(Suppressions { entries: text, problems: text });
fields!(Entry { suppression: text, days_left: keep, matched: keep });
