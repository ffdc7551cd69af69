//! `changes.ndjson`: what changed since the last night, one finding a line. Whoever sends tickets or messages reads this file.

use std::io::Write;

use crate::report::escape::JsonFile;
use crate::report::findings_json;
use crate::report::model::ReportModel;

/// Writes the file.
///
/// # Errors
/// Those of the writer.
pub fn write(model: &ReportModel, mut to: impl Write) -> std::io::Result<()> {
    for finding in model.findings.iter().filter(|f| f.is_change()) {
        serde_json::to_writer(JsonFile(&mut to), &findings_json::finding(finding))?;
        to.write_all(b"\n")?;
    }
    Ok(())
}
