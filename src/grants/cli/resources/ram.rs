//! Shares of Resource Access Manager, which five commands tell in parts.
//! Source: inputs-and-evaluation.md section 1.1; RAM API reference.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::builder::Builder;
use super::super::super::{Capture, Document, Known};
use super::lists;
use super::subject::{self, objects, text};
use crate::aws::Arn;

/// What one file tells of one share.
#[derive(Default)]
pub struct Part {
    resources: BTreeSet<String>,
    principals: BTreeMap<String, Option<bool>>,
}

/// Parts of shares by ARN of the share and row; of each row the newest capture counts.
pub type Parts = BTreeMap<(String, &'static str), BTreeMap<Capture, Part>>;

/// Associations in these states do not share. Source: RAM API reference, ResourceShareAssociation, ResourceShare, Resource.
const OVER: &[&str] = &["DISASSOCIATED", "FAILED", "DELETED", "UNAVAILABLE"];

/// Takes an output of this file; `Some(false)` for something else in its place.
pub fn take(row: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    let taken = match row {
        "ram-shares" => shares(document, builder),
        "ram-resources" => resources(document, builder),
        "ram-principals" => associations(document, "ram-principals", builder),
        "ram-associations" => associations(document, "ram-associations", builder),
        _ => return None,
    };
    Some(taken.is_some())
}

fn shares(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "resourceShares")?;
    subject::nameless(document, "/resourceShares", "resourceShareArn", builder);
    for map in list {
        let Some(arn) = text(map, "resourceShareArn") else { continue };
        subject::checked(document, arn, builder);
        let told = [
            text(map, "name").unwrap_or_default().to_owned(),
            text(map, "owningAccountId").map(str::to_owned).or_else(|| owner_of(arn)).unwrap_or_default(),
            text(map, "status").unwrap_or_default().to_owned(),
        ];
        let external = map.get("allowExternalPrincipals").and_then(serde_json::Value::as_bool);
        named(arn, builder);
        let [name, owner, status] = told;
        let share = |g: &'_ str| format!("{arn}: {g}");
        builder.put(&share("name"), &document.capture, |g| &mut g.resources.shares.entry(arn.to_owned()).or_default().name, name);
        builder.put(&share("owner"), &document.capture, |g| &mut g.resources.shares.entry(arn.to_owned()).or_default().owner, owner);
        builder.put(&share("status"), &document.capture, |g| &mut g.resources.shares.entry(arn.to_owned()).or_default().status, status);
        builder.put(&share("external principals"), &document.capture, |g| &mut g.resources.shares.entry(arn.to_owned()).or_default().allows_external, external);
    }
    lists::read(document, builder);
    Some(())
}

fn owner_of(arn: &str) -> Option<String> {
    Arn::parse(arn).map(|a| a.account.to_owned())
}

/// A share that exists.
fn named(arn: &str, builder: &mut Builder) {
    let share = builder.grants.resources.shares.entry(arn.to_owned()).or_default();
    arn.clone_into(&mut share.arn);
    if share.owner.is_empty() {
        share.owner = owner_of(arn).unwrap_or_default();
    }
}

fn part<'b>(row: &'static str, share: &str, document: &Document, builder: &'b mut Builder) -> &'b mut Part {
    builder.loose.shares.entry((share.to_owned(), row)).or_default().entry(document.capture.clone()).or_default()
}

fn resources(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "resources")?;
    subject::nameless(document, "/resources", "arn", builder);
    for map in list {
        let (Some(arn), Some(share)) = (text(map, "arn"), text(map, "resourceShareArn")) else { continue };
        if text(map, "status").is_some_and(|s| OVER.contains(&s)) {
            continue;
        }
        subject::checked(document, arn, builder);
        builder.resource(arn, document.account().as_deref());
        part("ram-resources", share, document, builder).resources.insert(arn.to_owned());
    }
    lists::read(document, builder);
    Some(())
}

/// `get-resource-share-associations`; what is associated says itself whether it is a resource or a principal.
fn associations(document: &Document, row: &'static str, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "resourceShareAssociations")?;
    for map in list {
        let (Some(share), Some(entity)) = (text(map, "resourceShareArn"), text(map, "associatedEntity")) else { continue };
        if text(map, "status").is_some_and(|s| OVER.contains(&s)) {
            continue;
        }
        let is_resource = text(map, "associationType").map_or(row == "ram-associations", |t| t.eq_ignore_ascii_case("RESOURCE"));
        let external = map.get("external").and_then(serde_json::Value::as_bool);
        let part = part(row, share, document, builder);
        if is_resource {
            part.resources.insert(entity.to_owned());
        } else {
            part.principals.insert(entity.to_owned(), external);
        }
    }
    if subject::breaks_off(&document.value) {
        builder.problem(document.file(), "", subject::BROKEN_OFF);
    }
    Some(())
}

/// Puts the parts together, and notes what a whole list of shared resources does not name: RAM made no policy for it.
pub fn settle(parts: Parts, builder: &mut Builder) {
    for ((share, _), mut captures) in parts {
        let Some((_, newest)) = captures.pop_last() else { continue };
        named(&share, builder);
        let entry = builder.grants.resources.shares.entry(share).or_default();
        let all: BTreeSet<String> = std::mem::take(&mut entry.resources).into_iter().chain(newest.resources).collect();
        entry.resources = all.into_iter().collect();
        entry.principals.extend(newest.principals);
    }
    let resources = &mut builder.grants.resources;
    let whole: BTreeSet<(&str, &str)> = resources
        .lists
        .iter()
        .filter(|(key, state)| key.export == "ram-resources" && state.present().is_some())
        .map(|(key, _)| (key.account.as_str(), key.region.as_str()))
        .collect();
    let shared: BTreeSet<&String> = resources.shares.values().flat_map(|s| &s.resources).collect();
    for (arn, resource) in &mut resources.by_arn {
        let is_told = resource.region.as_deref().is_some_and(|region| whole.contains(&(resource.account.as_str(), region)));
        // The catalogue stands for databases and tables, each of which is shared under its own ARN.
        if is_told && resource.shared.is_unknown() && resource.service != "glue" && !shared.contains(arn) {
            resource.shared = Known::Absent;
        }
    }
}
