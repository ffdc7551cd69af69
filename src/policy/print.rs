//! Writes a policy document: one canonical JSON form, elements in AWS's usual order, one-element lists as
//! plain texts. Sizes are counted as AWS counts them (white space left out).

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{ActionElement, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement, Statement, Version};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedDocument<'a> {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    statement: Vec<PrintedStatement<'a>>,
}

type Printed<'a> = BTreeMap<&'a str, OneOrMany<'a>>;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PrintedStatement<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Printed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<Printed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<OneOrMany<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<OneOrMany<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<OneOrMany<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<OneOrMany<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<String, Printed<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany<'a> {
    One(&'a str),
    Many(&'a [String]),
}

fn list(values: &[String]) -> OneOrMany<'_> {
    match values {
        [one] => OneOrMany::One(one),
        many => OneOrMany::Many(many),
    }
}

fn principals(set: &PrincipalSet) -> Printed<'_> {
    let kinds = [
        ("AWS", &set.aws),
        ("CanonicalUser", &set.canonical_user),
        ("Federated", &set.federated),
        ("Service", &set.service),
    ];
    kinds.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k, list(v))).collect()
}

fn printed(statement: &Statement) -> PrintedStatement<'_> {
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
    let mut condition: BTreeMap<String, Printed<'_>> = BTreeMap::new();
    for c in &statement.conditions {
        condition.entry(c.operator.to_string()).or_default().insert(c.key.as_str(), list(&c.values));
    }
    PrintedStatement {
        sid: statement.sid.as_deref(),
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

fn document(doc: &PolicyDocument) -> PrintedDocument<'_> {
    PrintedDocument {
        version: doc.version.as_str(),
        id: doc.id.as_deref(),
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

/// Counts what is written to it: characters that are no white space of JSON.
#[derive(Default)]
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // A character counts with its first byte.
        self.0 += bytes.iter().filter(|b| **b & 0xC0 != 0x80 && !matches!(**b, b' ' | b'\t' | b'\n' | b'\r')).count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Characters of something's JSON as IAM counts them: minified, and JSON's white space inside texts left out too.
#[must_use]
pub fn characters(printed: &impl Serialize) -> usize {
    let mut counter = Counter::default();
    // The counter takes everything.
    let _ = serde_json::to_writer(&mut counter, printed);
    counter.0
}

/// The document's size as IAM counts it: characters of the minified JSON, white space left out, which is JSON's white
/// space: other spaces inside texts count (reference-data.md section 5).
#[must_use]
pub fn size(doc: &PolicyDocument) -> usize {
    characters(&document(doc))
}

/// The size of a document without id that has these statements.
#[must_use]
pub fn size_of(version: Version, statements: &[&Statement]) -> usize {
    characters(&PrintedDocument { version: version.as_str(), id: None, statement: statements.iter().map(|s| printed(s)).collect() })
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
