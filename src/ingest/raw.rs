//! Values of a record where they stand in its text. Most texts have no escapes and are borrowed.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::scan;

/// A value as it stands in the text: one whole value of JSON, without white space around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Json<'a> {
    text: &'a str,
    /// It is known to be a text without escapes.
    is_plain: bool,
}

impl<'a> Json<'a> {
    /// A value that was found by one who holds to the grammar.
    pub(super) fn found(text: &'a str) -> Json<'a> {
        Json { text, is_plain: false }
    }

    /// The value that begins at a place of a text, and the place behind it; see [`scan`].
    pub(super) fn at(text: &'a str, start: usize) -> Option<(Json<'a>, usize)> {
        let bytes = text.as_bytes();
        let (end, is_plain) = match bytes.get(start) {
            Some(b'"') => scan::string(bytes, start).map(|(end, has_escapes)| (end, !has_escapes))?,
            _ => (scan::value(bytes, start)?, false),
        };
        Some((Json { text: text.get(start..end)?, is_plain }, end))
    }

    /// Its text.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.text
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json<'a>, D::Error> {
        <&'a RawValue>::deserialize(deserializer).map(|raw| Json::found(raw.get()))
    }
}

/// Where an object keeps the value of a field.
pub(super) type Place<T, V> = fn(&mut T) -> &mut Option<V>;

/// An object's fields by [`scan`]: fills what `place` has a place for. `None` where that is not all there is to say: an escape in a
/// name, a field that stands twice or is null, what is no object.
pub(super) fn quick_object<'a, T: Default>(text: &'a str, place: impl Fn(&str) -> Option<Place<T, Json<'a>>>) -> Option<T> {
    let bytes = text.as_bytes();
    let mut object = T::default();
    let mut at = scan::past(bytes, 0, b'{')?;
    if scan::past(bytes, at, b'}').is_some() {
        return Some(object);
    }
    loop {
        let start = scan::blank(bytes, at);
        let (end, has_escapes) = scan::string(bytes, start)?;
        let name = text.get(start + 1..end - 1).filter(|_| !has_escapes)?;
        let (value, end) = Json::at(text, scan::blank(bytes, scan::past(bytes, end, b':')?))?;
        if let Some(place) = place(name) {
            let own = place(&mut object);
            if own.is_some() || value.get() == "null" {
                return None;
            }
            *own = Some(value);
        }
        match scan::past(bytes, end, b',') {
            Some(next) => at = next,
            None => return scan::past(bytes, end, b'}').map(|_| object),
        }
    }
}

/// Declares an object of a record by its fields, each where it stands in the text. Unlike a derived one it is never read from a
/// list. A field that stands twice is an error: nobody knows which of the two was meant.
macro_rules! raw_object {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $key:literal $(| $other:literal)?,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        pub struct $name<'a> {
            $(pub(super) $field: Option<$crate::ingest::raw::Json<'a>>,)*
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $name<'de>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        $(let mut $field = false;)*
                        while let Some(key) = map.next_key_seed($crate::reference::mapping::Key)? {
                            match &*key {
                                $($key $(| $other)? => {
                                    if std::mem::replace(&mut $field, true) {
                                        return Err(serde::de::Error::duplicate_field($key));
                                    }
                                    object.$field = map.next_value()?;
                                })*
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }

        impl<'a> $name<'a> {
            /// Where the value of a field is kept; `None` for a field that is not read.
            #[allow(dead_code, reason = "the fuzz crate maps in the rooms that it needs, not the quick way")]
            pub(super) fn place(key: &str) -> Option<$crate::ingest::raw::Place<$name<'a>, $crate::ingest::raw::Json<'a>>> {
                match key {
                    $($key $(| $other)? => Some(|object| &mut object.$field),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use raw_object;

/// A text; numbers and booleans as text, empty, null and everything else as absent.
#[must_use]
pub fn text<'a>(raw: Option<Json<'a>>) -> Option<Cow<'a, str>> {
    let raw = raw?;
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' => {
            let inner = json.get(1..json.len().checked_sub(1)?)?;
            if !raw.is_plain && inner.as_bytes().contains(&b'\\') {
                serde_json::from_str(json).ok().filter(|s: &String| !s.is_empty()).map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(inner)).filter(|s| !s.is_empty())
            }
        }
        b't' | b'f' => Some(Cow::Borrowed(json)),
        b'n' | b'{' | b'[' => None,
        _ => serde_json::from_str::<serde_json::Number>(json).ok().map(|n| Cow::Owned(n.to_string())),
    }
}

/// A boolean that may be written as a text.
#[must_use]
pub fn boolean(raw: Option<Json<'_>>) -> Option<bool> {
    let word = text(raw.filter(|raw| raw.get().starts_with(['t', 'f', '"'])))?;
    if word.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        word.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// The JSON text of an object or list. Some exporters write it as a text of its own; that text is read then.
#[must_use]
pub fn json<'a>(raw: Option<Json<'a>>) -> Cow<'a, str> {
    match raw.map_or("", Json::get) {
        quoted if quoted.starts_with('"') => Cow::Owned(serde_json::from_str(quoted).unwrap_or_default()),
        json => Cow::Borrowed(json),
    }
}

/// A value of a form; absent where it has another.
#[must_use]
pub fn read<T: DeserializeOwned + Default>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Json<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn texts_are_borrowed_or_read() {
        for (json, want) in [
            (r#""plain""#, Some("plain")),
            (r#""a\u0062\"""#, Some("ab\"")),
            (r#""""#, None),
            (r#""\ud800""#, None),
            ("true", Some("true")),
            ("12", Some("12")),
            ("1e2", Some("100.0")),
            ("null", None),
            ("{}", None),
            (r#"["x"]"#, None),
        ] {
            assert_eq!(text(Some(raw(json))).as_deref(), want, "{json}");
        }
        assert!(matches!(text(Some(raw(r#""plain""#))), Some(Cow::Borrowed(_))));
        assert_eq!(text(None), None);
    }

    #[test]
    fn booleans_are_booleans_or_their_words() {
        for (json, want) in [("true", Some(true)), (r#""False""#, Some(false)), (r#""yes""#, None), ("1", None), ("null", None), ("{}", None)] {
            assert_eq!(boolean(Some(raw(json))), want, "{json}");
        }
    }
}
