//! Where JSON values begin and end, without reading what is in them.
//!
//! A document is taken apart into slices of its own bytes, in one pass, without recursion: nesting of any depth costs a
//! counter, and a fault inside one record (bytes that are no UTF-8, a bad escape) stays with that record. Only what would
//! move the end of a value is held to the grammar: quotes, brackets, commas and colons of the levels that are opened.

use memchr::{memchr2, memmem};

/// Why a document cannot be taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// It ends inside a value.
    Off,
    /// At this byte stands what no JSON has there.
    At(usize),
}

impl Broken {
    /// The reason for a rejection.
    #[must_use]
    pub fn reason(self) -> String {
        match self {
            Broken::Off => "not JSON: it breaks off".to_owned(),
            Broken::At(at) => format!("not JSON: unexpected byte at {at}"),
        }
    }
}

/// Reads values one after the other.
#[derive(Clone, Debug)]
pub struct Scanner<'f> {
    bytes: &'f [u8],
    at: usize,
}

impl<'f> Scanner<'f> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'f [u8]) -> Scanner<'f> {
        Scanner { bytes, at: 0 }
    }

    /// The next byte that is no white space; `None` at the end.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// The place of the next byte.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    fn wrong<T>(&self) -> Result<T, Broken> {
        Err(if self.at < self.bytes.len() { Broken::At(self.at) } else { Broken::Off })
    }

    fn take(&mut self, wanted: u8) -> Result<(), Broken> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        self.wrong()
    }

    /// The bytes from a place to here.
    #[must_use]
    pub fn since(&self, start: usize) -> &'f [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Goes behind the string that begins here.
    fn skip_string(&mut self) -> Result<(), Broken> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(next) = memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(Broken::Off);
            };
            let is_end = rest.get(next) == Some(&b'"');
            self.at += next + if is_end { 1 } else { 2 };
            if is_end {
                return Ok(());
            }
        }
    }

    /// The next value.
    ///
    /// # Errors
    /// [`Broken`] when none begins here, or it does not end.
    pub fn value(&mut self) -> Result<&'f [u8], Broken> {
        let Some(first) = self.peek() else { return Err(Broken::Off) };
        let start = self.at;
        match first {
            b'"' => self.skip_string()?,
            b'{' | b'[' => {
                let mut depth = 0_u64;
                loop {
                    match self.bytes.get(self.at) {
                        None => return Err(Broken::Off),
                        Some(b'"') => {
                            self.skip_string()?;
                            continue;
                        }
                        Some(b'{' | b'[') => depth += 1,
                        Some(b'}' | b']') => depth -= 1,
                        Some(_) => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                let is_word = |b: &u8| matches!(b, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z');
                while self.bytes.get(self.at).is_some_and(is_word) {
                    self.at += 1;
                }
            }
            _ => return self.wrong(),
        }
        Ok(self.since(start))
    }

    /// Opens the list that begins here and hands over its values in turn.
    ///
    /// # Errors
    /// [`Broken`] when it is no list, or does not end.
    pub fn items(&mut self, mut each: impl FnMut(&'f [u8])) -> Result<(), Broken> {
        self.take(b'[')?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self.value()?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.wrong(),
            }
        }
    }

    /// Opens the object that begins here and hands over each name, as it is written between its quotes; whoever gets it
    /// takes the value.
    ///
    /// # Errors
    /// [`Broken`] when it is no object, or does not end.
    pub fn fields(&mut self, mut each: impl FnMut(&'f [u8], &mut Scanner<'f>) -> Result<(), Broken>) -> Result<(), Broken> {
        self.take(b'{')?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.wrong();
            }
            let start = self.at + 1;
            self.skip_string()?;
            let name = self.bytes.get(start..self.at - 1).unwrap_or_default();
            self.take(b':')?;
            each(name, self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.wrong(),
            }
        }
    }
}

/// The values of a list; `None` when the value is none.
#[must_use]
pub fn list(value: &[u8]) -> Option<Vec<&[u8]>> {
    let mut out = Vec::new();
    Scanner::new(value).items(|item| out.push(item)).ok().map(|()| out)
}

/// The first value of this name in an object.
#[must_use]
pub fn field<'f>(object: &'f [u8], name: &str) -> Option<&'f [u8]> {
    let mut found = None;
    let walked = Scanner::new(object).fields(|key, scanner| {
        let value = scanner.value()?;
        if key == name.as_bytes() && found.is_none() {
            found = Some(value);
        }
        Ok(())
    });
    walked.ok().and(found)
}

/// A string's text; `None` when the value is no string, or is a bad one.
#[must_use]
pub fn text(value: &[u8]) -> Option<String> {
    serde_json::from_slice(value).ok()
}

/// Whether bytes stand anywhere in others.
#[must_use]
pub fn contains(bytes: &[u8], part: &str) -> bool {
    memmem::find(bytes, part.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<&str>, Broken> {
        let mut out = Vec::new();
        Scanner::new(text.as_bytes()).items(|v| out.push(std::str::from_utf8(v).unwrap()))?;
        Ok(out)
    }

    #[test]
    fn values_end_where_they_end() {
        assert_eq!(items(r#" [ 1 ,"a]\"",{"b":["}"]} , [] ,null,-1.5e+3 ]"#).unwrap(), ["1", r#""a]\"""#, r#"{"b":["}"]}"#, "[]", "null", "-1.5e+3"]);
        assert_eq!(items("[]").unwrap(), [""; 0]);
        for (text, broken) in [("[1", Broken::Off), ("[1,]", Broken::At(3)), ("[1 2]", Broken::At(3)), (r#"["a]"#, Broken::Off), (r#"["\"#, Broken::Off), ("{}", Broken::At(0)), ("[", Broken::Off)] {
            assert_eq!(items(text), Err(broken), "{text}");
        }
    }

    #[test]
    fn names_and_their_values() {
        let object = br#"{"a": 1, "b\"": {"a": 2}, "a": 3}"#;
        assert_eq!(field(object, "a"), Some(&b"1"[..]));
        assert_eq!(field(object, r#"b\""#), Some(&br#"{"a": 2}"#[..]));
        assert_eq!(field(object, "c"), None);
        assert_eq!(field(br#"{"a": 1"#, "a"), None, "half an object has nothing");
        assert_eq!(text(br#""\u00e4""#).as_deref(), Some("ä"));
        assert_eq!(text(br#""\ud800""#), None);
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = format!("[{}{},1]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(items(&deep).unwrap().len(), 2);
        assert_eq!(items(&"[".repeat(100_000)), Err(Broken::Off));
    }
}
