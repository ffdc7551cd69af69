//! What other tools found, beside what was found here: where both agree, what only one of them says, and why.

mod theirs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::catalogue::Report;
use super::escape::visible;
pub use theirs::{Theirs, Tool, read};

/// What was found here, as `findings.json` has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ours {
    /// Control.
    pub report: String,
    /// Account id.
    pub account: String,
    /// ARN or account id.
    pub resource: String,
    /// `FAIL`, `PASS`, …
    pub status: String,
    /// Why.
    pub reason: String,
}

/// Whether a `run.json` is that of a redacted run.
#[must_use]
pub fn is_redacted(run: &str) -> bool {
    serde_json::from_str::<Value>(run).is_ok_and(|v| v.get("redacted").is_some())
}

/// Reads `findings.json`.
///
/// # Errors
/// Why it is no such file.
pub fn ours(text: &str) -> Result<Vec<Ours>, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))?;
    let list = value.get("findings").and_then(Value::as_array).ok_or("no list `findings`")?;
    let field = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("a finding without `{name}`"));
    list.iter()
        .map(|f| {
            Ok(Ours {
                report: field(f, "report")?,
                account: field(f, "account")?,
                resource: field(f, "resource")?,
                status: field(f, "status")?,
                reason: field(f, "reason")?,
            })
        })
        .collect()
}

/// How two answers stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Verdict {
    /// Both fail it.
    Agree,
    /// Only here it fails.
    OnlyUs,
    /// Only the other tool fails it.
    OnlyThem,
}

impl Verdict {
    /// The word of the answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Agree => "agree",
            Verdict::OnlyUs => "only us",
            Verdict::OnlyThem => "only them",
        }
    }
}

/// One row of the answer.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Row {
    /// The other tool.
    pub tool: Tool,
    /// Who fails it.
    pub verdict: Verdict,
    /// Control here; empty where none asks the same.
    pub control: String,
    /// The other tool's rules.
    pub rule: String,
    /// Account id.
    pub account: String,
    /// What it is about.
    pub resource: String,
    /// Why the two differ, or what was found.
    pub why: String,
}

/// The controls that ask what a rule of a tool asks.
fn controls(tool: Tool, reports: &[Report]) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    match tool {
        Tool::Prowler => {
            let table: BTreeMap<String, String> = toml::from_str(include_str!("prowler.toml")).unwrap_or_default();
            for (check, control) in table {
                all.entry(check).or_default().insert(control);
            }
        }
        Tool::AccessAnalyzer | Tool::SecurityHub => {
            for report in reports {
                for rule in report.frameworks.get(tool.as_str()).into_iter().flatten() {
                    all.entry(rule.clone()).or_default().insert(report.id.clone());
                }
            }
        }
    }
    all
}

/// Ours on one resource: the worst of its rows, a failure first.
fn worst<'o>(rows: &[&'o Ours]) -> Option<&'o Ours> {
    let rank = |o: &Ours| match o.status.as_str() {
        "FAIL" => 0,
        "SUPPRESSED" => 1,
        "UNKNOWN" => 2,
        "NOT-APPLICABLE" => 3,
        _ => 4,
    };
    rows.iter().copied().min_by_key(|o| rank(o))
}

fn why_not_ours(control: &str, ours: Option<&Ours>, account: Option<&Ours>, known: bool) -> String {
    match (ours, account) {
        _ if control.is_empty() => "no control here asks this".to_owned(),
        _ if !known => "the control is not in this run".to_owned(),
        (Some(o), _) => format!("here {}: {}", o.status, o.reason),
        (None, Some(o)) if o.status == "UNKNOWN" => format!("here UNKNOWN for the account: {}", o.reason),
        (None, Some(o)) => format!("here {} for the account: {}", o.status, o.reason),
        (None, None) => "not in the exports or logs that were given".to_owned(),
    }
}

