//! What a whole bundle would answer: every row of the table, in every account and region, for every item that is listed.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Answers;
use crate::aws::{Arn, is_account_id};
use crate::aws::principal::{PrincipalKind, principal_kind};
use crate::grants::catalogue::{Export, exports};
use crate::grants::{Grants, Known, ListKey, Question};

/// A question that should be answered, and the answer if there is one.
pub struct Wanted {
    /// The row.
    pub row: &'static Export,
    /// Where.
    pub key: ListKey,
    /// About what; empty for a row without items.
    pub subject: String,
    /// The answer; `None` where nobody asked.
    pub answer: Option<Known<()>>,
}

/// The form of an item in a path, without the checksum that stands behind a changed one.
fn safe(item: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._@+=,-".contains(c);
    let text: String = item.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if text.starts_with('.') { format!("_{text}") } else { text }
}

/// The answer to a question about an item, which a path may name in its own form: itself, its safe form, that form with a
/// checksum, or its last part.
fn answer(answers: &Answers, key: &ListKey, item: &str) -> Option<Known<()>> {
    let question = |subject: &str| Question { of: key.clone(), subject: subject.to_owned() };
    let safe: String = safe(item).chars().take(180).collect();
    let last = item.rsplit('/').next().unwrap_or(item);
    let checked = question(&format!("{safe}~"));
    let changed = || answers.range(&checked..).next().filter(|(q, _)| q.of == *key && q.subject.starts_with(&checked.subject)).map(|(_, a)| a);
    let exact = answers.get(&question(item)).or_else(|| answers.get(&question(&safe)));
    exact.or_else(changed).or_else(|| answers.get(&question(last))).cloned()
}

/// Accounts with any export of their own, and their regions: those that are on, otherwise those that were asked.
fn places(grants: &Grants, answers: &Answers) -> BTreeMap<String, BTreeSet<String>> {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, account) in grants.accounts.iter().filter(|(id, _)| is_account_id(id)) {
        let regions = places.entry(id.clone()).or_default();
        if let Some(all) = account.evidence.regions.present() {
            regions.extend(all.iter().filter(|(_, on)| **on).map(|(r, _)| r.clone()));
        }
    }
    for question in answers.keys().filter(|q| !q.of.account.is_empty()) {
        let known = grants.accounts.get(&question.of.account).is_some_and(|a| a.evidence.regions.present().is_some());
        let regions = places.entry(question.of.account.clone()).or_default();
        if !known && !question.of.region.is_empty() {
            regions.insert(question.of.region.clone());
        }
    }
    places
}

/// The items that a row is to tell of.
fn items(row: &'static Export, key: &ListKey, grants: &Grants) -> Vec<String> {
    let listed = grants.listed.get(key);
    let all = listed.into_iter().flatten().cloned();
    match row.id.as_str() {
        // The list names policies and groups as well, which have no use of their own.
        "last-accessed" => {
            all.filter(|arn| matches!(principal_kind(arn), Some(PrincipalKind::User | PrincipalKind::Role))).collect()
        }
        // A list may name things of other regions (a trail of all regions stands in each): they are asked in their own.
        _ => all.filter(|item| Arn::parse(item).is_none_or(|a| key.region.is_empty() || a.region.is_empty() || a.region == key.region)).collect(),
    }
}

/// Everything that should be answered, in the order of the table.
#[must_use]
pub fn all(grants: &Grants, answers: &Answers) -> Vec<Wanted> {
    let places = places(grants, answers);
    let nowhere = [(String::new(), BTreeSet::new())];
    let mut out = Vec::new();
    let no_organisation = answers.iter().any(|(q, a)| q.of.export == "organization" && *a == Known::Absent);
    for row in exports().unwrap_or_default() {
        // A stand-in where the better list is refused; and there is nothing to ask of an organisation that is not there.
        if row.id == "ec2-regions" || (no_organisation && row.file.starts_with("organization/") && row.id != "organization") {
            continue;
        }
        let (by_account, by_region) = (row.file.starts_with("accounts/"), row.file.contains("{region}"));
        let accounts: Vec<(&String, &BTreeSet<String>)> =
            if by_account { places.iter().collect() } else { nowhere.iter().map(|(a, r)| (a, r)).collect() };
        for (account, regions) in accounts {
            let mut regions: Vec<&str> = if by_region { regions.iter().map(String::as_str).collect() } else { vec![""] };
            // Which regions there are is not known: one question stands for all of them.
            if regions.is_empty() && row.items.is_none() {
                regions.push("");
            }
            for region in regions {
                let key = ListKey { export: &row.id, account: account.clone(), region: region.to_owned() };
                let subjects = if row.items.is_some() { items(row, &key, grants) } else { vec![String::new()] };
                for subject in subjects {
                    let answer = answer(answers, &key, &subject);
                    out.push(Wanted { row, key: key.clone(), subject, answer });
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_stands_for_its_item() {
        let key = ListKey { export: "x", account: String::new(), region: String::new() };
        let stands_for = |part: &str, item: &str| {
            let told = [("A", part), ("z", part)].map(|(subject, _)| (Question { of: key.clone(), subject: subject.to_owned() }, Known::Absent));
            let mut answers: Answers = told.into_iter().collect();
            answers.insert(Question { of: key.clone(), subject: part.to_owned() }, Known::Present(()));
            answer(&answers, &key, item) == Some(Known::Present(()))
        };
        assert!(stands_for("ann", "ann"));
        assert!(stands_for("arn_aws_kms_eu-west-1_111122223333_key_1~12345", "arn:aws:kms:eu-west-1:111122223333:key/1"));
        assert!(stands_for("https___sqs.eu-west-1.amazonaws.com_1_q~7", "https://sqs.eu-west-1.amazonaws.com/1/q"));
        assert!(stands_for("q", "https://sqs.eu-west-1.amazonaws.com/1/q"));
        assert!(!stands_for("an", "ann"));
        assert!(!stands_for("ann-b", "ann"));
    }
}
