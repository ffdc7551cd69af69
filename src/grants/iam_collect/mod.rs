//! A store of iam-collect: files below `aws/<partition>/accounts/<account>/` and `aws/<partition>/organizations/<id>/`.
//! One thing is told by several files, so they are gathered first and put together when all are read.
//!
//! Parts of paths are lower-cased and percent-encoded, so names are read from `metadata.json`. Empty values are files
//! that are not there: what is missing beside a `metadata.json` is known to be absent where the store holds the whole
//! thing, and unknown otherwise. A file that cannot be read is never taken for a missing one. The store has no ACLs,
//! Object Ownership, KMS grants, credentials or last use. Source: inputs-and-evaluation.md sections 1 and 2.3.

mod folder;
mod identity;
mod organisation;
mod permission_sets;
mod resources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use folder::{Folder, Holder, Spot};

use super::builder::Builder;
use super::{Capture, Document, Source};

/// What a file of a store is called.
pub const KIND: &str = "iam-collect store";

/// Whether a path stands in a store.
#[must_use]
pub fn is_in_store(path: &str) -> bool {
    Spot::of(path).is_some()
}

/// The gathered files.
#[derive(Default)]
pub struct Store {
    folders: BTreeMap<String, Folder>,
}

impl Store {
    fn add(&mut self, file: &str, capture: Capture, value: Option<serde_json::Value>) -> bool {
        let Some((spot, kind)) = Spot::of(file) else { return false };
        let folder = self.folders.entry(spot.folder.clone()).or_insert_with(|| Folder::new(spot));
        folder.files.insert(kind, folder::File { capture, value });
        true
    }

    /// Takes a file if it stands in a store; gives what it was recognised as.
    pub fn take(&mut self, document: &Document) -> Option<&'static str> {
        let capture = Capture { source: Source::IamCollect, ..document.capture.clone() };
        self.add(document.file(), capture, Some(document.value.clone())).then_some(KIND)
    }

    /// Notes a file that cannot be read, so that it is not taken for one that is not there.
    pub fn broken(&mut self, file: &str) {
        self.add(file, Capture { at_ms: None, source: Source::IamCollect, file: file.to_owned() }, None);
    }

    /// Tells the builder what all the files together say.
    pub fn settle(self, builder: &mut Builder) {
        for folder in self.folders.values() {
            let parts: Vec<&str> = folder.spot.parts.iter().map(String::as_str).collect();
            let used = match (&folder.spot.holder, parts.as_slice()) {
                (_, ["iam", "aws", "policy", _]) | (Holder::Account(_), ["iam", "policy", _]) => identity::policy(folder, builder),
                (Holder::Account(account), ["iam", kind, _]) => {
                    // The tool collects all users, groups, roles and policies of an account together.
                    if let Some(file) = folder.files.values().next() {
                        builder.account(account).has_authorization_details = true;
                        builder.lists_all(account, &file.capture);
                    }
                    let told = identity::principal(account, kind, folder, builder);
                    // Nobody, or somebody of whom a part cannot be read.
                    if told != Some(true) || folder.files.values().any(|f| f.value.is_none()) {
                        builder.breaks_off(account);
                    }
                    told.is_some()
                }
                (Holder::Account(account), []) => resources::of_account(account, folder, builder),
                (Holder::Account(account), ["s3", bucket]) => resources::bucket(account, bucket, folder, builder),
                (Holder::Account(account), ["sso", "permissionset", _]) => permission_sets::take(account, folder, builder),
                (Holder::Account(_), ["ram", _]) => resources::shared(folder, builder),
                (Holder::Account(account), [service, region, of @ ..]) if !of.is_empty() => {
                    resources::one(account, service, region, of, folder, builder)
                }
                // Told together with the organisation, below.
                (Holder::Organisation(_), [] | ["scps" | "rcps", _]) => true,
                _ => false,
            };
            if !used {
                let unused = folder.files.values().map(|f| (f.capture.file.clone(), "a part of an iam-collect store that this version does not read".to_owned()));
                builder.grants.ignored.extend(unused);
            }
        }
        for folder in self.folders.values().filter(|f| f.spot.parts.is_empty()) {
            if let Holder::Organisation(id) = &folder.spot.holder {
                let policies = |kind: &'static str| {
                    let inside = self.folders.values().filter(|f| f.spot.holder == folder.spot.holder && f.spot.store == folder.spot.store);
                    inside.filter(move |f| f.spot.parts.first().is_some_and(|p| p == kind)).collect::<Vec<_>>()
                };
                organisation::take(id, folder, &policies("scps"), &policies("rcps"), builder);
            }
        }
        builder.grants.ignored.sort();
    }
}
