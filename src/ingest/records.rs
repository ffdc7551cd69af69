//! The quick way through CloudTrail's own files: one pass over `{"Records": […]}`, each record handed out as it is met. Every
//! other carrier, and every file in which something is not as it should be, goes the long way (`decode`).

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fields::Raw;

/// How far into a file the name of the list is looked for.
const HEAD: usize = 256;

/// Hands out the records of a text; `false`: this is no file of CloudTrail's own, or the taker wants the long way. What was handed
/// out by then is to be forgotten.
pub fn each_record<'t>(text: &'t str, mut take: impl FnMut(Raw<'t>) -> bool) -> bool {
    let head = text.as_bytes().get(..text.len().min(HEAD)).unwrap_or_default();
    if !text.starts_with('{') || !head.windows(9).any(|w| w == b"\"Records\"") {
        return false;
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    Document(&mut take).deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

struct Document<'f, F>(&'f mut F);
struct List<'f, F>(&'f mut F);

impl<'de, F: FnMut(Raw<'de>) -> bool> DeserializeSeed<'de> for Document<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Raw<'de>) -> bool> Visitor<'de> for Document<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with Records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "Records" if found => return Err(A::Error::custom("Records twice")),
                "Records" => {
                    map.next_value_seed(List(&mut *self.0))?;
                    found = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if found { Ok(()) } else { Err(A::Error::custom("no Records")) }
    }
}

impl<'de, F: FnMut(Raw<'de>) -> bool> DeserializeSeed<'de> for List<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Raw<'de>) -> bool> Visitor<'de> for List<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(raw) = seq.next_element::<Raw<'de>>()? {
            if !(self.0)(raw) {
                return Err(A::Error::custom("the long way"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::fields::Fields;

    fn names(text: &str) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let done = each_record(text, |raw| {
            let name = Fields::of(&raw).unwrap().event_name;
            names.extend(name.map(|n| n.into_owned()));
            true
        });
        done.then_some(names)
    }

    #[test]
    fn only_files_of_the_usual_form_go_the_quick_way() {
        let two = r#"{"Records": [{"eventName": "A", "requestParameters": {"Records": [1]}}, {"eventName": "B"}], "more": {"x": [null]}}"#;
        assert_eq!(names(two).unwrap(), ["A", "B"]);
        assert_eq!(names(r#"{"Records":[]}"#).unwrap(), [""; 0]);
        for long in [
            r#"[{"eventName": "A"}]"#,
            r#"{"Records": [{"eventName": "A"}, 1]}"#,
            r#"{"Records": [{"eventName": "A"}"#,
            r#"{"Records": [{"eventName": "A", "eventName": "B"}]}"#,
            r#"{"Records": [], "Records": []}"#,
            r#"{"Records": []} {"Records": []}"#,
            r#"{"Records": {}}"#,
            r#"{"eventName": "\"Records\""}"#,
        ] {
            assert_eq!(names(long), None, "{long}");
        }
    }
}
