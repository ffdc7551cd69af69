//! Values of a record where they stand in its text. Most texts have no escapes and are borrowed.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Declares an object of a record by its fields, each where it stands in the text. Unlike a derived one it is never read from a
/// list. A field that stands twice is an error: nobody knows which of the two was meant.
macro_rules! raw_object {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $key:literal $(| $other:literal)?,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        pub struct $name<'a> {
            $(pub(super) $field: Option<&'a serde_json::value::RawValue>,)*
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
    };
}
pub(super) use raw_object;

/// A text; numbers and booleans as text, empty, null and everything else as absent.
#[must_use]
pub fn text<'a>(raw: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
    let json = raw?.get();
    match json.as_bytes().first()? {
        b'"' => {
            let inner = json.get(1..json.len().checked_sub(1)?)?;
            if inner.as_bytes().contains(&b'\\') {
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
pub fn boolean(raw: Option<&RawValue>) -> Option<bool> {
    let word = text(raw?.get().starts_with(['t', 'f', '"']).then_some(raw?))?;
    if word.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        word.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// The JSON text of an object or list. Some exporters write it as a text of its own; that text is read then.
#[must_use]
pub fn json<'a>(raw: Option<&'a RawValue>) -> Cow<'a, str> {
    match raw.map_or("", RawValue::get) {
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

    fn raw(json: &str) -> &RawValue {
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
