//! Could the logs have shown it? An action is called unused only if its class of events was recorded for these
//! accounts over the window; otherwise it stays and the reason says what is missing.
//! Source: reference-data.md section 4, design.md section 6 principle 3.

use std::collections::BTreeMap;

use crate::aws::arn_matches;
use crate::policy::ResourceElement;
use crate::reference::{ActionId, Observability, Reference};
use crate::usage::{Coverage, Usage, Window};

use super::ReduceSettings;

/// Where data events of one service were seen in one account.
struct SeenResource<'u> {
    arn: &'u str,
    first_ms: i64,
    last_ms: i64,
}

/// Answers whether the logs could have shown a use.
pub struct Observer<'u> {
    reference: &'u Reference,
    coverage: &'u Coverage,
    settings: &'u ReduceSettings,
    window: Window,
    data: BTreeMap<(&'u str, &'u str), Vec<SeenResource<'u>>>,
}

impl<'u> Observer<'u> {
    /// Collects where data events were seen.
    #[must_use]
    pub fn new(usage: &'u Usage, reference: &'u Reference, settings: &'u ReduceSettings, window: Window) -> Observer<'u> {
        let mut data: BTreeMap<(&str, &str), Vec<SeenResource<'_>>> = BTreeMap::new();
        for row in &usage.rows {
            let is_data = reference
                .find(&row.action)
                .and_then(|id| reference.action(id))
                .is_some_and(|a| a.observability == Observability::Data);
            let Some((service, _)) = row.action.split_once(':') else { continue };
            if is_data {
                data.entry((row.account.as_str(), service)).or_default().push(SeenResource {
                    arn: &row.resource_arn,
                    first_ms: row.first_seen_ms,
                    last_ms: row.last_seen_ms,
                });
            }
        }
        Observer { reference, coverage: &usage.coverage, settings, window, data }
    }

    /// `Ok` when a use of this action by principals of these accounts on these resources would have been seen;
    /// otherwise the reason why not.
    ///
    /// # Errors
    /// The reason, for the evidence.
    pub fn could_have_seen(&self, id: ActionId, accounts: &[&str], resource: Option<&ResourceElement>) -> Result<(), String> {
        let Some(action) = self.reference.action(id) else { return Err("not in the reference".into()) };
        match action.observability {
            Observability::Never => return Err("no event is ever logged for this action".into()),
            Observability::Derived => return Err("seen only through parameters of other calls".into()),
            Observability::Unknown => return Err("not known whether this action is logged".into()),
            Observability::Management | Observability::Data => {}
        }
        for account in accounts {
            self.covered(account)?;
            if action.observability == Observability::Data {
                self.data_seen(&action.name, account, resource)?;
            } else {
                self.class_seen(account, action.read_only)?;
            }
        }
        Ok(())
    }

    fn covered(&self, account: &str) -> Result<(), String> {
        let Some(seen) = self.coverage.accounts.get(account) else {
            return Err(format!("no logs of account {account}"));
        };
        if seen.share_permille >= self.settings.min_coverage_permille {
            return Ok(());
        }
        let days = self.coverage.window_days.iter().filter(|d| seen.days.contains_key(*d)).count();
        Err(format!("the logs of account {account} cover {days} of {} days", self.coverage.window_days.len()))
    }

    fn class_seen(&self, account: &str, read_only: bool) -> Result<(), String> {
        let visible = self.coverage.accounts.get(account).is_some_and(|a| if read_only { a.reads_visible } else { a.writes_visible });
        if visible {
            return Ok(());
        }
        let class = if read_only { "reading" } else { "writing" };
        Err(format!("{class} management events of account {account} do not span the window"))
    }

    fn data_seen(&self, action: &str, account: &str, resource: Option<&ResourceElement>) -> Result<(), String> {
        let service = action.split_once(':').map_or(action, |(s, _)| s);
        let declared = |d: &String| d == service || d.split_once(':') == Some((account, service));
        if self.settings.declared_data_events.iter().any(declared) {
            return Ok(());
        }
        let Some(ResourceElement::Resource(patterns)) = resource else {
            return Err(format!("data events of {service} are not declared complete for account {account}"));
        };
        let seen = self.data.get(&(account, service)).map_or(&[][..], Vec::as_slice);
        for pattern in patterns {
            if pattern == "*" || pattern.ends_with(":::*") || pattern.ends_with(":*") {
                return Err(format!("data events of {service} may cover only some resources of account {account}"));
            }
            let tenth = (self.window.end_ms - self.window.start_ms) / 10;
            let matching = || seen.iter().filter(|s| arn_matches(pattern, s.arn));
            let early = matching().any(|s| s.first_ms < self.window.start_ms + tenth);
            let late = matching().any(|s| s.last_ms >= self.window.end_ms - tenth);
            if !(early && late) {
                return Err(format!("no data events of {service} over the window for `{pattern}` in account {account}"));
            }
        }
        Ok(())
    }
}
