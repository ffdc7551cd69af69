//! How somebody signed in to the console.
//!
//! Source: CloudTrail User Guide, "AWS Management Console sign-in events": `responseElements.ConsoleLogin` is `Success` or
//! `Failure`, `additionalEventData.MFAUsed` is `Yes` or `No`. Federated users sign in elsewhere, so `No` says nothing of them.

use serde_json::Value;

use super::raw;

/// What a record of a sign-in tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SignIn {
    /// Whether it succeeded.
    pub succeeded: Option<bool>,
    /// Whether MFA was used.
    pub mfa_used: Option<bool>,
}

impl SignIn {
    /// Reads `responseElements` and `additionalEventData`, as JSON texts.
    #[must_use]
    pub fn of(response: &str, additional: &str) -> SignIn {
        let word = |json: &str, field: &str, yes: &str, no: &str| match raw::read::<Value>(json).get(field).and_then(Value::as_str) {
            Some(word) if word.eq_ignore_ascii_case(yes) => Some(true),
            Some(word) if word.eq_ignore_ascii_case(no) => Some(false),
            _ => None,
        };
        SignIn { succeeded: word(response, "ConsoleLogin", "Success", "Failure"), mfa_used: word(additional, "MFAUsed", "Yes", "No") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sign_in_tells() {
        let of = |response, additional| {
            let told = SignIn::of(response, additional);
            (told.succeeded, told.mfa_used)
        };
        assert_eq!(of(r#"{"ConsoleLogin": "Success"}"#, r#"{"MFAUsed": "Yes", "LoginTo": "https://x"}"#), (Some(true), Some(true)));
        assert_eq!(of(r#"{"ConsoleLogin": "Failure"}"#, r#"{"MFAUsed": "No"}"#), (Some(false), Some(false)));
        assert_eq!(of(r#"{"ConsoleLogin": 1}"#, ""), (None, None));
        assert_eq!(of("", r#"{"MFAUsed": null}"#), (None, None));
    }
}
