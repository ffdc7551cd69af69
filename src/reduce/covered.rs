//! Coverage by account, region, class and day, from the events themselves and from the trails where these are exported.
//!
//! Which regions count: a grant that names a region needs that region; a global service is logged in one region of its
//! partition; a grant that names none needs the account's logs as a whole. A region without any event is the normal
//! case and takes nothing from those. Named by a grant, it is another matter: idle and not logged look the same, and
//! only an exported trail that reaches it tells that a use would have been seen.
//! Source: reference-data.md section 4, design.md section 6 principle 3.

use std::collections::{BTreeMap, BTreeSet};

use super::ReduceSettings;
use super::declared::{Applied, Declared, Place, Word};
use crate::aws::{Texts, partition_of_region};
use crate::grants::{Take, Trail};
use crate::reference::{ActionId, Observability, Reference};
use crate::usage::{AccountCoverage, Class, Coverage, CoverageRow, DayState, Window};

/// Services whose events are logged in one region, whatever region the caller is in
/// (CloudTrail user guide, "Global service events"; Organizations user guide, "Logging with CloudTrail"; AWS General
/// Reference, endpoints that are in one region only).
pub(super) const GLOBAL: &[&str] = &[
    "account", "artifact", "billing", "budgets", "ce", "chime", "cloudfront", "cur", "health", "iam", "organizations", "route53",
    "route53domains", "savingsplans", "shield", "support", "tax", "trustedadvisor", "waf",
];

/// Global services whose one endpoint is in us-west-2.
pub(super) const GLOBAL_WEST: &[&str] = &["globalaccelerator", "networkmanager", "route53-recovery-control-config", "route53-recovery-readiness"];

/// Services of which both reading and writing events may show an action of either level: `AssumeRole` and the
/// cryptographic operations of KMS are logged as reading (`readOnly` true) though AWS documents them as writing.
const EITHER: &[&str] = &["kms", "sts"];

/// Services whose data events name one resource, of the type that the action works on.
const ONE_TYPE: &[&str] = &["bedrock", "dynamodb", "kinesis", "sagemaker"];

/// Which days of what the logs cover.
pub struct Covered<'a> {
    coverage: &'a Coverage,
    settings: &'a ReduceSettings,
    /// What the trails say.
    pub declared: Declared<'a>,
    /// By service, the resource types that must be selected for all its data events.
    types: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

/// A reason with what would settle it.
fn with(why: String, hints: &[String]) -> String {
    if hints.is_empty() { why } else { format!("{why}; {}", hints.join("; ")) }
}

