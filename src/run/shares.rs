//! The plan by which several machines take logs in: shares of the files, and what is to be known of the store to put together what
//! they give and to ask the large queries of it. `spark/trailtrim_job.py` follows it (docs/spark.md).

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::RunError;
use crate::ingest::ledger::write_atomically;
use crate::ingest::shares::{SCHEMA_VERSION, cut, tables};
use crate::ingest::source::{self, Keep};
use crate::usage::large::{LARGE, VIEWS};

/// What was written.
pub struct Plan {
    /// Files in shares.
    pub files: usize,
    /// Their bytes as they lie.
    pub bytes: u64,
    /// Shares.
    pub shares: usize,
    /// What is no file, with the reason.
    pub ignored: Vec<(String, String)>,
}

/// Lists logs, cuts them into shares of about so many bytes, writes `plan.json` and, for each share, its files and their names.
///
/// # Errors
/// [`RunError`] when logs cannot be listed or the folder cannot be written.
pub fn write(logs: &[PathBuf], keep: &Keep, share_bytes: u64, out: &Path) -> Result<Plan, RunError> {
    let listing = source::list(logs, keep)?;
    let put = |name: &str, bytes: &[u8]| {
        let path = out.join(name);
        write_atomically(&path, bytes).map_err(|source| RunError::Write { path, source })
    };
    std::fs::create_dir_all(out).map_err(|source| RunError::Write { path: out.to_path_buf(), source })?;
    let mut plan = Plan { files: 0, bytes: 0, shares: 0, ignored: listing.ignored };
    let mut shares = Vec::new();
    for share in cut(listing.files, share_bytes) {
        let (list, names) = (format!("share-{:05}.list", plan.shares), format!("share-{:05}.names", plan.shares));
        put(&list, &share.list())?;
        put(&names, &share.names())?;
        shares.push(json!({
            "id": share.id(), "batch": share.batch, "is_piece": share.is_piece, "files": share.files.len(), "bytes": share.bytes(),
            "list": list, "names": names,
        }));
        plan.files += share.files.len();
        plan.bytes += share.bytes();
        plan.shares += 1;
    }
    put("plan.json", serde_json::to_string_pretty(&with_store(&plan, shares)).unwrap_or_default().as_bytes())?;
    Ok(plan)
}

fn with_store(plan: &Plan, shares: Vec<Value>) -> Value {
    let column = |(name, kind): &(&str, &str)| json!({"name": name, "type": kind});
    let tables: Map<String, Value> = tables().into_iter().map(|(name, columns)| (name.to_owned(), columns.iter().map(column).collect())).collect();
    let queries: Map<String, Value> = LARGE.iter().map(|(name, sql)| ((*name).to_owned(), Value::from(*sql))).collect();
    let views: Vec<Value> = VIEWS.iter().map(|(name, sql)| json!({"name": name, "sql": sql})).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"), "schema": SCHEMA_VERSION, "files": plan.files, "bytes": plan.bytes,
        "tables": tables, "views": views, "queries": queries, "shares": shares,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_cut_up_and_nothing_is_lost() {
        let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/organisation/logs");
        let folder = tempfile::tempdir().unwrap();
        let all = source::list(std::slice::from_ref(&logs), &Keep::default()).unwrap().files;
        let plan = write(&[logs], &Keep::default(), 20_000, folder.path()).unwrap();
        let told: Value = serde_json::from_slice(&std::fs::read(folder.path().join("plan.json")).unwrap()).unwrap();
        let shares = told["shares"].as_array().unwrap();
        assert!(shares.len() > 5 && shares.len() == plan.shares, "{} shares", shares.len());
        let mut names = Vec::new();
        for share in shares {
            let list = std::fs::read(folder.path().join(share["names"].as_str().unwrap())).unwrap();
            names.extend(list.split(|b| *b == 0).filter(|n| !n.is_empty()).map(|n| String::from_utf8(n.to_vec()).unwrap()));
        }
        assert_eq!(names, all.iter().map(|f| f.name.clone()).collect::<Vec<_>>());
        assert!(told["queries"]["usage"].as_str().unwrap().contains("call_key"));
        assert_eq!(told["views"][1]["name"], "told_twice");
        assert_eq!(told["tables"]["events"][0], json!({"name": "event_time_ms", "type": "bigint"}));
    }
}
