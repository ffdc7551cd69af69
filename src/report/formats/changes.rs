//! `changes.ndjson`: what changed since the last night, one finding a line. Whoever sends tickets or messages reads this file.

use crate::report::escape::json_line;
use crate::report::findings_json;
use crate::report::model::ReportModel;

/// The file's text.
#[must_use]
pub fn render(model: &ReportModel) -> String {
    let changed = model.findings.iter().filter(|f| f.is_change());
    changed.map(|f| json_line(&findings_json::finding(f).to_string()) + "\n").collect()
}
