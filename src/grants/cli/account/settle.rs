//! Puts the lists of accounts in their place, after all files are read: of each list the capture that counts.

use std::collections::BTreeMap;

use super::super::super::Known;
use super::super::super::builder::Builder;
use super::super::super::evidence::{IdentityProvider, LastAccessed, MfaDevice};
use super::{Parts, credentials, evidence, listed, settings};

/// A whole list's items; of a list that breaks off nothing is known.
pub fn known<T>(whole: &Known<()>, items: T) -> Known<T> {
    whole.why().map_or(Known::Present(()), |why| Known::Unknown(why.to_owned())).map(|()| items)
}

/// Puts what was kept in its place.
pub fn settle(parts: Parts, builder: &mut Builder) {
    let Parts { keys, mfa, others, providers, profiles, advisor, regions, members, refused, listed: lists } = parts;
    listed::settle(lists, builder);
    for ((account, user), listed) in keys.settle(|(a, u)| format!("access keys of {u} in {a}"), builder) {
        let capture = &listed.capture;
        for key in listed.items {
            let (id, owner) = (key.id.as_str(), key.user.or_else(|| Some(user.clone())));
            builder.put(&format!("user of access key {id}"), capture, |g| &mut credentials::key(g, &account, id).user, owner);
            builder.put(&format!("status of access key {id}"), capture, |g| &mut credentials::key(g, &account, id).status, key.status);
            builder.put(&format!("creation of access key {id}"), capture, |g| &mut credentials::key(g, &account, id).created_ms, key.created_ms);
        }
        let what = format!("access keys of {user} in {account}");
        builder.put_known(&what, capture, |g| evidence(g, &account).keys_listed.entry(user.clone()).or_default(), listed.whole);
    }
    for (account, id, capture, why) in refused {
        if evidence(&mut builder.grants, &account).access_keys.contains_key(&id) {
            builder.put_known(&format!("last use of access key {id}"), &capture, |g| &mut credentials::key(g, &account, &id).last_used, why);
        }
    }
    for ((account, user), listed) in mfa.settle(|(a, u)| format!("MFA devices of {} in {a}", u.as_deref().unwrap_or("virtual kind")), builder) {
        for device in listed.items {
            let device = MfaDevice { user: device.user.or_else(|| user.clone()), ..device };
            let serial = device.serial.clone();
            let what = format!("MFA device {serial}");
            builder.put(&what, &listed.capture, |g| evidence(g, &account).mfa_devices.entry(serial.clone()).or_default(), device);
        }
        if let Some(user) = user {
            let what = format!("MFA devices of {user} in {account}");
            builder.put_known(&what, &listed.capture, |g| evidence(g, &account).mfa_listed.entry(user.clone()).or_default(), listed.whole);
        }
    }
    for ((account, user, _), listed) in others.settle(|(a, u, kind)| format!("{kind} credentials of {u} in {a}"), builder) {
        for mut credential in listed.items {
            if credential.user.is_empty() {
                credential.user.clone_from(&user);
            }
            let id = credential.id.clone();
            let what = format!("credential {id}");
            builder.put(&what, &listed.capture, |g| evidence(g, &account).other_credentials.entry(id.clone()).or_default(), credential);
        }
    }
    for ((account, kind), listed) in providers.settle(|(a, kind)| format!("{kind} providers of {a}"), builder) {
        let capture = &listed.capture;
        for IdentityProvider { arn, created_ms, valid_until_ms, .. } in listed.items {
            let slot = settings::provider(&mut builder.grants, &account, &arn, kind);
            slot.valid_until_ms = valid_until_ms;
            if created_ms.is_some() {
                builder.put(&format!("creation of {arn}"), capture, |g| &mut settings::provider(g, &account, &arn, kind).created_ms, created_ms);
            }
        }
        let what = format!("{kind} providers of {account}");
        builder.put_known(&what, capture, |g| evidence(g, &account).providers_listed.entry(kind).or_default(), listed.whole);
    }
    for (account, listed) in profiles.settle(|a| format!("instance profiles of {a}"), builder) {
        let by_arn: BTreeMap<_, _> = listed.items.into_iter().map(|p| (p.arn.clone(), p)).collect();
        let what = format!("instance profiles of {account}");
        builder.put_known(&what, &listed.capture, |g| &mut evidence(g, &account).instance_profiles, known(&listed.whole, by_arn));
    }
    for ((account, arn), listed) in advisor.settle(|(_, arn)| format!("last accessed services of {arn}"), builder) {
        let report = LastAccessed { arn: arn.clone(), generated_ms: listed.capture.at_ms, services: listed.items };
        let what = format!("last accessed services of {arn}");
        let slot = arn.clone();
        builder.put_known(&what, &listed.capture, |g| evidence(g, &account).last_accessed.entry(slot).or_default(), known(&listed.whole, report));
    }
    for ((account, _), listed) in regions.settle(|(a, row)| format!("regions of {a} ({row})"), builder) {
        let by_name: BTreeMap<_, _> = listed.items.into_iter().collect();
        let what = format!("regions of {account}");
        builder.put_known(&what, &listed.capture, |g| &mut evidence(g, &account).regions, known(&listed.whole, by_name));
    }
    for ((account, ..), listed) in members.settle(|(_, _, e)| format!("members of environment {e}"), builder) {
        evidence(&mut builder.grants, &account).environment_members.extend(listed.items);
    }
    for account in builder.grants.accounts.values_mut() {
        account.evidence.environment_members.sort();
        account.evidence.environment_members.dedup();
    }
}
