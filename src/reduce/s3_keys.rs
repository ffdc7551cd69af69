//! S3 keys that were used, as folders: the longest directories that hold them, with dates and ids in them
//! generalised once there are several. Source: reference-data.md section 5, "Ids".

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Arn;

use super::ids::stem;
use super::narrow::Measure;

/// An object's ARN as its bucket with the slash behind it, and its key.
#[must_use]
pub fn split(arn: &str) -> Option<(&str, &str)> {
    let parsed = Arn::parse(arn)?;
    // Access points and the like name an account; their keys are not in a bucket's name.
    if parsed.service != "s3" || !parsed.account.is_empty() {
        return None;
    }
    let (bucket, key) = parsed.resource.split_once('/')?;
    let at = arn.len() - key.len();
    (!bucket.is_empty() && !key.is_empty()).then(|| arn.split_at(at))
}

/// The patterns for the keys under a prefix (`arn:aws:s3:::bucket/`).
#[must_use]
pub fn folders(bucket: &str, keys: &[&str], measure: &Measure<'_>) -> Vec<String> {
    let mut out = Vec::new();
    below(bucket, keys, true, measure, &mut out);
    out
}

fn below(prefix: &str, keys: &[&str], is_root: bool, measure: &Measure<'_>, out: &mut Vec<String>) {
    let mut files: Vec<&str> = Vec::new();
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in keys {
        match key.split_once('/') {
            Some((folder, rest)) => folders.entry(folder).or_default().push(rest),
            None => files.push(key),
        }
    }
    let whole = format!("{prefix}*");
    // A whole bucket is not a folder: a few objects at its top are named.
    let enough = if is_root { measure.ids() } else { 1 };
    if (files.len() >= enough || folders.len() >= measure.names()) && measure.bears(&whole) {
        out.push(whole);
        return;
    }
    out.extend(files.iter().map(|f| format!("{prefix}{f}")));
    // Dates nest (`2026/11/01`): what is counted is the whole run of made-up folders.
    let mut alike: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for key in keys {
        if let Some((folder, _)) = key.split_once('/')
            && let Some(kind) = stem(folder)
        {
            let entry = alike.entry(kind).or_default();
            entry.0.insert(folder);
            entry.1.insert(made_up(key));
        }
    }
    for (kind, (members, runs)) in alike {
        let wide = format!("{prefix}{kind}*");
        if runs.len() >= measure.ids() && measure.bears(&wide) {
            out.push(wide);
            for member in members {
                folders.remove(member);
            }
        }
    }
    for (folder, rest) in folders {
        below(&format!("{prefix}{folder}/"), &rest, false, measure, out);
    }
}

/// The run of made-up folders that a key starts with.
fn made_up(key: &str) -> &str {
    let mut end = 0;
    for (at, _) in key.match_indices('/') {
        if stem(key.get(end..at).unwrap_or("").trim_start_matches('/')).is_none() {
            break;
        }
        end = at;
    }
    key.get(..end).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::super::ReduceSettings;
    use super::super::known::Known;
    use super::super::narrow::{Seen, generalise};
    use super::*;

    fn wide(keys: &[&str]) -> Vec<String> {
        let arns: Vec<String> = keys.iter().map(|k| format!("arn:aws:s3:::b/{k}")).collect();
        let seen: Vec<Seen<'_>> = arns.iter().map(|arn| Seen { arn, created: false }).collect();
        generalise(&seen, &Known::default(), &ReduceSettings::default()).into_iter().map(|a| a.trim_start_matches("arn:aws:s3:::b/").to_owned()).collect()
    }

    #[test]
    fn keys_become_folders() {
        assert_eq!(wide(&["a/k.txt"]), ["a/*"]);
        assert_eq!(wide(&["a/x/k", "a/y/k"]), ["a/x/*", "a/y/*"]);
        assert_eq!(wide(&["a/k", "a/y/k"]), ["a/*"]);
        assert_eq!(wide(&["k1", "k2"]), ["k1", "k2"], "a bucket is not a folder");
        assert_eq!(wide(&["k1", "k2", "k3"]), ["*"]);
        assert_eq!(wide(&["a/"]), ["a/*"]);
    }

    #[test]
    fn dates_and_ids_are_any_once_there_are_several() {
        assert_eq!(wide(&["in/dt=2026-11-01/x", "in/dt=2026-11-02/x"]), ["in/dt=2026-11-01/*", "in/dt=2026-11-02/*"]);
        assert_eq!(wide(&["in/dt=2026-11-01/x", "in/dt=2026-11-02/x", "in/dt=2026-11-03/x"]), ["in/dt=*"]);
        assert_eq!(wide(&["logs/2026/11/01/x", "logs/2026/11/02/x", "logs/2026/11/03/x"]), ["logs/*"], "the month changes as well");
        assert_eq!(wide(&["logs/2026/11/01/x", "logs/2025/10/02/x", "logs/2024/09/03/x", "conf/x"]), ["conf/*", "logs/*"]);
    }

    #[test]
    fn only_objects_are_split() {
        assert_eq!(split("arn:aws:s3:::b/k/l"), Some(("arn:aws:s3:::b/", "k/l")));
        assert_eq!(split("arn:aws:s3:::b"), None);
        assert_eq!(split("arn:aws:s3:eu-west-1:111122223333:accesspoint/a/object/k"), None);
    }
}
