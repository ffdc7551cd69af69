//! Turns the stages' answers into the plain model that the output formats print.

use std::collections::{BTreeMap, BTreeSet};

use super::consistency::{Consistency, Figures, Tally};
use super::history::Past;
use super::memory::Memory;
use super::proofs::Proofs;
use super::timings::{Watch, peak_rss_bytes};
use super::{RunError, tables};
use crate::aws::{Arn, is_account_id};
use crate::config::Config;
use crate::grants::{Grants, Index, PolicyVersion, Principal};
use crate::grants::doctor::{Diagnosis, GapKind, LogWindow};
use crate::ingest::Ledger;
use crate::policy::print;
use crate::prove::{Containment, ReplayCounts};
use crate::reduce::advice::Advice;
use crate::reduce::{Placement, Proposal, Skipped, Status};
use crate::reference::Reference;
use crate::report::deliver::operations::{current_file, proposed_file};
use crate::report::escape::{file_name, short as visible};
use crate::report::lint_text::LintFacts;
use crate::report::model::{
    AccountDays, AgreementFacts, ConsistencyFacts, ContradictionRow, ExportFacts, GapRow, HistoryFacts, HolderRow, LedgerFacts, ProposalRow,
    ReferenceFacts, ReplayFacts, ReportModel, TallyFacts, TimingFacts,
};
use crate::report::sql::SqlTables;
use crate::report::{doctor_text, findings};
use crate::usage::{Outcome, Usage, Window};

/// The counts of a replay.
pub fn replay_facts(counts: &ReplayCounts) -> ReplayFacts {
    ReplayFacts {
        requests: counts.requests,
        calls: counts.calls,
        newly_denied: counts.newly_denied,
        as_before: counts.as_before,
        allowed_by_resource_policy: counts.allowed_by_resource_policy,
        unknown: counts.unknown,
        unexplained: counts.unexplained,
        explained_by_history: counts.explained_by_history,
    }
}

/// The model without proposals and findings.
pub fn model(config: &Config, grants: &Grants, usage: &Usage, ledger: &Ledger, reference: &Reference, window: Window, from_usage: bool) -> ReportModel {
    let totals = ledger.totals();
    let header = reference.header();
    let mut model = ReportModel {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        as_of_ms: window.end_ms,
        window_start_ms: window.start_ms,
        window_days: window.days(),
        mode: if from_usage { super::FROM_USAGE } else { "from grants and logs" },
        reference: ReferenceFacts {
            date: header.date.clone(),
            sha256: header.sha256.clone(),
            sources: header.sources.iter().map(|s| [s.name.clone(), s.version.clone(), s.licence.clone()]).collect(),
            actions: reference.len(),
        },
        inputs: grants.inputs.iter().map(|i| (i.path.clone(), i.kind.to_owned(), i.sha256.clone())).collect(),
        ledger: LedgerFacts {
            files: totals.files,
            records_read: totals.records_read,
            kept: totals.kept,
            duplicate: totals.duplicate,
            rejected: totals.rejected,
            too_old: totals.too_old,
            kept_since: ledger.since().map(str::to_owned),
            by_reason: totals.by_reason,
        },
        mapping: super::mapping::facts(&usage.mapping, reference),
        coverage: coverage(usage, config),
        ..ReportModel::default()
    };
    for file in ledger.files() {
        model.rejections.extend(file.rejections.iter().map(|r| visible(&format!("{}: {r}", file.path))));
    }
    for p in &grants.problems {
        model.rejections.push(visible(&format!("{} {}: {}", p.file, p.pointer, p.reason)));
    }
    model.unknown = unknowns(config, grants, usage);
    model
}

