//! The condition keys that a record tells. Source: inputs-and-evaluation.md section 3.6.

use std::borrow::Cow;

use serde_json::Value;

use super::fields::Text;
use super::identity::Caller;
use crate::aws::secret::hashed;
use crate::event::EventRow;

/// Keys with their values, in order of the key.
pub type Keys<'a> = Vec<(Text<'a>, Text<'a>)>;

/// Keys of the context that are few enough to group calls by.
const CLASS_KEYS: &[&str] = &["aws:CalledVia", "aws:MultiFactorAuthPresent", "aws:SecureTransport", "aws:SourceVpce", "aws:ViaAWSService"];

fn word(truth: bool) -> Text<'static> {
    Cow::Borrowed(if truth { "true" } else { "false" })
}

/// The keys of a call; `request` are the parameters of a call to STS. An ExternalId is a shared secret: only its hash is kept.
#[must_use]
pub fn keys<'a>(row: &EventRow<Text<'a>>, caller: &Caller<'a>, request: &Value, has_tls: bool) -> Keys<'a> {
    let mut keys: Keys<'a> = Vec::with_capacity(8);
    let mut set = |key: &'static str, value: Option<Text<'a>>| {
        if let Some(value) = value {
            keys.push((Cow::Borrowed(key), value));
        }
    };
    let is_ip = row.source_ip.as_deref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok());
    if is_ip && row.vpc_endpoint_id.is_none() {
        set("aws:SourceIp", row.source_ip.clone());
    }
    set("aws:SourceVpce", row.vpc_endpoint_id.clone());
    set("aws:RequestedRegion", row.region.clone());
    set("aws:MultiFactorAuthPresent", caller.mfa.map(word));
    set("aws:SourceIdentity", caller.source_identity.clone());
    set("aws:TokenIssueTime", caller.issued.clone());
    if caller.kind.as_deref() != Some("AWSService") {
        set("aws:CalledVia", caller.invoked_by.clone().filter(|s| s.ends_with(".amazonaws.com")));
        set("aws:ViaAWSService", caller.invoked_by.as_ref().map(|_| word(true)));
    }
    set("aws:SecureTransport", has_tls.then(|| word(true)));
    set("aws:FederatedProvider", caller.provider.clone());
    if row.event_source.as_deref() == Some("sts.amazonaws.com") {
        let parameter = |name: &str| request.get(name).and_then(Value::as_str).filter(|s| !s.is_empty());
        set("sts:RoleSessionName", parameter("roleSessionName").map(|s| Cow::Owned(s.to_owned())));
        set("sts:SourceIdentity", parameter("sourceIdentity").map(|s| Cow::Owned(s.to_owned())));
        set("sts:ExternalId", parameter("externalId").map(|s| Cow::Owned(hashed(s))));
        // Whoever names a device in the call itself, and gets in, has shown its code (IAM User Guide, "Secure API access with MFA").
        let with_device = row.event_name.as_deref() == Some("AssumeRole") && row.outcome.as_deref() == Some("allowed");
        set("aws:MultiFactorAuthPresent", parameter("serialNumber").filter(|_| with_device).map(|_| word(true)));
    }
    if let (Some(provider), Some(subject)) = (&caller.provider, &caller.subject) {
        let host = provider.rsplit_once("oidc-provider/").map_or(&**provider, |(_, h)| h);
        keys.push((Cow::Owned(format!("{host}:sub")), subject.clone()));
    }
    keys.sort();
    // One key of two sources is as the later says.
    keys.reverse();
    keys.dedup_by(|later, first| later.0 == first.0);
    keys.reverse();
    keys
}

/// The context of a call, as the store has it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context<'a> {
    /// All keys.
    pub json: Text<'a>,
    /// Those that calls are grouped by.
    pub class: Text<'a>,
    /// The number of this context among those of its caller; `None` if it is not remembered.
    pub serial: Option<u64>,
}

impl Context<'_> {
    /// Of these keys.
    #[must_use]
    pub fn of(keys: &Keys<'_>) -> Context<'static> {
        Context { json: Cow::Owned(json_text(keys)), class: Cow::Owned(json_text(class(keys))), serial: None }
    }
}

/// The context of a caller's last call. Of calls to other services than STS it depends, beside the caller, on the address, the VPC
/// endpoint, the region and whether TLS was used ([`keys`] reads nothing else), which are kept with it.
#[derive(Default)]
pub struct LastContext {
    /// How often it was another than before; 0: there was none.
    serial: u64,
    source_ip: Option<String>,
    vpc_endpoint_id: Option<String>,
    region: Option<String>,
    has_tls: bool,
    json: String,
    class: String,
}

impl LastContext {
    /// The context of a call by this caller.
    pub fn of<'m, 'a>(&'m mut self, row: &EventRow<Text<'a>>, caller: &Caller<'a>, request: &Value, has_tls: bool) -> Context<'m> {
        // A call to STS tells more in its parameters.
        if row.event_source.as_deref() == Some("sts.amazonaws.com") {
            return Context::of(&keys(row, caller, request, has_tls));
        }
        let is_last = self.serial > 0
            && self.has_tls == has_tls
            && self.source_ip.as_deref() == row.source_ip.as_deref()
            && self.region.as_deref() == row.region.as_deref()
            && self.vpc_endpoint_id.as_deref() == row.vpc_endpoint_id.as_deref();
        if !is_last {
            let Context { json, class, .. } = Context::of(&keys(row, caller, request, has_tls));
            let owned = |text: &Option<Text<'_>>| text.as_deref().map(str::to_owned);
            *self = LastContext {
                serial: self.serial + 1,
                source_ip: owned(&row.source_ip),
                vpc_endpoint_id: owned(&row.vpc_endpoint_id),
                region: owned(&row.region),
                has_tls,
                json: json.into_owned(),
                class: class.into_owned(),
            };
        }
        Context { json: Cow::Borrowed(&self.json), class: Cow::Borrowed(&self.class), serial: Some(self.serial) }
    }
}

/// The keys that calls are grouped by.
pub fn class<'k, 'a>(keys: &'k Keys<'a>) -> impl Iterator<Item = &'k (Text<'a>, Text<'a>)> {
    keys.iter().filter(|(key, _)| CLASS_KEYS.contains(&&**key))
}

