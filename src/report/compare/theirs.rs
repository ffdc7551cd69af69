//! Findings of other tools, as their exports have them.
//!
//! Read are: IAM Access Analyzer's `list-findings-v2`, Security Hub's `get-findings` (ASFF), and OCSF as Security Hub and Prowler
//! write it. Source: the API references of Access Analyzer and Security Hub; OCSF 1.8, Compliance and Detection Finding.

use serde_json::Value;

/// The tool that said it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// Security Hub.
    SecurityHub,
    /// Prowler.
    Prowler,
}

impl Tool {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Tool::AccessAnalyzer => "Access Analyzer",
            Tool::SecurityHub => "Security Hub",
            Tool::Prowler => "Prowler",
        }
    }
}

/// One thing that another tool says.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Theirs {
    /// The tool.
    pub tool: Tool,
    /// Its name for the rule.
    pub rule: String,
    /// Account id; empty where it does not say.
    pub account: String,
    /// What it is about: an ARN, or what the tool has instead.
    pub resource: String,
    /// Whether it fails the resource; `false`: it passes it.
    pub is_failed: bool,
}

fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    path.iter().try_fold(value, |at, key| at.get(key))?.as_str()
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn of_analyzer(finding: &Value) -> Option<Theirs> {
    Some(Theirs {
        tool: Tool::AccessAnalyzer,
        rule: text(finding, &["findingType"])?.to_owned(),
        account: text(finding, &["resourceOwnerAccount"]).unwrap_or_default().to_owned(),
        resource: text(finding, &["resource"])?.to_owned(),
        is_failed: text(finding, &["status"]) == Some("ACTIVE"),
    })
}

/// `AWS::::Account:111122223333` is how ASFF names an account.
fn resource(id: &str) -> String {
    id.strip_prefix("AWS::::Account:").unwrap_or(id).to_owned()
}

fn of_asff(finding: &Value) -> Vec<Theirs> {
    if text(finding, &["RecordState"]) == Some("ARCHIVED") {
        return Vec::new();
    }
    let Some(rule) = text(finding, &["Compliance", "SecurityControlId"]).or_else(|| text(finding, &["ProductFields", "ControlId"])) else { return Vec::new() };
    let is_failed = match text(finding, &["Compliance", "Status"]) {
        Some("FAILED") => true,
        Some("PASSED") => false,
        _ => return Vec::new(),
    };
    let account = text(finding, &["AwsAccountId"]).unwrap_or_default();
    list(finding.get("Resources"))
        .iter()
        .filter_map(|r| text(r, &["Id"]))
        .map(|id| Theirs { tool: Tool::SecurityHub, rule: rule.to_owned(), account: account.to_owned(), resource: resource(id), is_failed })
        .collect()
}

fn of_ocsf(finding: &Value) -> Vec<Theirs> {
    let product = text(finding, &["metadata", "product", "name"]).unwrap_or_default();
    let tool = if product.eq_ignore_ascii_case("prowler") { Tool::Prowler } else { Tool::SecurityHub };
    let rule = match tool {
        Tool::Prowler => text(finding, &["metadata", "event_code"]),
        _ => text(finding, &["compliance", "control"]),
    };
    let word = text(finding, &["status_code"]).or_else(|| text(finding, &["compliance", "status"])).unwrap_or_default();
    let is_failed = match word.to_ascii_uppercase().as_str() {
        "FAIL" | "FAILED" => true,
        "PASS" | "PASSED" => false,
        _ => return Vec::new(),
    };
    let Some(rule) = rule else { return Vec::new() };
    let account = text(finding, &["cloud", "account", "uid"]).unwrap_or_default();
    list(finding.get("resources"))
        .iter()
        .filter_map(|r| text(r, &["uid"]))
        .map(|id| Theirs { tool, rule: rule.to_owned(), account: account.to_owned(), resource: resource(id), is_failed })
        .collect()
}

fn of_one(finding: &Value) -> Vec<Theirs> {
    if finding.get("findingType").is_some() {
        of_analyzer(finding).into_iter().collect()
    } else if finding.get("AwsAccountId").is_some() {
        of_asff(finding)
    } else if finding.get("class_uid").is_some() {
        of_ocsf(finding)
    } else {
        Vec::new()
    }
}

/// What an export says, and how many of its entries say nothing that can be compared.
///
/// # Errors
/// Why the text is no such export.
pub fn read(json: &str) -> Result<(Vec<Theirs>, usize), String> {
    let values: Vec<Value> = serde_json::Deserializer::from_str(json).into_iter::<Value>().collect::<Result<_, _>>().map_err(|e| format!("not JSON: {e}"))?;
    let mut findings = Vec::new();
    for value in &values {
        match value {
            Value::Array(list) => findings.extend(list),
            Value::Object(object) => match object.get("findings").or_else(|| object.get("Findings")).and_then(Value::as_array) {
                Some(list) => findings.extend(list),
                None => findings.push(value),
            },
            _ => return Err("not an export of findings: neither a list nor an object".to_owned()),
        }
    }
    let mut told = Vec::new();
    let mut silent = 0;
    for finding in findings {
        let of = of_one(finding);
        silent += usize::from(of.is_empty());
        told.extend(of);
    }
    told.sort();
    told.dedup();
    Ok((told, silent))
}
