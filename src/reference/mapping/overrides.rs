//! The exceptions table (`data/event_overrides/*.toml`), read and checked once.
//!
//! One file per service, one row per exception, each with its reason and its source. Four kinds of row: `[[none]]`
//! events that need no permission, `[[action]]` events that need other or more actions than the one they are named
//! after, `[[variable]]` which parameter fills which variable of an ARN pattern, `[[any_of]]` actions whose resource
//! types are alternatives; and `[[source]]`, which service prefixes an event source stands for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::names::NameKey;
use super::params::{LazyParams, Params};
use super::predicate::Predicate;
use super::table;
use super::transform::Transform;
use crate::reference::{ActionId, Reference, ReferenceError, SkippedRow};

/// One action that an event needs.
#[derive(Debug, Clone)]
pub struct Need {
    /// The action.
    pub action: ActionId,
    /// When it is needed; always if absent.
    pub when: Option<Predicate>,
    /// An ARN template, where the general method would find the wrong resource.
    pub arn: Option<String>,
    /// The row falls away where its ARN is not told.
    pub if_told: bool,
    /// The resource types that are looked at (`ssm:parameter`); all if empty.
    pub types: Vec<String>,
    /// The parameter that chooses among several resources.
    pub only: Option<Only>,
}

/// A parameter that chooses among several resources: `name`, or `name beside other=text` for its texts in those objects
/// in which another parameter has a text.
#[derive(Debug, Clone)]
pub struct Only {
    name: NameKey,
    beside: Option<(NameKey, String)>,
    /// Where no parameter tells: the first (or last) of the event's own list.
    place: Option<Place>,
}

/// A place in the event's own list of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first.
    First,
    /// The last.
    Last,
}

impl Only {
    pub(super) fn parse(text: &str) -> Option<Only> {
        let (text, place) = match text.split_once(" or ") {
            Some((text, "first")) => (text, Some(Place::First)),
            Some((text, "last")) => (text, Some(Place::Last)),
            Some(_) => return None,
            None => (text, None),
        };
        Some(match text.split_once(" beside ") {
            Some((name, other)) => {
                let (other, value) = other.split_once('=')?;
                Only { name: NameKey::of(name), beside: Some((NameKey::of(other), value.to_owned())), place }
            }
            None => Only { name: NameKey::of(text), beside: None, place },
        })
    }

    /// The place that chooses where no text does.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// The texts that choose.
    #[must_use]
    pub fn chosen<'p>(&'p self, params: &'p Params<'_>) -> Vec<&'p str> {
        match &self.beside {
            Some((other, text)) => params.beside(&self.name, other, text).collect(),
            None => params.get(&self.name).collect(),
        }
    }
}

/// Something with the number of the row that it comes from, see [`Overrides::rows`].
#[derive(Debug, Clone)]
pub struct Numbered<T> {
    /// Place in the list of rows.
    pub row: usize,
    /// What the row says.
    pub rule: T,
}

/// What the table says of an event.
#[derive(Debug, Clone)]
pub enum EventRule {
    /// It needs no permission, because.
    None(String),
    /// It needs these.
    Needs(Vec<Need>),
}

/// Where a variable of an ARN pattern comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A request parameter.
    Request(NameKey),
    /// A request parameter right in another one, `placement.groupName`; also in tags.
    Under(NameKey, NameKey),
    /// A response element.
    Response(NameKey),
    /// This text: what the call was authorised on is known without a parameter.
    Constant(String),
}

/// One way to fill a variable.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Place of its row in [`Overrides::rows`].
    pub row: usize,
    /// Where the texts come from: all of these.
    pub origins: Vec<Origin>,
    /// How it is changed.
    pub transform: Transform,
    /// Only texts that start so are taken.
    pub prefix: Option<String>,
    /// The row is the last word: no later row and no name fills the variable.
    pub closed: bool,
    pub(super) actions: Vec<ActionId>,
    pub(super) when: Option<Predicate>,
}

