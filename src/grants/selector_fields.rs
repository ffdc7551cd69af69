//! Reads `EventSelectors` and `AdvancedEventSelectors` field by field; a problem names file and field, and whatever
//! is not understood makes the selector take less. Source: as `selectors`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Problem;
use super::selectors::{Category, Selector, Selectors};

/// Typed access to the fields of one file.
pub struct Fields<'f> {
    file: &'f str,
    /// What was wrong.
    pub problems: Vec<Problem>,
}

impl<'f> Fields<'f> {
    /// Of a file.
    #[must_use]
    pub fn new(file: &'f str) -> Fields<'f> {
        Fields { file, problems: Vec::new() }
    }

    /// Notes a problem with a field; without a name, with the value at the pointer itself.
    pub fn problem(&mut self, pointer: &str, key: &str, reason: &str) {
        let pointer = if key.is_empty() { pointer.to_owned() } else { format!("{pointer}/{key}") };
        self.problems.push(Problem { file: self.file.to_owned(), pointer, reason: reason.to_owned() });
    }

    /// A field that must be true or false.
    pub fn flag(&mut self, object: &Map<String, Value>, key: &str, pointer: &str) -> Option<bool> {
        let found = object.get(key).and_then(Value::as_bool);
        if found.is_none() {
            self.problem(pointer, key, if object.contains_key(key) { "neither true nor false" } else { "missing" });
        }
        found
    }

    /// A field that must be a text.
    pub fn text(&mut self, object: &Map<String, Value>, key: &str, pointer: &str) -> Option<String> {
        let found = object.get(key).and_then(Value::as_str).map(str::to_owned);
        if found.is_none() {
            self.problem(pointer, key, if object.contains_key(key) { "not a text" } else { "missing" });
        }
        found
    }

    /// A field that may be missing, else must be a list.
    fn list<'v>(&mut self, object: &'v Map<String, Value>, key: &str, pointer: &str) -> Option<&'v [Value]> {
        match object.get(key) {
            None | Some(Value::Null) => Some(&[]),
            Some(Value::Array(list)) => Some(list),
            Some(_) => {
                self.problem(pointer, key, "not a list");
                None
            }
        }
    }

    /// A field that may be missing, else must be a list of texts.
    fn texts<'v>(&mut self, object: &'v Map<String, Value>, key: &str, pointer: &str) -> Option<Vec<&'v str>> {
        let texts: Option<Vec<&str>> = self.list(object, key, pointer)?.iter().map(Value::as_str).collect();
        if texts.is_none() {
            self.problem(pointer, key, "not a list of texts");
        }
        texts
    }

    /// Whether the object has a field outside the list.
    fn has_strange(&mut self, object: &Map<String, Value>, known: &[&str], pointer: &str) -> bool {
        let strange: Vec<&String> = object.keys().filter(|k| !known.contains(&k.as_str())).collect();
        for key in &strange {
            self.problem(pointer, key, "not a field that this version knows");
        }
        !strange.is_empty()
    }
}

/// The service prefix of an event source that a selector may leave out of management events; `None` for others.
fn excludable(source: &str) -> Option<&'static str> {
    match source {
        "kms.amazonaws.com" => Some("kms"),
        "rdsdata.amazonaws.com" => Some("rds-data"),
        _ => None,
    }
}

/// The selectors of a `get-event-selectors` answer.
pub fn selectors(object: &Map<String, Value>, fields: &mut Fields<'_>) -> Selectors {
    let mut out = Vec::new();
    for (at, item) in fields.list(object, "EventSelectors", "").unwrap_or_default().iter().enumerate() {
        let pointer = format!("/EventSelectors/{at}");
        match item.as_object() {
            Some(item) => basic(item, &pointer, fields, &mut out),
            None => fields.problem(&pointer, "", "not an object"),
        }
    }
    for (at, item) in fields.list(object, "AdvancedEventSelectors", "").unwrap_or_default().iter().enumerate() {
        let pointer = format!("/AdvancedEventSelectors/{at}");
        match item.as_object() {
            Some(item) => advanced(item, &pointer, fields, &mut out),
            None => fields.problem(&pointer, "", "not an object"),
        }
    }
    Selectors(out)
}

fn basic(item: &Map<String, Value>, pointer: &str, fields: &mut Fields<'_>, out: &mut Vec<Selector>) {
    const KNOWN: &[&str] = &["ReadWriteType", "IncludeManagementEvents", "DataResources", "ExcludeManagementEventSources"];
    let narrowed = fields.has_strange(item, KNOWN, pointer);
    let (reads, writes) = match fields.text(item, "ReadWriteType", pointer).as_deref() {
        Some("All") => (true, true),
        Some("ReadOnly") => (true, false),
        Some("WriteOnly") => (false, true),
        Some(other) => {
            fields.problem(pointer, "ReadWriteType", &format!("`{other}` is not All, ReadOnly or WriteOnly"));
            (false, false)
        }
        None => (false, false),
    };
    let of = |category| Selector { reads, writes, narrowed, ..Selector::all(category) };
    if fields.flag(item, "IncludeManagementEvents", pointer).unwrap_or(false) {
        let mut selector = of(Category::Management);
        match fields.texts(item, "ExcludeManagementEventSources", pointer) {
            Some(sources) => leave_out(&mut selector, &sources),
            None => selector.narrowed = true,
        }
        out.push(selector);
    }
    for (at, resource) in fields.list(item, "DataResources", pointer).unwrap_or_default().iter().enumerate() {
        let pointer = format!("{pointer}/DataResources/{at}");
        let Some(resource) = resource.as_object() else {
            fields.problem(&pointer, "", "not an object");
            continue;
        };
        let strange = fields.has_strange(resource, &["Type", "Values"], &pointer);
        let (Some(kind), Some(values)) = (fields.text(resource, "Type", &pointer), fields.texts(resource, "Values", &pointer)) else { continue };
        let mut selector = of(Category::Data(kind.clone()));
        selector.narrowed |= strange;
        let mut only = Some(Vec::new());
        for value in values {
            if is_whole_type(&kind, value) {
                only = None;
            } else if value.contains(['*', '?']) {
                only = None;
                selector.narrowed = true;
            } else if let Some(list) = &mut only {
                list.push(match (kind.as_str(), value.contains('/')) {
                    ("AWS::S3::Object", true) => format!("{value}*"),
                    ("AWS::S3::Object", false) => format!("{value}/*"),
                    _ => value.to_owned(),
                });
            }
        }
        selector.scope.only = only;
        out.push(selector);
    }
}

