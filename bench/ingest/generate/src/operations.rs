//! What is called: `operations.txt`, read once.

use crate::values::Value;

/// A text with values to fill in.
pub type Template = Vec<Piece>;

/// A part of a template.
pub enum Piece {
    /// As it stands.
    Text(&'static str),
    /// A value of the event.
    Value(Value),
}

/// An operation of a service.
pub struct Operation {
    /// `eventSource`.
    pub source: &'static str,
    /// `eventName`.
    pub name: &'static str,
    /// How often it is called, against others.
    pub weight: u64,
    /// `readOnly`.
    pub read: bool,
    /// A data event.
    pub data: bool,
    /// Logged in us-east-1 only.
    pub global: bool,
    /// With S3's ids of request and host.
    pub of_s3: bool,
    /// The IAM action.
    pub action: String,
    /// `requestParameters`.
    pub request: Option<Template>,
    /// `responseElements` of a success.
    pub response: Option<Template>,
    /// Resources with types; the first is the one that a denial names, `-` is not in `resources`.
    pub resources: Vec<(&'static str, Template)>,
}

const TEXT: &str = include_str!("operations.txt");

/// Prefix of the IAM actions of an event source.
fn prefix(source: &str) -> &str {
    match source.split('.').next().unwrap_or(source) {
        "monitoring" => "cloudwatch",
        "tagging" => "tag",
        other => other,
    }
}

fn template(text: &'static str) -> Result<Template, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let (name, after) = after.split_once('>').ok_or_else(|| format!("no end of a value: {text}"))?;
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Value(Value::named(name).ok_or_else(|| format!("no value is named {name}"))?));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// All operations in their order.
///
/// # Errors
/// The line that cannot be read.
pub fn operations() -> Result<Vec<Operation>, String> {
    let mut all: Vec<Operation> = Vec::new();
    for line in TEXT.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let wrong = || format!("operations.txt: {line}");
        let (first, rest) = line.split_once(' ').ok_or_else(wrong)?;
        if first.len() > 1 {
            let mut words = rest.split(' ');
            let (name, flags) = (words.next().ok_or_else(wrong)?, words.next().ok_or_else(wrong)?);
            let weight = words.next().and_then(|w| w.parse().ok()).ok_or_else(wrong)?;
            let has = |flag: char| flags.contains(flag);
            all.push(Operation {
                source: first,
                name,
                weight,
                read: has('r'),
                data: has('d'),
                global: has('g'),
                of_s3: has('l'),
                action: format!("{}:{name}", prefix(first)),
                request: None,
                response: None,
                resources: Vec::new(),
            });
            continue;
        }
        let operation = all.last_mut().ok_or_else(wrong)?;
        match first {
            "q" => operation.request = Some(template(rest)?),
            "s" => operation.response = Some(template(rest)?),
            "i" => operation.action = rest.to_owned(),
            "n" | "m" => {
                let (kind, arn) = rest.split_once(' ').ok_or_else(wrong)?;
                operation.resources.push((kind, template(arn)?));
            }
            _ => return Err(wrong()),
        }
    }
    Ok(all)
}
