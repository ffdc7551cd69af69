//! What changes in the text of a policy, for people: a unified diff of both documents.

use similar::TextDiff;

use crate::policy::{PolicyDocument, print};
use crate::report::escape::visible;
use crate::report::model::ProposalRow;

/// From how many lines on a diff is cut: the files stand beside it.
const LINES_AT_MOST: usize = 400;

/// The diff as a fenced block of Markdown; empty if nothing is proposed.
#[must_use]
pub fn fenced(row: &ProposalRow) -> String {
    let Some(current) = row.current.as_ref().filter(|_| row.status == "written") else { return String::new() };
    let pretty = |document: &PolicyDocument| print::pretty(&document.without_secrets());
    let (old, new) = (pretty(current), row.proposed.iter().map(pretty).collect::<String>());
    let text = TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).header("current", "proposed").to_string();
    let lines: Vec<String> = text.lines().map(visible).collect();
    // The fence is longer than any run of backticks inside.
    let longest = lines.iter().flat_map(|l| l.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let more = if lines.len() > LINES_AT_MOST { format!("… {} more lines\n", lines.len() - LINES_AT_MOST) } else { String::new() };
    let shown: String = lines.iter().take(LINES_AT_MOST).map(|l| format!("{l}\n")).collect();
    format!("{fence}diff\n{shown}{more}{fence}\n\n")
}
