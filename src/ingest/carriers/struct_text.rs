//! The text that CloudTrail Lake makes of structs: `{type=AssumedRole, principalid=AROA…:s, sessioncontext={…}}`.
//!
//! Nothing in it is quoted or escaped, so a name chosen by an attacker may look like more fields. Only the names that a
//! struct has part it, and a name that comes twice makes the text ambiguous: Lake writes every field, absent ones as
//! `null`, hence a field that was slipped in is always a second one. An ambiguous text is not read. Source: CloudTrail User
//! Guide, "Supported SQL schemas for event data stores"; inputs-and-evaluation.md section 3.3.

use serde_json::{Map, Value};

/// What a field of a struct holds.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text.
    Text,
    /// A struct of its own.
    Struct(&'static [Field]),
    /// Something that is not read: a map of free names.
    Skipped,
}

/// Name in the struct's text, name in a record, shape.
pub type Field = (&'static str, &'static str, Shape);

/// Sentinel of Lake for fields that an old record did not have [observed].
pub const NOT_THERE: &str = "Pre1.07SchemaNull";

const ATTRIBUTES: &[Field] = &[("creationdate", "creationDate", Shape::Text), ("mfaauthenticated", "mfaAuthenticated", Shape::Text)];

const ISSUER: &[Field] = &[
    ("type", "type", Shape::Text),
    ("principalid", "principalId", Shape::Text),
    ("arn", "arn", Shape::Text),
    ("accountid", "accountId", Shape::Text),
    ("username", "userName", Shape::Text),
];

const FEDERATION: &[Field] = &[("federatedprovider", "federatedProvider", Shape::Text), ("attributes", "attributes", Shape::Skipped)];

const SESSION: &[Field] = &[
    ("attributes", "attributes", Shape::Struct(ATTRIBUTES)),
    ("sessionissuer", "sessionIssuer", Shape::Struct(ISSUER)),
    ("webidfederationdata", "webIdFederationData", Shape::Struct(FEDERATION)),
    ("sourceidentity", "sourceIdentity", Shape::Text),
    ("ec2roledelivery", "ec2RoleDelivery", Shape::Text),
    ("ec2issuedinvpc", "ec2IssuedInVpc", Shape::Text),
    ("assumedroot", "assumedRoot", Shape::Text),
];

const ON_BEHALF_OF: &[Field] = &[("userid", "userId", Shape::Text), ("identitystorearn", "identityStoreArn", Shape::Text)];

const IN_SCOPE_OF: &[Field] = &[
    ("sourcearn", "sourceArn", Shape::Text),
    ("sourceaccount", "sourceAccount", Shape::Text),
    ("issuertype", "issuerType", Shape::Text),
    ("credentialsissuedto", "credentialsIssuedTo", Shape::Text),
];

/// `userIdentity`.
pub const IDENTITY: &[Field] = &[
    ("type", "type", Shape::Text),
    ("principalid", "principalId", Shape::Text),
    ("arn", "arn", Shape::Text),
    ("accountid", "accountId", Shape::Text),
    ("accesskeyid", "accessKeyId", Shape::Text),
    ("username", "userName", Shape::Text),
    ("sessioncontext", "sessionContext", Shape::Struct(SESSION)),
    ("invokedby", "invokedBy", Shape::Text),
    ("identityprovider", "identityProvider", Shape::Text),
    ("credentialid", "credentialId", Shape::Text),
    ("onbehalfof", "onBehalfOf", Shape::Struct(ON_BEHALF_OF)),
    ("inscopeof", "inScopeOf", Shape::Struct(IN_SCOPE_OF)),
];

/// An entry of `resources`.
pub const RESOURCE: &[Field] = &[
    ("accountid", "accountId", Shape::Text),
    ("type", "type", Shape::Text),
    ("arn", "ARN", Shape::Text),
    ("arnprefix", "ARNPrefix", Shape::Text),
];

/// `tlsDetails`.
pub const TLS: &[Field] = &[
    ("tlsversion", "tlsVersion", Shape::Text),
    ("ciphersuite", "cipherSuite", Shape::Text),
    ("clientprovidedhostheader", "clientProvidedHostHeader", Shape::Text),
];

/// The length of the struct, list or map that begins here, its closing bracket included.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The field whose name and `=` begin a text.
fn named<'t>(text: &'t str, fields: &'static [Field]) -> Option<(&'static Field, &'t str)> {
    fields.iter().find_map(|field| Some((field, text.strip_prefix(field.0)?.strip_prefix('=')?)))
}

/// Where the value that begins here ends: before `, ` and the name of a field.
fn end_of_text(text: &str, fields: &'static [Field]) -> usize {
    text.match_indices(", ").find(|(at, _)| text.get(at + 2..).is_some_and(|rest| named(rest, fields).is_some())).map_or(text.len(), |(at, _)| at)
}

