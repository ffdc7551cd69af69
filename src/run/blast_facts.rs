//! Everybody's reach in the report's words.

use super::blast::{Blast, CanBecome, Side};
use crate::blast::{Counts, Grade, Scope};
use crate::reference::Reference;
use crate::report::blast_text::{Actions, BlastFacts, BlastRow, BlastSide, FixRow};
use crate::report::escape::visible;
use crate::report::model::ReportModel;

/// How many resources a cell names.
const NAMED: usize = 8;

fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown: Vec<String> = names.take(NAMED).map(|n| visible(n)).collect();
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

fn path(admin: &CanBecome, own: &str) -> String {
    if admin.steps.is_empty() {
        return if admin.word == "yes" { "its policies allow everything".to_owned() } else { String::new() };
    }
    let mut at = own;
    let mut words = Vec::new();
    for (how, to) in &admin.steps {
        words.push(if to == at { format!("{how} on itself") } else { format!("{how} on {}", visible(to)) });
        at = to;
    }
    words.join(", then ")
}

/// How a store is reached; nothing where it is not.
fn reached(verb: &str, scope: &Scope) -> Option<String> {
    match scope.grade {
        Grade::Closed => None,
        Grade::Conditional => Some(format!("{verb} under a condition")),
        Grade::Open => Some(format!("{verb} all")),
        Grade::Limited if scope.patterns.contains("*") => Some(format!("{verb} all but some")),
        Grade::Limited => Some(format!("{verb} {}", listed(scope.patterns.iter()))),
    }
}

fn side(side: &Side, own: &str, reference: &Reference) -> BlastSide {
    let dangers = reference.dangers();
    let actions = |c: Counts| -> Actions { (c.all(), c.open) };
    let measured = &side.measured;
    let escalation = |open: &crate::blast::Opened| -> Option<[String; 3]> {
        let way = dangers.escalations.get(open.way)?;
        let on = if open.on.contains("*") { "all but some".to_owned() } else { listed(open.on.iter()) };
        Some([way.id.clone(), open.grade.as_str().to_owned(), on])
    };
    let store = |r: &crate::blast::Reached| -> Option<String> {
        let words: Vec<String> = [reached("read", &r.read), reached("change", &r.write)].into_iter().flatten().collect();
        Some(format!("{}: {}", dangers.stores.get(r.store)?.name, words.join("; ")))
    };
    BlastSide {
        risk: side.risk,
        admin: side.admin.word,
        path: path(&side.admin, own),
        escalations: measured.ways.iter().filter_map(escalation).collect(),
        credentials: actions(measured.credentials),
        permissions: actions(measured.permissions),
        data_read: actions(measured.data_read),
        data_write: actions(measured.data_write),
        destruction: actions(measured.destruction),
        data: measured.stores.iter().filter_map(store).collect(),
    }
}

/// Adds everybody's reach, and to each proposal what it takes away. The model's proposals must stand in their order.
pub fn add(model: &mut ReportModel, blast: Blast, reference: &Reference) {
    let folder = |at: &usize| model.proposals.get(*at).map(|p| p.folder.clone());
    let mut rows: Vec<BlastRow> = blast
        .principals
        .into_iter()
        .map(|r| {
            let mut folders: Vec<String> = r.touched.iter().filter_map(folder).collect();
            folders.dedup();
            BlastRow {
                account: r.account,
                principal: visible(&r.arn),
                kind: r.kind,
                before: side(&r.before, &r.arn, reference),
                after: side(&r.after, &r.arn, reference),
                folders,
                not_known: r.not_known.iter().map(|n| visible(n)).collect(),
            }
        })
        .collect();
    let rank = |r: &BlastRow| (r.before.risk.saturating_sub(r.after.risk), r.after.risk);
    rows.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| (&a.account, &a.principal).cmp(&(&b.account, &b.principal))));
    let mut fixes: Vec<FixRow> = Vec::new();
    for (at, removed) in blast.removed {
        let Some(proposal) = model.proposals.get_mut(at).filter(|p| p.status == "written") else { continue };
        proposal.risk_removed = Some(removed);
        fixes.push(FixRow {
            folder: proposal.folder.clone(),
            policy: visible(&proposal.policy),
            owner: visible(&proposal.owner_arn),
            risk: removed.risk,
            principals: removed.principals,
            paths: removed.paths,
        });
    }
    fixes.sort_by(|a, b| (b.risk, &a.owner, &a.policy, &a.folder).cmp(&(a.risk, &b.owner, &b.policy, &b.folder)));
    model.blast = Some(BlastFacts { rows, fixes });
}
