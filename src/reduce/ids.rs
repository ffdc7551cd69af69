//! Names that people gave, and ids that a service made up for one thing: only the latter are ever generalised by
//! their number. Source: reference-data.md section 5, "Ids".

/// Beginnings of the ids of things that stay for years though a service named them: networks, file systems, keys.
/// They are kept like names.
const LASTING: &[&str] = &[
    "acl", "aclassoc", "cgw", "dopt", "eipalloc", "fs", "fsap", "igw", "lt", "nat", "o", "ou", "pcx", "pl", "r", "rtb", "sg", "subnet", "tgw",
    "tgw-attach", "tgw-rtb", "vgw", "vol-group", "vpc", "vpce", "vpce-svc", "vpn",
];

/// Services and types (the first word of the resource) whose made-up ids stay for years.
const LASTING_TYPES: &[(&str, &str)] = &[
    ("cloudfront", "distribution"),
    ("elasticfilesystem", "file-system"),
    ("kms", "key"),
    ("route53", "hostedzone"),
    ("cognito-idp", "userpool"),
    ("cognito-identity", "identitypool"),
    ("acm", "certificate"),
];

/// Whether all resources of this service and type stay for years, whatever their ids look like.
#[must_use]
pub fn is_lasting_type(service: &str, resource: &str) -> bool {
    let first = resource.split(['/', ':']).next().unwrap_or(resource);
    LASTING_TYPES.contains(&(service, first))
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a text is a number, a date, a UUID or a long run of hexadecimal digits.
fn is_made_up(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits == text.len() {
        // Twelve digits are an account.
        return digits > 0 && digits != 12;
    }
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let is_date = starts && digits >= 6 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'T' | b'Z' | b'_'));
    let plain: String = text.chars().filter(|c| *c != '-').collect();
    is_date || (plain.len() >= 16 && is_hex(&plain) && has_digit(&plain))
}

/// What stays of a word that some service made up for one thing: `i-` of `i-0abc1234`, `backup-` of
/// `backup-20261101`, nothing of a UUID. `None` for a name that people chose and for ids of things that stay.
#[must_use]
pub fn stem(word: &str) -> Option<&str> {
    if is_made_up(word) {
        return Some("");
    }
    if let Some((key, value)) = word.split_once('=') {
        return is_made_up(value).then(|| word.get(..=key.len()).unwrap_or(""));
    }
    // A name with a UUID behind it.
    if let Some(at) = word.len().checked_sub(36)
        && let (Some(head), Some(tail)) = (word.get(..at), word.get(at..))
        && tail.bytes().filter(|b| *b == b'-').count() == 4
        && is_made_up(tail)
    {
        return Some(head);
    }
    let at = word.rfind(['-', '_', '.', ']'])?;
    let (head, rest) = (word.get(..=at)?, word.get(at + 1..)?);
    let kind = word.get(..at)?;
    let is_resource_id = (8..=17).contains(&rest.len()) && is_hex(rest) && has_digit(rest) && word.as_bytes().get(at) == Some(&b'-');
    let is_kind = !kind.is_empty() && kind.len() <= 12 && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if is_resource_id && is_kind {
        return (!LASTING.contains(&kind)).then_some(head);
    }
    let is_run = rest.len() >= 8 && rest.len() != 12 && (rest.bytes().all(|b| b.is_ascii_digit()) || (rest.len() >= 16 && is_made_up(rest)));
    is_run.then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_people_chose_are_not_ids() {
        for name in ["orders", "prod-db", "app-facade", "team-deadbeef-x", "web-app", "vpc-0123456789abcdef0", "sg-01234567", "111122223333", "v2", "q-2", "", "-"] {
            assert_eq!(stem(name), None, "{name}");
        }
    }

    #[test]
    fn ids_keep_their_kind() {
        for (id, kept) in [
            ("i-0abc1234def567890", "i-"),
            ("eni-01234567", "eni-"),
            ("123e4567-e89b-12d3-a456-426614174000", ""),
            ("nightly-123e4567-e89b-12d3-a456-426614174000", "nightly-"),
            ("backup-20261101", "backup-"),
            ("2026-11-01T00.00.00Z", ""),
            ("dt=2026-11-01", "dt="),
            ("17", ""),
            ("[$LATEST]0123456789abcdef0123456789abcdef", "[$LATEST]"),
        ] {
            assert_eq!(stem(id), Some(kept), "{id}");
        }
        assert!(is_lasting_type("kms", "key/123e4567-e89b-12d3-a456-426614174000"));
        assert!(!is_lasting_type("ec2", "instance/i-1"));
    }
}
