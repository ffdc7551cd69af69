//! Request parameters, flattened straight from their JSON text: every text in them with the name it stands under,
//! whatever the nesting.
//!
//! Containers (`items`, `member`, `content`) give no name, because each service nests as it likes. Tags and filters
//! are kept apart: their keys and values are the caller's own words and name no resource. Values are
//! attacker-controlled: one that could act as a wildcard in an ARN is never used in one.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::names::{NameKey, hash};

/// How deep and how many values are looked at; a request with more gets type-level ARNs.
pub(super) const MAX_DEPTH: u8 = 24;
pub(super) const MAX_VALUES: usize = 4000;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    hash: u64,
    name: Cow<'a, str>,
    /// `None` for a name that holds an object, a list, a boolean or null.
    value: Option<Cow<'a, str>>,
    depth: u8,
    /// Hash of the name of what it stands in.
    parent: u64,
    /// Number of the object it stands in.
    object: u32,
    aside: Aside,
    /// The value may stand in an ARN, and is not aside.
    offered: bool,
}

/// Whether a text stands among the caller's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    No,
    Tags,
    Filters,
}

/// Flattened parameters in document order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    objects: u32,
    /// The text broke off, or held more than is looked at.
    pub(super) cut: bool,
}

impl<'a> Params<'a> {
    /// Flattens the JSON text of a value; a text that is no object or list gives no parameters.
    #[must_use]
    pub fn of(json: &'a str) -> Params<'a> {
        Params::quick(json).unwrap_or_else(|| Params::slow(json))
    }

    /// The same by serde_json, which takes every text.
    pub(super) fn slow(json: &'a str) -> Params<'a> {
        let mut params = Params::default();
        if json.starts_with(['{', '[']) {
            let mut reader = serde_json::Deserializer::from_str(json);
            let broken = Walk::of(&mut params, &Cow::Borrowed("")).deserialize(&mut reader).is_err();
            params.cut = broken || params.entries.len() >= MAX_VALUES;
            params.leave_open();
        }
        params
    }

    /// Notes an object under its name, in what it stands in (the name's hash, the object); its number.
    #[expect(clippy::ptr_arg, reason = "the name is kept as it is, borrowed or not")]
    pub(super) fn open_object(&mut self, name: &Cow<'a, str>, hash: u64, (parent, object): (u64, u32), depth: u8, aside: Aside) -> u32 {
        if depth > 0 && self.entries.len() < MAX_VALUES {
            self.entries.push(Entry { hash, name: name.clone(), value: None, depth, parent, object, aside, offered: false });
        }
        self.objects += 1;
        self.objects
    }

    /// Of texts under one name and depth of which one cannot be used none is offered: the others are not all.
    pub(super) fn leave_open(&mut self) {
        // So far a text outside tags and filters is offered if it can be used.
        let is_bad = |e: &&Entry<'a>| e.aside == Aside::No && e.value.is_some() && !e.offered;
        let bad: Vec<(u64, u8)> = self.entries.iter().filter(is_bad).map(|e| (e.hash, e.depth)).collect();
        if !bad.is_empty() {
            self.entries.iter_mut().filter(|e| bad.contains(&(e.hash, e.depth))).for_each(|e| e.offered = false);
        }
    }

    /// The texts under a name, of its highest place only: `name` at the top is the resource's, `name` deeper down is some
    /// part's. None at all when one of them cannot be used, or when the parameters were cut.
    pub fn get<'s>(&'s self, name: &'s NameKey) -> impl Iterator<Item = &'s str> + 's {
        let found = move |e: &&Entry<'a>| e.aside == Aside::No && e.value.is_some() && name.is(&e.name, e.hash);
        let top = self.entries.iter().filter(found).map(|e| e.depth).min().filter(|_| !self.cut);
        let at_top = move |e: &&Entry<'a>| Some(e.depth) == top && found(e);
        self.entries.iter().filter(move |e| e.offered && at_top(e)).filter_map(|e| e.value.as_deref())
    }

    /// The texts under a name, of its highest place only, be they of use or not.
    pub fn raw<'s>(&'s self, name: &'s NameKey) -> impl Iterator<Item = &'s str> + 's {
        let found = move |e: &&Entry<'a>| e.aside == Aside::No && e.value.is_some() && name.is(&e.name, e.hash);
        let top = self.entries.iter().filter(found).map(|e| e.depth).min().filter(|_| !self.cut);
        self.entries.iter().filter(move |e| Some(e.depth) == top && found(e)).filter_map(|e| e.value.as_deref())
    }

