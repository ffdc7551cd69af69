//! What tonight's inputs are, so that findings of earlier nights can be told to be fixed or not evaluated; and the findings
//! put beside those of earlier nights.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::RunError;
use crate::aws::Arn;
use crate::config::Config;
use crate::grants::Grants;
use crate::report::escape::visible;
use crate::report::findings::memory::{Gone, Inputs, Remembered, compare};
use crate::report::findings::suppressions::Suppressions;
use crate::report::findings::{self, Finding, trend};
use crate::report::model::ReportModel;
use crate::report::Report;
use crate::usage::Usage;

/// Inputs of which it is known here whether they are at hand, and those that always are.
const NAMED: &[&str] = &["account authorization details", "credential report", "access keys", "logs", "configuration", "earlier runs"];

/// What stands beside the findings of a run.
pub struct Memory<'a> {
    /// State folder.
    pub state: &'a Path,
    /// `suppressions.toml`.
    pub suppressions: Option<PathBuf>,
    /// What is at hand.
    pub inputs: AtHand<'a>,
}

/// The inputs that are at hand, by account.
pub struct AtHand<'a> {
    /// By the words that report descriptions have for them.
    inputs: BTreeMap<&'a str, BTreeSet<&'static str>>,
    /// Accounts whose users and roles are all told.
    whole: BTreeSet<&'a str>,
    /// ARNs of all users and roles.
    principals: BTreeSet<&'a str>,
    /// The catalogue's inputs by report.
    needs: BTreeMap<String, Vec<String>>,
}

impl<'a> AtHand<'a> {
    /// Of exports and logs.
    pub fn new(grants: &'a Grants, usage: &'a Usage, config: &Config, reports: &[Report]) -> AtHand<'a> {
        let mut inputs: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
        for (id, account) in &grants.accounts {
            let has = [
                ("account authorization details", account.has_authorization_details && account.complete),
                ("credential report", account.credential_report.is_some()),
                ("access keys", !account.evidence.access_keys.is_empty()),
            ];
            inputs.entry(id).or_default().extend(has.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name));
        }
        for id in usage.coverage.accounts.keys().filter(|id| usage.coverage.is_complete(id, config.min_coverage_permille())) {
            inputs.entry(id).or_default().insert("logs");
        }
        AtHand {
            whole: inputs.iter().filter(|(_, names)| names.contains("account authorization details")).map(|(id, _)| *id).collect(),
            inputs,
            principals: grants.principals().map(|p| p.arn.as_str()).collect(),
            needs: reports.iter().map(|r| (r.id.clone(), r.inputs.clone())).collect(),
        }
    }

    /// Whether a user or role is certainly gone: its account's are all told, and it is not among them.
    fn is_deleted(&self, resource: &str) -> bool {
        let Some(arn) = Arn::parse(resource).filter(|a| a.service == "iam") else { return false };
        let is_principal = arn.resource.starts_with("role/") || arn.resource.starts_with("user/");
        is_principal && self.whole.contains(arn.account) && !self.principals.contains(resource)
    }
}

impl Inputs for AtHand<'_> {
    fn at_hand(&self, report: &str, account: &str) -> BTreeSet<String> {
        let needs = self.needs.get(report).map(Vec::as_slice).unwrap_or_default();
        let has = self.inputs.get(account);
        needs.iter().filter(|name| has.is_some_and(|h| h.contains(name.as_str()))).cloned().collect()
    }

    fn gone(&self, past: &Remembered, decided: bool) -> Gone {
        let report = past.report.as_deref().unwrap_or_default();
        if !self.needs.contains_key(report) {
            return Gone::Retired;
        }
        if self.is_deleted(&past.resource) {
            return Gone::Fixed;
        }
        let missing: Vec<String> = past.inputs.difference(&self.at_hand(report, &past.account)).cloned().collect();
        if !missing.is_empty() {
            return Gone::NotEvaluated(format!("tonight there is no {} of account {}", missing.join(", "), past.account));
        }
        // Inputs that have no word here are at hand where the report could decide something from them.
        let has_others = self.needs.get(report).is_some_and(|needs| needs.iter().any(|name| !NAMED.contains(&name.as_str())));
        if (past.inputs.is_empty() || has_others) && !decided {
            return Gone::NotEvaluated(format!("tonight its report decided nothing in account {}", past.account));
        }
        Gone::Fixed
    }
}

/// Suppresses what was accepted, compares with earlier nights, and puts the findings into the model.
pub fn add(model: &mut ReportModel, mut all: Vec<Finding>, memory: &Memory<'_>) -> Result<(), RunError> {
    let mut suppressions = match &memory.suppressions {
        Some(path) => Suppressions::load(path, model.as_of_ms)?,
        None => Suppressions::default(),
    };
    suppressions.apply(&mut all);
    let failed = |source| RunError::Memory { source };
    compare(memory.state, model.as_of_ms, &mut all, &memory.inputs).map_err(failed)?;
    model.trend = trend::note(memory.state, model.as_of_ms, &all).map_err(failed)?;
    findings::sort(&mut all);
    model.findings = all;
    model.unknown.extend(suppressions.warnings().iter().map(|w| visible(w)));
    model.unknown.sort();
    model.suppressions = suppressions;
    Ok(())
}
