//! `check`: is everything that the new policies allow allowed by the existing ones?

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Failure, said, usage_error};
use crate::cli::CheckArgs;
use crate::policy::{PolicyDocument, parse_document};
use crate::prove::{Containment, Witness, allows_no_more};
use crate::report::escape::{json_line, visible};

/// Exit code when the new policies allow more.
const NOT_CONTAINED: u8 = 3;

/// Exit code when neither could be shown.
const NOT_PROVED: u8 = 4;

/// A policy document from a file: bare, or as the AWS CLI wraps it.
fn read(path: &Path) -> Result<PolicyDocument, Failure> {
    let named = |problem: String| usage_error(format!("`{}`: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
    let mut value: Value = serde_json::from_str(&text).map_err(|e| named(format!("not JSON: {e}")))?;
    for wrapper in ["PolicyVersion", "Document", "PolicyDocument", "Policy"] {
        if value.get("Statement").is_none()
            && let Some(inner) = value.get_mut(wrapper)
        {
            value = inner.take();
            // Resource policies come as a text inside the answer.
            if let Value::String(inner) = &value {
                value = serde_json::from_str(inner).map_err(|e| named(format!("field `{wrapper}`: not JSON: {e}")))?;
            }
        }
    }
    parse_document(&value).map_err(|e| named(e.to_string()))
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<PolicyDocument>, Failure> {
    paths.iter().map(|p| read(p)).collect()
}

/// The witness in the form of a `simulate` request.
fn request(witness: &Witness) -> Value {
    let p = &witness.principal;
    let mut principal = json!({"type": p.kind.as_str()});
    let fields = [("arn", &p.arn), ("role_arn", &p.role_arn), ("account", &p.account), ("service", &p.service)];
    if let Some(object) = principal.as_object_mut() {
        object.extend(fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?.into()))));
    }
    let one_or_many = |values: &Vec<String>| match values.as_slice() {
        [one] => Value::from(one.clone()),
        many => many.to_vec().into(),
    };
    let context: serde_json::Map<String, Value> = witness.context.iter().map(|(key, values)| (key.clone(), one_or_many(values))).collect();
    json!({"principal": principal, "action": witness.action, "resource": witness.resource, "resource_account": witness.resource_account,
           "context": context, "context_complete": true})
}

/// Compares the files, prints the answer, and gives the exit code.
pub fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let (existing, new) = (read_all(&args.existing)?, read_all(&args.new)?);
    let answer = allows_no_more(&new.iter().collect::<Vec<_>>(), &existing.iter().collect::<Vec<_>>());
    let (verdict, witness, reason, code) = match &answer {
        Containment::Proved => ("contained", None, "every request that the new policies allow, the existing ones allow".to_owned(), 0),
        Containment::Refuted(w) => {
            let reason = format!("the new policies allow {} on {}, the existing ones do not", w.action, w.resource);
            ("not_contained", Some(request(w)), reason, NOT_CONTAINED)
        }
        Containment::NotProved(why) => ("not_proved", None, why.clone(), NOT_PROVED),
    };
    let mut out = std::io::stdout();
    if args.json {
        let line = json!({"verdict": verdict, "witness": witness, "reason": reason}).to_string();
        said(writeln!(out, "{}", json_line(&line)));
    } else {
        said(writeln!(out, "{verdict}: {}", visible(&reason)));
        if let Some(witness) = witness {
            said(writeln!(out, "request: {}", json_line(&witness.to_string())));
        }
    }
    Ok(code)
}
