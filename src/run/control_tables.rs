//! Tables of what the run worked out and was told, for controls: how far proposals shrink policies, how far principals reach,
//! lists of the configuration. Columns: `docs/tables.md`.

use super::RunError;
use crate::config::Controls;
use crate::report::blast_text::BlastRow;
use crate::report::model::ProposalRow;
use crate::report::sql::{Cell, Kind, SqlTables};

const GAPS: &[(&str, Kind)] = &[
    ("account", Kind::Text),
    ("owner_kind", Kind::Text),
    ("owner_arn", Kind::Text),
    ("policy", Kind::Text),
    ("policy_arn", Kind::Text),
    ("placement", Kind::Text),
    ("status", Kind::Text),
    ("why", Kind::Text),
    ("holders", Kind::Int),
    ("actions_before", Kind::Int),
    ("actions_after", Kind::Int),
    ("risky_dropped", Kind::Int),
    ("kept_unobservable", Kind::Int),
];

const REACH: &[(&str, Kind)] = &[
    ("account", Kind::Text),
    ("principal_kind", Kind::Text),
    ("principal_arn", Kind::Text),
    ("is_admin_before", Kind::Text),
    ("is_admin_after", Kind::Text),
    ("ways_before", Kind::Int),
    ("ways_after", Kind::Int),
    ("risk_before", Kind::Int),
    ("risk_after", Kind::Int),
    ("path", Kind::Text),
];

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Null } else { Cell::Text(text.to_owned()) }
}

fn int(n: usize) -> Cell {
    i64::try_from(n).map_or(Cell::Null, Cell::Int)
}

fn gap(row: &ProposalRow) -> Vec<Cell> {
    let kept = row.verdicts.get("keep-unobservable").copied().unwrap_or(0);
    vec![
        text(&row.account),
        text(&row.kind),
        text(&row.owner_arn),
        text(&row.policy),
        row.policy_arn.as_deref().map_or(Cell::Null, text),
        text(&row.placement),
        text(row.status),
        text(&row.why),
        int(row.members.len()),
        int(row.actions_before),
        int(if row.status == "written" { row.actions_after } else { row.actions_before }),
        int(row.risky_dropped.len()),
        int(kept),
    ]
}

fn reach(row: &BlastRow) -> Vec<Cell> {
    vec![
        text(&row.account),
        text(row.kind),
        text(&row.principal),
        text(row.before.admin),
        text(row.after.admin),
        int(row.before.escalations.len()),
        int(row.after.escalations.len()),
        int(row.before.risk),
        int(row.after.risk),
        text(&row.before.path),
    ]
}

/// Registers `policy_gaps` and `reach`.
///
/// # Errors
/// [`RunError::Sql`] when the engine refuses the columns.
pub fn of_results(tables: &mut SqlTables, proposals: &[ProposalRow], blast: &[BlastRow]) -> Result<(), RunError> {
    tables.register_rows("policy_gaps", GAPS, proposals.iter().map(gap).collect())?;
    tables.register_rows("reach", REACH, blast.iter().map(reach).collect())?;
    Ok(())
}

/// Registers `listed`.
///
/// # Errors
/// [`RunError::Sql`] when the engine refuses the columns.
pub fn of_config(tables: &mut SqlTables, config: &Controls) -> Result<(), RunError> {
    let lists = [
        ("allowed-regions", &config.allowed_regions),
        ("break-glass", &config.break_glass),
        ("human-roles", &config.human_roles),
        ("own-networks", &config.own_networks),
        ("owner-tags", &config.owner_tags),
    ];
    let rows = lists.into_iter().flat_map(|(list, values)| values.iter().map(move |v| vec![Cell::Text(list.to_owned()), Cell::Text(v.clone())]));
    tables.register_rows("listed", &[("list", Kind::Text), ("value", Kind::Text)], rows.collect())?;
    Ok(())
}