fn unknowns(config: &Config, grants: &Grants, usage: &Usage) -> Vec<String> {
    let mut out = Vec::new();
    if grants.is_empty() {
        out.push("no grants were given: what could be removed is unknown; policies are made from use alone".to_owned());
    } else {
        if grants.trails.is_empty() {
            out.push("no trails were exported: what the logs cover is read from the events alone (export describe-trails, get-event-selectors and get-trail-status)".to_owned());
        }
    }
    for account in tables::accounts(grants, config) {
        if !account.has_authorization_details {
            out.push(format!("account {}: no account authorization details", account.account));
        }
        if !account.has_credential_report {
            out.push(format!("account {}: no credential report", account.account));
        }
        if !usage.coverage.is_complete(&account.account, config.min_coverage_permille()) {
            out.push(format!("account {}: the logs do not cover the window, so nothing is called unused", account.account));
        }
    }
    for account in grants.accounts.values().filter(|a| a.has_authorization_details && !a.complete) {
        out.push(format!("account {}: the export breaks off", account.id));
    }
    for principal in grants.principals() {
        out.extend(grants.held_by(principal).gaps);
    }
    out.sort();
    out.dedup();
    out
}

fn coverage(usage: &Usage, config: &Config) -> Vec<AccountDays> {
    usage
        .coverage
        .accounts
        .iter()
        .map(|(id, a)| AccountDays {
            account: id.clone(),
            name: config.accounts.get(id).cloned().unwrap_or_default(),
            share_permille: a.share_permille,
            days: usage
                .coverage
                .window_days
                .iter()
                .map(|d| {
                    let status = match a.days.get(d) {
                        Some(c) if c.management_reads > 0 && c.management_writes > 0 => "complete",
                        Some(_) => "partial",
                        None => "missing",
                    };
                    (d.clone(), status)
                })
                .collect(),
            ..AccountDays::default()
        })
        .collect()
}

/// Counts by name, the highest first.
fn most_first<K: AsRef<str>>(counts: &BTreeMap<K, i64>) -> Vec<(String, i64)> {
    let mut list: Vec<(String, i64)> = counts.iter().map(|(name, n)| (visible(name.as_ref()), *n)).collect();
    list.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    list
}

fn agreement(figures: &Figures) -> AgreementFacts {
    let tally = |t: Tally| TallyFacts { ok: t.ok, unknown: t.unknown, contradiction: t.contradiction };
    AgreementFacts {
        allowed: tally(figures.allowed),
        denied: tally(figures.denied),
        layer_agrees: figures.layer_agrees,
        layer_differs: figures.layer_differs,
        layer_not_at_hand: figures.layer_not_at_hand.clone(),
        layer_not_named: figures.layer_not_named,
        settled_by: most_first(&figures.settled_by),
    }
}

/// Beginnings of the names of IAM's actions that change who holds what.
const CHANGES: &[&str] = &["Add", "Attach", "Create", "Delete", "Detach", "Put", "Remove", "Set", "Update"];

/// What the logs tell of time: the end of the window, and the last change of grants in each account.
pub fn log_window(usage: &Usage, window: Window) -> LogWindow {
    let mut logs = LogWindow { end_ms: window.end_ms, ..LogWindow::default() };
    for row in usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
        let is_change = row.action.strip_prefix("iam:").is_some_and(|name| CHANGES.iter().any(|c| name.starts_with(c)));
        if is_change {
            let owner = Arn::parse(&row.resource_arn).map(|a| a.account).filter(|a| is_account_id(a));
            let last = logs.last_change_ms.entry(owner.unwrap_or(&row.account).to_owned()).or_insert(row.last_seen_ms);
            *last = row.last_seen_ms.max(*last);
        }
    }
    logs
}

