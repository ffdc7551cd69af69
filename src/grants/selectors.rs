//! Event selectors: which events a trail takes, and whether it takes all of a class or leaves some out.
//!
//! An event is logged when any selector of the trail matches it; inside an advanced selector all fields must match.
//! What is not understood never widens: it makes "all of it" into "a part of it". Source: CloudTrail API reference,
//! `EventSelector`, `DataResource`, `AdvancedEventSelector`, `AdvancedFieldSelector`; CloudTrail user guide, "Logging
//! data events".

use std::collections::BTreeSet;

use crate::aws::{glob_covers, glob_intersects};

/// How much of the asked events a selector takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Take {
    /// None of them.
    None,
    /// Some, or it cannot be told.
    Part,
    /// All of them.
    Whole,
}

/// The kind of events that a selector is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Category {
    /// Management events.
    Management,
    /// Data events on resources of this type (`resources.type`, `AWS::S3::Object`).
    Data(String),
}

/// Which resources a data event selector takes, by ARN. Patterns are plain texts with `*`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// ARNs of which one must match; `None` for all.
    pub only: Option<Vec<String>>,
    /// ARNs that are left out.
    pub without: Vec<String>,
}

/// One selector. A basic event selector becomes one for management events and one for each type of data events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selector {
    /// What it is for.
    pub category: Category,
    /// Whether it takes reading events.
    pub reads: bool,
    /// Whether it takes writing events.
    pub writes: bool,
    /// Management events of these services (prefixes of actions) are left out.
    pub without_services: BTreeSet<&'static str>,
    /// Which resources it takes.
    pub scope: Scope,
    /// Whether further conditions leave out events that cannot be told here (event names, identities, …).
    pub narrowed: bool,
}

impl Selector {
    /// A selector that takes everything of a category.
    #[must_use]
    pub fn all(category: Category) -> Selector {
        Selector { category, reads: true, writes: true, without_services: BTreeSet::new(), scope: Scope::default(), narrowed: false }
    }

    fn management(&self, read: bool, service: Option<&str>) -> Take {
        let class = if read { self.reads } else { self.writes };
        if self.category != Category::Management || !class {
            return Take::None;
        }
        match service {
            Some(service) if self.without_services.contains(service) => Take::None,
            None if !self.without_services.is_empty() => Take::Part,
            _ if self.narrowed => Take::Part,
            _ => Take::Whole,
        }
    }

    fn data(&self, resource_type: &str, pattern: &str) -> Take {
        let Category::Data(own) = &self.category else { return Take::None };
        if own != resource_type || !(self.reads || self.writes) {
            return Take::None;
        }
        // Of one action reading and writing events may be logged: `CopyObject` writes and uses s3:GetObject.
        let half = self.narrowed || !(self.reads && self.writes);
        let pattern = without_variables(pattern);
        let inside = match &self.scope.only {
            None => Take::Whole,
            Some(list) if list.iter().any(|p| glob_covers(p, &pattern)) => Take::Whole,
            Some(list) if list.iter().any(|p| glob_intersects(p, &pattern)) => Take::Part,
            Some(_) => Take::None,
        };
        if self.scope.without.iter().any(|p| glob_covers(p, &pattern)) {
            return Take::None;
        }
        let cut = self.scope.without.iter().any(|p| glob_intersects(p, &pattern));
        if inside == Take::Whole && (half || cut) { Take::Part } else { inside }
    }
}

/// A pattern of a policy with `*` for each policy variable.
fn without_variables(pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    out
}

/// The selectors of one trail.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selectors(pub Vec<Selector>);

impl Selectors {
    /// What a trail without selectors of its own takes: all management events, no data events
    /// (CloudTrail API reference, `EventSelector`).
    #[must_use]
    pub fn standard() -> Selectors {
        Selectors(vec![Selector::all(Category::Management)])
    }

    /// How much it takes of the reading or writing management events of a service; without one, of all services.
    #[must_use]
    pub fn management(&self, read: bool, service: Option<&str>) -> Take {
        self.0.iter().map(|s| s.management(read, service)).max().unwrap_or(Take::None)
    }

    /// How much it takes of the data events on resources of a type that an ARN pattern names.
    #[must_use]
    pub fn data(&self, resource_type: &str, pattern: &str) -> Take {
        self.0.iter().map(|s| s.data(resource_type, pattern)).max().unwrap_or(Take::None)
    }

    /// Whether it takes any management events.
    #[must_use]
    pub fn any_management(&self) -> bool {
        [true, false].iter().any(|read| self.management(*read, None) != Take::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(only: Option<&[&str]>, without: &[&str]) -> Selectors {
        let mut selector = Selector::all(Category::Data("AWS::S3::Object".into()));
        selector.scope.only = only.map(|l| l.iter().map(|s| (*s).to_owned()).collect());
        selector.scope.without = without.iter().map(|s| (*s).to_owned()).collect();
        Selectors(vec![selector])
    }

    #[test]
    fn resources_count_where_the_selector_reaches_all_of_them() {
        let take = |s: &Selectors, p: &str| s.data("AWS::S3::Object", p);
        let all = objects(None, &[]);
        assert_eq!(take(&all, "*"), Take::Whole);
        assert_eq!(all.data("AWS::S3::AccessPoint", "*"), Take::None);
        let one = objects(Some(&["arn:aws:s3:::b/*"]), &[]);
        assert_eq!(take(&one, "arn:aws:s3:::b/*"), Take::Whole);
        assert_eq!(take(&one, "arn:aws:s3:::b/${aws:username}/*"), Take::Whole);
        assert_eq!(take(&one, "arn:aws:s3:::b*"), Take::Part);
        assert_eq!(take(&one, "*"), Take::Part);
        assert_eq!(take(&one, "arn:aws:s3:::c/*"), Take::None);
        let but = objects(None, &["arn:aws:s3:::logs/*"]);
        assert_eq!(take(&but, "*"), Take::Part);
        assert_eq!(take(&but, "arn:aws:s3:::b/*"), Take::Whole);
        assert_eq!(take(&but, "arn:aws:s3:::logs/a/*"), Take::None);
    }

    #[test]
    fn conditions_and_half_classes_take_a_part() {
        let mut selector = Selector::all(Category::Data("AWS::S3::Object".into()));
        selector.writes = false;
        assert_eq!(Selectors(vec![selector.clone()]).data("AWS::S3::Object", "*"), Take::Part);
        selector.writes = true;
        selector.narrowed = true;
        assert_eq!(Selectors(vec![selector]).data("AWS::S3::Object", "*"), Take::Part);
    }

    #[test]
    fn what_one_selector_leaves_out_another_may_take() {
        let mut most = Selector::all(Category::Management);
        most.without_services.insert("kms");
        let selectors = Selectors(vec![most.clone()]);
        assert_eq!(selectors.management(true, Some("iam")), Take::Whole);
        assert_eq!(selectors.management(true, Some("kms")), Take::None);
        assert_eq!(selectors.management(true, None), Take::Part);
        let mut writes = Selector::all(Category::Management);
        writes.reads = false;
        let both = Selectors(vec![most, writes]);
        assert_eq!((both.management(false, Some("kms")), both.management(true, Some("kms"))), (Take::Whole, Take::None));
        assert!(both.any_management() && !objects(None, &[]).any_management());
    }
}
