//! Request contexts that are worth trying: values on either side of what the conditions say.
//!
//! A witness needs keys that satisfy the new statement and miss the old ones. For each key the values that the
//! conditions name are tried, and values beside them; the evaluation decides which are right.

use std::collections::BTreeMap;

use super::condition::{Sieve, State};
use super::steps::{Symbol, Variable};
use crate::evaluate::values::{Range, date, number};
use crate::policy::{BaseOperator, SetOperator};

/// Values of one key; no values: the key is left out.
type Candidates = Vec<Vec<String>>;

/// Values that are tried for one key at most.
const MOST: usize = 14;

fn add(list: &mut Candidates, values: Vec<String>) {
    if list.len() < MOST && !list.contains(&values) {
        list.push(values);
    }
}

/// A text that a pattern matches, wildcards filled plainly; variables stay as written.
fn filled(value: &str) -> String {
    value.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$")
}

/// Values that one condition suggests.
fn suggested(sieve: &Sieve, list: &mut Candidates) {
    use BaseOperator as B;
    let base = sieve.condition.operator.base;
    let whole = |n: f64| if n.fract() == 0.0 && n.abs() < 1e15 { format!("{n:.0}") } else { n.to_string() };
    let mut all = Vec::new();
    for value in &sieve.condition.values {
        let near: Vec<String> = match base {
            B::Null => vec!["value".to_owned()],
            B::Bool => vec!["true".to_owned(), "false".to_owned()],
            B::IpAddress | B::NotIpAddress => {
                let inside = Range::parse(value).map(|r| r.base().to_string());
                inside.into_iter().chain(["192.0.2.77".to_owned(), "2001:db8::77".to_owned()]).collect()
            }
            B::BinaryEquals => vec![value.clone(), "eA==".to_owned()],
            B::StringLike | B::StringNotLike | B::ArnEquals | B::ArnNotEquals | B::ArnLike | B::ArnNotLike => {
                let plain = value.replace("${*}", "\u{1}").replace("${?}", "\u{2}");
                let back = |text: String| filled(&text.replace('\u{1}', "*").replace('\u{2}', "?"));
                vec![back(plain.replace('*', "").replace('?', "x")), back(plain.replace(['*', '?'], "x")), "value".to_owned()]
            }
            _ if base.as_str().starts_with("Numeric") => {
                number(value).map(|n| vec![whole(n), whole(n - 1.0), whole(n + 1.0)]).unwrap_or_default()
            }
            _ if base.as_str().starts_with("Date") => {
                date(value).map(|n| vec![whole(n), whole(n - 1.0), whole(n + 1.0)]).unwrap_or_default()
            }
            _ => vec![filled(value), "value".to_owned()],
        };
        if let Some(first) = near.first() {
            all.push(first.clone());
        }
        for one in near {
            add(list, vec![one]);
        }
    }
    if sieve.condition.operator.set != SetOperator::Single && all.len() > 1 {
        add(list, all);
    }
}

/// The contexts to try, best first: a number of them at most.
pub struct Contexts {
    keys: Vec<(String, Candidates)>,
    next: Vec<usize>,
    left: usize,
}

impl Contexts {
    /// Contexts for conditions that must hold (`must`), conditions that bear on the answer, and variables of the
    /// resource.
    #[must_use]
    pub fn new<'a>(must: &[&Sieve], bearing: impl Iterator<Item = &'a Sieve>, resource: &[Symbol], most: usize) -> Contexts {
        let mut keys: BTreeMap<String, (String, Candidates)> = BTreeMap::new();
        let mut consider = |sieve: &Sieve| {
            let (_, list) = keys.entry(sieve.key.clone()).or_insert_with(|| (sieve.condition.key.clone(), vec![Vec::new()]));
            suggested(sieve, list);
        };
        must.iter().for_each(|s| consider(s));
        bearing.for_each(consider);
        // Several values at once, which most conditions do not expect.
        for (_, list) in keys.values_mut() {
            add(list, vec!["value".to_owned(), "other".to_owned()]);
        }
        for symbol in resource {
            if let Symbol::Variable(Variable { key, .. }) = symbol {
                let (_, list) = keys.entry(key.to_string()).or_insert_with(|| (key.to_string(), vec![Vec::new()]));
                for text in ["witness", "another-witness-of-this"] {
                    if !list.contains(&vec![text.to_owned()]) {
                        list.push(vec![text.to_owned()]);
                    }
                }
            }
        }
        // What must hold for a key needs no trial with values for which it does not.
        for (key, (_, list)) in &mut keys {
            let own: Vec<&&Sieve> = must.iter().filter(|s| s.key == *key).collect();
            list.retain(|values| {
                let state = if values.is_empty() { State::Absent } else { State::Present(values) };
                own.iter().all(|s| s.holds(state) != Some(false))
            });
        }
        let keys: Vec<(String, Candidates)> = keys.into_values().collect();
        let left = if keys.iter().any(|(_, list)| list.is_empty()) { 0 } else { most };
        Contexts { next: vec![0; keys.len()], keys, left }
    }
}

impl Iterator for Contexts {
    type Item = BTreeMap<String, Vec<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let chosen = self.keys.iter().zip(&self.next).filter_map(|((key, list), at)| list.get(*at).map(|v| (key.clone(), v.clone())));
        let context = chosen.filter(|(_, values)| !values.is_empty()).collect();
        // Counts up, the last key fastest.
        let mut is_over = true;
        for ((_, list), at) in self.keys.iter().zip(&mut self.next).rev() {
            *at += 1;
            if *at < list.len() {
                is_over = false;
                break;
            }
            *at = 0;
        }
        if is_over {
            self.left = 0;
        }
        Some(context)
    }
}
