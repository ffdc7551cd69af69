//! Where a file stands in a bundle, and so what it is about: a path, held against the table of exports.

use std::collections::BTreeMap;

use super::catalogue::{Export, exports};
use super::{ListKey, Question};
use crate::aws::is_account_id;

/// The row of the table that a path belongs to, with what its parts say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The row.
    pub export: &'static Export,
    /// The parts of the path by the names that the row gives them.
    pub parts: BTreeMap<&'static str, String>,
    /// What stands before the bundle's own path: its folder, with a closing `/`, or nothing.
    pub root: String,
}

/// A template's part against a path's: the name and the text that fills it.
fn fill(template: &'static str, part: &str) -> Option<Option<(&'static str, String)>> {
    let Some((before, rest)) = template.split_once('{') else { return (template == part).then_some(None) };
    let (name, after) = rest.split_once('}')?;
    let text = part.strip_prefix(before)?.strip_suffix(after)?;
    // A folder of any other name is nobody's: what it holds would be another account's than its owner's.
    let fits = if name == "account" { is_account_id(text) } else { !text.is_empty() };
    fits.then(|| Some((name, text.to_owned())))
}

impl Place {
    /// The place of a path, which may begin above the bundle's folder and may end in `.gz`.
    #[must_use]
    pub fn of(path: &str) -> Option<Place> {
        let path = path.replace('\\', "/");
        let parts: Vec<&str> = path.strip_suffix(".gz").unwrap_or(&path).split('/').collect();
        exports().ok()?.iter().find_map(|export| {
            let template: Vec<&'static str> = export.file.split('/').collect();
            let above = parts.len().checked_sub(template.len())?;
            let filled: Option<Vec<_>> = template.iter().zip(parts.get(above..)?).map(|(t, p)| fill(t, p)).collect();
            let root = parts.get(..above)?.iter().flat_map(|p| [*p, "/"]).collect();
            let parts: BTreeMap<&'static str, String> = filled?.into_iter().flatten().collect();
            parts.get("account").is_none_or(|a| is_account_id(a)).then_some(Place { export, parts, root })
        })
    }

    /// A part of the path.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&str> {
        self.parts.get(name).map(String::as_str)
    }

    /// The account whose export it is; `None` for the organisation's and Identity Center's.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.part("account").filter(|_| self.export.file.starts_with("accounts/"))
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.part("region")
    }

    /// The item's part of the path.
    #[must_use]
    pub fn item(&self) -> Option<&str> {
        self.parts.iter().find(|(name, _)| !matches!(**name, "account" | "region" | "instance")).map(|(_, text)| text.as_str())
    }

    /// Row, account and region.
    #[must_use]
    pub fn list_key(&self, export: &'static str) -> ListKey {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        ListKey { export, account: text(self.account()), region: text(self.region()) }
    }

    /// The question that the file answers.
    #[must_use]
    pub fn question(&self, resource_arn: Option<&str>) -> Question {
        let subject = match self.in_identity_center() {
            Some(path) => path,
            None => resource_arn.or_else(|| self.item()).unwrap_or_default().to_owned(),
        };
        Question { of: self.list_key(&self.export.id), subject }
    }

    /// Of an export of Identity Center: instance, permission set and account, joined by `/`.
    #[must_use]
    pub fn in_identity_center(&self) -> Option<String> {
        let parts = || self.export.places().filter_map(|name| self.part(name));
        self.export.file.starts_with("sso/").then(|| parts().collect::<Vec<_>>().join("/"))
    }

    /// The subject of a question about an item that this list names.
    #[must_use]
    pub fn subject_of(&self, item: &str) -> String {
        match self.in_identity_center() {
            Some(above) => format!("{above}/{}", item.rsplit('/').next().unwrap_or(item)).trim_start_matches('/').to_owned(),
            None => item.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_what_the_file_is_about() {
        let place = Place::of("night/accounts/111122223333/s3/logs.example/policy.json.gz").unwrap();
        assert_eq!((place.export.id.as_str(), place.account(), place.item(), place.root.as_str()), ("bucket-policy", Some("111122223333"), Some("logs.example"), "night/"));
        let place = Place::of("accounts/111122223333/eu-west-1/kms/key-policy/arn_1.json").unwrap();
        assert_eq!((place.export.id.as_str(), place.region(), place.item()), ("kms-key-policy", Some("eu-west-1"), Some("arn_1")));
        assert_eq!(place.question(Some("arn:k")).subject, "arn:k");
        let place = Place::of("sso/ssoins-1/ps-1/assignments/111122223333.json").unwrap();
        assert_eq!((place.export.id.as_str(), place.part("instance"), place.part("account"), place.account()), ("assignments", Some("ssoins-1"), Some("111122223333"), None));
        assert_eq!(place.question(None).subject, "ssoins-1/ps-1/111122223333");
        let list = Place::of("sso/ssoins-1/permission-sets.json").unwrap();
        assert_eq!(list.subject_of("arn:aws:sso:::permissionSet/ssoins-1/ps-1"), "ssoins-1/ps-1");
        assert!(Place::of("somewhere/policy.json").is_none());
        assert!(Place::of("accounts//s3/b/policy.json").is_none());
        assert!(Place::of("accounts/somebody/s3/b/policy.json").is_none());
    }
}
