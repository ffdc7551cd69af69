//! `main.tf`: resources for the proposed documents, with `import` blocks for what exists. Documents are read from the files of the
//! folder, so that what is applied is what was proved.

use std::collections::BTreeSet;

use super::iac_map::{IacMap, IacOwner};
use super::operations::{Operation, plan};
use crate::report::model::{HolderRow, ProposalRow};

/// A text as a string of HCL.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Templates would start here.
            '$' | '%' if rest.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A comment that cannot break out of its line.
fn comment(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    format!("# {line}\n")
}

/// A file of the folder that the file lies in.
fn file(name: &str) -> String {
    // The names of these files hold neither quotes nor templates (`escape::file_name`).
    format!("file(\"${{path.module}}/{name}\")")
}

/// Names that are taken, so that no resource has another's.
struct Names(BTreeSet<String>);

impl Names {
    fn fresh(&mut self, wanted: &str) -> String {
        let mut plain: String = wanted.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        if !plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            plain.insert(0, '_');
        }
        let mut name = plain.clone();
        let mut n = 2;
        while !self.0.insert(name.clone()) {
            name = format!("{plain}_{n}");
            n += 1;
        }
        name
    }
}

fn resource(kind: &str, name: &str, fields: &[(&str, String)]) -> String {
    let width = fields.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let lines: String = fields.iter().map(|(key, value)| format!("  {key:width$} = {value}\n")).collect();
    format!("resource \"{kind}\" \"{name}\" {{\n{lines}}}\n\n")
}

fn import(kind: &str, name: &str, id: &str) -> String {
    format!("import {{\n  to = {kind}.{name}\n  id = {}\n}}\n\n", string(id))
}

fn attachment(names: &mut Names, holder: &HolderRow, policy: &str) -> String {
    let kind = format!("aws_iam_{}_policy_attachment", holder.kind);
    let name = names.fresh(&holder.name);
    resource(&kind, &name, &[(holder.kind.as_str(), string(&holder.name)), ("policy_arn", policy.to_owned())])
}

/// One step as blocks. `made` is the resource that the last `Create` made.
fn blocks(step: &Operation, row: &ProposalRow, owned: Option<&IacOwner>, names: &mut Names, made: &mut Option<(String, String)>) -> String {
    let address = |kind: &str| owned.and_then(|o| o.address.as_deref()).and_then(|a| a.strip_prefix(kind)).and_then(|a| a.strip_prefix('.')).map(str::to_owned);
    match step {
        Operation::PutInline { holder, policy, proposed: Some(proposed), .. } => {
            let kind = format!("aws_iam_{}_policy", holder.kind);
            let name = names.fresh(&address(&kind).unwrap_or_else(|| format!("{}_{policy}", holder.name)));
            let fields = [("name", string(policy)), (holder.kind.as_str(), string(&holder.name)), ("policy", file(proposed))];
            import(&kind, &name, &format!("{}:{policy}", holder.name)) + &resource(&kind, &name, &fields)
        }
        Operation::PutInline { holder, policy, proposed: None, .. } => comment(&format!("Delete the inline policy {policy} of {} {}: nothing of it is left.", holder.kind, holder.name)),
        Operation::SetVersion { arn, proposed, .. } => {
            let name = names.fresh(&address("aws_iam_policy").unwrap_or_else(|| row.policy.clone()));
            let fields = [("name", string(&row.policy)), ("path", string(&row.path)), ("policy", file(proposed))];
            import("aws_iam_policy", &name, arn) + &resource("aws_iam_policy", &name, &fields)
        }
        Operation::Create { arn, name, path, proposed } => {
            let label = names.fresh(name);
            *made = Some((arn.clone(), label.clone()));
            resource("aws_iam_policy", &label, &[("name", string(name)), ("path", string(path)), ("policy", file(proposed))])
        }
        Operation::Attach { holder, arn } => {
            let policy = made.as_ref().filter(|(a, _)| a == arn).map_or_else(|| string(arn), |(_, label)| format!("aws_iam_policy.{label}.arn"));
            attachment(names, holder, &policy)
        }
        Operation::Detach { holder, arn } => comment(&format!("Remove the attachment of {arn} to {} {}, once the policies above are attached.", holder.kind, holder.name)),
        Operation::Trust { role, proposed, .. } => {
            let name = names.fresh(&address("aws_iam_role").unwrap_or_else(|| role.clone()));
            comment("Put this trust policy into the role's own resource.")
                + &import("aws_iam_role", &name, role)
                + &resource("aws_iam_role", &name, &[("name", string(role)), ("path", string(&row.path)), ("assume_role_policy", file(proposed))])
        }
        Operation::PermissionSet { instance, set, proposed: Some(proposed), .. } => {
            let kind = "aws_ssoadmin_permission_set_inline_policy";
            let name = names.fresh(&address(kind).unwrap_or_else(|| row.owner.clone()));
            let fields = [("instance_arn", string(instance)), ("permission_set_arn", string(set)), ("inline_policy", file(proposed))];
            // A set without an inline policy has nothing to import.
            let imported = row.current.as_ref().is_some_and(|c| !c.statements.is_empty());
            let first = if imported { import(kind, &name, &format!("{set},{instance}")) } else { String::new() };
            first + &resource(kind, &name, &fields)
        }
        Operation::DetachFromSet { set, arn, .. } => comment(&format!("Remove the attachment of {arn} to permission set {set}, once the inline policy above is put.")),
        Operation::PermissionSet { set, proposed: None, .. } => comment(&format!("Remove the inline policy of permission set {set}: nothing of it is left.")),
    }
}

/// The file's text; `None` if there is nothing to do.
#[must_use]
pub fn render(rows: &[&ProposalRow], map: &IacMap) -> Option<String> {
    let mut names = Names(BTreeSet::new());
    let mut out = String::new();
    for row in rows {
        let owned = map.of(&row.owner_arn, &row.policy);
        let mut made = None;
        let steps = plan(row);
        if let Some(owned) = owned.filter(|_| !steps.is_empty()) {
            out.push_str(&comment(&format!("{} is written in {}{}", row.policy, owned.file, owned.address.as_ref().map(|a| format!(" as {a}")).unwrap_or_default())));
        }
        for step in steps {
            out.push_str(&blocks(&step, row, owned, &mut names, &mut made));
        }
    }
    let first = rows.first()?;
    (!out.is_empty()).then(|| comment(&format!("{} {}: the proposed policies of this folder. For the AWS provider of Terraform 1.5 or later.", first.kind, first.owner_arn)) + "\n" + out.trim_end() + "\n")
}
