//! Fields of a JSON file by name, with the path to them for messages: `Actions[3].Resources[0].Name`.
//!
//! AWS adds fields from one minor version to the next, so unknown ones are let be; a known one of another type is
//! an error, because guessing its meaning would put a wrong permission into the bundle.

use serde_json::Value;

/// A field that is not as expected.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

/// A value of a file and the path to it.
pub struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The whole file.
    pub fn root(value: &'a Value) -> Node<'a> {
        Node { value, path: String::new() }
    }

    fn problem<T>(&self, field: &str, problem: &str) -> Result<T, Problem> {
        Err(Problem { field: self.path_to(field), problem: problem.to_owned() })
    }

    fn path_to(&self, field: &str) -> String {
        match (self.path.is_empty(), field.is_empty()) {
            (true, _) => field.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{field}", self.path),
        }
    }

    /// A field; `None` if it is missing or null.
    fn get(&self, field: &str) -> Result<Option<&'a Value>, Problem> {
        match self.value {
            Value::Object(map) => Ok(map.get(field).filter(|v| !v.is_null())),
            _ => self.problem("", "is not an object"),
        }
    }

    /// An object; `None` if it is missing.
    pub fn object(&self, field: &str) -> Result<Option<Node<'a>>, Problem> {
        match self.get(field)? {
            None => Ok(None),
            Some(value @ Value::Object(_)) => Ok(Some(Node { value, path: self.path_to(field) })),
            Some(_) => self.problem(field, "is not an object"),
        }
    }

    /// A list; empty if it is missing.
    pub fn list(&self, field: &str) -> Result<Vec<Node<'a>>, Problem> {
        let path = self.path_to(field);
        match self.get(field)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items.iter().enumerate().map(|(at, value)| Node { value, path: format!("{path}[{at}]") }).collect()),
            Some(_) => self.problem(field, "is not a list"),
        }
    }

    /// A text that must be there and must not be empty.
    pub fn text(&self, field: &str) -> Result<&'a str, Problem> {
        match self.get(field)? {
            None => self.problem(field, "is missing"),
            Some(Value::String(text)) if text.is_empty() => self.problem(field, "is empty"),
            Some(Value::String(text)) => Ok(text),
            Some(_) => self.problem(field, "is not a text"),
        }
    }

    /// A list of texts; empty if it is missing.
    pub fn texts(&self, field: &str) -> Result<Vec<&'a str>, Problem> {
        self.list(field)?
            .into_iter()
            .map(|node| node.value.as_str().ok_or(Problem { field: node.path, problem: "is not a text".to_owned() }))
            .collect()
    }

    /// A truth value; false if it is missing.
    pub fn flag(&self, field: &str) -> Result<bool, Problem> {
        match self.get(field)? {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => self.problem(field, "is not true or false"),
        }
    }

    /// A problem with a field that was read without one.
    pub fn wrong(&self, field: &str, problem: String) -> Problem {
        Problem { field: self.path_to(field), problem }
    }
}
