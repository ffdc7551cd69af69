//! Fills the tables of external access: what the reduction, the proofs and the measured reach say of each role, and when the
//! last run was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::blast::{Blast, Side};
use super::proofs::Proofs;
use super::{RunError, RunOptions, Window, tables};
use crate::blast::Grade;
use crate::config::Config;
use crate::external::{self, Accounts, Decided, KnownAccounts, Origins, frames};
use crate::grants::Grants;
use crate::policy::print;
use crate::prove::ReplayCounts;
use crate::reduce::{Placement, Proposal, Status};
use crate::report::sql::SqlTables;
use crate::usage::Usage;

/// How strong a role is: everything (`admin`), a way to more (`privesc`), content of stores (`data`), the rest (`read`).
fn privilege(side: &Side) -> &'static str {
    match side.admin.word {
        "yes" if side.admin.steps.is_empty() => "admin",
        "yes" | "perhaps" => "privesc",
        _ if side.measured.ways.iter().any(|w| w.grade == Grade::Open) => "privesc",
        _ if !side.measured.stores.is_empty() => "data",
        "no" => "read",
        _ => "unknown",
    }
}

fn replayed(counts: &ReplayCounts) -> String {
    let mut text = format!("{} of {} observed assumptions would be denied", counts.newly_denied, counts.calls);
    if counts.unknown > 0 {
        text.push_str(&format!("; {} kinds of calls cannot be decided", counts.unknown));
    }
    text
}

/// What stands of the proposals for trust policies and of the roles' reach.
pub fn decided(proposals: &[Proposal], proofs: &Proofs<'_>, blast: Option<&Blast>) -> Decided {
    let mut decided = Decided::default();
    for radius in blast.into_iter().flat_map(|b| &b.principals) {
        decided.privilege.insert(radius.arn.clone(), privilege(&radius.before));
    }
    for proposal in proposals.iter().filter(|p| p.unit.placement == Placement::Trust) {
        let role = &proposal.unit.owner_arn;
        for verdict in proposal.verdicts.iter() {
            if let Some(subject) = &verdict.subject {
                decided.verdicts.insert((role.clone(), verdict.statement, subject.clone()), (verdict.verdict.as_str(), verdict.reason.to_string()));
            }
        }
        if proposal.status == Status::Proposed
            && let Some(document) = proposal.proposed.first()
        {
            decided.proposals.insert(role.clone(), print::minified(&document.without_secrets()));
            if let Some(counts) = proofs.trusts.get(role) {
                decided.replays.insert(role.clone(), replayed(counts));
            }
        }
    }
    decided
}

/// The as-of time of the last run before this one, by the findings that it left in the state folder.
fn last_run(state: &Path, as_of_ms: i64) -> Option<i64> {
    let entries = std::fs::read_dir(state.join("findings")).ok()?;
    let at = |e: std::io::Result<std::fs::DirEntry>| e.ok()?.path().file_stem()?.to_str()?.parse::<i64>().ok();
    entries.filter_map(at).filter(|at| *at < as_of_ms).max()
}

/// Who took up which roles.
fn taken_up(usage: &Usage) -> Vec<(String, Vec<String>)> {
    let mut roles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for assumption in usage.assumptions.iter().filter(|a| matches!(a.source_kind, "role" | "user")) {
        roles.entry(&assumption.source).or_default().insert(&assumption.role_arn);
    }
    roles.into_iter().map(|(who, roles)| (who.to_owned(), roles.into_iter().map(str::to_owned).collect())).collect()
}

/// What the tables need besides grants and use.
#[derive(Default)]
pub struct Beside {
    /// Accounts that somebody published.
    pub known: KnownAccounts,
    /// Databases of networks.
    pub origins: Origins,
    /// As-of time of the last run before this one, epoch ms.
    pub last_run_ms: Option<i64>,
    /// What the reduction and the proofs said.
    pub decided: Decided,
}

/// Reads what the options name.
pub fn beside(options: &RunOptions, decided: Decided, window: Window) -> Result<Beside, RunError> {
    let known = options.known_accounts.as_deref().map(external::known::load).transpose()?.unwrap_or_default();
    Ok(Beside { known, origins: Origins::open(&options.mmdb)?, last_run_ms: last_run(&options.state, window.end_ms), decided })
}

/// Registers `trust_entries`, `entry_uses`, `outside_accounts`, `roles_taken_up`, `last_run`; `known_accounts` gets the
/// published ones too.
pub fn register(tables: &mut SqlTables, grants: &Grants, usage: &Usage, config: &Config, beside: Beside, window: Window) -> Result<(), RunError> {
    let failed = |e: &dyn std::fmt::Display| RunError::Table(e.to_string());
    let Beside { known, origins, last_run_ms, decided } = beside;
    let mut own: Vec<String> = tables::accounts(grants, config).into_iter().map(|a| a.account).collect();
    if own.is_empty() {
        own = usage.coverage.accounts.keys().cloned().collect();
    }
    let mut labels: BTreeMap<String, String> = known.iter().map(|(id, k)| (id.clone(), k.name.clone())).collect();
    labels.extend(config.vendors.clone());
    tables.register_known_accounts(&labels.into_iter().collect::<Vec<_>>())?;
    let accounts = Accounts::new(own, grants, &config.vendors, known);
    let entries = external::trust_entries(grants, &accounts, &decided, window.end_ms);
    let uses = external::entry_uses(grants, &usage.assumptions, &entries, &accounts, &origins, window);
    let outside = external::outside_accounts(&entries, &uses, usage, &accounts);
    tables.register("trust_entries", frames::trust_entries(&entries).map_err(|e| failed(&e))?);
    tables.register("entry_uses", frames::entry_uses(&uses).map_err(|e| failed(&e))?);
    tables.register("outside_accounts", frames::outside_accounts(&outside).map_err(|e| failed(&e))?);
    tables.register("roles_taken_up", frames::roles_taken_up(&taken_up(usage)).map_err(|e| failed(&e))?);
    tables.register("last_run", frames::last_run(last_run_ms).map_err(|e| failed(&e))?);
    Ok(())
}