/// Adds what the exports of grants hold and lack.
pub fn add_exports(model: &mut ReportModel, grants: &Grants, diagnosis: &Diagnosis) {
    let mut facts = ExportFacts { holdings: doctor_text::holdings(grants), ..ExportFacts::default() };
    for (system, c) in &diagnosis.systems {
        facts.systems.push((system.clone(), [c.present, c.absent, c.unknown, c.not_exported]));
    }
    for kind in GapKind::ALL.into_iter().filter(|k| *k != GapKind::NotExported) {
        for group in diagnosis.groups(kind) {
            let words = [group.subject_text(), group.places_text()];
            facts.gaps.push(GapRow {
                state: kind.as_str(),
                system: group.first.system.clone(),
                what: visible(&words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(", ")),
                why: visible(&group.first.why),
                weakens: group.first.weakens.clone(),
                command: visible(&group.first.command),
            });
        }
    }
    facts.conflicts = grants.conflicts.iter().map(|c| [visible(&c.what), visible(&c.kept), visible(&c.dropped)]).collect();
    if !grants.is_empty() {
        let nothing: Vec<&str> = facts.systems.iter().filter(|(_, [p, a, u, _])| p + a + u == 0).map(|(s, _)| s.as_str()).collect();
        if !nothing.is_empty() {
            model.unknown.push(format!(
                "{} of {} systems of permissions are not exported (`trailtrim doctor` names what that weakens, and the commands)",
                nothing.len(),
                facts.systems.len()
            ));
        }
        let count = |kind| facts.gaps.iter().filter(|g| g.state == kind).count();
        for (kind, words) in [("unknown", "could not be read, or failed"), ("stale", "older than the logs or of unknown age"), ("dangling", "that name something no export has")] {
            if count(kind) > 0 {
                model.unknown.push(format!("kinds of exports {words}: {} (listed under what the exports tell)", count(kind)));
            }
        }
        if !facts.conflicts.is_empty() {
            model.unknown.push(format!("{} times two exports tell different things; the newest counts", facts.conflicts.len()));
        }
        model.unknown.sort();
    }
    model.exports = facts;
}

/// Adds how log and grants stand to each other.
pub fn add_consistency(model: &mut ReportModel, consistency: &Consistency) {
    model.consistency = ConsistencyFacts {
        calls: agreement(&consistency.calls),
        sessions: agreement(&consistency.sessions.figures),
        sessions_not_known: most_first(&consistency.sessions.not_known),
        sessions_not_exported: consistency.sessions.not_exported,
        contradictions: consistency
            .contradictions
            .iter()
            .map(|c| ContradictionRow {
                principal: visible(&c.principal_arn),
                action: visible(&c.action),
                resource: visible(&c.resource),
                logged: visible(&c.logged),
                decided: visible(&c.decided),
                calls: c.calls,
                samples: c.samples.iter().map(|s| visible(s)).collect(),
            })
            .collect(),
    };
}

/// Adds what was granted when, and what of it is not known.
pub fn add_history(model: &mut ReportModel, past: &Past) {
    let history = past.history();
    let (eras, unknown) = history.counts();
    let changed: std::collections::BTreeSet<&String> = history.eras.keys().chain(history.trusts.keys()).collect();
    model.history = HistoryFacts {
        changes: history.changes,
        replayed: history.replayed,
        principals: changed.len(),
        eras,
        unknown,
        stale_hints: history.stale_hints.iter().map(|h| visible(h)).collect(),
        not_told: history.unknown.iter().map(|h| visible(h)).collect(),
        missing_until: past.missing_until().map(str::to_owned),
    };
    for (count, what) in [
        (history.stale_hints.len(), "the export is not as the log left it: it is older than the log, or the log lacks a change (history.stale_hints in run.json)"),
        (history.unknown.len(), "the log does not tell what a change of grants was about (history.not_told in run.json)"),
    ] {
        if count > 0 {
            model.unknown.push(format!("in {count} {} {what}", if count == 1 { "place" } else { "places" }));
        }
    }
    if let Some(day) = past.missing_until() {
        model.unknown.push(format!(
            "changes of grants up to {day} may be missing: an older version took these logs in; take them in again into a new state folder"
        ));
    }
    model.unknown.sort();
    model.unknown.dedup();
}

/// The names that a row's documents would have, in small letters.
fn files_of(row: &ProposalRow) -> Vec<String> {
    let files = (0..row.proposed.len()).map(|n| proposed_file(row, n)).chain([current_file(row)]);
    files.map(|f| format!("{}/{f}", row.folder).to_ascii_lowercase()).collect()
}

/// Names of folders and files that are given already.
#[derive(Default)]
pub struct Names {
    folders: BTreeMap<String, String>,
    files: BTreeSet<String>,
}

