//! The model and the tables with tokens in the place of people, addresses and identifiers: what is written and printed afterwards
//! has nothing else to say. The one place where that is done; every field of the model is named here, so that a new one does not
//! compile until somebody decides.

mod findings;
mod model;
mod policies;
mod tables;
#[cfg(test)]
mod redacted_test;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use policies::{document, marked};
pub use tables::rows;

use super::findings::sort;
use super::model::ReportModel;
use crate::aws::Text;
use crate::redact::Redactor;

/// What can be redacted in its place.
pub trait Redact {
    /// Puts tokens where people, addresses and identifiers stand.
    fn redact(&mut self, r: &Redactor);
}

/// The whole model. Nothing is decided by it any more; folders of policies have names of their own afterwards.
pub fn model(model: &mut ReportModel, r: &Redactor) {
    model.redact(r);
    // In the order of their real names they would tell something of these.
    sort(&mut model.findings);
    model.review.sort_by(|a, b| (&a.account, a.kind, &a.principal).cmp(&(&b.account, b.kind, &b.principal)));
    model.redacted = Some(r.key_id());
}

impl Redact for String {
    fn redact(&mut self, r: &Redactor) {
        if let Cow::Owned(token) = r.text(self) {
            *self = token;
        }
    }
}

impl Redact for Text {
    fn redact(&mut self, r: &Redactor) {
        if let Cow::Owned(token) = r.text(self) {
            *self = token.into();
        }
    }
}

impl Redact for Cow<'static, str> {
    fn redact(&mut self, r: &Redactor) {
        if let Cow::Owned(token) = r.text(self) {
            *self = Cow::Owned(token);
        }
    }
}

impl<T: Redact> Redact for Vec<T> {
    fn redact(&mut self, r: &Redactor) {
        self.iter_mut().for_each(|one| one.redact(r));
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redact(&mut self, r: &Redactor) {
        self.iter_mut().for_each(|one| one.redact(r));
    }
}

impl<T: Redact, const N: usize> Redact for [T; N] {
    fn redact(&mut self, r: &Redactor) {
        self.iter_mut().for_each(|one| one.redact(r));
    }
}

impl<A: Redact, B: Redact> Redact for (A, B) {
    fn redact(&mut self, r: &Redactor) {
        self.0.redact(r);
        self.1.redact(r);
    }
}

/// Of keys and values.
impl<V: Redact> Redact for BTreeMap<String, V> {
    fn redact(&mut self, r: &Redactor) {
        let all = std::mem::take(self);
        self.extend(all.into_iter().map(|(mut key, mut value)| {
            key.redact(r);
            value.redact(r);
            (key, value)
        }));
    }
}

/// What has no text of others in it.
macro_rules! nothing {
    ($($kind:ty),*) => { $(impl Redact for $kind { fn redact(&mut self, _: &Redactor) {} })* };
}
nothing!(i64, u64, usize, bool, &'static str);

/// Event ids.
pub(super) fn events(ids: &mut [String], r: &Redactor) {
    ids.iter_mut().for_each(|id| *id = r.event(id));
}

/// Says of each field of a type what becomes of it: `keep`, `text` (whatever [`Redact`] does), `person`, `names`, `events`, `hash`,
/// `principal`. A field that is not named does not compile.
macro_rules! fields {
    // The texts of `keep` are words of AWS's or ours, or no texts.
    ($kind:ident { $($field:ident: $how:ident),* $(,)? }) => {
        impl $crate::report::redacted::Redact for $kind {
            fn redact(&mut self, r: &$crate::redact::Redactor) {
                let ($kind { $($field),* }, _) = (self, r);
                $($crate::report::redacted::fields!(@ $how, $field, r);)*
            }
        }
    };
    (@ keep, $field:ident, $r:ident) => { let _ = $field; };
    (@ text, $field:ident, $r:ident) => { $crate::report::redacted::Redact::redact($field, $r); };
    (@ person, $field:ident, $r:ident) => { $field.iter_mut_text(&mut |text: &mut String| *text = $r.person(text)); };
    (@ names, $field:ident, $r:ident) => { $field.iter_mut_text(&mut |text: &mut String| *text = $r.names(text)); };
    (@ hash, $field:ident, $r:ident) => { $field.iter_mut_text(&mut |text: &mut String| *text = $r.hash(text)); };
    (@ principal, $field:ident, $r:ident) => { $field.iter_mut_text(&mut |text: &mut String| *text = $r.principal(text)); };
    (@ events, $field:ident, $r:ident) => { $crate::report::redacted::events($field, $r); };
}
pub(super) use fields;

/// A text, or perhaps one.
pub(super) trait Texts {
    /// Does something to it.
    fn iter_mut_text(&mut self, change: &mut dyn FnMut(&mut String));
}

impl Texts for String {
    fn iter_mut_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(self);
    }
}

impl Texts for Option<String> {
    fn iter_mut_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(change);
    }
}
