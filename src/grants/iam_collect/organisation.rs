//! The organisation of a store: `metadata.json`, `ous.json`, `accounts.json`, `scps/<id>/`, `rcps/<id>/`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::builder::Builder;
use super::super::json::{field, texts, text};
use super::super::organisation::OrganisationPolicyKind;
use super::super::Known;
use super::super::entry::{self, label};
use super::folder::{Folder, Part};
use crate::aws::Arn;
use crate::policy::parse_document;

const KINDS: [(OrganisationPolicyKind, &str); 2] = [(OrganisationPolicyKind::ServiceControl, "scps"), (OrganisationPolicyKind::ResourceControl, "rcps")];

/// Takes an organisation with the folders of its policies.
pub fn take(id: &str, folder: &Folder, scps: &[&Folder], rcps: &[&Folder], builder: &mut Builder) {
    let mut organisation_id = id.to_owned();
    if let Some((capture, metadata)) = folder.metadata(builder) {
        if let Some(real) = text(metadata, "id") {
            real.clone_into(&mut organisation_id);
        }
        let id = &organisation_id;
        let management = text(metadata, "rootAccountId").map_or_else(|| Known::Unknown("not in the store".to_owned()), |a| Known::Present(a.to_owned()));
        builder.put_known(&label::management(id), capture, |g| &mut entry::organisation(g, id).management_account, management);
        for (kind, _) in KINDS {
            let is_on = match field(metadata, "features").and_then(|f| field(f, kind.as_str())) {
                Some(Value::Bool(on)) => Known::Present(*on),
                Some(_) => {
                    builder.problem(&capture.file, &format!("/features/{}", kind.as_str()), "not a boolean");
                    Known::Unknown("cannot be read".to_owned())
                }
                None => Known::Unknown("not in the store".to_owned()),
            };
            builder.put_known(&label::enabled(id, kind), capture, |g| entry::organisation(g, id).enabled.entry(kind).or_default(), is_on);
        }
    }
    let id = organisation_id.as_str();
    // Policies by their id without capitals, as their folders are named.
    let mut attached = BTreeMap::new();
    nodes(id, folder, "ous", "parent", &mut attached, builder);
    nodes(id, folder, "accounts", "ou", &mut attached, builder);
    for ((kind, _), folders) in KINDS.into_iter().zip([scps, rcps]) {
        for folder in folders {
            policy(id, kind, folder, &attached, builder);
        }
    }
}

/// Takes `{id: {parent|ou, scps: [ARN], rcps: [ARN]}}`.
fn nodes(organisation: &str, folder: &Folder, kind: &str, parent: &str, attached: &mut BTreeMap<String, String>, builder: &mut Builder) {
    let Part::There(capture, value) = folder.part(kind) else { return };
    let Some(map) = value.as_object() else { return builder.problem(&capture.file, "", "not an object") };
    for (id, node) in map {
        if !node.is_object() {
            builder.problem(&capture.file, &format!("/{id}"), "not an object");
            continue;
        }
        let above = match text(node, parent) {
            Some(above) => Known::Present(above.to_owned()),
            None if id.starts_with("r-") => Known::Absent,
            None => Known::Unknown("not in the store".to_owned()),
        };
        builder.put_known(&label::of_node(organisation, id, "parent"), capture, |g| &mut entry::node(g, organisation, id).parent, above);
        if let Some(name) = text(node, "name") {
            builder.put(&label::of_node(organisation, id, "name"), capture, |g| &mut entry::node(g, organisation, id).name, name.to_owned());
        }
        for (kind, key) in KINDS {
            let list = match field(node, key).map(texts) {
                Some(Some(arns)) => {
                    let ids: BTreeSet<String> = arns.iter().map(|a| last(a).to_owned()).collect();
                    attached.extend(arns.into_iter().map(|a| (last(&a).to_ascii_lowercase(), a)));
                    Known::Present(ids)
                }
                Some(None) => {
                    builder.problem(&capture.file, &format!("/{id}/{key}"), "not a list of texts");
                    Known::Unknown("cannot be read".to_owned())
                }
                None => Known::Unknown("not in the store".to_owned()),
            };
            builder.put_known(&label::attached(organisation, id, kind), capture, |g| entry::node(g, organisation, id).attached.entry(kind).or_default(), list);
        }
    }
}

/// The id of a policy: what stands last in its ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn policy(organisation: &str, kind: OrganisationPolicyKind, folder: &Folder, attached: &BTreeMap<String, String>, builder: &mut Builder) {
    let Some(of_folder) = folder.spot.parts.get(1) else { return };
    let metadata = match folder.part("metadata") {
        Part::There(_, value) => value,
        Part::Missing | Part::Broken => &Value::Null,
    };
    let arn = text(metadata, "arn").or_else(|| attached.get(of_folder).map(String::as_str));
    let id = text(metadata, "id").or_else(|| arn.map(last)).unwrap_or(of_folder);
    let Some(capture) = folder.files.get("policy").or_else(|| folder.files.values().next()).map(|f| &f.capture) else { return };
    let missing = Known::Unknown("not in the store".to_owned());
    let told = folder.known("policy", missing, |value| Ok(Known::Present(parse_document(value))), builder);
    if let Some(Err(error)) = told.present() {
        builder.problem(&capture.file, "", error.to_string());
    }
    let policy = entry::organisation_policy(&mut builder.grants, organisation, id, kind);
    policy.aws_managed |= arn.and_then(Arn::parse).is_some_and(|a| a.account == "aws");
    if let (Some(name), true) = (text(metadata, "name"), policy.name == policy.id) {
        name.clone_into(&mut policy.name);
    }
    builder.put_known(
        &label::organisation_policy(organisation, id),
        capture,
        |g| &mut entry::organisation_policy(g, organisation, id, kind).document,
        told,
    );
}