impl Binding {
    /// The texts that the row gives, not yet changed.
    #[must_use]
    pub fn texts<'p>(&'p self, request: &'p Params<'_>, response: &'p LazyParams<'_>) -> Vec<&'p str> {
        let of = |origin: &'p Origin| -> Vec<&'p str> {
            match origin {
                Origin::Constant(text) => vec![text],
                Origin::Request(name) => request.get(name).collect(),
                Origin::Under(parent, name) => request.under(parent, name).collect(),
                Origin::Response(name) => response.get().get(name).collect(),
            }
        };
        let texts: Vec<&str> = self.origins.iter().flat_map(of).collect();
        match &self.prefix {
            Some(prefix) => texts.into_iter().filter(|t| t.starts_with(prefix.as_str())).collect(),
            None => texts,
        }
    }

    /// Whether a parameter of the row is there, be its text of use or not.
    #[must_use]
    pub fn is_present(&self, request: &Params<'_>) -> bool {
        self.prefix.is_none() && self.origins.iter().any(|o| matches!(o, Origin::Request(name) if request.has(name)))
    }

    /// Whether the row gives a text of its own.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        matches!(self.origins.as_slice(), [Origin::Constant(_)])
    }

    /// Whether the row speaks of this action and these parameters.
    #[must_use]
    pub fn applies(&self, action: ActionId, params: &Params<'_>) -> bool {
        (self.actions.is_empty() || self.actions.contains(&action))
            && match &self.when {
                Some(Predicate::All(questions)) => questions.hold(params),
                Some(Predicate::Otherwise) | None => true,
            }
    }
}

/// One row for people: what it is about, what it says, why, and the page behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowText {
    /// `source`, `none`, `action`, `variable` or `any_of`.
    pub table: &'static str,
    /// Event source, service, or type.
    pub of: String,
    /// Event, variable or action.
    pub what: String,
    /// What the row says.
    pub says: String,
    /// Why.
    pub reason: String,
    /// Where it can be read.
    pub url: String,
}

/// The table, ready for look-ups.
#[derive(Default)]
pub struct Overrides {
    pub(super) sources: BTreeMap<String, Numbered<Vec<String>>>,
    pub(super) events: BTreeMap<String, BTreeMap<String, Numbered<EventRule>>>,
    pub(super) bindings: HashMap<(String, String, String), Vec<Binding>>,
    pub(super) any_of: BTreeSet<ActionId>,
    pub(super) rows: Vec<RowText>,
    pub(super) skipped: Vec<SkippedRow>,
}

impl Overrides {
    /// Reads the bundled table. Rows whose action the reference does not have (an older or a smaller one than the
    /// built-in) are left out and counted.
    ///
    /// # Errors
    /// [`ReferenceError::DataFile`] for the first row that is wrong.
    pub fn load(reference: &Reference) -> Result<Overrides, ReferenceError> {
        table::read(reference)
    }

    /// Service prefixes that an event source stands for, if the table has it.
    #[must_use]
    pub fn prefixes(&self, source: &str) -> Option<&[String]> {
        self.sources.get(source).map(|s| s.rule.as_slice())
    }

    /// Every event source that the table speaks of.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().chain(self.events.keys()).map(String::as_str)
    }

    /// What the table says of a source's events; the event `*` stands for all of the source.
    #[must_use]
    pub fn events(&self, source: &str) -> Option<&BTreeMap<String, Numbered<EventRule>>> {
        self.events.get(source)
    }

    /// The ways to fill a variable: rows of the type itself, then those of all the service's types.
    #[must_use]
    pub fn bindings(&self, service: &str, kind: &str, variable: &str) -> Vec<Binding> {
        let of = |kind: &str| self.bindings.get(&(service.to_owned(), kind.to_owned(), variable.to_owned())).cloned().unwrap_or_default();
        let mut list = of(kind);
        list.extend(of("*"));
        list
    }

    /// Whether an action's resource types are alternatives.
    #[must_use]
    pub fn is_any_of(&self, action: ActionId) -> bool {
        self.any_of.contains(&action)
    }

    /// Every row, for people and for tests.
    #[must_use]
    pub fn rows(&self) -> &[RowText] {
        &self.rows
    }

    /// The row that tells an event source's prefixes.
    #[cfg(test)]
    pub fn source_row(&self, source: &str) -> Option<usize> {
        self.sources.get(source).map(|s| s.row)
    }

    /// Rows left out because the reference lacks their action or type.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedRow] {
        &self.skipped
    }
}