    /// The usable texts under a name that stand right in something of another name (`placement.groupName`), tags included;
    /// `top` is the highest level that has texts.
    pub fn under<'s>(&'s self, parent: &'s NameKey, name: &'s NameKey) -> impl Iterator<Item = &'s str> + 's {
        let is_top = parent.as_str() == "top";
        let level = self.entries.iter().filter(|e| e.aside == Aside::No && e.value.is_some()).map(|e| e.depth).min();
        let found = move |e: &&Entry<'a>| {
            name.is(&e.name, e.hash) && e.value.is_some() && if is_top { Some(e.depth) == level } else { e.parent == parent.hash() }
        };
        let whole = !self.cut && self.entries.iter().filter(found).all(|e| e.value.as_deref().is_some_and(usable));
        self.entries.iter().filter(move |e| whole && found(e)).filter_map(|e| e.value.as_deref())
    }

    /// The texts under a name in those objects in which another name has this text (`tableName` beside `operation`).
    pub fn beside<'s>(&'s self, name: &'s NameKey, other: &'s NameKey, text: &'s str) -> impl Iterator<Item = &'s str> + 's {
        let has = move |object: u32| {
            self.entries.iter().any(|e| e.object == object && other.is(&e.name, e.hash) && e.value.as_deref().is_some_and(|v| v.eq_ignore_ascii_case(text)))
        };
        self.entries.iter().filter(move |e| name.is(&e.name, e.hash) && has(e.object)).filter_map(|e| e.value.as_deref())
    }

    /// The texts under a name wherever it stands, tags and filters included.
    pub fn everywhere<'s>(&'s self, name: &'s NameKey) -> impl Iterator<Item = &'s str> + 's {
        self.entries.iter().filter(move |e| name.is(&e.name, e.hash)).filter_map(|e| e.value.as_deref())
    }

    /// Whether a parameter of this name is there: not null and not an empty list.
    #[must_use]
    pub fn has(&self, name: &NameKey) -> bool {
        self.entries.iter().any(|e| name.is(&e.name, e.hash))
    }

    /// Whether a parameter may have this name; quick to say no.
    #[must_use]
    pub fn may_have(&self, name: &NameKey) -> bool {
        self.entries.iter().any(|e| e.hash == name.hash())
    }

    /// Whether there is a tag.
    #[must_use]
    pub fn has_tags(&self) -> bool {
        self.entries.iter().any(|e| e.aside == Aside::Tags && e.value.is_some())
    }

    /// Every usable text outside tags and filters, with its name and depth.
    pub fn all(&self) -> impl Iterator<Item = (&str, u8, &str)> {
        self.entries
            .iter()
            .filter(|e| e.offered && !self.cut)
            .filter_map(|e| Some((&*e.name, e.depth, e.value.as_deref()?)))
    }

    /// Every usable text that starts like an ARN, with its depth: 1 at the top. Texts under the names given are none.
    pub fn arns_but<'s>(&'s self, words: &'s [NameKey]) -> impl Iterator<Item = (&'s str, u8)> {
        let entries = self.entries.iter().filter(|e| e.offered && !self.cut);
        entries
            .filter_map(|e| Some((e, e.value.as_deref().filter(|v| v.starts_with("arn:"))?)))
            .filter(|(e, _)| !words.iter().any(|w| w.is(&e.name, e.hash)))
            .map(|(e, v)| (v, e.depth))
    }

    /// Every usable text that starts like an ARN, with its depth.
    pub fn arns(&self) -> impl Iterator<Item = (&str, u8)> {
        self.arns_but(&[])
    }
}

/// Parameters that are flattened when they are first asked for: few calls need their response, and where the event lists its
/// resources not even the request is needed.
#[derive(Debug)]
pub struct LazyParams<'a> {
    json: &'a str,
    params: OnceCell<Params<'a>>,
}