impl<'a> Covered<'a> {
    /// Holds events, trails and settings together.
    #[must_use]
    pub fn new(
        coverage: &'a Coverage,
        trails: &'a BTreeMap<String, Trail>,
        reference: &'a Reference,
        settings: &'a ReduceSettings,
        window: Window,
    ) -> Covered<'a> {
        let mut types: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for id in reference.actions() {
            if let (Some(action), Some(service)) = (reference.action(id), reference.service_of(id))
                && action.observability == Observability::Data
            {
                types.entry(&service.prefix).or_default().extend(types_of(reference, id));
            }
        }
        Covered { coverage, settings, declared: Declared::new(coverage, trails, window, settings.min_coverage_permille), types }
    }

    /// Whether the configuration says that a service's data events are complete.
    #[must_use]
    pub fn is_configured(&self, account: &str, service: &str) -> bool {
        self.settings.declared_data_events.iter().any(|d| d == service || d.split_once(':') == Some((account, service)))
    }

    /// The region that logs the account's calls of a global service.
    #[must_use]
    pub fn global_region(&self, account: &str, service: &str) -> Option<&'static str> {
        let is_west = GLOBAL_WEST.contains(&service);
        if !is_west && !GLOBAL.contains(&service) {
            return None;
        }
        let any = self.coverage.accounts.get(account)?.regions.keys().next()?;
        match partition_of_region(any) {
            "aws" => Some(if is_west { "us-west-2" } else { "us-east-1" }),
            "aws-cn" => Some("cn-north-1"),
            "aws-us-gov" => Some("us-gov-west-1"),
            "aws-iso" => Some("us-iso-east-1"),
            "aws-iso-b" => Some("us-isob-east-1"),
            _ => None,
        }
    }

    /// `Ok` when the account's days are covered.
    ///
    /// # Errors
    /// The reason, for the evidence.
    pub fn days(&self, account: &str) -> Result<(), String> {
        let Some(seen) = self.coverage.accounts.get(account) else {
            return Err(format!("no logs of account {account}"));
        };
        if seen.share_permille >= self.settings.min_coverage_permille {
            return Ok(());
        }
        let days = self.coverage.window_days.iter().filter(|d| seen.days.contains_key(*d)).count();
        Err(format!("the logs of account {account} cover {days} of {} days", self.coverage.window_days.len()))
    }

    /// `Ok` when management events of an action would have been seen in a place.
    ///
    /// # Errors
    /// The reason, for the evidence.
    pub fn management(&self, account: &str, service: &str, read_only: bool, place: Place<'_>) -> Result<(), String> {
        let both = EITHER.contains(&service);
        for read in [true, false] {
            if !both && read != read_only {
                continue;
            }
            match self.declared.management(account, service, read, place) {
                Word::Covered => {}
                Word::LeftOut(why) => return Err(why),
                Word::NotTold(hints) => self.events_show(account, read, place).map_err(|why| with(why, &hints))?,
            }
        }
        Ok(())
    }

    /// Whether the events themselves show that a class of management events is logged in a place.
    fn events_show(&self, account: &str, read: bool, place: Place<'_>) -> Result<(), String> {
        let seen = self.coverage.accounts.get(account);
        if !seen.is_some_and(|a| visible(a, read)) {
            let class = if read { "reading" } else { "writing" };
            return Err(format!("{class} management events of account {account} do not span the window"));
        }
        let (Place::Region(region) | Place::Global(region)) = place else { return Ok(()) };
        match seen.and_then(|a| a.regions.get(region)) {
            Some(r) if r.spans => Ok(()),
            Some(_) => Err(format!("management events of account {account} in {region} do not span the window")),
            None => Err(format!("no events of account {account} in {region}: idle or not logged")),
        }
    }

    /// Table `coverage`: for every account and class, its regions with events and those that a trail declares (`*` for all others).
    #[must_use]
    pub fn rows(&self) -> Vec<CoverageRow> {
        let mut rows = Vec::new();
        let mut texts = Texts::default();
        for (account, seen) in &self.coverage.accounts {
            let trails = self.declared.of(account);
            let mut regions: BTreeSet<&str> = seen.regions.keys().map(String::as_str).collect();
            regions.extend(trails.iter().map(|a| a.trail.home_region.as_str()));
            if trails.iter().any(|a| a.trail.multi_region) {
                regions.insert("*");
            }
            let mut services: BTreeSet<&str> = seen.regions.values().flat_map(|r| r.data.keys().map(String::as_str)).collect();
            services.extend(self.types.keys().copied().filter(|service| {
                self.is_configured(account, service) || trails.iter().any(|a| self.data_take(a, service, Place::Anywhere) != Take::None)
            }));
            let mut classes = vec![Class::ManagementRead, Class::ManagementWrite];
            classes.extend(services.into_iter().map(|s| Class::Data(s.to_owned())));
            for region in regions {
                for class in &classes {
                    let states = self.states(account, seen, region, class);
                    let [account, region, class] = [account.as_str(), region, &class.text()].map(|text| texts.of(text));
                    rows.push(CoverageRow { account, region, class, states });
                }
            }
        }
        rows
    }

    fn data_take(&self, applied: &Applied<'_>, service: &str, place: Place<'_>) -> Take {
        let Some(types) = self.types.get(service) else { return Take::None };
        let takes: Vec<Take> = types.iter().map(|t| applied.data(t, "*", place)).collect();
        match (takes.iter().min(), takes.iter().max()) {
            (Some(Take::Whole), _) => Take::Whole,
            (_, Some(Take::Part | Take::Whole)) => Take::Part,
            _ => Take::None,
        }
    }

    /// The states of one class in one region, one a day.
    fn states(&self, account: &str, seen: &AccountCoverage, region: &str, class: &Class) -> Vec<DayState> {
        let place = if region == "*" { Place::Anywhere } else { Place::Region(region) };
        let reads = *class == Class::ManagementRead;
        let takes: Vec<(&Applied<'_>, Take)> = self
            .declared
            .of(account)
            .iter()
            .filter(|a| a.reaches(place))
            .map(|a| match class {
                Class::Data(service) => match self.data_take(a, service, place) {
                    Take::Whole if !self.declared.is_at_hand(account, a, service) => (a, Take::Part),
                    take => (a, take),
                },
                _ => (a, a.management(reads, None, place)),
            })
            .collect();
        let whole = takes.iter().any(|(_, t)| *t == Take::Whole);
        let left_out = !whole && takes.iter().any(|(_, t)| *t == Take::Part);
        let here = seen.regions.get(region);
        let shown = match class {
            Class::Data(service) => self.is_configured(account, service),
            _ => !left_out && visible(seen, reads) && here.is_some_and(|r| r.spans),
        };
        let mut states = Vec::with_capacity(self.coverage.window_days.len());
        for (at, date) in self.coverage.window_days.iter().enumerate() {
            let any_event = seen.days.get(date).is_some_and(|d| d.management() > 0);
            let taken = takes.iter().filter(|(a, _)| a.days.get(at) == Some(&true)).map(|(_, t)| *t).max().unwrap_or(Take::None);
            let day = here.and_then(|r| r.days.get(date));
            let own_event = match class {
                Class::ManagementRead => day.is_some_and(|d| d.management_reads > 0),
                Class::ManagementWrite => day.is_some_and(|d| d.management_writes > 0),
                Class::Data(service) => here.and_then(|r| r.data.get(service)).is_some_and(|days| days.contains(date)),
            };
            states.push(if taken == Take::Whole || (shown && any_event) {
                DayState::Complete
            } else if taken == Take::Part || own_event {
                DayState::Partial
            } else {
                DayState::Missing
            });
        }
        states
    }
}

