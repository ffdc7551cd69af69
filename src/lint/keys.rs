//! Condition keys: the global ones with their types, and those that actions of the reference have.

use std::collections::{HashMap, HashSet};

use crate::reference::Reference;

/// What a key's values are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KeyType {
    Text,
    Arn,
    Boolean,
    Number,
    Date,
    /// A date, or seconds since 1970 as a number.
    DateOrNumber,
    Ip,
}

/// A global condition key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct GlobalKey {
    pub kind: KeyType,
    /// Whether a request can have several values.
    pub many: bool,
    /// Whether a tag's key follows after `/`.
    pub tag: bool,
}

/// The global condition keys in small letters. Source: IAM User Guide, "AWS global condition context keys"; two that only AWS's own
/// managed policies name (`aws:IsMcpServiceAction`, `aws:PrincipalOrgMasterAccountId`).
const GLOBAL: &[(&str, KeyType, bool)] = &[
    ("aws:assumedroot", KeyType::Text, false),
    ("aws:calledvia", KeyType::Text, true),
    ("aws:calledviafirst", KeyType::Text, false),
    ("aws:calledvialast", KeyType::Text, false),
    ("aws:calledviaawsmcp", KeyType::Text, false),
    ("aws:chatbotsourcearn", KeyType::Arn, false),
    ("aws:currenttime", KeyType::Date, false),
    ("aws:ec2instancesourceprivateipv4", KeyType::Ip, false),
    ("aws:ec2instancesourcevpc", KeyType::Text, false),
    ("aws:epochtime", KeyType::DateOrNumber, false),
    ("aws:federatedprovider", KeyType::Text, false),
    ("aws:ismcpserviceaction", KeyType::Boolean, false),
    ("aws:multifactorauthage", KeyType::Number, false),
    ("aws:multifactorauthpresent", KeyType::Boolean, false),
    ("aws:principalaccount", KeyType::Text, false),
    ("aws:principalarn", KeyType::Arn, false),
    ("aws:principalisawsservice", KeyType::Boolean, false),
    ("aws:principalorgid", KeyType::Text, false),
    ("aws:principalorgmasteraccountid", KeyType::Text, false),
    ("aws:principalorgpaths", KeyType::Text, true),
    ("aws:principalservicename", KeyType::Text, false),
    ("aws:principalservicenameslist", KeyType::Text, true),
    ("aws:principaltag", KeyType::Text, false),
    ("aws:principaltype", KeyType::Text, false),
    ("aws:referer", KeyType::Text, false),
    ("aws:requestedregion", KeyType::Text, false),
    ("aws:requesttag", KeyType::Text, false),
    ("aws:resourceaccount", KeyType::Text, false),
    ("aws:resourceorgid", KeyType::Text, false),
    ("aws:resourceorgpaths", KeyType::Text, true),
    ("aws:resourcetag", KeyType::Text, false),
    ("aws:securetransport", KeyType::Boolean, false),
    ("aws:signinsessionarn", KeyType::Arn, false),
    ("aws:sourceaccount", KeyType::Text, false),
    ("aws:sourcearn", KeyType::Arn, false),
    ("aws:sourceidentity", KeyType::Text, false),
    ("aws:sourceip", KeyType::Ip, false),
    ("aws:sourceorgid", KeyType::Text, false),
    ("aws:sourceorgpaths", KeyType::Text, true),
    ("aws:sourceowner", KeyType::Text, false),
    ("aws:sourcevpc", KeyType::Text, false),
    ("aws:sourcevpcarn", KeyType::Arn, false),
    ("aws:sourcevpce", KeyType::Text, false),
    ("aws:tagkeys", KeyType::Text, true),
    ("aws:tokenissuetime", KeyType::Date, false),
    ("aws:useragent", KeyType::Text, false),
    ("aws:userid", KeyType::Text, false),
    ("aws:username", KeyType::Text, false),
    ("aws:viaawsmcpservice", KeyType::Boolean, false),
    ("aws:viaawsservice", KeyType::Boolean, false),
    ("aws:vpceaccount", KeyType::Text, false),
    ("aws:vpceorgid", KeyType::Text, false),
    ("aws:vpceorgpaths", KeyType::Text, true),
    ("aws:vpcsourceip", KeyType::Ip, false),
];

/// Global keys that are followed by `/` and a tag's key.
const TAGS: &[&str] = &["aws:principaltag", "aws:requesttag", "aws:resourcetag"];

/// The beginning of a key's name up to what varies in it, in small letters; and whether something varies.
fn fixed_part(key: &str) -> (String, bool) {
    let end = key.find("${").into_iter().chain(key.find('<')).min();
    (key.get(..end.unwrap_or(key.len())).unwrap_or(key).to_ascii_lowercase(), end.is_some())
}

/// What is known of a key by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    Global(GlobalKey),
    /// `aws:` and no such key.
    NotGlobal,
    /// Some action of the reference has it.
    OfService,
    /// A service of the reference, and none of its actions has it.
    NotOfService,
    /// Its beginning is no service: a tag key of an identity provider, such as `accounts.google.com:sub`.
    OfProvider,
    /// Its beginning is nothing that is known.
    NoService,
}

