//! Values that whoever sends them shares with whoever takes them, and nobody else: they leave a short hash, never themselves.
//!
//! Of these, only ExternalIds stand in logs and policies in clear (IAM User Guide, "Access to AWS accounts owned by third parties").

use std::borrow::Cow;

use sha2::Digest as _;

/// The condition key of ExternalIds.
pub const EXTERNAL_ID: &str = "sts:ExternalId";

/// What hashes begin with.
const HASHED: &str = "sha256:";

/// How much of a hash is kept, in hexadecimal digits.
const DIGITS: usize = 16;

/// The hash of a secret, whatever it looks like: who sends a hash that stands in a report has not sent the secret.
#[must_use]
pub fn hashed(secret: &str) -> String {
    let digest = sha2::Sha256::digest(secret.as_bytes());
    digest.iter().take(DIGITS / 2).fold(HASHED.to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether a condition key is that of ExternalIds.
#[must_use]
pub fn is_external_id(key: &str) -> bool {
    key.eq_ignore_ascii_case(EXTERNAL_ID)
}

/// The value of a condition on an ExternalId without the secret: a pattern that takes everything is none, nor is a hash.
#[must_use]
pub fn masked(value: &str) -> String {
    let is_hash = value.strip_prefix(HASHED).is_some_and(|rest| rest.len() == DIGITS && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    if is_hash || value.chars().all(|c| matches!(c, '*' | '?')) { value.to_owned() } else { hashed(value) }
}

/// A message without what AWS encoded for those who may decode it: the context and the policies of a refusal (STS API Reference,
/// DecodeAuthorizationMessage).
#[must_use]
pub fn without_encoded(message: Cow<'_, str>) -> Cow<'_, str> {
    const MARK: &str = "ncoded authorization failure message:";
    match message.find(MARK) {
        Some(at) => {
            let kept = message.get(..at + MARK.len()).unwrap_or_default();
            Cow::Owned(format!("{kept} (left out)"))
        }
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_leaves_its_hash() {
        let hash = hashed("top-secret");
        assert!(hash.starts_with("sha256:") && hash.len() == 23 && !hash.contains("secret"));
        assert_eq!(masked(&hash), hash, "once");
        assert_ne!(hashed(&hash), hash, "a caller who sends the hash");
        assert_ne!(masked("sha256:top-secret"), "sha256:top-secret");
        assert_eq!((masked("*"), masked("top-secret")), ("*".to_owned(), hash));
        assert!(is_external_id("STS:externalid") && !is_external_id("aws:PrincipalArn"));
    }

    #[test]
    fn encoded_messages_are_left_out() {
        let told = "You are not authorized to perform this operation. Encoded authorization failure message: 1d6tBMjWoQ";
        assert_eq!(without_encoded(told.into()), "You are not authorized to perform this operation. Encoded authorization failure message: (left out)");
        assert_eq!(without_encoded("plain".into()), "plain");
    }
}
