//! Policy variables: how `${…}` is written, and where it works. Source: IAM User Guide, "IAM policy elements: Variables and tags".

use super::{Code, Report};

/// A variable where there can be none.
pub(super) fn unsupported(report: &mut Report, element: &str, text: &str) {
    if text.contains("${") {
        report.add(Code::VariableUnsupportedInElement, element, Some(text), "variables work in Resource and Condition only");
    }
}

/// Checks the variables of a text that can have some.
pub(super) fn check(report: &mut Report, element: &str, text: &str, has_variables: bool) {
    let Some(first) = text.find("${") else { return };
    if !has_variables {
        report.add(Code::VariableUnsupportedInVersion, element, Some(text), "variables need \"Version\": \"2012-10-17\"");
        return;
    }
    let mut rest = text.get(first..).unwrap_or_default();
    while let Some(at) = rest.find("${") {
        let inside = rest.get(at + 2..).unwrap_or_default();
        let Some(end) = inside.find('}') else {
            report.add(Code::MissingBraceInVariable, element, Some(text), "a variable is not closed: `}` is missing");
            return;
        };
        one(report, element, text, inside.get(..end).unwrap_or_default());
        rest = inside.get(end + 1..).unwrap_or_default();
    }
}

/// What stands between the braces: a key, or a key and a default in quotes.
fn one(report: &mut Report, element: &str, text: &str, inside: &str) {
    // These stand for themselves.
    if matches!(inside, "*" | "?" | "$") {
        return;
    }
    if inside.trim().is_empty() {
        report.add(Code::EmptyVariable, element, Some(text), "a variable names no key");
        return;
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim())),
        None => (inside, None),
    };
    // A tag's key may have spaces.
    let name = key.split('/').next().unwrap_or(key);
    if name.contains(char::is_whitespace) {
        report.add(Code::UnsupportedSpaceInVariable, element, Some(text), "a variable's key has no spaces");
    }
    if key.contains("${") {
        report.add(Code::MissingBraceInVariable, element, Some(text), "a variable is not closed before the next begins");
    }
    if default.is_some_and(|d| d.len() < 2 || !d.starts_with('\'') || !d.ends_with('\'')) {
        report.add(Code::MissingQuoteInVariable, element, Some(text), "a variable's default stands between single quotes");
    }
}

/// The text with each variable as `*`, which is what it may be.
pub(super) fn as_wildcards(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("${") {
        return std::borrow::Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(rest.get(..at).unwrap_or_default());
        let inside = rest.get(at + 2..).unwrap_or_default();
        let Some(end) = inside.find('}') else {
            rest = "";
            out.push('*');
            break;
        };
        out.push('*');
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    std::borrow::Cow::Owned(out)
}
