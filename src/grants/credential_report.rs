//! The credential report: CSV as AWS makes it, or the CLI's JSON with the CSV in base64 and the time it was made.
//! Columns are found by name; sentinels mean "no such credential", "not known", "not supported".
//! Source: inputs-and-evaluation.md section 5.

use std::collections::HashMap;

use base64::Engine as _;
use serde_json::Value;

use super::builder::Builder;
use super::{Capture, Problem, Source};
use crate::aws::{Arn, is_account_id};

/// A credential of the report.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum CredentialSlot {
    /// Console password.
    Password,
    /// First access key.
    AccessKey1,
    /// Second access key.
    AccessKey2,
    /// First signing certificate.
    Certificate1,
    /// Second signing certificate.
    Certificate2,
}

impl CredentialSlot {
    /// The report's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CredentialSlot::Password => "password",
            CredentialSlot::AccessKey1 => "access_key_1",
            CredentialSlot::AccessKey2 => "access_key_2",
            CredentialSlot::Certificate1 => "certificate_1",
            CredentialSlot::Certificate2 => "certificate_2",
        }
    }
}

/// One row and slot of the credential report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    /// User name, `<root_account>` for root.
    pub user: String,
    /// User ARN.
    pub user_arn: String,
    /// Slot.
    pub slot: CredentialSlot,
    /// Whether there is such a credential.
    pub present: bool,
    /// Whether it is active (a password: enabled).
    pub active: bool,
    /// When it was made or its status changed, epoch ms.
    pub last_changed_ms: Option<i64>,
    /// Last use, epoch ms.
    pub last_used_ms: Option<i64>,
    /// Whether the report knows about use.
    pub last_used_known: bool,
    /// Service of the last use.
    pub last_used_service: Option<String>,
    /// Region of the last use.
    pub last_used_region: Option<String>,
    /// MFA of the user.
    pub mfa_active: Option<bool>,
    /// Creation of the user, epoch ms.
    pub user_created_ms: Option<i64>,
}

/// A credential report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CredentialReport {
    /// Account id.
    pub account: String,
    /// When AWS made it, epoch ms; `None` for a bare CSV.
    pub generated_ms: Option<i64>,
    /// Its credentials, by user and slot.
    pub credentials: Vec<Credential>,
}

/// Whether a text begins like a report.
#[must_use]
pub fn is_csv(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').starts_with("user,arn,user_creation_time")
}

/// The CSV inside the CLI's JSON, and when AWS made the report.
#[must_use]
pub fn from_cli(value: &Value) -> Option<(String, Option<i64>)> {
    let content = value.get("Content")?.as_str()?;
    let csv = if is_csv(content) { content.to_owned() } else { {
        let packed: String = content.split_whitespace().collect();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(packed).ok()?).ok()?
    } };
    is_csv(&csv).then(|| (csv, super::gaad::time_ms(value.get("GeneratedTime"))))
}

/// A cell: its text, or `None` for a sentinel; `false` beside it where the report does not know, or has no such cell.
fn cell<'r>(row: &HashMap<&str, &'r str>, name: &str) -> (Option<&'r str>, bool) {
    match row.get(name).copied().unwrap_or("no_information") {
        "" | "N/A" => (None, true),
        "no_information" | "not_supported" => (None, false),
        text => (Some(text), true),
    }
}

fn time(row: &HashMap<&str, &str>, name: &str) -> Option<i64> {
    cell(row, name).0.and_then(|t| t.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_millisecond)
}