impl Names {
    /// Gives a row a folder, and files in it, that no other owner or policy has.
    pub fn give(&mut self, row: &mut ProposalRow) {
        let wanted = format!("{}/{}/{}", file_name(&row.account), row.kind, file_name(&row.owner));
        // Names that differ by case only, or two owners of one name on different paths, must not share a folder.
        let taken = self.folders.entry(wanted.to_ascii_lowercase()).or_insert_with(|| row.owner_arn.clone());
        row.folder = if *taken == row.owner_arn {
            wanted
        } else {
            format!("{wanted}~{}", file_name(&format!("/{}", row.owner_arn)).rsplit('~').next().unwrap_or("2"))
        };
        row.stem = file_name(&row.policy);
        // An owner's inline policy and an AWS managed one that it holds may share a name, and part 2 of a policy may have another's.
        if files_of(row).iter().any(|f| self.files.contains(f)) {
            row.stem = file_name(&format!("{}/{}", row.placement, row.policy));
        }
        self.files.extend(files_of(row));
    }
}

/// Adds proposals with their proofs, and gives each a folder and files of its own.
pub fn add_proposals(model: &mut ReportModel, proposals: Vec<Proposal>, skipped: Vec<Skipped>, proofs: &Proofs<'_>, grants: &Grants, reference: &Reference) {
    let index = Index::new(grants);
    model.replay = replay_facts(&proofs.replay);
    model.skipped = skipped.into_iter().map(|s| [visible(&s.owner_arn), visible(&s.policy), visible(&s.reason)]).collect();
    let mut names = Names::default();
    model.proposals.reserve_exact(proposals.len());
    for (at, proposal) in proposals.into_iter().enumerate() {
        let containment = proofs.containment.get(at).cloned().flatten();
        let mut row = proposal_row(proposal, containment, proofs, reference);
        place(&mut row, grants, &index);
        names.give(&mut row);
        model.proposals.push(row);
    }
}

/// Adds what the linter says of each proposal; both are in the same order.
pub fn add_lint(model: &mut ReportModel, linted: Vec<LintFacts>) {
    for (row, facts) in model.proposals.iter_mut().zip(linted) {
        row.lint = facts;
    }
}

/// Adds advice, its texts made visible.
pub fn add_advice(model: &mut ReportModel, advice: Vec<Advice>) {
    let row = |a: Advice| Advice {
        account: visible(&a.account),
        subject: visible(&a.subject),
        title: visible(&a.title),
        text: visible(&a.text),
        evidence: a.evidence.iter().map(|line| visible(line)).collect(),
        ..a
    };
    model.advice = advice.into_iter().map(row).collect();
}

/// Where the policy stands, for the files that apply a proposal.
fn place(row: &mut ProposalRow, grants: &Grants, index: &Index<'_>) {
    row.path = "/".to_owned();
    row.instance_arn = grants.permission_sets.get(&row.owner_arn).map(|s| s.instance.clone()).filter(|i| !i.is_empty());
    if row.placement == "trust" {
        let of_role = |r: &str| r.strip_suffix(row.owner.as_str()).map(str::to_owned);
        row.path = row.owner_arn.split_once(":role").and_then(|(_, rest)| of_role(rest)).unwrap_or_else(|| "/".to_owned());
    }
    if row.placement != "customer-managed" {
        return;
    }
    let Some(policy) = grants.policies.get(&row.owner_arn) else { return };
    let path = policy.arn.split_once(":policy").and_then(|(_, rest)| rest.strip_suffix(policy.name.as_str()));
    row.path = path.unwrap_or("/").to_owned();
    let is_default = |v: &&PolicyVersion| v.created_ms == policy.version_created_ms && v.document.as_ref() == policy.document.as_ref().ok();
    row.version = policy.versions.iter().find(is_default).map(|v| v.id.clone());
    let holder = |h: &&Principal| HolderRow { kind: h.kind.as_str().to_owned(), name: h.name.clone() };
    row.holders = index.holders_of(&policy.arn).iter().map(holder).collect();
    row.holders.sort();
}

