//! What list commands print: fields of JSON, and pages of one list put together.
//!
//! The CLI puts pages together itself, unless it was told not to, or the command has no pager; then a marker says that
//! there is more. Pages in one file belong together, and the marker of the last one counts. A list that breaks off names
//! what it names, but nothing may be concluded from what it does not name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::builder::Builder;
use super::super::{Capture, Known};

/// The text of a field; nothing for an empty one.
#[must_use]
pub fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// The text of a field, owned; empty where there is none.
#[must_use]
pub fn owned(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_default().to_owned()
}

/// A list.
#[must_use]
pub fn list<'v>(value: &'v Value, key: &str) -> Option<&'v [Value]> {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice)
}

/// Whether the output breaks off.
#[must_use]
pub fn more(value: &Value) -> bool {
    ["IsTruncated", "Marker", "NextToken", "nextToken"]
        .iter()
        .filter_map(|key| value.get(key))
        .any(|v| !matches!(v, Value::Null | Value::Bool(false)) && v != "" && v != "false")
}

/// One list as one file tells it.
struct Told<T> {
    capture: Capture,
    items: Vec<T>,
    more: bool,
}

/// A list that counts: its capture, its items, and whether it is whole.
pub struct Listed<T> {
    /// The capture that counts.
    pub capture: Capture,
    /// What it names.
    pub items: Vec<T>,
    /// Present: the list is whole.
    pub whole: Known<()>,
}

/// Lists by what they are about, each as several files tell it.
pub struct Pages<K, T> {
    told: BTreeMap<K, BTreeMap<String, Told<T>>>,
}

impl<K, T> Default for Pages<K, T> {
    fn default() -> Pages<K, T> {
        Pages { told: BTreeMap::new() }
    }
}

/// Whether two lists name the same. Their order tells nothing.
fn same<T: PartialEq>(left: &[T], right: &[T]) -> bool {
    left == right || (left.len() == right.len() && left.iter().all(|item| right.contains(item)))
}

impl<K: Ord, T: PartialEq> Pages<K, T> {
    /// Takes a page.
    pub fn add(&mut self, key: K, capture: &Capture, items: Vec<T>, more: bool) {
        let told = self.told.entry(key).or_default().entry(capture.file.clone());
        let told = told.or_insert_with(|| Told { capture: capture.clone(), items: Vec::new(), more: false });
        told.items.extend(items);
        told.more = more;
        if *capture > told.capture {
            told.capture = capture.clone();
        }
    }

    /// For each list the capture that counts: the newest whole one, or, where none is whole, the newest.
    pub fn settle(self, what: impl Fn(&K) -> String, builder: &mut Builder) -> Vec<(K, Listed<T>)> {
        let mut out = Vec::new();
        for (key, files) in self.told {
            let mut files: Vec<Told<T>> = files.into_values().collect();
            files.sort_by(|a, b| (a.more, &b.capture).cmp(&(b.more, &a.capture)));
            for told in files.iter().filter(|t| t.more) {
                builder.problem(&told.capture.file, "", format!("{}: the list breaks off; what is missing is unknown", what(&key)));
            }
            let mut files = files.into_iter();
            let Some(kept) = files.next() else { continue };
            for other in files {
                if !same(&other.items, &kept.items) {
                    builder.differs(&what(&key), &kept.capture, &other.capture);
                }
            }
            let whole = if kept.more { Known::Unknown("the list breaks off".to_owned()) } else { Known::Present(()) };
            out.push((key, Listed { capture: kept.capture, items: kept.items, whole }));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::Source;

    fn capture(at: i64, file: &str) -> Capture {
        Capture { at_ms: Some(at), source: Source::Cli, file: file.to_owned() }
    }

    #[test]
    fn the_newest_whole_list_counts() {
        let mut pages = Pages::default();
        pages.add("k", &capture(1, "old"), vec![1], false);
        pages.add("k", &capture(2, "new"), vec![1, 2], true);
        pages.add("k", &capture(2, "new"), vec![3], false);
        pages.add("k", &capture(3, "cut"), vec![1], true);
        let mut builder = Builder::default();
        let settled = pages.settle(|k| (*k).to_owned(), &mut builder);
        let listed = &settled[0].1;
        assert_eq!((listed.capture.file.as_str(), listed.items.as_slice()), ("new", &[1, 2, 3][..]));
        assert!(listed.whole.present().is_some());
        let grants = builder.finish();
        assert_eq!(grants.problems.len(), 1, "{:?}", grants.problems);
        assert_eq!(grants.conflicts.len(), 2);
    }

    #[test]
    fn markers_of_all_services() {
        for cut in [r#"{"IsTruncated": true}"#, r#"{"NextToken": "a"}"#, r#"{"nextToken": "a"}"#, r#"{"Marker": "a"}"#] {
            assert!(more(&serde_json::from_str(cut).unwrap()), "{cut}");
        }
        assert!(!more(&serde_json::from_str(r#"{"IsTruncated": false, "NextToken": null, "Marker": ""}"#).unwrap()));
    }
}
