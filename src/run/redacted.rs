//! `--redact`: who the people are, and what is said of them in the results. Asked at the end of a run, when all is decided.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Names;
use super::RunOptions;
use crate::aws::Arn;
use crate::aws::principal::{PrincipalKind, principal_kind};
use crate::grants::{Grants, OwnerKind};
use crate::ingest::IngestSummary;
use crate::policy::PolicyDocument;
use crate::redact::{Key, KeyError, Redactor};
use crate::reference::Reference;
use crate::report::ReportModel;
use crate::report::redacted;
use crate::usage::{Assumption, Usage};

/// The key, where the run is to redact.
pub fn key(options: &RunOptions) -> Result<Option<Key>, KeyError> {
    match (&options.redact_key, options.redact) {
        (_, false) => Ok(None),
        (Some(path), true) => Key::load(path).map(Some),
        (None, true) => Key::kept(&options.state).map(Some),
    }
}

/// Knows everybody whom grants and logs name.
pub fn redactor(key: Key, grants: &Grants, usage: &Usage, reference: &Reference) -> Result<Redactor, KeyError> {
    let mut names = of_grants(grants);
    of_logs(usage, &mut names);
    Redactor::new(key, names, reference.services().iter().map(|s| s.prefix.as_str()))
}

/// The name in the ARN of a user, a federated user or a session.
fn in_arn(arn: &str, names: &mut BTreeSet<String>) {
    if matches!(principal_kind(arn), Some(PrincipalKind::User | PrincipalKind::FederatedUser))
        && let Some(parsed) = Arn::parse(arn)
    {
        names.insert(parsed.name().to_owned());
    }
}

fn of_grants(grants: &Grants) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut trusts: Vec<&PolicyDocument> = Vec::new();
    for principal in grants.principals() {
        if principal.kind == OwnerKind::User {
            names.insert(principal.name.clone());
        }
        trusts.extend(principal.trust.iter().flatten());
    }
    for account in grants.accounts.values() {
        names.extend(account.credential_report.iter().flat_map(|r| &r.credentials).map(|c| c.user.clone()));
        let e = &account.evidence;
        names.extend(e.access_keys.values().filter_map(|k| k.user.clone()));
        names.extend(e.mfa_devices.values().filter_map(|d| d.user.clone()));
        names.extend(e.other_credentials.values().map(|c| c.user.clone()));
        names.extend(e.signing_certificates.values().map(|c| c.user.clone()));
        for listed in [&e.keys_listed, &e.mfa_listed, &e.signing_listed] {
            names.extend(listed.keys().cloned());
        }
    }
    for condition in trusts.into_iter().flat_map(|d| &d.statements).flat_map(|s| &s.conditions) {
        let key = condition.key.to_ascii_lowercase();
        if key.ends_with(":sub") || key.ends_with(":rolesessionname") || key.ends_with(":sourceidentity") {
            names.extend(condition.values.iter().cloned());
        }
    }
    names
}

fn of_logs(usage: &Usage, names: &mut BTreeSet<String>) {
    let activity = usage.activity.iter().filter_map(|a| a.principal_arn.as_deref());
    let denied = usage.denied_calls.iter().filter_map(|c| c.call.principal_arn.as_deref());
    activity.chain(denied).for_each(|arn| in_arn(arn, names));
    let sessions = usage.denied_calls.iter().map(|c| &c.call).chain(&usage.session_calls);
    names.extend(sessions.filter_map(|c| c.federated_name.as_ref()).map(|n| n.as_str().to_owned()));
    for change in usage.grant_changes.iter().filter(|c| c.target_kind == "user") {
        names.extend([&change.target_name, &change.new_name].into_iter().flatten().cloned());
    }
    for assumption in &usage.assumptions {
        in_arn(&assumption.source, names);
        names.extend(assumption.subject.clone());
        names.extend(assumption.details.sessions.values.keys().filter(|name| is_somebody(name, assumption)).cloned());
    }
}

/// Whether a session's name is somebody's, not what a machine made up: names of functions and pipelines are things, and other
/// things have them too. In the ARN of a session every name is replaced.
fn is_somebody(name: &str, assumption: &Assumption) -> bool {
    let is_mail = name.contains('@');
    let is_first_last = name.split_once('.').is_some_and(|(first, last)| [first, last].iter().all(|n| n.len() > 1 && n.bytes().all(|b| b.is_ascii_alphabetic())));
    is_mail || is_first_last || assumption.source_kind == "saml" || assumption.role_arn.contains(":role/aws-reserved/sso.amazonaws.com/")
}

/// What the run found and took in, with tokens.
pub fn outcome(model: &mut ReportModel, ingested: Option<&mut IngestSummary>, redactor: &Redactor) {
    let before: Vec<String> = model.proposals.iter().map(|row| row.folder.clone()).collect();
    redacted::model(model, redactor);
    let mut names = Names::default();
    model.proposals.iter_mut().for_each(|row| names.give(row));
    let renamed: BTreeMap<String, String> = before.into_iter().zip(model.proposals.iter().map(|row| row.folder.clone())).collect();
    let rename = |folder: &mut String| *folder = renamed.get(folder).cloned().unwrap_or_default();
    if let Some(blast) = &mut model.blast {
        blast.rows.iter_mut().flat_map(|row| &mut row.folders).for_each(rename);
        blast.fixes.iter_mut().for_each(|fix| rename(&mut fix.folder));
    }
    if let Some(ingested) = ingested {
        for (file, rejection) in &mut ingested.rejections {
            *file = redactor.text(file).into_owned();
            rejection.reason = redactor.text(&rejection.reason).into_owned();
        }
        for damage in &mut ingested.damaged {
            damage.what = redactor.text(&damage.what).into_owned();
        }
        for (file, why) in &mut ingested.ignored {
            *file = redactor.text(file).into_owned();
            *why = redactor.text(why).into_owned();
        }
    }
}
