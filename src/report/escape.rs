//! Text from logs and exports, made harmless for each format.
//!
//! User agents, session names, tags and policy values are written by whoever calls; a report that lets them act
//! is an attack on its reader.

use std::fmt::Write as _;

/// Whether a character could change how text around it is shown: controls, bidirectional marks, zero widths.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}' | '\u{00AD}')
        || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a byte of UTF-8 may begin a hidden character; most text has none of these and is taken as it is.
fn may_hide(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, 0x7F | 0xC2 | 0xD8 | 0xE2 | 0xEF)
}

/// Appends a text; of hidden characters only the kept ones as they are.
fn append(out: &mut String, text: &str, kept: &[char], escape: fn(&mut String, char)) {
    if !text.bytes().any(may_hide) {
        return out.push_str(text);
    }
    for c in text.chars() {
        if is_hidden(c) && !kept.contains(&c) { escape(out, c) } else { out.push(c) }
    }
}

/// JSON's own escape of a character.
fn as_json(out: &mut String, c: char) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// A character's number, for people.
fn as_number(out: &mut String, c: char) {
    let _ = write!(out, "\\u{{{:04x}}}", u32::from(c));
}

/// A line of JSON for a terminal: hidden characters, which JSON may have in its texts, as its own escapes.
#[must_use]
pub fn json_line(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    append(&mut out, json, &[], as_json);
    out
}

/// The text with every hidden character shown as `\u{…}`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    append(&mut out, text, &[], as_number);
    out
}

/// A file for a terminal: line breaks and tabs stay, every other hidden character is shown; in JSON as its own escape.
#[must_use]
pub fn file_text(text: &str, is_json: bool) -> String {
    let escape = if is_json { as_json } else { as_number };
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        append(&mut out, line, &['\t'], escape);
    }
    out
}

/// Takes JSON on its way into a file, as `file_text` does: for files that are too large to be one text first.
pub struct JsonFile<W>(pub W);

impl<W: std::io::Write> std::io::Write for JsonFile<W> {
    /// Takes all of it; it ends with a whole character, as whatever writes JSON writes texts.
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        if part.iter().copied().any(may_hide) {
            let text = std::str::from_utf8(part).map_err(std::io::Error::other)?;
            self.0.write_all(file_text(text, true).as_bytes())?;
        } else {
            self.0.write_all(part)?;
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// For Markdown: no table cell, code span, link or tag can begin.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '`' | '[' | ']' | '*' | '_' | '\\' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// For CSV: a text that a spreadsheet would take for a formula gets a quote in front.
#[must_use]
pub fn csv(text: &str) -> String {
    let shown = visible(text);
    if shown.starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']) { format!("'{shown}") } else { shown }
}

/// For file names: letters, digits and `._-=+,@`; anything else and every name that was changed carries a hash.
#[must_use]
pub fn file_name(text: &str) -> String {
    let safe: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '=' | '+' | ',' | '@') { c } else { '_' })
        .take(100)
        .collect();
    let reserved = safe.is_empty() || safe.starts_with('.') || safe.ends_with('.') || is_device(&safe);
    if safe == text && !reserved {
        return safe;
    }
    use sha2::Digest as _;
    let hash: String = sha2::Sha256::digest(text.as_bytes()).iter().take(4).map(|b| format!("{b:02x}")).collect();
    format!("{}~{hash}", safe.trim_matches('.'))
}

/// Names that some file systems keep for devices.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").to_ascii_uppercase();
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || ((stem.starts_with("COM") || stem.starts_with("LPT")) && stem.len() == 4 && stem.ends_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}"), "a\\u{001b}[31mb\\u{202e}");
        assert_eq!(csv("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(csv("\tx"), "'\\u{0009}x");
        assert_eq!(markdown("[a](b)|`<x>`"), "\\[a\\](b)\\|\\`&lt;x&gt;\\`");
    }

    #[test]
    fn file_names_stay_in_their_folder() {
        assert_eq!(file_name("app-role_1"), "app-role_1");
        for bad in ["../../x", "..", "a/b", "", "con", "COM1.txt", ".hidden"] {
            let name = file_name(bad);
            assert!(!name.contains('/') && !name.starts_with('.') && name.contains('~'), "{bad} -> {name}");
        }
        assert_ne!(file_name("a/b"), file_name("a:b"));
    }

    #[test]
    fn a_file_keeps_its_lines_and_hides_nothing() {
        assert_eq!(file_text("a\n\tb\u{1b}[2J\u{202e}\n", false), "a\n\tb\\u{001b}[2J\\u{202e}\n");
        let json = "{\n  \"Sid\": \"\u{9b}x\u{202e}\"\n}\n";
        let shown = file_text(json, true);
        assert_eq!(shown, "{\n  \"Sid\": \"\\u009bx\\u202e\"\n}\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), serde_json::from_str::<serde_json::Value>(json).unwrap());
        let value = serde_json::json!({"a\u{200b}": ["x\u{9b}31m\u{202e}\u{feff}\u{e9}", {"b": "\n\t\u{7f}"}], "c": "\u{61c}"});
        let mut file = Vec::new();
        serde_json::to_writer_pretty(JsonFile(&mut file), &value).unwrap();
        assert_eq!(String::from_utf8(file).unwrap(), file_text(&serde_json::to_string_pretty(&value).unwrap(), true));
    }

    #[test]
    fn no_hidden_character_begins_with_a_byte_that_is_taken_as_it_is() {
        let hidden = (0..=0x10_FFFF).filter_map(char::from_u32).filter(|c| is_hidden(*c));
        for c in hidden {
            assert!(c.encode_utf8(&mut [0; 4]).bytes().next().is_some_and(may_hide), "{c:?}");
        }
    }

    #[test]
    fn a_json_line_hides_nothing_and_stays_json() {
        let value = serde_json::json!({"a": "x\u{9b}31m\u{202e}\u{feff}"});
        let line = json_line(&value.to_string());
        assert_eq!(line, r#"{"a":"x\u009b31m\u202e\ufeff"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }
}