/// Reads a struct; `None` when the text is none or is ambiguous.
#[must_use]
pub fn structure(text: &str, fields: &'static [Field]) -> Option<Value> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut out: Map<String, Value> = Map::new();
    let mut seen: Vec<&str> = Vec::new();
    while !rest.is_empty() {
        let (field, value) = named(rest, fields)?;
        if seen.contains(&field.0) {
            return None;
        }
        seen.push(field.0);
        let is_open = value.starts_with('{');
        let end = match field.2 {
            Shape::Text => end_of_text(value, fields),
            Shape::Struct(_) | Shape::Skipped if is_open => closed(value)?,
            Shape::Struct(_) | Shape::Skipped => end_of_text(value, fields),
        };
        let (value, behind) = value.split_at_checked(end)?;
        let read = match field.2 {
            Shape::Struct(inner) if is_open => Some(structure(value, inner)?),
            Shape::Text if !matches!(value, "" | "null" | NOT_THERE) => Some(Value::String(value.to_owned())),
            Shape::Struct(_) if !matches!(value, "" | "null" | NOT_THERE) => return None,
            _ => None,
        };
        if let Some(read) = read {
            out.insert(field.1.to_owned(), read);
        }
        rest = match behind.strip_prefix(", ") {
            Some(next) => next,
            None if behind.is_empty() => behind,
            None => return None,
        };
    }
    Some(Value::Object(out))
}

/// Reads a list of structs; `None` when the text is none or one of them is ambiguous.
#[must_use]
pub fn structures(text: &str, fields: &'static [Field]) -> Option<Value> {
    let mut rest = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let (one, behind) = rest.split_at_checked(closed(rest)?)?;
        out.push(structure(one, fields)?);
        rest = match behind.strip_prefix(", ") {
            Some(next) => next,
            None if behind.is_empty() => behind,
            None => return None,
        };
    }
    Some(Value::Array(out))
}

/// Reads a map of free names, where its text can be parted in one way only: no value holds what parts it.
#[must_use]
pub fn plain_map(text: &str) -> Option<Value> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.is_empty() {
        return Some(Value::Object(Map::new()));
    }
    let mut out = Map::new();
    for pair in inner.split(", ") {
        let (name, value) = pair.split_once('=')?;
        if name.is_empty() || value.contains(['=', '{', '}', '[', ']', ',']) || out.contains_key(name) {
            return None;
        }
        if !matches!(value, "null" | NOT_THERE) {
            out.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    }
    Some(Value::Object(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SESSION_OF_APP: &str = "{type=AssumedRole, principalid=AROAEXAMPLE:a,b=c, arn=arn:aws:sts::111122223333:assumed-role/app/a,b=c, accountid=111122223333, \
        accesskeyid=ASIAEXAMPLE, username=null, sessioncontext={attributes={creationdate=2026-10-01 00:00:00.000, mfaauthenticated=false}, \
        sessionissuer={type=Role, principalid=AROAEXAMPLE, arn=arn:aws:iam::111122223333:role/team/app, accountid=111122223333, username=app}, \
        webidfederationdata=null, sourceidentity=Pre1.07SchemaNull}, invokedby=null, identityprovider=null}";

    #[test]
    fn a_session_with_commas_and_equals_in_its_name() {
        let read = structure(SESSION_OF_APP, IDENTITY).unwrap();
        assert_eq!(read["principalId"], "AROAEXAMPLE:a,b=c");
        assert_eq!(read["sessionContext"]["sessionIssuer"]["arn"], "arn:aws:iam::111122223333:role/team/app");
        assert_eq!(read["sessionContext"]["attributes"], json!({"creationDate": "2026-10-01 00:00:00.000", "mfaAuthenticated": "false"}));
        assert_eq!((read.get("userName"), read["sessionContext"].get("sourceIdentity")), (None, None));
    }

    #[test]
    fn a_name_that_slips_in_a_field_spoils_the_text() {
        for name in ["eve, accountid=444455556666", "eve, arn=arn:aws:iam::111122223333:role/admin", "eve, type=Root"] {
            let text = SESSION_OF_APP.replace("username=null", &format!("username={name}"));
            assert_eq!(structure(&text, IDENTITY), None, "{name}");
        }
        for bad in ["", "{", "{}}", "{type}", "{type=A, sessioncontext=x}", "{type=A}x", "{sessioncontext=text}", "{sessioncontext={attributes={}", "[]"] {
            assert_eq!(structure(bad, IDENTITY), None, "{bad}");
        }
    }

    #[test]
    fn lists_and_maps() {
        let list = "[{accountid=111122223333, type=AWS::S3::Bucket, arn=arn:aws:s3:::b}, {accountid=null, type=AWS::S3::Object, arn=arn:aws:s3:::b/k, x}]";
        let read = structures(list, RESOURCE).unwrap();
        assert_eq!(read, json!([{"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"}, {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k, x"}]));
        assert_eq!(structures("[]", RESOURCE), Some(json!([])));
        assert_eq!(structures("[{arn=a}{arn=b}]", RESOURCE), None);
        assert_eq!(plain_map("{bucketName=b, key=a b/c}"), Some(json!({"bucketName": "b", "key": "a b/c"})));
        for ambiguous in ["{key=a, bucketName=b, bucketName=c}", "{key=a=b}", "{key=a,b}", "{policy={}}", "{a}", "text"] {
            assert_eq!(plain_map(ambiguous), None, "{ambiguous}");
        }
    }
}
