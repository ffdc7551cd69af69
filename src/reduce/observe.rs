//! Could the logs have shown it? An action is called unused only if its class of events was recorded for these
//! accounts over the window; otherwise it stays and the reason says what is missing.
//! Source: reference-data.md section 4, design.md section 6 principle 3.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::aws::{Arn, arn_matches};
use crate::policy::ResourceElement;
use crate::reference::{ActionId, ActionIds, Observability, Reference};
use crate::usage::{Usage, Window};

use super::covered::{Covered, types_of};
use super::declared::{Place, Word};

/// Where data events of one service were seen in one account.
struct SeenResource<'u> {
    arn: &'u str,
    read_only: bool,
    first_ms: i64,
    last_ms: i64,
}

/// Management actions that are logged alike: their service, whether they only read, the regions of the patterns.
type Alike<'p> = (u32, bool, BTreeSet<Option<&'p str>>);

/// Answers whether the logs could have shown a use.
pub struct Observer<'u> {
    reference: &'u Reference,
    covered: &'u Covered<'u>,
    window: Window,
    data: BTreeMap<(&'u str, &'u str), Vec<SeenResource<'u>>>,
}

impl<'u> Observer<'u> {
    /// Collects where data events were seen.
    #[must_use]
    pub fn new(usage: &'u Usage, reference: &'u Reference, covered: &'u Covered<'u>, window: Window) -> Observer<'u> {
        let mut data: BTreeMap<(&str, &str), Vec<SeenResource<'_>>> = BTreeMap::new();
        // Access logs are best effort: they show use, not that every use would be seen.
        for row in usage.rows.iter().filter(|r| r.provenance != "access-log") {
            let action = reference.find(&row.action).and_then(|id| reference.action(id));
            let Some(action) = action.filter(|a| a.observability == Observability::Data) else { continue };
            let Some((service, _)) = row.action.split_once(':') else { continue };
            data.entry((row.account.as_str(), service)).or_default().push(SeenResource {
                arn: &row.resource_arn,
                read_only: action.read_only,
                first_ms: row.first_seen_ms,
                last_ms: row.last_seen_ms,
            });
        }
        Observer { reference, covered, window, data }
    }

    /// Sorts actions by why the logs could not have shown their use by principals of these accounts on these resources;
    /// under `None` stand those of which a use would have been seen.
    #[must_use]
    pub fn partition(&self, ids: &ActionIds, accounts: &[&str], resource: Option<&ResourceElement>) -> BTreeMap<Option<String>, ActionIds> {
        let mut by_reason: BTreeMap<Option<String>, ActionIds> = BTreeMap::new();
        // Management events are logged or not by service, class and place: what holds for one action holds for its like.
        let mut known: HashMap<Alike<'_>, Option<String>> = HashMap::new();
        let names_regions = matches!(resource, Some(ResourceElement::Resource(list)) if list.iter().any(|p| region_of(p).is_some()));
        for id in ids.iter() {
            let Some(action) = self.reference.action(id) else { continue };
            let why = match action.observability {
                Observability::Never => Some("no event is ever logged for this action".to_owned()),
                Observability::Derived => Some("seen only through parameters of other calls".to_owned()),
                Observability::Unknown => Some("not known whether this action is logged".to_owned()),
                Observability::Data => self.data_of_all(id, accounts, resource).err(),
                Observability::Management => {
                    let places = if names_regions {
                        self.patterns(id, resource).into_iter().map(region_of).collect()
                    } else {
                        BTreeSet::from([None])
                    };
                    let service = self.reference.service_of(id).map_or("", |s| s.prefix.as_str());
                    let key = (action.service, action.read_only, places);
                    match known.get(&key) {
                        Some(why) => why.clone(),
                        None => {
                            let why = self.management_of_all(service, action.read_only, accounts, &key.2).err();
                            known.insert(key, why.clone());
                            why
                        }
                    }
                }
            };
            by_reason.entry(why).or_default().insert(id);
        }
        by_reason
    }

    fn management_of_all(&self, service: &str, read_only: bool, accounts: &[&str], places: &BTreeSet<Option<&str>>) -> Result<(), String> {
        for account in accounts {
            self.covered.days(account)?;
            for region in places {
                let place = match (*region, self.covered.global_region(account, service)) {
                    (Some(region), _) => Place::Region(region),
                    (None, Some(home)) => Place::Global(home),
                    (None, None) => Place::Anywhere,
                };
                self.covered.management(account, service, read_only, place)?;
            }
        }
        Ok(())
    }

    fn data_of_all(&self, id: ActionId, accounts: &[&str], resource: Option<&ResourceElement>) -> Result<(), String> {
        let service = self.reference.service_of(id).map_or("", |s| s.prefix.as_str());
        let patterns = self.patterns(id, resource);
        for account in accounts {
            self.covered.days(account)?;
            self.data_seen(id, service, account, resource, &patterns)?;
        }
        Ok(())
    }

    /// The resource patterns of a statement that may name a resource of the action; `*` where it has none to go by.
    fn patterns<'r>(&self, id: ActionId, resource: Option<&'r ResourceElement>) -> Vec<&'r str> {
        let Some(ResourceElement::Resource(patterns)) = resource else { return vec!["*"] };
        let services: BTreeSet<&str> = self
            .reference
            .action(id)
            .into_iter()
            .flat_map(|a| &a.resources)
            .filter_map(|r| self.reference.resource_type(id, r))
            .flat_map(|t| &t.arn_patterns)
            .filter_map(|p| Arn::parse(p).map(|a| a.service))
            .collect();
        let may_name = |pattern: &str| Arn::parse(pattern).is_none_or(|a| a.service.contains(['*', '?', '$']) || services.contains(a.service));
        let own: Vec<&str> = patterns.iter().map(String::as_str).filter(|p| may_name(p)).collect();
        if own.is_empty() { vec!["*"] } else { own }
    }

    fn data_seen(&self, id: ActionId, service: &str, account: &str, resource: Option<&ResourceElement>, own: &[&str]) -> Result<(), String> {
        if self.covered.is_configured(account, service) {
            return Ok(());
        }
        let types = types_of(self.reference, id);
        let mut told = true;
        let mut settled_by = Vec::new();
        for pattern in own {
            let place = region_of(pattern).map_or(Place::Anywhere, Place::Region);
            match self.covered.declared.data(account, service, &types, pattern, place) {
                Word::Covered => {}
                Word::LeftOut(why) => return Err(why),
                Word::NotTold(hints) => {
                    told = false;
                    settled_by.extend(hints);
                }
            }
        }
        if told {
            return Ok(());
        }
        let read_only = self.reference.action(id).is_some_and(|a| a.read_only);
        self.events_show(service, account, read_only, resource).map_err(|why| {
            settled_by.sort();
            settled_by.dedup();
            if settled_by.is_empty() { why } else { format!("{why}; {}", settled_by.join("; ")) }
        })
    }

    /// Whether data events themselves show that they are logged for all the resources: for every pattern that is not
    /// of several buckets or of a whole service, some that read (or write, as the action does) appear near both ends of
    /// the window. Selectors may take single buckets, and reads or writes only.
    fn events_show(&self, service: &str, account: &str, read_only: bool, resource: Option<&ResourceElement>) -> Result<(), String> {
        let Some(ResourceElement::Resource(patterns)) = resource else {
            return Err(format!("data events of {service} are not declared complete for account {account}"));
        };
        let seen = self.data.get(&(account, service)).map_or(&[][..], Vec::as_slice);
        for pattern in patterns {
            if pattern == "*" || pattern.ends_with(":*") || names_several(pattern) {
                return Err(format!("data events of {service} may cover only some resources of account {account}"));
            }
            let tenth = (self.window.end_ms - self.window.start_ms) / 10;
            let matching = || seen.iter().filter(|s| s.read_only == read_only && arn_matches(pattern, s.arn));
            let early = matching().any(|s| s.first_ms < self.window.start_ms + tenth);
            let late = matching().any(|s| s.last_ms >= self.window.end_ms - tenth);
            if !(early && late) {
                return Err(format!("no data events of {service} over the window for `{pattern}` in account {account}"));
            }
        }
        Ok(())
    }
}

/// Whether a pattern is of several buckets: one of them that is seen says nothing of the others.
fn names_several(pattern: &str) -> bool {
    Arn::parse(pattern).is_some_and(|a| a.service == "s3" && a.resource.split('/').next().is_some_and(|bucket| bucket.contains(['*', '?', '$'])))
}

/// The region that an ARN pattern names; `None` where it names none or several.
fn region_of(pattern: &str) -> Option<&str> {
    Arn::parse(pattern).map(|a| a.region).filter(|r| !r.is_empty() && !r.contains(['*', '?', '$']))
}