fn truth(row: &HashMap<&str, &str>, name: &str) -> Option<bool> {
    let text = cell(row, name).0?;
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Takes a report: its CSV, and when AWS made it.
pub fn merge(file: &str, csv: &str, generated: Option<i64>, builder: &mut Builder) {
    let Some(report) = read(file, csv, generated, &mut builder.grants.problems) else { return };
    if !is_account_id(&report.account) {
        return builder.problem(file, "", format!("`{}` is no account id", report.account));
    }
    let account = report.account.clone();
    builder.account(&account);
    let capture = Capture { at_ms: generated, source: Source::Cli, file: file.to_owned() };
    builder.put(
        &format!("credential report of {account}"),
        &capture,
        |g| &mut g.accounts.entry(account.clone()).or_default().credential_report,
        Some(report),
    );
}

/// Reads the CSV. Bad rows are problems, not an end.
pub fn read(file: &str, csv_text: &str, generated_ms: Option<i64>, problems: &mut Vec<Problem>) -> Option<CredentialReport> {
    let mut problem = |line: usize, reason: String| {
        problems.push(Problem { file: file.to_owned(), pointer: format!("line {line}"), reason });
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv_text.trim_start_matches('\u{feff}').as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(e) => {
            problem(1, e.to_string());
            return None;
        }
    };
    let mut credentials = Vec::new();
    let mut account = None;
    for (at, record) in reader.records().enumerate() {
        let line = at + 2;
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                problem(line, e.to_string());
                continue;
            }
        };
        let row: HashMap<&str, &str> = headers.iter().zip(record.iter()).collect();
        let (Some(user), Some(arn)) = (cell(&row, "user").0, cell(&row, "arn").0) else {
            problem(line, "no user or no arn".to_owned());
            continue;
        };
        let is_cut = record.len() < headers.len();
        if is_cut {
            problem(line, format!("cut: {} of {} fields; what is missing is unknown", record.len(), headers.len()));
        }
        account = account.or_else(|| Arn::parse(arn).map(|a| a.account.to_owned()));
        for slot in [
            CredentialSlot::Password,
            CredentialSlot::AccessKey1,
            CredentialSlot::AccessKey2,
            CredentialSlot::Certificate1,
            CredentialSlot::Certificate2,
        ] {
            let told = credential(&row, user, arn, slot);
            // Of a slot whose last cell is missing or cut it is not even known whether there is something in it.
            let is_told = last_cell(slot).is_none_or(|name| {
                let at = headers.iter().position(|h| h == name);
                at.is_some_and(|at| at + usize::from(is_cut) < record.len())
            });
            if is_told {
                credentials.push(told);
            }
        }
    }
    Some(CredentialReport { account: account?, generated_ms, credentials })
}

/// The last cell of those that tell whether something is in a slot. Certificates are left as they are: reports from before
/// them have no such column.
fn last_cell(slot: CredentialSlot) -> Option<&'static str> {
    match slot {
        CredentialSlot::Password => Some("password_last_changed"),
        CredentialSlot::AccessKey1 => Some("access_key_1_last_rotated"),
        CredentialSlot::AccessKey2 => Some("access_key_2_last_rotated"),
        CredentialSlot::Certificate1 | CredentialSlot::Certificate2 => None,
    }
}

fn credential(row: &HashMap<&str, &str>, user: &str, arn: &str, slot: CredentialSlot) -> Credential {
    let (active, changed, used) = match slot {
        CredentialSlot::Password => ("password_enabled", "password_last_changed", Some("password_last_used")),
        CredentialSlot::AccessKey1 => ("access_key_1_active", "access_key_1_last_rotated", Some("access_key_1_last_used_date")),
        CredentialSlot::AccessKey2 => ("access_key_2_active", "access_key_2_last_rotated", Some("access_key_2_last_used_date")),
        CredentialSlot::Certificate1 => ("cert_1_active", "cert_1_last_rotated", None),
        CredentialSlot::Certificate2 => ("cert_2_active", "cert_2_last_rotated", None),
    };
    let is_active = truth(row, active).unwrap_or(false);
    let last_changed_ms = time(row, changed);
    let last_used_ms = used.and_then(|u| time(row, u));
    let detail = |what: &str| -> Option<String> {
        let name = match slot {
            CredentialSlot::AccessKey1 => format!("access_key_1_last_used_{what}"),
            CredentialSlot::AccessKey2 => format!("access_key_2_last_used_{what}"),
            _ => return None,
        };
        cell(row, &name).0.map(str::to_owned)
    };
    // The root user's password shows as `not_supported`; it is there.
    let is_root_password = slot == CredentialSlot::Password && user == "<root_account>" && row.get(active) == Some(&"not_supported");
    Credential {
        user: user.to_owned(),
        user_arn: arn.to_owned(),
        slot,
        present: is_active || last_changed_ms.is_some() || is_root_password,
        active: is_active || is_root_password,
        last_changed_ms,
        last_used_ms,
        last_used_known: used.is_some_and(|u| matches!((cell(row, u), last_used_ms), ((None, true), _) | (_, Some(_)))),
        last_used_service: detail("service"),
        last_used_region: detail("region"),
        mfa_active: truth(row, "mfa_active"),
        user_created_ms: time(row, "user_creation_time"),
    }
}
