//! ARNs, taken apart: a cut at the wrong colon puts an account or a resource into the wrong verdict.

use crate::aws::principal::{PrincipalKind, is_permission_set_role, is_service_linked_role, principal_kind, role_of_session};
use crate::aws::{Arn, arn_covers, arn_intersects, arn_matches};

/// Reads the bytes as an ARN. It is accepted just when it starts with `arn:` and has five colons; its parts put
/// together are the text again, only the sixth may hold colons; as a pattern it matches, covers and meets itself; and
/// what is said of principals fits the parts.
///
/// # Panics
/// When one of these does not hold.
pub fn arn_parse(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let begins = text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("arn:"));
    let is_arn = begins && text.matches(':').count() >= 5;
    let parsed = Arn::parse(text);
    assert_eq!(parsed.is_some(), is_arn, "accepted or refused against its word: {text:?}");
    let kind = principal_kind(text);
    let role = role_of_session(text);
    let Some(arn) = parsed else {
        assert_eq!((kind, role), (None, None), "a principal that is no ARN: {text:?}");
        assert!(!is_service_linked_role(text) && !is_permission_set_role(text), "a role that is no ARN: {text:?}");
        assert!(!arn_matches("arn:*:*:*:*:*", text), "matched by a pattern of six parts: {text:?}");
        return;
    };

    let Arn { partition, service, region, account, resource } = arn;
    assert_eq!(format!("{}:{partition}:{service}:{region}:{account}:{resource}", &text[..3]), text);
    assert!([partition, service, region, account].iter().all(|part| !part.contains(':')), "a colon in a part of {text:?}");
    assert!(resource.ends_with(arn.name()) && !arn.name().contains('/'), "the name of {text:?} is {:?}", arn.name());
    assert!(resource.len() == arn.name().len() || resource.ends_with(&format!("/{}", arn.name())), "the name of {text:?}");

    assert!(arn_matches(text, text) && arn_covers(text, text) && arn_intersects(text, text), "does not meet itself: {text:?}");
    let other_case = format!("ARN:{}:{}:{}:{}:{resource}", upper(partition), upper(service), upper(region), upper(account));
    assert!(arn_matches(text, &other_case) && arn_matches(&other_case, text), "case counts in the first five parts of {text:?}");
    for wide in ["*", "arn:*:*:*:*:*"] {
        assert!(arn_matches(wide, text) && arn_covers(wide, text) && arn_intersects(wide, text), "{wide} leaves out {text:?}");
    }

    let is_session = kind == Some(PrincipalKind::Session) && resource.contains('/');
    assert_eq!(role.is_some(), is_session, "a role without session or a session without role: {text:?}");
    if let Some(role) = role {
        let parsed = Arn::parse(&role).unwrap_or_else(|| panic!("the role of {text:?} is no ARN: {role:?}"));
        assert_eq!(principal_kind(&role), Some(PrincipalKind::Role));
        assert_eq!((parsed.partition, parsed.account, parsed.region), (partition, account, ""), "of {text:?}");
        assert_eq!(Some(parsed.name()), resource.split('/').nth(1), "of {text:?}");
    }
    if is_service_linked_role(text) || is_permission_set_role(text) {
        assert_eq!(kind, Some(PrincipalKind::Role), "not a role: {text:?}");
    }
}

fn upper(part: &str) -> String {
    part.to_ascii_uppercase()
}