/// Compares. A control and a resource that several rules of a tool speak of are one row.
#[must_use]
pub fn compare(reports: &[Report], ours: &[Ours], theirs: &[Theirs]) -> Vec<Row> {
    let ids: BTreeSet<&str> = reports.iter().map(|r| r.id.as_str()).collect();
    let mut of_resource: BTreeMap<(&str, &str), Vec<&Ours>> = BTreeMap::new();
    let mut of_account: BTreeMap<(&str, &str), Vec<&Ours>> = BTreeMap::new();
    for o in ours {
        of_resource.entry((&o.report, &o.resource)).or_default().push(o);
        if o.resource == o.account {
            of_account.entry((&o.report, &o.account)).or_default().push(o);
        }
    }
    let mut rows = Vec::new();
    for tool in [Tool::AccessAnalyzer, Tool::SecurityHub, Tool::Prowler] {
        let said: Vec<&Theirs> = theirs.iter().filter(|t| t.tool == tool).collect();
        if said.is_empty() {
            continue;
        }
        let controls = controls(tool, reports);
        // Control and resource → whether any rule fails it, the rules, the account.
        let mut by: BTreeMap<(String, &str), (bool, BTreeSet<&str>, &str)> = BTreeMap::new();
        let none = BTreeSet::from([String::new()]);
        for t in &said {
            for control in controls.get(&t.rule).unwrap_or(&none) {
                let entry = by.entry((control.clone(), &t.resource)).or_insert((false, BTreeSet::new(), &t.account));
                entry.0 |= t.is_failed;
                if t.is_failed || !entry.0 {
                    entry.1.insert(&t.rule);
                }
            }
        }
        for ((control, resource), (is_failed, rules, account)) in &by {
            let of = of_resource.get(&(control.as_str(), *resource)).and_then(|rows| worst(rows));
            let here = of.is_some_and(|o| o.status == "FAIL");
            let verdict = match (is_failed, here) {
                (true, true) => Verdict::Agree,
                (true, false) => Verdict::OnlyThem,
                (false, true) => Verdict::OnlyUs,
                (false, false) => continue,
            };
            let why = match verdict {
                Verdict::OnlyThem => {
                    let of_account = of_account.get(&(control.as_str(), *account)).and_then(|rows| worst(rows));
                    why_not_ours(control, of, of_account, ids.contains(control.as_str()))
                }
                Verdict::OnlyUs => format!("it passes there; here: {}", of.map_or("", |o| o.reason.as_str())),
                Verdict::Agree => of.map_or_else(String::new, |o| o.reason.clone()),
            };
            let rule = rules.iter().copied().collect::<Vec<_>>().join(" ");
            rows.push(Row { tool, verdict, control: control.clone(), rule, account: (*account).to_owned(), resource: (*resource).to_owned(), why });
        }
        // What only we fail, of the controls that the tool has rules for.
        let asked: BTreeSet<&String> = controls.values().flatten().collect();
        for o in ours.iter().filter(|o| o.status == "FAIL" && asked.contains(&o.report)) {
            if by.contains_key(&(o.report.clone(), o.resource.as_str())) {
                continue;
            }
            let rules: Vec<&str> = controls.iter().filter(|(_, ids)| ids.contains(&o.report)).map(|(rule, _)| rule.as_str()).collect();
            let seen = said.iter().any(|t| rules.contains(&t.rule.as_str()));
            let why = if seen { "the export says nothing of it" } else { "the rule is not in the export" };
            rows.push(Row {
                tool,
                verdict: Verdict::OnlyUs,
                control: o.report.clone(),
                rule: rules.join(" "),
                account: o.account.clone(),
                resource: o.resource.clone(),
                why: format!("{why}; here: {}", o.reason),
            });
        }
    }
    rows.sort();
    rows.dedup();
    rows
}

/// The answer as JSON.
#[must_use]
pub fn to_json(rows: &[Row], not_compared: usize) -> Value {
    let of = |r: &Row| {
        json!({"tool": r.tool.as_str(), "verdict": r.verdict.as_str(), "control": r.control, "rule": r.rule, "account": r.account, "resource": r.resource, "why": r.why})
    };
    json!({"schema": 1, "rows": rows.iter().map(of).collect::<Vec<_>>(), "not_compared": not_compared})
}

