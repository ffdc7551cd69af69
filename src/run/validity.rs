//! Lints what is proposed and advised. A proposal that has an error which what it replaces has not is a defect and is not
//! written; what was there before is no fault of the proposal, and is counted beside.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::aws::Texts;
use crate::lint::{Code, Finding, Level, Linter, PolicyType};
use crate::policy::PolicyDocument;
use crate::reduce::advice::{Advice, AdviceKind};
use crate::reduce::{Placement, Proposal, Status};
use crate::reference::Reference;
use crate::report::escape::visible;
use crate::report::lint_text::{LintFacts, LintRow, place_text};

/// What makes two findings the same thing said of two documents.
type Same = (&'static str, String, Option<String>);

fn same(finding: &Finding) -> Same {
    let family = finding.code.family();
    if family == finding.code.as_str() {
        (family, finding.place.element.clone(), finding.place.value.clone())
    } else {
        (family, String::new(), None)
    }
}

/// Whether a finding is about a part of an ARN that a proposal from use alone has from the log, which names it in a call that AWS
/// authorised: odd, and no fault of the proposal.
fn is_of_the_log(finding: &Finding) -> bool {
    matches!(finding.code, Code::InvalidArnRegion | Code::InvalidArnAccount)
}

/// Where the texts of findings are shared: the same is said of many policies.
type Said = Mutex<Texts>;

fn facts<'d>(linter: &Linter<'_>, said: &Said, kind: PolicyType, new: impl Iterator<Item = &'d PolicyDocument>, old: Option<impl Iterator<Item = &'d PolicyDocument>>) -> LintFacts {
    let mut found: Vec<(usize, Finding)> = Vec::new();
    let mut out = LintFacts::default();
    for (at, document) in new.enumerate() {
        out.documents += 1;
        found.extend(linter.lint(document, kind).into_iter().map(|finding| (at, finding)));
    }
    if found.is_empty() {
        return out;
    }
    let before: Option<BTreeSet<Same>> = old.map(|old| old.flat_map(|d| linter.lint(d, kind)).map(|finding| same(&finding)).collect());
    let mut texts = said.lock().unwrap_or_else(PoisonError::into_inner);
    out.rows.reserve_exact(found.len());
    for (at, finding) in found {
        let is_new = before.as_ref().map_or_else(|| !is_of_the_log(&finding), |before| !before.contains(&same(&finding)));
        out.rows.push(LintRow {
            level: finding.level,
            code: finding.code.as_str(),
            is_new,
            document: at + 1,
            place: texts.of(&visible(&place_text(&finding.place))),
            message: texts.of(&visible(&finding.message)),
        });
    }
    out
}

/// Lints every proposal, in their order; those with an error of their own become defects.
pub fn check(proposals: &mut [Proposal], reference: &Reference) -> Vec<LintFacts> {
    let (linter, said) = (Linter::new(reference), Said::default());
    let of_one = |proposal: &mut Proposal| {
        if proposal.status != Status::Proposed {
            return LintFacts::default();
        }
        let kind = if proposal.unit.placement == Placement::Trust { PolicyType::Trust } else { PolicyType::Identity };
        let old = proposal.current.as_ref().map(|current| std::iter::once(current).chain(proposal.detached.iter().map(|(_, document)| document)).map(|d| &**d));
        let facts = facts(&linter, &said, kind, proposal.proposed.iter(), old);
        if let Some(row) = facts.rows.iter().find(|row| row.is_new && row.level == Level::Error) {
            proposal.status = Status::Defect(format!("lint: {} at {}: {}", row.code, row.place, row.message));
        }
        facts
    };
    proposals.par_iter_mut().map(of_one).collect()
}

/// Lints the documents of advice, all together. Nothing is compared: advice is beside what there is.
pub fn of_advice(advice: &[Advice], reference: &Reference) -> LintFacts {
    let (linter, said) = (Linter::new(reference), Said::default());
    let mut all = LintFacts::default();
    for (at, piece) in advice.iter().enumerate() {
        let kind = match piece.kind {
            AdviceKind::Fork => PolicyType::Identity,
            AdviceKind::ResourcePolicy => PolicyType::Resource,
            AdviceKind::ServiceControlServices | AdviceKind::ServiceControlRegions => PolicyType::ServiceControl,
            AdviceKind::TrustCondition => PolicyType::Trust,
        };
        let one = facts(&linter, &said, kind, piece.document.iter(), Some(std::iter::empty()));
        all.documents += one.documents;
        all.rows.extend(one.rows.into_iter().map(|row| LintRow { document: at + 1, ..row }));
    }
    all
}
