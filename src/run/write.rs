//! Fills the folder that takes the place of the output folder (`out_folder`).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use rayon::prelude::*;

use super::out_folder::{MARK, OutFolder, failed};
use super::{RunError, RunOptions};
use crate::files;
use crate::ingest::Ledger;
use crate::policy::print;
use crate::report::deliver::operations::{current_file, proposed_file};
use crate::report::deliver::{IacMap, cloudformation, script, terraform};
use crate::report::escape::{is_plain_file, json_file};
use crate::report::formats::manifest::{self, Setting};
use crate::report::formats::{asff, changes, findings_parquet, metrics, ocsf, review, sarif};
use crate::report::model::{ProposalRow, ReportModel};
use crate::report::findings_csv::TableError;
use crate::report::proofs_text::BacktestFacts;
use crate::report::sql::{Answer, Cell, SqlTables};
use crate::report::{advice, blast_text, findings_csv, findings_json, html, policy_files, run_json, summary_md};
use crate::reference::Reference;
use crate::usage::{UsageRow, frames};

/// Tables that are written as CSV.
const TABLES: &[&str] = &[
    "account_summary", "accounts", "activity", "assumptions", "attachments", "coverage", "credentials", "denials", "denied_calls",
    "denied_clusters", "documents", "entry_uses", "grant_changes", "inventory", "key_activity", "last_accessed", "managed_policies", "mfa_devices",
    "outside_accounts", "password_policies", "principals", "resource_grants", "session_calls", "statements", "trails", "trust_entries", "trusts",
];

/// How many rows of use are turned into columns at a time.
const USAGE_AT_ONCE: usize = 50_000;

/// From how many rows on the expanded actions are left to SQL: as CSV they would say little at great length.
const MOST_ACTIONS: i64 = 200_000;

/// The folder that is filled. Files are written as they come: all of an organisation's policies together are too much to hold.
struct Folder {
    out: OutFolder,
    path: PathBuf,
}

impl Folder {
    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), RunError> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            files::create_dir_all(parent).map_err(failed(parent))?;
        }
        files::create(&path).and_then(|mut file| file.write_all(bytes.as_ref())).map_err(failed(&path))
    }

    /// Writes a table that comes in parts.
    fn put_table(&self, name: &str, parts: impl IntoIterator<Item = Result<Answer, RunError>>) -> Result<(), RunError> {
        let path = self.path.join(format!("tables/{name}.csv"));
        if let Some(parent) = path.parent() {
            files::create_dir_all(parent).map_err(failed(parent))?;
        }
        let mut file = std::io::BufWriter::new(files::create(&path).map_err(failed(&path))?);
        for (at, part) in parts.into_iter().enumerate() {
            findings_csv::table(&part?, at == 0, &mut file).map_err(|e| match e {
                TableError::Sql(e) => e.into(),
                TableError::Write(source) => RunError::Write { path: path.clone(), source },
            })?;
        }
        file.flush().map_err(failed(&path))
    }
}

/// The table of use in parts: as columns all of it would take as much memory again as the rows do.
fn usage_table(rows: &[UsageRow]) -> impl Iterator<Item = Result<Answer, RunError>> {
    let parts = rows.chunks(USAGE_AT_ONCE).chain(rows.is_empty().then_some(rows));
    parts.map(|part| frames::usage(part).map(|frame| Answer::of("usage", frame)).map_err(|e| RunError::Table(e.to_string())))
}

fn policy_folder(folder: &Folder, rows: &[&ProposalRow], map: &IacMap, backtest: Option<&BacktestFacts>, reference: &Reference) -> Result<(), RunError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let base = format!("policies/{}", first.folder);
    for row in rows {
        if let Some(current) = row.current.as_ref().filter(|c| !c.statements.is_empty()) {
            folder.put(&format!("{base}/{}", current_file(row)), json_file(print::pretty(current)))?;
        }
        if row.status != "written" {
            continue;
        }
        for (n, document) in row.proposed.iter().enumerate() {
            folder.put(&format!("{base}/{}", proposed_file(row, n)), json_file(print::pretty(document)))?;
        }
    }
    let forms = [
        ("main.tf", terraform::render(rows, map)),
        ("template.yaml", cloudformation::render(rows)),
        ("apply.sh", script::apply(rows)),
        ("rollback.sh", script::rollback(rows)),
    ];
    for (name, text) in forms {
        if let Some(text) = text.filter(|text| is_plain_file(text)) {
            folder.put(&format!("{base}/{name}"), text)?;
        }
    }
    folder.put(&format!("{base}/diff.md"), policy_files::diff(rows, backtest, reference))?;
    folder.put(&format!("{base}/evidence.json"), json_file(policy_files::evidence(rows, backtest, reference)))
}

