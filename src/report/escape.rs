//! Text from logs and exports, made harmless for each format.
//!
//! User agents, session names, tags and policy values are written by whoever calls; a report that lets them act
//! is an attack on its reader.

use std::fmt::Write as _;

/// Whether a character could change how text around it is shown: controls, bidirectional marks, zero widths.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{061C}' | '\u{00AD}')
        // Shown as nothing: joiners, fillers, variation selectors, annotations, tags.
        || matches!(c, '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}')
        || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
        || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a byte of UTF-8 may begin a hidden character; most text has none of these and is taken as it is.
fn may_hide(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, 0x7F | 0xC2 | 0xCD | 0xD8 | 0xE1..=0xE3 | 0xEF | 0xF3)
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

/// As many characters of a text are shown where people read it. Nothing in AWS that is told by its name is nearly as long.
const MOST_SHOWN: usize = 2_000;

/// The text as [`visible`] has it; of one that is too long to be read the beginning, its length, and what tells it from others.
#[must_use]
pub fn short(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        None => visible(text),
        Some((end, _)) => format!("{}… ({} bytes, {})", visible(text.get(..end).unwrap_or_default()), text.len(), hash_of(text)),
    }
}

fn hash_of(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().take(4).map(|b| format!("{b:02x}")).collect()
}

/// Lines of JSON on their way to a reader, with hidden characters as JSON's own escapes.
pub struct JsonLines<W: std::io::Write> {
    to: W,
    /// The line that is not ended yet.
    line: Vec<u8>,
}

impl<W: std::io::Write> JsonLines<W> {
    /// To a writer.
    pub fn to(to: W) -> JsonLines<W> {
        JsonLines { to, line: Vec::new() }
    }
}

impl<W: std::io::Write> std::io::Write for JsonLines<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.line.extend_from_slice(piece);
            if self.line.pop_if(|b| *b == b'\n').is_some() {
                let is_plain = self.line.iter().all(|b| matches!(b, b' '..=b'~'));
                if !is_plain {
                    self.line = json_line(&String::from_utf8_lossy(&self.line)).into_bytes();
                }
                self.line.push(b'\n');
                self.to.write_all(&self.line)?;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
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

/// A file of JSON, with hidden characters as its own escapes: whoever looks at it sees what it says, and programs read the same.
#[must_use]
pub fn json_file(text: String) -> String {
    let is_plain = text.bytes().all(|b| matches!(b, b'\n' | b' '..=b'~'));
    if is_plain { text } else { file_text(&text, true) }
}

/// Whether a file of another form has nothing hidden. Names in AWS have no such characters, and not every form has an escape for them.
#[must_use]
pub fn is_plain_file(text: &str) -> bool {
    !text.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t')
}

/// For Markdown: no table cell, code span, link or tag can begin.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in short(text).chars() {
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
    // A name in front of which a dash stands is an option to whoever writes `rm *`.
    let reserved = safe.is_empty() || safe.starts_with(['.', '-']) || safe.ends_with('.') || is_device(&safe);
    if safe == text && !reserved {
        return safe;
    }
    let hash = hash_of(text);
    let rest = safe.trim_start_matches(['.', '-']).trim_end_matches('.');
    // A device stays one whatever stands behind its name.
    let before = if rest.is_empty() || is_device(rest) { "_" } else { "" };
    format!("{before}{rest}~{hash}")
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
        for bad in ["../../x", "..", "a/b", "", "con", "COM1.txt", ".hidden", "-rf", "--", ".-", "..-x", "-.x"] {
            let name = file_name(bad);
            assert!(!name.contains('/') && !name.starts_with(['.', '-', '~']) && name.contains('~') && !is_device(&name), "{bad} -> {name}");
        }
        assert_ne!(file_name("a/b"), file_name("a:b"));
    }

    #[test]
    fn long_texts_are_cut_and_stay_apart() {
        let long = |end: &str| short(&("x".repeat(1 << 20) + end));
        assert!(long("a").len() < 2_100 && long("a") != long("b") && long("a").contains("1048577 bytes"), "{}", long("a").len());
        assert_eq!(short(&"\u{e9}".repeat(2_000)), "\u{e9}".repeat(2_000));
    }

    #[test]
    fn lines_of_json_hide_nothing() {
        use std::io::Write as _;
        let mut out = Vec::new();
        let mut lines = JsonLines::to(&mut out);
        for piece in ["{\"a\": \"\u{202e}", "b\"}\n{}\n", "{\"c\": \"\u{9b}\"}\n"] {
            lines.write_all(piece.as_bytes()).unwrap();
        }
        lines.flush().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{\"a\": \"\\u202eb\"}\n{}\n{\"c\": \"\\u009b\"}\n");
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
        let mut lines = JsonLines::to(&mut file);
        serde_json::to_writer_pretty(&mut lines, &value).unwrap();
        std::io::Write::write_all(&mut lines, b"\n").unwrap();
        assert_eq!(String::from_utf8(file).unwrap(), file_text(&serde_json::to_string_pretty(&value).unwrap(), true) + "\n");
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
