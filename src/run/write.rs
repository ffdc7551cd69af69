//! Writes the output folder: a folder beside it is filled first and then takes its place, so that a reader never
//! sees half a night.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{RunError, RunOptions};
use crate::report::model::{ProposalRow, ReportModel};
use crate::report::sql::SqlTables;
use crate::report::{findings_csv, findings_json, html, policy_files, run_json, summary_md};
use crate::usage::Usage;

/// Files of one output folder, by relative path.
type Files = BTreeMap<String, Vec<u8>>;

/// The name of the file that marks a folder as ours: only such a folder is ever replaced.
const MARK: &str = "run.json";

fn policy_folder(files: &mut Files, rows: &[&ProposalRow]) {
    let Some(first) = rows.first() else { return };
    let base = format!("policies/{}", first.folder);
    for row in rows {
        if let Some(current) = &row.current {
            files.insert(format!("{base}/current-{}.json", row.stem), current.clone().into_bytes());
        }
        if row.status != "written" {
            continue;
        }
        for (n, document) in row.proposed.iter().enumerate() {
            let number = if row.proposed.len() > 1 { format!("-{}", n + 1) } else { String::new() };
            files.insert(format!("{base}/proposed-{}{number}.json", row.stem), document.clone().into_bytes());
        }
    }
    files.insert(format!("{base}/diff.md"), policy_files::diff(rows).into_bytes());
    files.insert(format!("{base}/evidence.json"), policy_files::evidence(rows).into_bytes());
}

/// Writes everything.
pub fn all(options: &RunOptions, model: &ReportModel, _usage: &Usage, tables: &mut SqlTables) -> Result<(), RunError> {
    let mut files: Files = BTreeMap::new();
    files.insert(MARK.to_owned(), run_json::render(model).into_bytes());
    files.insert("findings.json".to_owned(), findings_json::render(model).into_bytes());
    files.insert("findings.csv".to_owned(), findings_csv::render(model).into_bytes());
    files.insert("summary.md".to_owned(), summary_md::render(model).into_bytes());
    files.insert("report.html".to_owned(), html::render(model).map_err(|e| RunError::Page(e.to_string()))?.into_bytes());
    for table in
        ["activity", "assumptions", "coverage", "credentials", "denials", "grant_changes", "key_activity", "principals", "session_calls", "trusts", "usage"]
    {
        let rows = tables.run(table, &format!("SELECT * FROM {table}"))?;
        files.insert(format!("tables/{table}.csv"), findings_csv::table(&rows).into_bytes());
    }
    let mut owners: BTreeMap<&str, Vec<&ProposalRow>> = BTreeMap::new();
    for row in &model.proposals {
        owners.entry(&row.folder).or_default().push(row);
    }
    for rows in owners.values() {
        policy_folder(&mut files, rows);
    }
    replace(&options.out, &files)
}

fn replace(out: &Path, files: &Files) -> Result<(), RunError> {
    let fail = |path: &Path| {
        let path = path.to_path_buf();
        move |source: std::io::Error| RunError::Write { path, source }
    };
    let mut name = out.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let fresh: PathBuf = out.with_file_name(name);
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).map_err(fail(&fresh))?;
    }
    for (relative, bytes) in files {
        let path = fresh.join(relative);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(fail(parent))?;
        }
        std::fs::write(&path, bytes).map_err(fail(&path))?;
    }
    if out.exists() {
        let empty = std::fs::read_dir(out).map_err(fail(out))?.next().is_none();
        if !(empty || out.join(MARK).exists()) {
            let _ = std::fs::remove_dir_all(&fresh);
            let source = std::io::Error::other("the folder holds other files than an earlier run's; name another --out");
            return Err(RunError::Write { path: out.to_path_buf(), source });
        }
        std::fs::remove_dir_all(out).map_err(fail(out))?;
    }
    std::fs::rename(&fresh, out).map_err(fail(out))
}
