//! The files of the exceptions table: their format, and the reader that checks every row.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::names::NameKey;
use super::overrides::{Binding, EventRule, Need, Numbered, Only, Origin, Overrides, RowText};
use super::predicate::Predicate;
use super::transform::Transform;
use crate::reference::{Reference, ReferenceError, SkippedRow};

macro_rules! files {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../data/event_overrides/", $name, ".toml")))),*] };
}

/// Every file of the folder; a test holds that none is missing.
const FILES: &[(&str, &str)] = files!(
    "access-analyzer" "account" "airflow" "apigateway" "app-integrations" "appconfig" "application-autoscaling"
    "application-signals" "appstream" "appsync" "aps" "athena" "auditmanager" "autoscaling" "aws-marketplace"
    "backup" "bedrock" "budgets" "cassandra" "ce" "chime" "cloudformation" "cloudfront" "cloudhsm" "cloudsearch"
    "cloudtrail" "cloudwatch" "codeartifact" "codebuild" "codecommit" "codedeploy" "codepipeline" "cognito-idp"
    "config" "connect" "databrew" "directconnect" "dlm" "ds" "dynamodb" "ebs" "ec2" "ecr" "ecs" "eks" "elasticache"
    "elasticbeanstalk" "elasticfilesystem" "elasticloadbalancing" "elasticmapreduce" "events" "execute-api"
    "firehose" "fms" "frauddetector" "glue" "iam" "imagebuilder" "iot" "iotsitewise" "iotwireless" "kendra"
    "kinesis" "kinesisvideo" "kms" "lambda" "lex" "logs" "machinelearning" "macie2" "mediaconvert" "mediatailor"
    "memorydb" "mgh" "mobiletargeting" "networkmanager" "organizations" "participant-connect" "personalize" "proton"
    "quicksight" "rbin" "rds" "redshift" "rekognition" "route53" "route53resolver" "s3" "s3-outposts" "s3express"
    "sagemaker" "scheduler" "secretsmanager" "serverlessrepo" "ses" "signin" "sns" "sources" "sqs" "ssm"
    "ssm-contacts" "sso" "sso-oauth" "states" "sts" "timestream" "userauth" "waf" "waf-regional" "wafv2" "workmail"
    "workspaces" "xray"
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The page behind the rows that name no other.
    url: String,
    #[serde(default)]
    source: Vec<SourceRow>,
    #[serde(default)]
    none: Vec<NoneRow>,
    #[serde(default)]
    action: Vec<ActionRow>,
    #[serde(default)]
    variable: Vec<VariableRow>,
    #[serde(default)]
    any_of: Vec<AnyOfRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    name: String,
    prefixes: Vec<String>,
    reason: String,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoneRow {
    source: String,
    events: Vec<String>,
    reason: String,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionRow {
    source: String,
    events: Vec<String>,
    needs: Vec<NeedRow>,
    reason: String,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum NeedRow {
    Name(String),
    Table {
        action: String,
        when: Option<String>,
        arn: Option<String>,
        #[serde(default)]
        if_told: bool,
        #[serde(default)]
        types: Vec<String>,
        only: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableRow {
    r#type: String,
    name: String,
    #[serde(default)]
    from: Vec<String>,
    constant: Option<String>,
    prefix: Option<String>,
    transform: Option<String>,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    every: bool,
    #[serde(default)]
    actions: Vec<String>,
    when: Option<String>,
    reason: String,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyOfRow {
    actions: Vec<String>,
    reason: String,
    url: Option<String>,
}

impl NeedRow {
    fn text(&self) -> String {
        match self {
            NeedRow::Name(action) | NeedRow::Table { action, when: None, .. } => action.clone(),
            NeedRow::Table { action, when: Some(when), .. } => format!("{action} when {when}"),
        }
    }
}

/// Service prefixes that an event source may stand for: what the table says, else its own first label.
#[must_use]
pub fn prefixes_of(event_source: &str) -> Vec<String> {
    static SOURCES: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    let rows = SOURCES.get_or_init(|| {
        let file = FILES.iter().find(|(name, _)| *name == "sources").and_then(|(_, text)| toml::from_str::<File>(text).ok());
        file.map(|f| f.source.into_iter().map(|r| (r.name, r.prefixes)).collect()).unwrap_or_default()
    });
    let source = event_source.strip_suffix(".cn").unwrap_or(event_source);
    let source = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    rows.get(source).cloned().unwrap_or_else(|| vec![source.split('.').next().unwrap_or(source).to_owned()])
}

struct Reader<'r> {
    reference: &'r Reference,
    file: &'static str,
    url: String,
    out: Overrides,
}

/// Reads every file.
///
/// # Errors
/// [`ReferenceError::DataFile`] for the first row that is wrong.
pub fn read(reference: &Reference) -> Result<Overrides, ReferenceError> {
    let mut out = Overrides::default();
    for (name, text) in FILES {
        let file: File = toml::from_str(text).map_err(|e| ReferenceError::DataFile { file: name, problem: e.to_string() })?;
        let mut reader = Reader { reference, file: name, url: file.url.clone(), out };
        reader.take(file)?;
        out = reader.out;
    }
    Ok(out)
}

impl Reader<'_> {
    fn skip(&mut self, what: &str) {
        self.out.skipped.push(SkippedRow { file: self.file, pattern: what.to_owned() });
    }

    fn bad<T>(&self, problem: String) -> Result<T, ReferenceError> {
        Err(ReferenceError::DataFile { file: self.file, problem })
    }

    /// Adds a row to the list; gives its place there.
    fn note(&mut self, table: &'static str, [of, what, says]: [String; 3], reason: &str, url: Option<&String>) -> Result<usize, ReferenceError> {
        let url = url.unwrap_or(&self.url).clone();
        if reason.is_empty() || !url.starts_with("https://") {
            return self.bad(format!("[[{table}]] {of} {what} lacks a reason or a source"));
        }
        self.out.rows.push(RowText { table, of, what, says, reason: reason.to_owned(), url });
        Ok(self.out.rows.len() - 1)
    }

    fn take(&mut self, file: File) -> Result<(), ReferenceError> {
        self.in_order("source", file.source.iter().map(|r| (r.name.as_str(), "")))?;
        self.in_order("none", file.none.iter().map(|r| (r.source.as_str(), r.events.first().map_or("", String::as_str))))?;
        self.in_order("action", file.action.iter().map(|r| (r.source.as_str(), r.events.first().map_or("", String::as_str))))?;
        self.in_order("any_of", file.any_of.iter().map(|r| (r.actions.first().map_or("", String::as_str), "")))?;
        for row in file.source {
            let number = self.note("source", [row.name.clone(), "*".into(), row.prefixes.join(", ")], &row.reason, row.url.as_ref())?;
            self.out.sources.insert(row.name, Numbered { row: number, rule: row.prefixes });
        }
        for row in file.none {
            let reason = row.reason.clone();
            self.events("none", &row.source, &row.events, "no permission", (&row.reason, row.url.as_ref()), &EventRule::None(reason))?;
        }
        for row in file.action {
            let mut needs = Vec::new();
            let mut says = Vec::new();
            for need in row.needs {
                says.push(need.text());
                needs.extend(self.need(&row.source, need)?);
            }
            self.events("action", &row.source, &row.events, &says.join(", "), (&row.reason, row.url.as_ref()), &EventRule::Needs(needs))?;
        }
        let mut last: Option<(String, String)> = None;
        for row in file.variable {
            let key = (row.r#type.clone(), row.name.clone());
            if last.as_ref().is_some_and(|l| *l > key) {
                return self.bad(format!("[[variable]] {} {} is out of order", key.0, key.1));
            }
            last = Some(key);
            self.variable(row)?;
        }
        for row in file.any_of {
            for pattern in &row.actions {
                self.note("any_of", [self.file.to_owned(), pattern.clone(), "one of its resource types".into()], &row.reason, row.url.as_ref())?;
                let ids = self.reference.expand(pattern);
                if ids.is_empty() {
                    self.skip(pattern);
                }
                self.out.any_of.extend(ids);
            }
        }
        Ok(())
    }

    fn in_order<'a>(&self, table: &str, keys: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), ReferenceError> {
        let mut last = None;
        for key in keys {
            if last.is_some_and(|l| l >= key) {
                return self.bad(format!("[[{table}]] `{}` `{}` is out of order or there twice", key.0, key.1));
            }
            last = Some(key);
        }
        Ok(())
    }

    fn events(
        &mut self,
        table: &'static str,
        source: &str,
        events: &[String],
        says: &str,
        (reason, url): (&str, Option<&String>),
        rule: &EventRule,
    ) -> Result<(), ReferenceError> {
        self.in_order(table, events.iter().map(|e| (e.as_str(), "")))?;
        for event in events {
            let row = self.note(table, [source.to_owned(), event.clone(), says.to_owned()], reason, url)?;
            // A row whose every action is unknown to the reference leaves the event to the plain rule.
            if matches!(rule, EventRule::Needs(needs) if needs.is_empty()) {
                continue;
            }
            if self.out.events.entry(source.to_owned()).or_default().insert(event.clone(), Numbered { row, rule: rule.clone() }).is_some() {
                return self.bad(format!("{source} {event} is there twice"));
            }
        }
        Ok(())
    }

    fn when(&self, row: &str, text: Option<&String>) -> Result<Option<Predicate>, ReferenceError> {
        match text.map(|t| Predicate::parse(t)) {
            Some(None) => self.bad(format!("{row}: unknown `when`")),
            Some(parsed) => Ok(parsed),
            None => Ok(None),
        }
    }

    fn need(&mut self, source: &str, row: NeedRow) -> Result<Option<Need>, ReferenceError> {
        let (action, when, arn, if_told, types, only) = match row {
            NeedRow::Name(action) => (action, None, None, false, Vec::new(), None),
            NeedRow::Table { action, when, arn, if_told, types, only } => (action, when, arn, if_told, types, only),
        };
        let when = self.when(&format!("[[action]] {source} {action}"), when.as_ref())?;
        let Some(id) = self.reference.find(&action) else {
            self.skip(&action);
            return Ok(None);
        };
        let has_type = |name: &String| {
            name.split_once(':').is_some_and(|(service, kind)| {
                self.reference.service(service).is_some_and(|s| s.resource_types.iter().any(|t| t.name == kind))
            })
        };
        if let Some(unknown) = types.iter().find(|t| !has_type(t)) {
            return self.bad(format!("[[action]] {source} {action}: `{unknown}` is no resource type"));
        }
        let only = match only.as_deref().map(Only::parse) {
            Some(None) => return self.bad(format!("[[action]] {source} {action}: unknown `only`")),
            Some(parsed) => parsed,
            None => None,
        };
        Ok(Some(Need { action: id, when, arn, if_told, types, only }))
    }

    fn variable(&mut self, row: VariableRow) -> Result<(), ReferenceError> {
        let label = format!("[[variable]] {} {}", row.r#type, row.name);
        let Some((service, kind)) = row.r#type.split_once(':') else { return self.bad(format!("{label}: not `service:type`")) };
        let Some(transform) = Transform::parse(row.transform.as_deref()) else { return self.bad(format!("{label}: unknown transform")) };
        let when = self.when(&label, row.when.as_ref())?;
        let says = row.constant.clone().map_or_else(|| row.from.join(", "), |c| format!("always `{c}`"));
        let number = self.note("variable", [row.r#type.clone(), row.name.clone(), says], &row.reason, row.url.as_ref())?;
        let wanted = format!("${{{}}}", row.name);
        let known = self.reference.service(service).is_some_and(|s| {
            s.resource_types.iter().any(|t| (kind == "*" || t.name == kind) && t.arn_patterns.iter().any(|p| p.contains(&wanted)))
        });
        let mut actions = Vec::new();
        for pattern in &row.actions {
            actions.extend(self.reference.expand(pattern));
        }
        if !known || actions.is_empty() != row.actions.is_empty() {
            self.skip(&label);
            return Ok(());
        }
        let origins: Vec<Origin> = match &row.constant {
            Some(text) => vec![Origin::Constant(text.clone())],
            None => row
                .from
                .iter()
                .map(|from| match from.strip_prefix("response:") {
                    Some(name) => Origin::Response(NameKey::of(name)),
                    None => match from.split_once('.') {
                        Some((parent, name)) => Origin::Under(NameKey::of(parent), NameKey::of(name)),
                        None => Origin::Request(NameKey::of(from)),
                    },
                })
                .collect(),
        };
        if origins.is_empty() || (row.constant.is_some() && !row.from.is_empty()) {
            return self.bad(format!("{label}: wants either `from` or `constant`"));
        }
        let list = self.out.bindings.entry((service.to_owned(), kind.to_owned(), row.name)).or_default();
        // With `every` all parameters fill the variable, else the first that is there.
        let origins: Vec<Vec<Origin>> = if row.every { vec![origins] } else { origins.into_iter().map(|o| vec![o]).collect() };
        let last = origins.len().saturating_sub(1);
        list.extend(origins.into_iter().enumerate().map(|(at, origins)| Binding {
            row: number,
            origins,
            transform,
            prefix: row.prefix.clone(),
            closed: row.closed && at == last,
            actions: actions.clone(),
            when: when.clone(),
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/reference/data/event_overrides");
        let mut found: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
        found.sort();
        let listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, listed);
    }

    #[test]
    fn every_row_is_about_the_built_in_reference() {
        let overrides = Overrides::load(Reference::bundled().unwrap()).unwrap();
        assert!(overrides.skipped().is_empty(), "{:?}", overrides.skipped());
        assert!(overrides.rows().len() > 250);
    }
}