fn proposal_row(proposal: Proposal, containment: Option<Containment>, proofs: &Proofs<'_>, reference: &Reference) -> ProposalRow {
    let actions = proposal.actions(reference);
    let (before, after) = (actions.before.len() + actions.unknown, actions.after.len() + actions.unknown);
    let mut verdicts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for v in proposal.verdicts.iter() {
        *verdicts.entry(v.verdict.as_str()).or_default() += 1;
    }
    for group in &proposal.groups {
        *verdicts.entry(group.verdict.as_str()).or_default() += group.actions.len();
    }
    let mut replay = ReplayCounts::default();
    let is_trust = proposal.unit.placement == Placement::Trust;
    let by_member = if is_trust { &proofs.trusts } else { &proofs.by_principal };
    for member in &proposal.members {
        if let Some(counts) = by_member.get(member) {
            replay.add(*counts);
        }
    }
    let mut gone = actions.before;
    gone.take_out(&actions.after);
    let risky_dropped = match &proposal.current {
        Some(_) if is_trust => Vec::new(),
        Some(_) => gone.iter().filter(|id| !reference.risk(*id).is_empty()).map(|id| reference.name(id).to_owned()).collect(),
        None => Vec::new(),
    };
    let (status, why) = match &proposal.status {
        Status::Unchanged => ("unchanged", String::new()),
        Status::Proposed if proposal.proposed.is_empty() => {
            ("written", "nothing is left: delete the inline policy, or detach the managed one".to_owned())
        }
        Status::Proposed if !proposal.detached.is_empty() => {
            let names: Vec<&str> = proposal.detached.iter().map(|(arn, _)| arn.as_str()).collect();
            ("written", format!("takes the place of {} too, which the permission set then does without", names.join(", ")))
        }
        Status::Proposed => ("written", String::new()),
        Status::Withheld(why) => ("withheld", why.clone()),
        Status::Defect(why) => ("defect", why.clone()),
    };
    let unit = &proposal.unit;
    let size_before = proposal.current.as_deref().map_or(0, print::size);
    ProposalRow {
        account: unit.account.clone(),
        kind: unit.owner_kind.as_str().to_owned(),
        owner: unit.owner_name.clone(),
        owner_arn: unit.owner_arn.clone(),
        policy: unit.policy_name.clone(),
        policy_arn: unit.policy_arn.clone(),
        placement: unit.placement.as_str().to_owned(),
        status,
        why,
        actions_before: before,
        actions_after: if status == "written" { after } else { before },
        verdicts,
        risky_dropped,
        sizes: (size_before, if status == "written" { proposal.largest() } else { size_before }, proposal.limit),
        replay: replay_facts(&replay),
        containment: match containment {
            Some(answer) => answer.why_not().map_or_else(|| "proved".to_owned(), |why| format!("not proved: {why}")),
            None if proposal.current.is_none() => "no grant to compare with".to_owned(),
            None => "nothing proposed".to_owned(),
        },
        current: proposal.current,
        proposed: proposal.proposed,
        evidence: proposal.verdicts,
        groups: proposal.groups,
        members: proposal.members,
        detached: proposal.detached.into_iter().map(|(arn, _)| arn).collect(),
        generalised: proposal.generalised,
        packing: proposal.packing,
        suggestions: proposal.suggestions,
        ..ProposalRow::default()
    }
}

/// How long the stages took so far.
pub fn timings(watch: &Watch) -> TimingFacts {
    TimingFacts { stages: watch.stages().iter().map(|s| (s.name, s.ms)).collect(), peak_rss_bytes: peak_rss_bytes() }
}

/// Runs every report and compares with earlier nights.
pub fn add_findings(model: &mut ReportModel, tables: &mut SqlTables, memory: &Memory<'_>) -> Result<(), RunError> {
    let mut all = Vec::new();
    for report in &model.reports {
        let rows = tables.run(&report.id, report.sql)?;
        all.extend(findings::of_rows(report, &rows));
    }
    super::memory::add(model, all, memory)
}