/// All keys by name.
pub(super) struct Keys {
    global: HashMap<&'static str, GlobalKey>,
    exact: HashSet<String>,
    /// Beginnings of keys of which a part varies, by what stands before the colon.
    beginnings: HashMap<String, Vec<String>>,
    /// Beginnings of keys and of actions.
    prefixes: HashSet<String>,
    /// Services none of whose actions has a tag key, by the key.
    without_tags: HashMap<&'static str, HashSet<String>>,
}

impl Keys {
    pub(super) fn new(reference: &Reference) -> Keys {
        let global = GLOBAL.iter().map(|(name, kind, many)| (*name, GlobalKey { kind: *kind, many: *many, tag: TAGS.contains(name) })).collect();
        let mut keys = Keys { global, exact: HashSet::new(), beginnings: HashMap::new(), prefixes: HashSet::new(), without_tags: HashMap::new() };
        keys.prefixes.extend(reference.services().iter().map(|s| s.prefix.clone()));
        let mut seen: HashSet<&str> = HashSet::new();
        let mut with_tags: HashMap<&'static str, HashSet<u32>> = HashMap::new();
        for id in reference.actions() {
            let Some(action) = reference.action(id) else { continue };
            for key in &action.condition_keys {
                let lower = key.to_ascii_lowercase();
                for tag in ["aws:requesttag", "aws:resourcetag", "aws:tagkeys"] {
                    if lower.starts_with(tag) {
                        with_tags.entry(tag).or_default().insert(action.service);
                    }
                }
                if seen.insert(key) {
                    keys.put(key);
                }
            }
        }
        for tag in ["aws:requesttag", "aws:resourcetag", "aws:tagkeys"] {
            let none = HashSet::new();
            let with = with_tags.get(tag).unwrap_or(&none);
            // Of IAM and STS the reference tells less than their guides: both know the tags of roles and users.
            let without = reference.services().iter().zip(0u32..).filter(|(s, at)| !with.contains(at) && !matches!(s.prefix.as_str(), "iam" | "sts"));
            keys.without_tags.insert(tag, without.map(|(s, _)| s.prefix.clone()).collect());
        }
        keys
    }

    fn put(&mut self, key: &str) {
        let (fixed, varies) = fixed_part(key);
        let prefix = fixed.split(':').next().unwrap_or_default().to_owned();
        if !prefix.contains('.') {
            self.prefixes.insert(prefix.clone());
        }
        if varies {
            self.beginnings.entry(prefix).or_default().push(fixed);
        } else {
            self.exact.insert(fixed);
        }
    }

    /// A global key by its name in small letters.
    pub(super) fn global(&self, lower: &str) -> Option<GlobalKey> {
        let name = lower.split('/').next().unwrap_or(lower);
        self.global.get(name).copied().filter(|key| key.tag || name.len() == lower.len())
    }

    /// What is known of a key, its name in small letters.
    pub(super) fn known(&self, lower: &str) -> Known {
        let prefix = lower.split(':').next().unwrap_or_default();
        if prefix == "aws" {
            return self.global(lower).map_or(Known::NotGlobal, Known::Global);
        }
        let begins = |list: &Vec<String>| list.iter().any(|b| lower.len() > b.len() && lower.starts_with(b.as_str()));
        if self.exact.contains(lower) || self.beginnings.get(prefix).is_some_and(begins) {
            return Known::OfService;
        }
        if prefix.contains('.') || prefix == "saml" {
            return Known::OfProvider;
        }
        if self.prefixes.contains(prefix) { Known::NotOfService } else { Known::NoService }
    }

    /// Whether the key is one that a tag's key must follow, and none does; its name in small letters.
    pub(super) fn lacks_tag(&self, lower: &str) -> bool {
        let name = lower.strip_suffix('/').unwrap_or(lower);
        if TAGS.contains(&name) {
            return true;
        }
        let prefix = name.split(':').next().unwrap_or_default();
        let with_slash = format!("{name}/");
        self.beginnings.get(prefix).is_some_and(|list| list.contains(&with_slash)) && !self.exact.contains(name)
    }

    /// Whether the keys of an action have this one, its name in small letters.
    pub(super) fn is_of(list: &[String], lower: &str) -> bool {
        list.iter().any(|key| {
            let (fixed, varies) = fixed_part(key);
            if varies { lower.len() > fixed.len() && lower.starts_with(&fixed) } else { lower == fixed }
        })
    }

    /// The tag key that this is, of which services may know nothing: its name up to the `/`, in small letters.
    pub(super) fn tag_key(lower: &str) -> Option<&'static str> {
        let name = lower.split('/').next().unwrap_or(lower);
        ["aws:requesttag", "aws:resourcetag", "aws:tagkeys"].into_iter().find(|tag| *tag == name)
    }

    /// Whether no action of the service has the tag key.
    pub(super) fn lacks_tag_key(&self, service: &str, tag: &str) -> bool {
        self.without_tags.get(tag).is_some_and(|services| services.contains(service))
    }
}
