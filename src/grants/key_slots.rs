//! Which access key a slot of the credential report is about: the report names no key ids.
//!
//! Source: inputs-and-evaluation.md section 5: slots are matched with `list-access-keys` by dates. The report's "last
//! rotated" is the key's creation, or the last change of its status.

use super::credential_report::{Credential, CredentialSlot};
use super::evidence::AccessKey;
use super::{Account, Evidence, Grants, Known};
use crate::aws::Arn;

/// The report and the list both tell seconds.
const SECOND_MS: i64 = 1000;

/// Whether two times are the same second.
fn same(left: Option<i64>, right: Option<i64>) -> bool {
    matches!((left, right), (Some(l), Some(r)) if l.div_euclid(SECOND_MS) == r.div_euclid(SECOND_MS))
}

/// The only one of some; `None` for none and for several.
fn only<'k>(keys: impl IntoIterator<Item = &'k AccessKey>) -> Option<&'k AccessKey> {
    let mut keys = keys.into_iter();
    match (keys.next(), keys.next()) {
        (Some(key), None) => Some(key),
        _ => None,
    }
}

/// Whether nothing that both tell of a key speaks against it.
fn fits(key: &AccessKey, slot: &Credential) -> bool {
    let status = key.status.as_deref().is_none_or(|status| (status == "Active") == slot.active);
    let made = match (key.created_ms, slot.last_changed_ms) {
        (Some(created), Some(changed)) => created <= changed,
        _ => true,
    };
    // A slot that was never used is not the slot of a key that was, before the report or since.
    let used = match (&key.last_used, slot.last_used_ms) {
        (Known::Absent, used) => used.is_none(),
        (Known::Present(last), Some(used)) => last.at_ms >= used,
        _ => true,
    };
    status && made && used
}

impl Evidence {
    /// The access keys of a user.
    pub fn keys_of<'e>(&'e self, user: &str) -> impl Iterator<Item = &'e AccessKey> {
        self.access_keys.values().filter(move |k| k.user.as_deref() == Some(user))
    }
}

impl Grants {
    /// The access key of a slot ([`Account::key_of_slot`]).
    #[must_use]
    pub fn key_of_slot(&self, credential: &Credential) -> Option<&AccessKey> {
        self.accounts.get(Arn::parse(&credential.user_arn)?.account)?.key_of_slot(credential)
    }
}

