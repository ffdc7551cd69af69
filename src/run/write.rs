//! Fills the folder that takes the place of the output folder (`out_folder`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::out_folder::{MARK, OutFolder, failed};
use super::timings::Watch;
use super::{RunError, RunOptions};
use crate::files;
use crate::ingest::Ledger;
use crate::policy::{PolicyDocument, print};
use crate::report::deliver::operations::{current_file, proposed_file};
use crate::report::deliver::{IacMap, cloudformation, script, terraform};
use crate::report::escape::{is_plain_file, json_file};
use crate::report::formats::manifest::{self, Setting};
use crate::report::formats::outbox::{self, Templates};
use crate::report::formats::{asff, changes, findings_parquet, metrics, ocsf, review, sarif};
use crate::report::model::{ProposalRow, ReportModel};
use crate::report::findings_csv::TableError;
use crate::report::proofs_text::BacktestFacts;
use crate::report::sql::{Answer, Cell, SqlTables};
use crate::report::{advice, blast_text, findings_csv, findings_json, html, policy_files, redacted, run_json, summary_md};
use crate::reference::Reference;
use crate::redact::Redactor;
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
pub struct Folder<'r> {
    out: OutFolder,
    path: PathBuf,
    /// What becomes of the cells of tables, which are no part of the model.
    redactor: Option<&'r Redactor>,
}

