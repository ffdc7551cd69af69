//! `changes.ndjson`: what changed since the last night, one finding a line. Whoever sends tickets or messages reads this file.

use std::io::Write;

use crate::report::escape::JsonLines;
use crate::report::findings_json;
use crate::report::model::ReportModel;

/// Writes the file.
///
/// # Errors
/// Those of the writer.
pub fn write(model: &ReportModel, to: impl Write) -> std::io::Result<()> {
    let mut to = JsonLines::to(to);
    for finding in model.findings.iter().filter(|f| f.is_change()) {
        serde_json::to_writer(&mut to, &findings_json::finding(finding))?;
        to.write_all(b"\n")?;
    }
    Ok(())
}