/// Whether a beginning of ARNs is that of every resource of a type: `arn:aws:s3`, `arn:aws:lambda`, `arn:aws:s3:::`.
fn is_whole_type(kind: &str, value: &str) -> bool {
    let service = kind.split("::").nth(1).unwrap_or_default().to_ascii_lowercase();
    let mut parts = value.split(':');
    let head = (parts.next(), parts.next().is_some_and(|p| !p.is_empty()), parts.next());
    head == (Some("arn"), true, Some(service.as_str())) && parts.all(str::is_empty)
}

fn leave_out(selector: &mut Selector, sources: &[&str]) {
    for source in sources {
        match excludable(source) {
            Some(service) => {
                selector.without_services.insert(service);
            }
            None => selector.narrowed = true,
        }
    }
}

const OPERATORS: &[&str] = &["Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"];

/// One condition of an advanced selector.
struct Condition<'v> {
    field: String,
    operator: &'static str,
    values: Vec<&'v str>,
}

fn advanced(item: &Map<String, Value>, pointer: &str, fields: &mut Fields<'_>, out: &mut Vec<Selector>) {
    let mut narrowed = fields.has_strange(item, &["Name", "FieldSelectors"], pointer);
    let mut conditions: Vec<Condition<'_>> = Vec::new();
    for (at, one) in fields.list(item, "FieldSelectors", pointer).unwrap_or_default().iter().enumerate() {
        let pointer = format!("{pointer}/FieldSelectors/{at}");
        let Some(one) = one.as_object() else {
            fields.problem(&pointer, "", "not an object");
            narrowed = true;
            continue;
        };
        let known: Vec<&str> = OPERATORS.iter().copied().chain(["Field"]).collect();
        narrowed |= fields.has_strange(one, &known, &pointer);
        let Some(field) = fields.text(one, "Field", &pointer) else {
            narrowed = true;
            continue;
        };
        for operator in OPERATORS {
            match fields.texts(one, operator, &pointer) {
                Some(values) if values.is_empty() => {}
                Some(values) => conditions.push(Condition { field: field.clone(), operator, values }),
                None => narrowed = true,
            }
        }
    }
    let single = |field: &str| conditions.iter().find(|c| c.field == field && c.operator == "Equals").map(|c| c.values.as_slice());
    let categories = match single("eventCategory") {
        Some(["Management"]) => vec![Category::Management],
        Some(["Data"]) => single("resources.type").unwrap_or_default().iter().map(|t| Category::Data((*t).to_owned())).collect(),
        Some([_]) => return,
        _ => {
            return fields.problem(pointer, "FieldSelectors", "no eventCategory that is one value");
        }
    };
    if categories.is_empty() {
        fields.problem(pointer, "FieldSelectors", "data events without resources.type");
    }
    for category in categories {
        let mut selector = Selector { narrowed, ..Selector::all(category) };
        for condition in &conditions {
            apply(condition, &mut selector);
        }
        out.push(selector);
    }
}

/// Narrows a selector by one condition. Every condition must hold; of a condition's values one must match, of the
/// negative ones none may.
fn apply(condition: &Condition<'_>, selector: &mut Selector) {
    let Condition { field, operator, values } = condition;
    match (field.as_str(), *operator) {
        ("eventCategory" | "resources.type", "Equals") => {}
        ("readOnly", "Equals") => {
            let named: BTreeSet<&str> = values.iter().copied().collect();
            selector.reads &= named.contains("true");
            selector.writes &= named.contains("false");
        }
        ("eventSource", "NotEquals") if selector.category == Category::Management => leave_out(selector, values),
        ("resources.ARN", operator) => {
            // Values are texts, without wildcards; one that has such a character cannot be told as a pattern.
            selector.narrowed |= values.iter().any(|v| v.contains(['*', '?']));
            let pattern = |v: &&str| match operator.trim_start_matches("Not") {
                "StartsWith" => format!("{v}*"),
                "EndsWith" => format!("*{v}"),
                _ => (*v).to_owned(),
            };
            if operator.starts_with("Not") {
                selector.scope.without.extend(values.iter().map(pattern));
            } else if let (Category::Data(kind), "StartsWith") = (&selector.category, operator)
                && values.iter().any(|v| is_whole_type(kind, v))
            {
            } else if selector.scope.only.is_none() {
                selector.scope.only = Some(values.iter().map(pattern).collect());
            } else {
                // Two lists that must both match.
                selector.narrowed = true;
            }
        }
        _ => selector.narrowed = true,
    }
}