impl<'r> Folder<'r> {
    /// The folder that takes the place of the output folder; with a redactor, names in tables are tokens.
    pub fn of(out: OutFolder, redactor: Option<&'r Redactor>) -> Folder<'r> {
        Folder { path: out.path().to_path_buf(), out, redactor }
    }

    /// Writes the table of use.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be written.
    pub fn usage(&self, rows: &[UsageRow]) -> Result<(), RunError> {
        self.put_table("usage", usage_table(rows))
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), RunError> {
        self.stream(name, |to| to.write_all(bytes.as_ref()))
    }

    /// Writes a file as it comes: all of it at once would be too much to hold.
    fn stream(&self, name: &str, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<(), RunError> {
        let path = self.path.join(name);
        let mut file = self.create(&path)?;
        write(&mut file).and_then(|()| file.flush()).map_err(failed(&path))
    }

    /// A file of which nothing is written yet.
    fn create(&self, path: &Path) -> Result<BufWriter<File>, RunError> {
        if let Some(parent) = path.parent() {
            files::create_dir_all(parent).map_err(failed(parent))?;
        }
        files::create(path).map(BufWriter::new).map_err(failed(path))
    }

    /// Writes a table that comes in parts.
    fn put_table(&self, name: &str, parts: impl IntoIterator<Item = Result<Answer, RunError>>) -> Result<(), RunError> {
        let path = self.path.join(format!("tables/{name}.csv"));
        let mut file = self.create(&path)?;
        for (at, part) in parts.into_iter().enumerate() {
            findings_csv::table(&part?, at == 0, |rows| if let Some(r) = self.redactor { redacted::rows(r, rows) }, &mut file).map_err(|e| match e {
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

fn policy_folder(folder: &Folder<'_>, rows: &[&ProposalRow], map: &IacMap, backtest: Option<&BacktestFacts>, reference: &Reference) -> Result<(), RunError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let base = format!("policies/{}", first.folder);
    let is_redacted = folder.redactor.is_some();
    let printed = |document: &PolicyDocument| json_file(if is_redacted { print::pretty(&redacted::marked(document)) } else { print::pretty(document) });
    for row in rows {
        if let Some(current) = row.current.as_ref().filter(|c| !c.statements.is_empty()) {
            folder.put(&format!("{base}/{}", current_file(row)), printed(current))?;
        }
        if row.status != "written" {
            continue;
        }
        for (n, document) in row.proposed.iter().enumerate() {
            folder.put(&format!("{base}/{}", proposed_file(row, n)), printed(document))?;
        }
    }
    let forms = [
        ("main.tf", terraform::render(rows, map)),
        ("template.yaml", cloudformation::render(rows)),
        ("apply.sh", script::apply(rows)),
        ("rollback.sh", script::rollback(rows)),
    ];
    // What is to be applied names who it is applied to: there is none of it where nobody is named.
    for (name, text) in forms.into_iter().filter(|_| !is_redacted) {
        if let Some(text) = text.filter(|text| is_plain_file(text)) {
            folder.put(&format!("{base}/{name}"), text)?;
        }
    }
    folder.put(&format!("{base}/diff.md"), policy_files::diff(rows, backtest, reference))?;
    folder.put(&format!("{base}/evidence.json"), json_file(policy_files::evidence(rows, backtest, reference)))
}

/// The page, and what stands beside it.
fn page(folder: &Folder<'_>, model: &ReportModel, reference: &Reference, most_mb: usize) -> Result<(), RunError> {
    let pages = html::render(model, reference, most_mb).map_err(|e| RunError::Page(e.to_string()))?;
    folder.put("report.html", pages.main)?;
    pages.shards.into_iter().try_for_each(|(name, text)| folder.put(&name, text))
}

/// The folders of all owners.
fn policies(folder: &Folder<'_>, model: &ReportModel, map: &IacMap, reference: &Reference) -> Result<(), RunError> {
    folder.put("policies/left_alone.json", policy_files::left_alone(model))?;
    let mut owners: BTreeMap<&str, Vec<&ProposalRow>> = BTreeMap::new();
    for row in &model.proposals {
        owners.entry(&row.folder).or_default().push(row);
    }
    owners.par_iter().try_for_each(|(_, rows)| policy_folder(folder, rows, map, model.backtest.as_ref(), reference))
}

/// A file, or some, that need nothing but the model.
type Job<'j> = Box<dyn Fn() -> Result<(), RunError> + Send + Sync + 'j>;

/// Everything but the tables, the longest first.
fn jobs<'j>(folder: &'j Folder<'j>, model: &'j ReportModel, map: &'j IacMap, reference: &'j Reference, page_mb: usize) -> Vec<Job<'j>> {
    vec![
        Box::new(move || policies(folder, model, map, reference)),
        Box::new(move || folder.stream("findings.ocsf.json", |to| ocsf::write(model, to))),
        Box::new(move || folder.stream("findings.json", |to| findings_json::write(model, to))),
        Box::new(move || page(folder, model, reference, page_mb)),
        Box::new(move || folder.stream("findings.csv", |to| findings_csv::findings(model, to))),
        Box::new(move || folder.stream("changes.ndjson", |to| changes::write(model, to))),
        Box::new(move || folder.put("findings.parquet", findings_parquet::render(model)?)),
        Box::new(move || folder.put("findings.sarif", sarif::render(model, map))),
        Box::new(move || asff::render(model).into_iter().try_for_each(|(name, text)| folder.put(&name, text))),
        Box::new(move || folder.put("access_review.xlsx", review::render(model).map_err(|e| RunError::Review(e.to_string()))?)),
        Box::new(move || folder.put("metrics.prom", metrics::render(model, None))),
        Box::new(move || folder.put("tables/trend.csv", findings_csv::trend(&model.trend))),
        Box::new(move || folder.put("advice.json", json_file(advice::render(model)))),
        Box::new(move || folder.put("summary.md", summary_md::render(model))),
        Box::new(move || model.blast.as_ref().map_or(Ok(()), |blast| folder.put("tables/blast_radius.csv", blast_text::csv(blast)))),
    ]
}

/// What is told of besides the model.
pub struct Beside<'r> {
    /// What was taken in.
    pub ledger: &'r Ledger,
    /// Files of the reader's own.
    pub settings: &'r [Setting],
    /// Templates of tickets.
    pub tickets: Option<&'r Templates>,
}

/// Writes everything but the table of use.
pub fn all(
    options: &RunOptions,
    folder: Folder<'_>,
    model: &ReportModel,
    beside: &Beside<'_>,
    reference: &Reference,
    mut tables: SqlTables,
    watch: &mut Watch,
) -> Result<(), RunError> {
    let map = options.iac_map.as_deref().map(IacMap::load).transpose()?.filter(|_| folder.redactor.is_none()).unwrap_or_default();
    for table in TABLES {
        folder.put_table(table, [tables.ask(table, &format!("SELECT * FROM {table}")).map_err(RunError::from)])?;
    }
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
    watch.lap("write: tables");
    jobs(&folder, model, &map, reference, options.html_max_mb).par_iter().with_max_len(1).try_for_each(|job| job())?;
    let tickets = beside.tickets.map(|templates| outbox::render(model, templates)).transpose()?;
    tickets.into_iter().flatten().try_for_each(|(name, text)| folder.put(&name, text))?;
    watch.lap("write: files");
    // The mark comes last: what a killed run leaves behind is no output.
    folder.put(MARK, json_file(run_json::render(model)))?;
    folder.put(manifest::NAME, manifest::render(model, beside.ledger, beside.settings, folder.redactor, &folder.path).map_err(failed(&folder.path))?)?;
    folder.out.publish()
}
