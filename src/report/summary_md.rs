//! `summary.md`: one page for a pull request, a chat or a mail.

use super::escape::markdown;
use super::model::{ReportModel, day};
use super::Status;

/// The file's text.
#[must_use]
pub fn render(model: &ReportModel) -> String {
    let (before, after) = model.actions_before_after();
    let mut out = format!(
        "# trailtrim, {} to {} ({} days)\n\n",
        day(Some(model.window_start_ms)),
        day(Some(model.as_of_ms)),
        model.window_days
    );
    if let Some(key) = &model.redacted {
        out.push_str(&format!("Redacted: people, addresses and identifiers are tokens (key {key}).\n\n"));
    }
    let count = |status: &str| model.proposals_with(status).count();
    out.push_str(&format!(
        "- {} policies proposed, {} withheld, {} defects; granted actions {before} → {after}\n",
        count("written"),
        count("withheld"),
        count("defect")
    ));
    out.push_str(&format!(
        "- replay: {} calls in {} distinct requests, {} newly denied, {} unknown\n",
        model.replay.calls, model.replay.requests, model.replay.newly_denied, model.replay.unknown
    ));
    if let Some(words) = model.backtest.as_ref().and_then(|b| super::proofs_text::sentence(&b.all)) {
        out.push_str(&format!("- {words}\n"));
    }
    out.push_str(&super::lint_text::summary(model));
    out.push_str(&super::advice::summary(model));
    let l = &model.ledger;
    let too_old = l.kept_since.as_ref().map_or_else(String::new, |since| format!(" + too old {} (days before {since} are dropped)", l.too_old));
    out.push_str(&format!(
        "- logs: read {} = kept {} + duplicate {} + rejected {}{too_old}\n\n",
        l.records_read, l.kept, l.duplicate, l.rejected
    ));
    out.push_str("## What changed\n\n");
    let changes = ["new", "changed", "reopened", "fixed", "suppressed", "not evaluated"];
    let mut any = false;
    for change in changes {
        let n = model.findings.iter().filter(|f| f.change == change && f.is_change()).count();
        if n > 0 {
            any = true;
            out.push_str(&format!("- {n} {change}\n"));
        }
    }
    if !any {
        out.push_str("Nothing since the last run.\n");
    }
    let suppressed = model.findings.iter().filter(|f| f.status == Status::Suppressed).count();
    let ending = match model.suppressions.expiring(30).count() {
        0 => String::new(),
        1 => "; 1 acceptance ends within 30 days".to_owned(),
        n => format!("; {n} acceptances end within 30 days"),
    };
    out.push_str(&format!("\n{suppressed} suppressed{ending}.\n"));
    out.push_str(&super::blast_text::summary(model));
    out.push_str(&super::denied_text::summary(model));
    out.push_str("\n## Findings\n\n| status | severity | report | resource | reason |\n|---|---|---|---|---|\n");
    let failing: Vec<_> = model.findings.iter().filter(|f| f.status == Status::Fail).collect();
    for f in failing.iter().take(30) {
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            f.status.as_str(),
            markdown(&f.severity),
            f.report,
            markdown(&f.resource),
            markdown(&f.reason)
        ));
    }
    if failing.len() > 30 {
        out.push_str(&format!("\n{} more in findings.csv.\n", failing.len() - 30));
    }
    if !model.unknown.is_empty() {
        out.push_str("\n## Not known\n\n");
        for line in &model.unknown {
            out.push_str(&format!("- {}\n", markdown(line)));
        }
    }
    out
}
