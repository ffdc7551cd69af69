//! `apply.sh` and `rollback.sh`: POSIX shell and the AWS CLI. Both may be run again after they were cut off; both have `--dry-run`.
//!
//! What AWS holds is compared with the document that was analysed before anything is changed, and kept in the folder, so that the way
//! back leads to what was there.

use super::operations::{Operation, plan};
use crate::report::model::{HolderRow, ProposalRow};

const PRELUDE: &str = include_str!("prelude.sh");

/// A text as one word of the shell.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn holder(h: &HolderRow) -> String {
    format!("{} {}", quoted(&h.kind), quoted(&h.name))
}

fn option(text: Option<&String>) -> String {
    quoted(text.map_or("", String::as_str))
}

/// The line that does a step.
fn forward(step: &Operation) -> String {
    match step {
        Operation::PutInline { holder: h, policy, current, proposed } => {
            format!("put_inline {} {} {} {}", holder(h), quoted(policy), quoted(current), option(proposed.as_ref()))
        }
        Operation::SetVersion { arn, version, current, proposed } => {
            format!("set_version {} {} {} {}", quoted(arn), option(version.as_ref()), quoted(current), quoted(proposed))
        }
        Operation::Create { arn, name, path, proposed } => format!("create_policy {} {} {} {}", quoted(arn), quoted(name), quoted(path), quoted(proposed)),
        Operation::Attach { holder: h, arn } => format!("attach {} {}", holder(h), quoted(arn)),
        Operation::Detach { holder: h, arn } => format!("detach {} {}", holder(h), quoted(arn)),
        Operation::Trust { role, current, proposed } => format!("put_trust {} {} {}", quoted(role), quoted(current), quoted(proposed)),
        Operation::PermissionSet { instance, set, current, proposed } => {
            format!("put_set {} {} {} {}", quoted(instance), quoted(set), option(current.as_ref()), option(proposed.as_ref()))
        }
        Operation::DetachFromSet { instance, set, arn } => format!("detach_set {} {} {}", quoted(instance), quoted(set), quoted(arn)),
    }
}

/// The line that takes a step back.
fn backward(step: &Operation) -> String {
    match step {
        Operation::PutInline { holder: h, policy, current, .. } => format!("restore_inline {} {} {}", holder(h), quoted(policy), quoted(current)),
        Operation::SetVersion { arn, version, current, .. } => format!("restore_version {} {} {}", quoted(arn), option(version.as_ref()), quoted(current)),
        Operation::Create { arn, .. } => format!("delete_policy {}", quoted(arn)),
        Operation::Attach { holder: h, arn } => format!("detach {} {}", holder(h), quoted(arn)),
        Operation::Detach { holder: h, arn } => format!("attach {} {}", holder(h), quoted(arn)),
        Operation::Trust { role, current, .. } => format!("restore_trust {} {}", quoted(role), quoted(current)),
        Operation::PermissionSet { instance, set, current, .. } => format!("restore_set {} {} {}", quoted(instance), quoted(set), option(current.as_ref())),
        Operation::DetachFromSet { instance, set, arn } => format!("attach_set {} {} {}", quoted(instance), quoted(set), quoted(arn)),
    }
}

/// A script of some lines. Names that could break a comment stand only as words of the shell.
fn script(name: &str, what: &str, account: &str, lines: &[String]) -> String {
    let mut out = format!("#!/bin/sh\n# {name}: {what}. Options: --dry-run prints the commands; --force goes on where AWS holds something else\n# than what was analysed.\nset -eu\naccount={}\n", quoted(account));
    out.push_str(PRELUDE);
    out.push('\n');
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str("finish\n");
    out
}

/// The steps of an owner's folder, one proposal after the other.
fn steps(rows: &[&ProposalRow]) -> Vec<Operation> {
    rows.iter().flat_map(|row| plan(row)).collect()
}

/// `apply.sh`; `None` if there is nothing to do.
#[must_use]
pub fn apply(rows: &[&ProposalRow]) -> Option<String> {
    let steps = steps(rows);
    let account = rows.first()?.account.clone();
    (!steps.is_empty()).then(|| script("apply.sh", "puts the proposed policies of this folder in place", &account, &steps.iter().map(forward).collect::<Vec<_>>()))
}

/// `rollback.sh`; `None` if there is nothing to do.
#[must_use]
pub fn rollback(rows: &[&ProposalRow]) -> Option<String> {
    let steps = steps(rows);
    let account = rows.first()?.account.clone();
    (!steps.is_empty()).then(|| script("rollback.sh", "undoes apply.sh", &account, &steps.iter().rev().map(backward).collect::<Vec<_>>()))
}