/// Keys as a JSON object, in the order given.
#[must_use]
pub fn json_text<'k, 'a: 'k>(keys: impl IntoIterator<Item = &'k (Text<'a>, Text<'a>)>) -> String {
    let mut json = String::with_capacity(128);
    for (at, (key, value)) in keys.into_iter().enumerate() {
        json.push(if at == 0 { '{' } else { ',' });
        quote(&mut json, key);
        json.push(':');
        quote(&mut json, value);
    }
    json.push_str(if json.is_empty() { "{}" } else { "}" });
    json
}

/// Writes a text as JSON.
fn quote(json: &mut String, text: &str) {
    let is_plain = text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
    if is_plain {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_json() {
        let key = |k: &'static str, v: &'static str| (Cow::Borrowed(k), Cow::Borrowed(v));
        let keys: Keys<'_> = vec![key("a", "plain"), key("b", "\"quoted\"\n\\")];
        let read: std::collections::BTreeMap<String, String> = serde_json::from_str(&json_text(&keys)).unwrap();
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "plain".to_owned()), ("b".to_owned(), "\"quoted\"\n\\".to_owned())]);
        assert_eq!(json_text(&Keys::new()), "{}");
    }

    #[test]
    fn the_last_context_is_used_only_for_a_call_like_it() {
        let text = |t: &'static str| Some(Cow::Borrowed(t));
        let row = EventRow { event_source: text("s3.amazonaws.com"), source_ip: text("192.0.2.1"), region: text("eu-west-1"), ..EventRow::default() };
        let others = [
            (EventRow { source_ip: text("192.0.2.2"), ..row.clone() }, true),
            (EventRow { source_ip: None, ..row.clone() }, true),
            (EventRow { vpc_endpoint_id: text("vpce-1"), ..row.clone() }, true),
            (EventRow { region: text("eu-west-2"), ..row.clone() }, true),
            (row.clone(), false),
            (EventRow { event_source: text("sts.amazonaws.com"), ..row.clone() }, true),
            (EventRow { event_source: text("sqs.amazonaws.com"), ..row.clone() }, true),
        ];
        let caller = Caller { mfa: Some(true), ..Caller::default() };
        let request = serde_json::json!({"roleSessionName": "s"});
        for (other, has_tls) in &others {
            let mut last = LastContext::default();
            for (row, has_tls) in [(&row, true), (other, *has_tls), (other, *has_tls), (&row, true)] {
                let (told, fresh) = (last.of(row, &caller, &request, has_tls), Context::of(&keys(row, &caller, &request, has_tls)));
                assert_eq!((told.json, told.class), (fresh.json, fresh.class), "{other:?} {has_tls}");
            }
        }
    }

    #[test]
    fn each_context_of_a_caller_has_its_number() {
        let row = |source: &'static str, ip: &'static str| EventRow { event_source: Some(Cow::Borrowed(source)), source_ip: Some(Cow::Borrowed(ip)), ..EventRow::default() };
        let mut last = LastContext::default();
        let mut serial = |source, ip| last.of(&row(source, ip), &Caller::default(), &Value::Null, true).serial;
        let (s3, sts) = ("s3.amazonaws.com", "sts.amazonaws.com");
        assert_eq!([serial(s3, "192.0.2.1"), serial(s3, "192.0.2.1"), serial(sts, "192.0.2.1"), serial("sqs.amazonaws.com", "192.0.2.1")], [Some(1), Some(1), None, Some(1)]);
        assert_eq!([serial(s3, "192.0.2.2"), serial(s3, "192.0.2.1")], [Some(2), Some(3)]);
    }

    #[test]
    fn a_device_named_in_the_call_is_mfa() {
        let row = |outcome: &'static str| EventRow {
            event_source: Some(Cow::Borrowed("sts.amazonaws.com")),
            event_name: Some(Cow::Borrowed("AssumeRole")),
            outcome: Some(Cow::Borrowed(outcome)),
            ..EventRow::default()
        };
        let request = serde_json::json!({"serialNumber": "arn:aws:iam::111122223333:mfa/ann"});
        let of = |outcome, mfa| {
            let all = keys(&row(outcome), &Caller { mfa, ..Caller::default() }, &request, false);
            all.iter().filter(|(k, _)| k == "aws:MultiFactorAuthPresent").map(|(_, v)| v.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(of("allowed", None), ["true"]);
        assert_eq!(of("allowed", Some(false)), ["true"], "the call's own device counts, not the session's");
        assert!(of("denied", None).is_empty(), "a code that was not taken shows nothing");
    }

    #[test]
    fn a_secret_leaves_its_hash_only() {
        let row = EventRow { event_source: Some(Cow::Borrowed("sts.amazonaws.com")), ..EventRow::default() };
        let request = serde_json::json!({"externalId": "shared secret", "roleSessionName": "s"});
        let keys = keys(&row, &Caller::default(), &request, true);
        assert_eq!(keys.iter().map(|(k, _)| &**k).collect::<Vec<_>>(), ["aws:SecureTransport", "sts:ExternalId", "sts:RoleSessionName"]);
        assert!(!json_text(&keys).contains("shared secret"));
        assert_eq!(class(&keys).count(), 1);
    }
}
