//! Metrics for Prometheus' text file collector (`metrics.prom`, `--metrics-file`): no timestamps, and labels of a bounded number:
//! accounts, reports, severities, statuses. Source: Prometheus documentation, "Exposition formats", text format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::report::escape::visible;
use crate::report::model::ReportModel;

/// What only the process knows of a run; not in the output folder, whose bytes are the same every time.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// The exit code.
    pub exit_code: u8,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// A label's value.
fn label(text: &str) -> String {
    visible(text).replace('\\', "\\\\").replace('"', "\\\"")
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, help: &str) {
        let _ = write!(self.0, "# HELP trailtrim_{name} {help}\n# TYPE trailtrim_{name} gauge\n");
    }

    fn one(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", label(v))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "trailtrim_{name}{labels} {value}");
    }

    fn alone(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, help);
        self.one(name, &[], value);
    }
}

/// The file's text.
#[must_use]
pub fn render(model: &ReportModel, process: Option<Process>) -> String {
    let mut out = Text(String::new());
    out.alone("last_success_timestamp_seconds", "As-of time of the last run that ended.", model.as_of_ms.div_euclid(1000));
    if let Some(process) = process {
        out.alone("exit_code", "Exit code of the last run that ended.", process.exit_code);
        let (seconds, rest) = (process.duration_ms / 1000, process.duration_ms % 1000);
        out.alone("last_run_duration_seconds", "How long it took.", format!("{seconds}.{rest:03}"));
    }
    let l = &model.ledger;
    out.alone("log_files", "Log files taken in so far.", l.files);
    out.head("log_records", "Log records read so far, by what became of them.");
    for (outcome, n) in [("kept", l.kept), ("duplicate", l.duplicate), ("rejected", l.rejected), ("too_old", l.too_old)] {
        out.one("log_records", &[("outcome", outcome)], n);
    }
    out.alone("events_total", "Events kept so far, also of days that were dropped since.", l.kept);
    out.head("coverage_gap_hours", "Hours of the window without any event, by account.");
    for account in &model.coverage {
        let missing = account.days.iter().filter(|(_, status)| *status == "missing").count();
        out.one("coverage_gap_hours", &[("account", &account.account)], missing * 24);
    }
    let mut findings: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for f in &model.findings {
        *findings.entry((&f.report, &f.severity, f.status.as_str())).or_default() += 1;
    }
    out.head("findings", "Findings by report, severity and status.");
    for ((rule, severity, status), n) in findings {
        out.one("findings", &[("rule", rule), ("severity", severity), ("status", status)], n);
    }
    let mut changes: BTreeMap<&str, usize> = BTreeMap::new();
    for f in model.findings.iter().filter(|f| f.is_change()) {
        *changes.entry(f.change).or_default() += 1;
    }
    out.head("findings_changed", "Findings that are not as on the last night.");
    for (change, n) in changes {
        out.one("findings_changed", &[("change", change)], n);
    }
    let mut unused: BTreeMap<&str, usize> = BTreeMap::new();
    for p in &model.proposals {
        *unused.entry(&p.account).or_default() += p.actions_before.saturating_sub(p.actions_after);
    }
    out.head("unused_permissions", "Granted actions that the proposals take away, by account.");
    for (account, n) in unused {
        out.one("unused_permissions", &[("account", account)], n);
    }
    out.alone("suppressions_expiring", "Accepted entries that end within 30 days.", model.suppressions.expiring(30).count());
    out.alone("suppressions_active", "Accepted entries that count.", model.suppressions.entries.iter().filter(|e| e.is_active()).count());
    out.0
}
