//! ARNs: they stay ARNs of the same service, region and kind of resource. Source: Service Authorization Reference, "Resource types
//! defined by" IAM and STS.

use super::Redactor;
use super::scan::{sentence_end, words};
use crate::aws::{Arn, is_account_id};

/// What stands at the beginning of a text as an ARN, replaced, and how many bytes of the text that is.
pub(super) fn redacted(r: &Redactor, text: &str) -> (String, usize) {
    // Of two that stand behind each other the first.
    let one = text.get(4..).and_then(|rest| rest.find(",arn:")).and_then(|at| text.get(..at + 4)).unwrap_or(text);
    let (one, _) = sentence_end(one);
    let mut out = String::with_capacity(one.len() + 16);
    let Some(arn) = Arn::parse(one) else {
        words(r, one, &mut out);
        return (out, one.len());
    };
    // AWS's own: managed policies.
    if arn.account == "aws" && arn.service == "iam" {
        return (one.to_owned(), one.len());
    }
    let account = if is_account_id(arn.account) { r.key.account(arn.account) } else { r.text(arn.account).into_owned() };
    let (partition, service, region) = (arn.partition, arn.service, arn.region);
    out.push_str(one.get(..3).unwrap_or("arn"));
    for part in [partition, service, region, account.as_str()] {
        out.push(':');
        out.push_str(part);
    }
    out.push(':');
    resource(r, &arn, &mut out);
    (out, one.len())
}

/// The kinds of resources whose names are those of people, and what of them is: `user/path/name`, `assumed-role/role/session`.
fn resource(r: &Redactor, arn: &Arn<'_>, out: &mut String) {
    let (head, rest) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
    if rest.is_empty() {
        return words(r, arn.resource, out);
    }
    match (arn.service, head) {
        ("iam", "user" | "mfa" | "u2f" | "sms-mfa") => {
            let (path, name) = rest.rsplit_once('/').map_or(("", rest), |(path, name)| (path, name));
            let path = if path.is_empty() { String::new() } else { r.path(path) + "/" };
            out.push_str(&format!("{head}/{path}{}", r.names(name)));
        }
        ("sts", "federated-user") => out.push_str(&format!("{head}/{}", r.names(rest))),
        ("sts", "assumed-role") => {
            let (role, session) = rest.split_once('/').unwrap_or((rest, ""));
            out.push_str("assumed-role/");
            words(r, role, out);
            if !session.is_empty() {
                out.push_str(&format!("/{}", r.names(session)));
            }
        }
        // A resource of a resource: an ARN, or an id in it.
        _ => {
            out.push_str(&r.text(arn.resource));
        }
    }
}
