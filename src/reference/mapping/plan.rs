//! Which rule an event falls under: the exceptions table first, then the action that is named like the event.
//!
//! Everything that does not depend on a call is worked out once: for each event source a table of its events.
//! Source: reference-data.md section 2.

use std::collections::HashMap;

use super::overrides::{EventRule, Need, Numbered, Overrides};
use crate::reference::{ActionId, Reference};

/// What an event asks for.
#[derive(Debug, Clone)]
pub enum Plan {
    /// A row of the exceptions table says that it needs no permission, because.
    None(Numbered<String>),
    /// A row of the exceptions table says what it needs.
    Needs(Numbered<Vec<Need>>),
    /// The action that is named like the event.
    Action(ActionId),
}

/// A table whose keys are ours; asking for another costs little.
type Table<T> = HashMap<String, T, foldhash::fast::FixedState>;

#[derive(Debug, Default)]
struct Source {
    /// By lower-case name.
    events: Table<Plan>,
    /// What holds for every event that is not named.
    all: Option<Plan>,
}

/// The tables of all event sources.
#[derive(Debug, Default)]
pub struct Plans {
    sources: Table<Source>,
    /// Names of sources without hyphens and dots.
    bare: HashMap<String, String>,
}

fn bare(name: &str) -> String {
    name.replace(['-', '.'], "")
}

impl Plans {
    /// Works the tables out.
    #[must_use]
    pub fn new(reference: &Reference, overrides: &Overrides) -> Plans {
        let mut plans = Plans::default();
        let own = reference.services().iter().map(|s| s.prefix.as_str());
        let names: std::collections::BTreeSet<&str> = own.chain(overrides.sources()).collect();
        for name in names {
            let mut source = Source::default();
            let itself = [name.to_owned(), name.split('.').next().unwrap_or(name).to_owned()];
            // Later ones give way to earlier ones.
            for prefix in overrides.prefixes(name).unwrap_or(&itself).iter().rev() {
                let Some(service) = reference.service(prefix) else { continue };
                for id in (service.first_action..service.first_action.saturating_add(service.action_count)).map(ActionId) {
                    let action = reference.name(id).split_once(':').map_or("", |(_, n)| n);
                    source.events.insert(action.to_ascii_lowercase(), Plan::Action(id));
                }
            }
            for (event, rule) in overrides.events(name).into_iter().flatten() {
                let row = rule.row;
                let plan = match &rule.rule {
                    EventRule::None(reason) => Plan::None(Numbered { row, rule: reason.clone() }),
                    EventRule::Needs(needs) => Plan::Needs(Numbered { row, rule: needs.clone() }),
                };
                if event == "*" {
                    source.all = Some(plan);
                } else {
                    source.events.insert(event.to_ascii_lowercase(), plan);
                }
            }
            plans.bare.entry(bare(name)).or_insert_with(|| name.to_owned());
            plans.sources.insert(name.to_owned(), source);
        }
        plans
    }

    /// The rule of an event: by its exact name first, then without an API date behind it. Names compare without case.
    #[must_use]
    pub fn find(&self, source: &str, event: &str) -> Option<&Plan> {
        let by_name = |name: &str| self.sources.get(name);
        let own = by_name(source);
        let label = source.split('.').next().unwrap_or(source);
        let mut tables = [own, if label.len() == source.len() { None } else { by_name(label) }];
        if tables.iter().all(Option::is_none) {
            tables = [bare(source), bare(label)].map(|b| self.bare.get(&b).and_then(|n| by_name(n)));
        }
        let lower = event.to_ascii_lowercase();
        let named = |name: &str| tables.iter().flatten().find_map(|t| t.events.get(name));
        named(&lower)
            .or_else(|| named(without_api_date(&lower)?))
            .or_else(|| tables.iter().flatten().find_map(|t| t.all.as_ref()))
    }
}

/// The name without an API date such as `20150331v2` or `2020_05_31`; `None` when it carries none.
#[must_use]
pub fn without_api_date(event: &str) -> Option<&str> {
    let bytes = event.as_bytes();
    let mut end = bytes.len();
    let digits_before = |mut at: usize| -> usize {
        let start = at;
        while at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_digit) {
            at -= 1;
        }
        start - at
    };
    let version = digits_before(end);
    if version > 0 && version <= 2 && end > version && bytes.get(end - version - 1) == Some(&b'v') {
        end -= version + 1;
    }
    let mut take = |width: usize, separator: bool| -> bool {
        if separator && end > 0 && matches!(bytes.get(end - 1), Some(b'_' | b'-')) {
            end -= 1;
        }
        let enough = end >= width && digits_before(end) >= width;
        if enough {
            end -= width;
        }
        enough
    };
    let stripped = take(2, false) && take(2, true) && take(4, true);
    let year = event.get(end..end + 4)?;
    (stripped && year.starts_with("20") && end > 0).then(|| event.get(..end)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_api_date_is_taken_off() {
        assert_eq!(without_api_date("CreateDistribution2020_05_31"), Some("CreateDistribution"));
        assert_eq!(without_api_date("UpdateFunctionCode20150331v2"), Some("UpdateFunctionCode"));
        for whole in ["CreateEnvironmentEC2", "ListThingsV2", "CreateClusterV2", "20150331", "Get2015", "Run19991231"] {
            assert_eq!(without_api_date(whole), None, "{whole}");
        }
    }
}