impl<'a> LazyParams<'a> {
    /// Keeps the JSON text for later.
    #[must_use]
    pub fn of(json: &'a str) -> LazyParams<'a> {
        LazyParams { json, params: OnceCell::new() }
    }

    /// The flattened parameters.
    pub fn get(&self) -> &Params<'a> {
        self.params.get_or_init(|| Params::of(self.json))
    }
}

pub(super) fn is_container(name: &str) -> bool {
    matches!(name, "items" | "item" | "member" | "content")
}

/// Whether callers put words of their own under this name: `tags`, `TagSet`, `customModelTags`, `filterSet`, …
pub(super) fn aside(name: &str) -> Aside {
    const TAGS: &[&str] = &["tag", "tags", "tagset", "tagging", "taglist", "tagslist", "tagspecification", "tagspecifications", "tagspecificationset"];
    const FILTERS: &[&str] = &["filter", "filters", "filterset"];
    let ends = |with: &&str| {
        name.len().checked_sub(with.len()).and_then(|at| name.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(with))
    };
    // Every word for tags has this letter, and few other names have.
    let may_end = memchr::memchr2(b'g', b'G', name.as_bytes()).is_some();
    if may_end && TAGS.iter().any(ends) {
        Aside::Tags
    } else if FILTERS.iter().any(|f| name.eq_ignore_ascii_case(f)) {
        Aside::Filters
    } else {
        Aside::No
    }
}

/// Whether a value may stand in an ARN: not empty, no wildcard, no variable, no control character, not redacted.
#[must_use]
pub fn usable(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 1024
        // Without a way out in the middle, so that many bytes are looked at together.
        && !value.bytes().fold(false, |any, b| any | (b < 0x20) | (b == 0x7f) | (b == b'*') | (b == b'?') | (b == b'$'))
        && value != "HIDDEN_DUE_TO_SECURITY_REASONS"
        && (value.is_ascii() || !value.chars().any(char::is_control))
}

/// One level of the walk.
pub(super) struct Walk<'p, 'n, 'a> {
    pub(super) params: &'p mut Params<'a>,
    pub(super) name: &'n Cow<'a, str>,
    pub(super) hash: u64,
    pub(super) parent: u64,
    pub(super) object: u32,
    pub(super) depth: u8,
    pub(super) aside: Aside,
    /// The mark is of this very name, not of what it stands in.
    pub(super) fresh: bool,
}

impl<'p, 'n, 'a> Walk<'p, 'n, 'a> {
    /// The outermost level, which has no name.
    pub(super) fn of(params: &'p mut Params<'a>, name: &'n Cow<'a, str>) -> Walk<'p, 'n, 'a> {
        Walk { params, name, hash: hash(""), parent: 0, object: 0, depth: 0, aside: Aside::No, fresh: false }
    }

    pub(super) fn push(self, value: Option<Cow<'a, str>>) {
        if self.depth > 0 && self.params.entries.len() < MAX_VALUES {
            let Walk { params, name, hash, parent, object, depth, aside: around, fresh } = self;
            // `imageTag: v1` is a tag by name only; tags are objects.
            let aside = if fresh && around == Aside::Tags { Aside::No } else { around };
            let offered = aside == Aside::No && value.as_deref().is_some_and(usable);
            params.entries.push(Entry { hash, name: name.clone(), value, depth, parent, object, aside, offered });
        }
    }
}