/// The findings in the formats of other tools.
fn findings(folder: &Folder, model: &ReportModel, map: &IacMap) -> Result<(), RunError> {
    folder.put("findings.parquet", findings_parquet::render(model)?)?;
    folder.put("findings.sarif", sarif::render(model, map))?;
    folder.put("findings.ocsf.json", ocsf::render(model))?;
    for (name, text) in asff::render(model) {
        folder.put(&name, text)?;
    }
    folder.put("changes.ndjson", changes::render(model))?;
    folder.put("metrics.prom", metrics::render(model, None))?;
    folder.put("access_review.xlsx", review::render(model).map_err(|e| RunError::Review(e.to_string()))?)?;
    folder.put("tables/trend.csv", findings_csv::trend(&model.trend))
}

/// Writes everything.
pub fn all(
    options: &RunOptions,
    out: OutFolder,
    model: &ReportModel,
    usage: &[UsageRow],
    reference: &Reference,
    mut tables: SqlTables,
    ledger: &Ledger,
    settings: &[Setting],
) -> Result<(), RunError> {
    let map = options.iac_map.as_deref().map(IacMap::load).transpose()?.unwrap_or_default();
    let folder = Folder { path: out.path().to_path_buf(), out };
    for table in TABLES {
        folder.put_table(table, [tables.ask(table, &format!("SELECT * FROM {table}")).map_err(RunError::from)])?;
    }
    folder.put_table("usage", usage_table(usage))?;
    if let Some(report) = model.reports.iter().find(|r| r.id == "external-access") {
        folder.put_table("external_access", [tables.ask(&report.id, report.sql).map_err(RunError::from)])?;
    }
    let actions = tables.run("granted_actions", "SELECT CAST(SUM(action_count) AS BIGINT) AS actions FROM statements")?;
    if !matches!(actions.rows.first().and_then(|r| r.first()), Some(Cell::Int(n)) if *n > MOST_ACTIONS) {
        let sql = "SELECT * FROM granted_actions ORDER BY document_id ASC NULLS LAST, statement ASC NULLS LAST, action ASC NULLS LAST";
        folder.put_table("granted_actions", [tables.ask("granted_actions", sql).map_err(RunError::from)])?;
    }
    // The pages below take memory of their own.
    drop(tables);
    folder.put("findings.json", findings_json::render(model))?;
    folder.put("findings.csv", findings_csv::render(model))?;
    findings(&folder, model, &map)?;
    folder.put("advice.json", json_file(advice::render(model)))?;
    folder.put("summary.md", summary_md::render(model))?;
    let pages = html::render(model, reference, options.html_max_mb).map_err(|e| RunError::Page(e.to_string()))?;
    folder.put("report.html", pages.main)?;
    for (name, text) in pages.shards {
        folder.put(&name, text)?;
    }
    if let Some(blast) = &model.blast {
        folder.put("tables/blast_radius.csv", blast_text::csv(blast))?;
    }
    folder.put("policies/left_alone.json", policy_files::left_alone(model))?;
    let mut owners: BTreeMap<&str, Vec<&ProposalRow>> = BTreeMap::new();
    for row in &model.proposals {
        owners.entry(&row.folder).or_default().push(row);
    }
    owners.par_iter().try_for_each(|(_, rows)| policy_folder(&folder, rows, &map, model.backtest.as_ref(), reference))?;
    // The mark comes last: what a killed run leaves behind is no output.
    folder.put(MARK, json_file(run_json::render(model)))?;
    folder.put(manifest::NAME, manifest::render(model, ledger, settings, &folder.path).map_err(failed(&folder.path))?)?;
    folder.out.publish()
}