/// The answer for people: counts by control, then every row on which the tools differ.
#[must_use]
pub fn to_text(rows: &[Row], not_compared: usize) -> String {
    let mut counts: BTreeMap<(Tool, &str), [usize; 3]> = BTreeMap::new();
    for row in rows {
        let of = counts.entry((row.tool, &row.control)).or_default();
        let [agree, only_us, only_them] = of;
        *match row.verdict {
            Verdict::Agree => agree,
            Verdict::OnlyUs => only_us,
            Verdict::OnlyThem => only_them,
        } += 1;
    }
    let mut text = format!("{:<16} {:<28} {:>6} {:>8} {:>10}\n", "tool", "control", "agree", "only us", "only them");
    for ((tool, control), [agree, us, them]) in &counts {
        let control = if control.is_empty() { "(none here)" } else { control };
        let _ = writeln!(text, "{:<16} {:<28} {agree:>6} {us:>8} {them:>10}", tool.as_str(), visible(control));
    }
    for row in rows.iter().filter(|r| r.verdict != Verdict::Agree) {
        let _ = writeln!(text, "\n{}, {}: {}\n  {} [{}]\n  {}", row.verdict.as_str(), row.tool.as_str(), visible(&row.resource), visible(&row.control), visible(&row.rule), visible(&row.why));
    }
    if not_compared > 0 {
        let _ = writeln!(text, "\n{not_compared} entries of the exports say nothing that can be compared");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::catalogue;

    fn our(report: &str, resource: &str, status: &str, reason: &str) -> Ours {
        Ours { report: report.to_owned(), account: "111122223333".to_owned(), resource: resource.to_owned(), status: status.to_owned(), reason: reason.to_owned() }
    }

    fn words(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|r| format!("{} | {} | {} | {} | {}", r.tool.as_str(), r.verdict.as_str(), r.control, r.resource.rsplit(':').next().unwrap_or(""), r.why)).collect()
    }

    #[test]
    fn every_difference_says_why() {
        let analyzer = r#"{"findings": [
            {"findingType": "UnusedIAMRole", "resource": "arn:aws:iam::111122223333:role/old", "resourceOwnerAccount": "111122223333", "status": "ACTIVE"},
            {"findingType": "UnusedIAMRole", "resource": "arn:aws:iam::111122223333:role/new", "resourceOwnerAccount": "111122223333", "status": "ACTIVE"},
            {"findingType": "UnusedIAMRole", "resource": "arn:aws:iam::111122223333:role/gone", "resourceOwnerAccount": "111122223333", "status": "RESOLVED"},
            {"findingType": "NotHeardOf", "resource": "arn:aws:iam::111122223333:role/x", "resourceOwnerAccount": "111122223333", "status": "ACTIVE"}]}"#;
        let (theirs, silent) = read(analyzer).unwrap();
        assert_eq!((theirs.len(), silent), (4, 0));
        let ours = [
            our("role-unused", "arn:aws:iam::111122223333:role/old", "FAIL", "not used"),
            our("role-unused", "arn:aws:iam::111122223333:role/new", "UNKNOWN", "too young"),
            our("role-unused", "arn:aws:iam::111122223333:role/idle", "FAIL", "not used"),
            our("role-unused", "arn:aws:iam::111122223333:role/gone", "FAIL", "not used"),
            our("key-age", "arn:aws:iam::111122223333:user/ann", "FAIL", "Access Analyzer has no such rule"),
        ];
        let reports = catalogue::reports().unwrap();
        assert_eq!(
            words(&compare(&reports, &ours, &theirs)),
            [
                "Access Analyzer | agree | role-unused | role/old | not used",
                "Access Analyzer | only us | role-unused | role/gone | it passes there; here: not used",
                "Access Analyzer | only us | role-unused | role/idle | the export says nothing of it; here: not used",
                "Access Analyzer | only them |  | role/x | no control here asks this",
                "Access Analyzer | only them | role-unused | role/new | here UNKNOWN: too young",
            ]
        );
    }

    #[test]
    fn each_tool_is_read() {
        let asff = r#"{"Findings": [{"AwsAccountId": "111122223333", "RecordState": "ACTIVE", "Compliance": {"Status": "FAILED", "SecurityControlId": "IAM.3"},
            "Resources": [{"Id": "arn:aws:iam::111122223333:user/ann", "Type": "AwsIamUser"}]},
            {"AwsAccountId": "111122223333", "RecordState": "ARCHIVED", "Compliance": {"Status": "FAILED", "SecurityControlId": "IAM.3"}, "Resources": [{"Id": "x"}]}]}"#;
        let prowler = r#"[{"class_uid": 2004, "metadata": {"event_code": "iam_rotate_access_key_90_days", "product": {"name": "Prowler"}}, "status_code": "PASS",
            "cloud": {"account": {"uid": "111122223333"}}, "resources": [{"uid": "arn:aws:iam::111122223333:user/ann"}]}]"#;
        let ours = [our("key-age", "arn:aws:iam::111122223333:user/ann", "FAIL", "too old")];
        let mut theirs = read(asff).unwrap();
        assert_eq!(theirs.1, 1, "what is archived says nothing");
        theirs.0.extend(read(prowler).unwrap().0);
        let rows = compare(&catalogue::reports().unwrap(), &ours, &theirs.0);
        assert_eq!(words(&rows), ["Security Hub | agree | key-age | user/ann | too old", "Prowler | only us | key-age | user/ann | it passes there; here: too old"]);
        assert!(to_text(&rows, 1).contains("1 entries"));
        assert!(read("no json").is_err() && read("7").is_err());
        let table: BTreeMap<String, String> = toml::from_str(include_str!("prowler.toml")).unwrap();
        assert!(table.len() > 40);
    }
}
