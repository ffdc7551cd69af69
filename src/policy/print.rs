//! Writes a policy document: one canonical JSON form, elements in AWS's usual order, one-element lists as
//! plain texts. Sizes are counted as AWS counts them (white space left out).

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{ActionElement, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement, Statement};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedDocument {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    statement: Vec<PrintedStatement>,
}

type Printed = BTreeMap<String, OneOrMany>;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedStatement {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Printed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<Printed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<OneOrMany>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<OneOrMany>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<OneOrMany>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<OneOrMany>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<String, Printed>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn list(values: &[String]) -> OneOrMany {
    match values {
        [one] => OneOrMany::One(one.clone()),
        many => OneOrMany::Many(many.to_vec()),
    }
}

fn principals(set: &PrincipalSet) -> Printed {
    let kinds = [
        ("AWS", &set.aws),
        ("CanonicalUser", &set.canonical_user),
        ("Federated", &set.federated),
        ("Service", &set.service),
    ];
    kinds.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), list(v))).collect()
}

fn printed(statement: &Statement) -> PrintedStatement {
    let (principal, not_principal) = match &statement.principal {
        Some(PrincipalElement::Principal(set)) => (Some(principals(set)), None),
        Some(PrincipalElement::NotPrincipal(set)) => (None, Some(principals(set))),
        None => (None, None),
    };
    let (action, not_action) = match &statement.action {
        ActionElement::Action(v) => (Some(list(v)), None),
        ActionElement::NotAction(v) => (None, Some(list(v))),
    };
    let (resource, not_resource) = match &statement.resource {
        Some(ResourceElement::Resource(v)) => (Some(list(v)), None),
        Some(ResourceElement::NotResource(v)) => (None, Some(list(v))),
        None => (None, None),
    };
    let mut condition: BTreeMap<String, Printed> = BTreeMap::new();
    for c in &statement.conditions {
        condition.entry(c.operator.to_string()).or_default().insert(c.key.clone(), list(&c.values));
    }
    PrintedStatement {
        sid: statement.sid.clone(),
        effect: statement.effect.as_str(),
        principal,
        not_principal,
        action,
        not_action,
        resource,
        not_resource,
        condition,
    }
}

fn document(doc: &PolicyDocument) -> PrintedDocument {
    PrintedDocument {
        version: doc.version.as_str(),
        id: doc.id.clone(),
        statement: doc.statements.iter().map(printed).collect(),
    }
}

/// The document as indented JSON with a final newline, for people and for files.
#[must_use]
pub fn pretty(doc: &PolicyDocument) -> String {
    let mut text = serde_json::to_string_pretty(&document(doc)).unwrap_or_default();
    text.push('\n');
    text
}

/// The document as one line of JSON without white space between tokens.
#[must_use]
pub fn minified(doc: &PolicyDocument) -> String {
    serde_json::to_string(&document(doc)).unwrap_or_default()
}

/// The document's size as IAM counts it: characters of the minified JSON, white space left out, which is JSON's white
/// space: other spaces inside texts count (reference-data.md section 5).
#[must_use]
pub fn size(doc: &PolicyDocument) -> usize {
    minified(doc).chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse_text;

    #[test]
    fn white_space_of_json_does_not_count_and_other_spaces_do() {
        let of = |value: &str| size(&parse_text(&format!(r#"{{ "Statement": [ {{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {{ "StringLike": {{ "aws:PrincipalTag/team": "{value}" }} }} }} ] }}"#)).unwrap());
        assert_eq!(of("a b"), of("ab"));
        assert_eq!(of("a\u{a0}b"), of("ab") + 1);
    }
}