impl Account {
    /// The access key of a slot. `None` where none fits, where more than one does, or for something that is no access key.
    #[must_use]
    pub fn key_of_slot(&self, credential: &Credential) -> Option<&AccessKey> {
        if !credential.present || !matches!(credential.slot, CredentialSlot::AccessKey1 | CredentialSlot::AccessKey2) {
            return None;
        }
        let keys: Vec<&AccessKey> = self.evidence.keys_of(&credential.user).collect();
        let exact = |slot: &Credential| -> Vec<&AccessKey> { keys.iter().filter(|k| same(k.created_ms, slot.last_changed_ms)).copied().collect() };
        let mine = exact(credential);
        if !mine.is_empty() {
            return only(mine.iter().copied()).or_else(|| only(mine.iter().filter(|k| fits(k, credential)).copied()));
        }
        // Its status has changed since it was made. It is the key that is left, if all keys are known.
        self.evidence.keys_listed.get(&credential.user)?.present()?;
        let others = self.credential_report.iter().flat_map(|r| &r.credentials);
        let taken: Vec<&AccessKey> = others
            .filter(|c| c.user == credential.user && c.slot != credential.slot && c.present)
            .filter(|c| matches!(c.slot, CredentialSlot::AccessKey1 | CredentialSlot::AccessKey2))
            .filter_map(|other| only(exact(other)))
            .collect();
        only(keys.iter().filter(|k| !taken.iter().any(|t| t.id == k.id) && fits(k, credential)).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Account, CredentialReport};
    use super::*;

    fn slot(slot: CredentialSlot, active: bool, changed: i64, used: Option<i64>) -> Credential {
        Credential {
            user: "alice".to_owned(),
            user_arn: "arn:aws:iam::111122223333:user/alice".to_owned(),
            slot,
            present: true,
            active,
            last_changed_ms: Some(changed * 1000),
            last_used_ms: used.map(|u| u * 1000),
            last_used_known: true,
            last_used_service: None,
            last_used_region: None,
            mfa_active: None,
            user_created_ms: None,
        }
    }

    fn grants(keys: &[(&str, &str, i64)], credentials: Vec<Credential>) -> Grants {
        let mut account = Account::default();
        for (id, status, created) in keys {
            let key = AccessKey {
                id: (*id).to_owned(),
                user: Some("alice".to_owned()),
                status: Some((*status).to_owned()),
                created_ms: Some(created * 1000),
                last_used: Known::default(),
            };
            account.evidence.access_keys.insert((*id).to_owned(), key);
        }
        account.evidence.keys_listed.insert("alice".to_owned(), Known::Present(()));
        account.credential_report = Some(CredentialReport { account: "111122223333".to_owned(), generated_ms: None, credentials });
        Grants { accounts: [("111122223333".to_owned(), account)].into(), ..Grants::default() }
    }

    fn id(grants: &Grants, slot: &Credential) -> Option<String> {
        grants.key_of_slot(slot).map(|k| k.id.clone())
    }

    #[test]
    fn a_slot_is_the_key_of_its_date() {
        let one = slot(CredentialSlot::AccessKey1, true, 10, None);
        let two = slot(CredentialSlot::AccessKey2, false, 99, None);
        let grants = grants(&[("A", "Active", 10), ("B", "Inactive", 5)], vec![one.clone(), two.clone()]);
        assert_eq!(id(&grants, &one).as_deref(), Some("A"));
        assert_eq!(id(&grants, &two).as_deref(), Some("B"), "switched off at 99; what is left of two");
        assert_eq!(id(&grants, &slot(CredentialSlot::Password, true, 10, None)), None);
    }

    #[test]
    fn what_is_not_certain_is_not_told() {
        let one = slot(CredentialSlot::AccessKey1, true, 50, None);
        let two = slot(CredentialSlot::AccessKey2, true, 60, None);
        let both = grants(&[("A", "Active", 1), ("B", "Active", 2)], vec![one.clone(), two.clone()]);
        assert_eq!((id(&both, &one), id(&both, &two)), (None, None), "both were switched off and on");
        let mut unlisted = grants(&[("B", "Active", 2)], vec![one.clone()]);
        assert_eq!(id(&unlisted, &one).as_deref(), Some("B"));
        unlisted.accounts.get_mut("111122223333").unwrap().evidence.keys_listed.clear();
        assert_eq!(id(&unlisted, &one), None, "there may be keys that no list names");
        assert_eq!(id(&grants(&[("B", "Active", 70)], vec![one.clone()]), &one), None, "made after the report");
    }

    #[test]
    fn two_keys_of_one_second_differ_by_status() {
        let one = slot(CredentialSlot::AccessKey1, true, 10, Some(30));
        let mut grants = grants(&[("A", "Active", 10), ("B", "Inactive", 10)], vec![one.clone()]);
        assert_eq!(id(&grants, &one).as_deref(), Some("A"));
        let keys = &mut grants.accounts.get_mut("111122223333").unwrap().evidence.access_keys;
        keys.get_mut("B").unwrap().status = Some("Active".to_owned());
        assert_eq!(id(&grants, &one), None);
        let keys = &mut grants.accounts.get_mut("111122223333").unwrap().evidence.access_keys;
        keys.get_mut("B").unwrap().last_used = Known::Absent;
        assert_eq!(id(&grants, &one).as_deref(), Some("A"), "B was never used, the slot was");
    }
}