/// An object's key, borrowed where it has no escapes.
pub struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(v.to_owned()))
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > MAX_DEPTH || self.params.entries.len() >= MAX_VALUES {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<(), E> {
        self.push(Some(Cow::Borrowed(v)));
        Ok(())
    }

    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        self.push(Some(Cow::Owned(v.to_owned())));
        Ok(())
    }

    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        self.push(Some(Cow::Owned(v.to_string())));
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.push(None);
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.push(None);
        Ok(())
    }

    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        self.push(Some(Cow::Borrowed(if v { "true" } else { "false" })));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Walk { params, name, hash, parent, object, depth, aside, .. } = self;
        while list.next_element_seed(Walk { params: &mut *params, name, hash, parent, object, depth, aside, fresh: false })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Walk { params, name, hash: own_hash, parent: above, object: outer, depth, aside: own_aside, .. } = self;
        let object = params.open_object(name, own_hash, (above, outer), depth, own_aside);
        while let Some(key) = map.next_key_seed(Key)? {
            if is_container(&key) && depth > 0 {
                let inner = Walk { params: &mut *params, name, hash: own_hash, parent: above, object, depth: depth + 1, aside: own_aside, fresh: false };
                map.next_value_seed(inner)?;
            } else {
                let fresh = own_aside == Aside::No;
                let (hash, aside) = (hash(&key), if fresh { aside(&key) } else { own_aside });
                map.next_value_seed(Walk { params: &mut *params, name: &key, hash, parent: own_hash, object, depth: depth + 1, aside, fresh })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(json: &str, name: &str) -> Vec<String> {
        Params::of(json).get(&NameKey::of(name)).map(str::to_owned).collect()
    }

    #[test]
    fn the_highest_place_of_a_name_counts() {
        let json = r#"{"part":{"name":"inner"},"name":"outer","list":[{"Id":"a"},{"id":"b"}]}"#;
        assert_eq!(get(json, "name"), ["outer"]);
        assert_eq!(get(json, "ID"), ["a", "b"]);
    }

    #[test]
    fn containers_have_no_name_and_tags_no_resource() {
        let json = r#"{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]},"tagSet":{"items":[{"key":"k","value":"v"}]},"names":{"member":["x","y"]}}"#;
        assert_eq!(get(json, "instanceId"), ["i-1", "i-2"]);
        assert_eq!(get(json, "names"), ["x", "y"]);
        assert!(get(json, "key").is_empty());
        assert!(Params::of(json).has(&NameKey::of("tagSet")));
        assert_eq!(Params::of(json).everywhere(&NameKey::of("key")).collect::<Vec<_>>(), ["k"]);
    }

    #[test]
    fn what_stands_where() {
        let json = r#"{"placement":{"groupId":"pg-1"},"groupSet":{"items":[{"groupId":"sg-1"}]},"requestItems":[{"operation":"Put","tableName":"A"},{"operation":"Delete","tableName":"B"}],"userPoolTags":{"a":"b"}}"#;
        let params = Params::of(json);
        let key = NameKey::of;
        assert_eq!(params.under(&key("groupSet"), &key("groupId")).collect::<Vec<_>>(), ["sg-1"]);
        assert_eq!(params.beside(&key("tableName"), &key("operation"), "put").collect::<Vec<_>>(), ["A"]);
        assert!(params.has_tags());
    }

    #[test]
    fn numbers_and_broken_texts() {
        assert_eq!(get(r#"{"versionNumber":3,"on":true,"none":null}"#, "versionNumber"), ["3"]);
        assert!(!Params::of(r#"{"none":null}"#).has(&NameKey::of("none")));
        assert!(get(r#"{"a":"x","b":{"#, "a").is_empty(), "a text that breaks off tells nothing for sure");
        assert!(get(r#"{"names":["/a/b","/x/$y"]}"#, "names").is_empty(), "one name that cannot be used leaves the list open");
        assert!(!Params::of(r#"{"imageTag":"v1","enableECSManagedTags":false}"#).has_tags());
        let tagged = r#"{"userPoolTags":{"costTag":"x"},"names":["a"]}"#;
        assert!(Params::of(tagged).has_tags() && get(tagged, "costTag").is_empty());
        assert!(Params::of(r#"{"groups":["arn:aws:x:::a:*","arn:aws:x:::b"]}"#).arns().next().is_none());
        assert!(get("null", "a").is_empty() && get("\"text\"", "a").is_empty() && get("", "a").is_empty());
    }

    #[test]
    fn what_may_stand_in_an_arn() {
        assert!(usable("a/b c") && usable("äö"));
        for bad in ["", "*", "a?", "${x}", "a\nb", "\u{7f}", "\u{85}", "HIDDEN_DUE_TO_SECURITY_REASONS"] {
            assert!(!usable(bad), "{bad:?}");
        }
    }
}