fn visible(seen: &AccountCoverage, read: bool) -> bool {
    if read { seen.reads_visible } else { seen.writes_visible }
}

/// The resource types that must be selected for all events of a data action to be logged.
///
/// The reference lists the types of a service's data events for all its actions; where an event names one resource,
/// only the type that the action works on counts. Requests through an S3 access point list the object beside the
/// access point (S3 user guide, "Monitoring and logging access points"), so a selector of objects takes them.
#[must_use]
pub fn types_of(reference: &Reference, id: ActionId) -> Vec<&str> {
    let types = reference.data_resource_types(id);
    let service = reference.service_of(id).map_or("", |s| s.prefix.as_str());
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let own: BTreeSet<String> = match (service, reference.action(id)) {
        ("s3", _) => BTreeSet::from(["object".to_owned()]),
        (service, Some(action)) if ONE_TYPE.contains(&service) => {
            action.resources.iter().filter_map(|r| reference.resource_type(id, r)).map(|t| plain(&t.name)).collect()
        }
        _ => BTreeSet::new(),
    };
    let named: Vec<&str> = types
        .iter()
        .map(String::as_str)
        .filter(|t| t.rsplit("::").next().is_some_and(|last| own.iter().any(|o| plain(last).ends_with(o.as_str()))))
        .collect();
    if named.is_empty() { types.iter().map(String::as_str).collect() } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_need_the_types_they_work_on() {
        let reference = Reference::bundled().unwrap();
        let types = |name: &str| types_of(reference, reference.find(name).unwrap());
        assert_eq!(types("s3:GetObject"), ["AWS::S3::Object"]);
        assert_eq!(types("s3:ListBucket"), ["AWS::S3::Object"]);
        assert_eq!(types("dynamodb:Query"), ["AWS::DynamoDB::Table"]);
        assert_eq!(types("dynamodb:GetRecords"), ["AWS::DynamoDB::Stream"]);
        assert_eq!(types("kinesis:SubscribeToShard"), ["AWS::Kinesis::StreamConsumer"]);
        assert_eq!(types("sns:Publish").len(), 2);
        assert_eq!(types("lambda:InvokeFunction"), ["AWS::Lambda::Function"]);
    }
}
