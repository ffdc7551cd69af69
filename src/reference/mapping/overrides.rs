//! The exceptions table (`data/event_overrides.toml`), read and checked once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;

use super::params::{Params, normal};
use crate::reference::{ActionId, Reference, ReferenceError};

const FILE: &str = "event_overrides.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    source: Vec<SourceRow>,
    none: Vec<NoneRow>,
    action: Vec<ActionRow>,
    var: Vec<VarRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    source: String,
    prefixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoneRow {
    source: String,
    event: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionRow {
    source: String,
    event: String,
    emit: Vec<EmitRow>,
    reason: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmitRow {
    action: String,
    arn: Option<String>,
    when: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VarRow {
    service: String,
    r#type: String,
    var: String,
    from: String,
    transform: Option<String>,
}

/// A small question about request parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// The parameter is there.
    Exists(String),
    /// The parameter is not there.
    Absent(String),
    /// A parameter's text is the value, or the name of a member of it (DynamoDB logs both shapes).
    Contains(String, String),
}

impl Predicate {
    fn parse(text: &str) -> Option<Predicate> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "exists" => Some(Predicate::Exists(normal(rest))),
            "absent" => Some(Predicate::Absent(normal(rest))),
            "contains" => rest.split_once('=').map(|(name, value)| Predicate::Contains(normal(name), value.to_owned())),
            _ => None,
        }
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, params: &Params<'_>) -> bool {
        match self {
            Predicate::Exists(name) => params.has(name),
            Predicate::Absent(name) => !params.has(name),
            Predicate::Contains(name, value) => {
                params.get(name).any(|v| v.eq_ignore_ascii_case(value)) || params.has(&normal(value))
            }
        }
    }
}

/// One action that an event needs.
#[derive(Debug, Clone)]
pub struct Emit {
    /// The action.
    pub action: ActionId,
    /// An ARN template, where the general method would find the wrong resource.
    pub arn: Option<String>,
    /// When the action is needed; always if absent.
    pub when: Option<Predicate>,
}

/// How a parameter becomes part of an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// As it is.
    Plain,
    /// The row's `from` is the text itself.
    Constant,
    /// What stands behind the last `/` (queue URLs).
    LastPathSegment,
    /// Without `/` in front.
    StripLeadingSlash,
    /// A path of parameters: `name/*`.
    PathStar,
    /// A function name, partial ARN or ARN, without qualifier.
    FunctionName,
    /// A secret's name, behind which its ARN has six random characters.
    SecretName,
    /// With `:*` behind (log groups).
    ColonStar,
    /// The name in an ARN, or the text itself.
    ArnName,
    /// A task definition family without revision.
    Family,
    /// A key id; an alias is none.
    KeyId,
    /// An alias without `alias/`.
    StripAlias,
    /// What stands behind `/` (hosted zones).
    AfterSlash,
}

impl Transform {
    fn parse(text: Option<&str>) -> Option<Transform> {
        Some(match text {
            None => Transform::Plain,
            Some("constant") => Transform::Constant,
            Some("last_path_segment") => Transform::LastPathSegment,
            Some("strip_leading_slash") => Transform::StripLeadingSlash,
            Some("path_star") => Transform::PathStar,
            Some("function_name") => Transform::FunctionName,
            Some("secret_name") => Transform::SecretName,
            Some("colon_star") => Transform::ColonStar,
            Some("arn_name") => Transform::ArnName,
            Some("family") => Transform::Family,
            Some("key_id") => Transform::KeyId,
            Some("strip_alias") => Transform::StripAlias,
            Some("after_slash") => Transform::AfterSlash,
            Some(_) => return None,
        })
    }
}

/// Where a variable of an ARN pattern comes from.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The parameter's name in comparable form (for constants the text).
    pub from: String,
    /// How it is changed.
    pub transform: Transform,
}

/// The table, ready for look-ups.
pub struct Overrides {
    sources: HashMap<String, Vec<String>>,
    none: BTreeMap<String, BTreeSet<String>>,
    actions: HashMap<(String, String), Vec<Emit>>,
    bindings: HashMap<(String, String, String), Vec<Binding>>,
}

fn bad<T>(problem: String) -> Result<T, ReferenceError> {
    Err(ReferenceError::DataFile { file: FILE, problem })
}

fn in_order<'a>(table: &str, keys: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), ReferenceError> {
    let mut last = None;
    for key in keys {
        if last.is_some_and(|l| l >= key) {
            return bad(format!("[[{table}]] `{}` `{}` is out of order or there twice", key.0, key.1));
        }
        last = Some(key);
    }
    Ok(())
}

impl Overrides {
    /// Reads the bundled table.
    ///
    /// # Errors
    /// [`ReferenceError::DataFile`] for the first row that is wrong.
    pub fn load(reference: &Reference) -> Result<Overrides, ReferenceError> {
        let table: Table = toml::from_str(include_str!("../data/event_overrides.toml"))
            .map_err(|e| ReferenceError::DataFile { file: FILE, problem: e.to_string() })?;
        in_order("source", table.source.iter().map(|r| (r.source.as_str(), "")))?;
        in_order("none", table.none.iter().map(|r| (r.source.as_str(), r.event.as_str())))?;
        in_order("action", table.action.iter().map(|r| (r.source.as_str(), r.event.as_str())))?;
        let mut none: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in table.none {
            if row.reason.is_empty() {
                return bad(format!("[[none]] {} {} has no reason", row.source, row.event));
            }
            none.entry(row.source).or_default().insert(row.event);
        }
        let mut actions = HashMap::new();
        for row in table.action {
            if row.reason.is_empty() || !row.url.starts_with("https://") {
                return bad(format!("[[action]] {} {} lacks a reason or a source", row.source, row.event));
            }
            let mut emits = Vec::new();
            for emit in row.emit {
                let Some(action) = reference.find(&emit.action) else {
                    return bad(format!("[[action]] {} {}: `{}` is not an action", row.source, row.event, emit.action));
                };
                let when = match emit.when.as_deref().map(Predicate::parse) {
                    Some(None) => return bad(format!("[[action]] {} {}: unknown `when`", row.source, row.event)),
                    Some(parsed) => parsed,
                    None => None,
                };
                emits.push(Emit { action, arn: emit.arn, when });
            }
            actions.insert((row.source, row.event), emits);
        }
        let mut bindings: HashMap<(String, String, String), Vec<Binding>> = HashMap::new();
        for row in table.var {
            let Some(transform) = Transform::parse(row.transform.as_deref()) else {
                return bad(format!("[[var]] {} {}: unknown transform", row.service, row.var));
            };
            let from = if transform == Transform::Constant { row.from } else { normal(&row.from) };
            bindings.entry((row.service, row.r#type, row.var)).or_default().push(Binding { from, transform });
        }
        Ok(Overrides { sources: table.source.into_iter().map(|r| (r.source, r.prefixes)).collect(), none, actions, bindings })
    }

    /// Service prefixes that an event source may stand for, in order.
    #[must_use]
    pub fn prefixes(&self, source: &str) -> Vec<String> {
        match self.sources.get(source) {
            Some(list) => list.clone(),
            None => {
                let label = source.split('.').next().unwrap_or(source);
                vec![source.to_owned(), label.to_owned(), source.replace('-', ""), label.replace('-', "")]
            }
        }
    }

    /// Whether an event needs no permission.
    #[must_use]
    pub fn needs_none(&self, source: &str, event: &str) -> bool {
        self.none.get(source).is_some_and(|events| events.contains("*") || events.contains(event))
    }

    /// The actions of an event, if the table has it.
    #[must_use]
    pub fn actions(&self, source: &str, event: &str) -> Option<&[Emit]> {
        self.actions.get(&(source.to_owned(), event.to_owned())).map(Vec::as_slice)
    }

    /// The sources of a pattern's variable: of the type itself, else of all the service's types.
    #[must_use]
    pub fn bindings(&self, service: &str, kind: &str, var: &str) -> &[Binding] {
        let of = |kind: &str| self.bindings.get(&(service.to_owned(), kind.to_owned(), var.to_owned()));
        of(kind).or_else(|| of("*")).map_or(&[], Vec::as_slice)
    }

    /// Every row, for tests that compare the table with the plain rule.
    #[cfg(test)]
    pub fn all_actions(&self) -> impl Iterator<Item = (&(String, String), &Vec<Emit>)> {
        self.actions.iter()
    }
}
