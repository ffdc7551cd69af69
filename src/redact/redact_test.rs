//! The forms of tokens, and what is found in texts.

use super::*;
use crate::aws::Arn;

fn redactor(names: &[&str]) -> Redactor {
    Redactor::new(Key::of(b"a key of tests, sixteen").unwrap(), names.iter().map(|n| (*n).to_owned()), ["s3"]).unwrap()
}

fn token(r: &Redactor, text: &str) -> String {
    r.text(text).into_owned()
}

#[test]
fn tokens_have_the_form_of_what_they_stand_for() {
    let r = redactor(&[]);
    let account = token(&r, "111122223333");
    assert!(account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && account != "111122223333", "{account}");
    for id in ["AKIAEXAMPLE0000000BB", "ASIAEXAMPLE0000000BB", "AIDACKCEVSQ6C2EXAMPLE", "AROACKCEVSQ6C2EXAMPLE", "AGPACKCEVSQ6C2EXAMPLE"] {
        let token = token(&r, id);
        assert!(token.len() == id.len() && token.starts_with(&format!("{}00", &id[..4])) && token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{token}");
    }
    let v4: std::net::Ipv4Addr = token(&r, "203.0.113.7").parse().unwrap();
    assert_eq!(v4.octets()[0] & 0xf0, 0xf0);
    let v6: std::net::Ipv6Addr = token(&r, "2001:db8::7").parse().unwrap();
    assert!(v6.segments()[..2] == [0x2001, 0xdb8] && v6.to_string() != "2001:db8::7");
    let uuid = token(&r, "3038ebd2-c98a-4c65-9b6e-e22506292313");
    assert!(uuid.len() == 36 && &uuid[14..15] == "8" && &uuid[19..20] == "a", "{uuid}");
    let mail = token(&r, "ann@example.com");
    assert!(mail.starts_with("person-") && mail.ends_with("@redacted.invalid"), "{mail}");
    let endpoint = token(&r, "vpce-0123456789abcdef0");
    assert!(endpoint.len() == "vpce-0123456789abcdef0".len() && endpoint.starts_with("vpce-"), "{endpoint}");
    assert!(token(&r, "o-a1b2c3d4e5").starts_with("o-") && token(&r, "o-a1b2c3d4e5") != "o-a1b2c3d4e5");
}

#[test]
fn arns_stay_arns_of_the_same_kind() {
    let r = redactor(&[]);
    for (arn, start, gone) in [
        ("arn:aws:iam::111122223333:user/people/ann", "user/path-", &["people", "ann", "111122223333"][..]),
        ("arn:aws:iam::111122223333:user/ann*", "user/person-", &["ann"]),
        ("arn:aws:sts::111122223333:assumed-role/app/ann@example.com", "assumed-role/app/person-", &["ann", "example"]),
        ("arn:aws:sts::111122223333:federated-user/ann", "federated-user/person-", &["ann"]),
        ("arn:aws:iam::111122223333:mfa/ann-phone", "mfa/person-", &["ann"]),
        ("arn:aws-cn:s3:::logs-111122223333/AWSLogs/203.0.113.9/x", "logs-", &["111122223333", "203.0.113.9"]),
    ] {
        let token = token(&r, arn);
        let (old, new) = (Arn::parse(arn).unwrap(), Arn::parse(&token).unwrap());
        assert_eq!((old.partition, old.service, old.region), (new.partition, new.service, new.region));
        assert!(new.resource.starts_with(start) && gone.iter().all(|g| !token.contains(g)), "{token}");
    }
    for kept in ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*", "arn:aws:s3:::bucket/*", "*"] {
        assert_eq!(token(&r, kept), kept);
    }
    assert!(token(&r, "arn:aws:iam::111122223333:role/app").ends_with(":role/app"));
    let two = token(&r, "arn:aws:iam::111122223333:user/ann,arn:aws:iam::111122223333:user/bob, and x.");
    assert!(two.ends_with(", and x.") && two.matches(":user/person-").count() == 2, "{two}");
}

#[test]
fn the_same_value_has_the_same_token_wherever_it_stands() {
    let r = redactor(&["ann", "Bob Example", "li"]);
    let ann = r.person("ann");
    assert_eq!(r.person("ANN"), ann);
    assert_eq!(token(&r, "user ann, created by Ann."), format!("user {ann}, created by {ann}."));
    assert_eq!(token(&r, "arn:aws:s3:::home/ann/x"), format!("arn:aws:s3:::home/{ann}/x"));
    assert_eq!(token(&r, "AROACKCEVSQ6C2EXAMPLE:ann").rsplit_once(':').unwrap().1, ann);
    assert_eq!(token(&r, "{\"aws:username\":\"ann\"}"), format!("{{\"aws:username\":\"{ann}\"}}"));
    assert_eq!(r.listed_names("ann (3); i-* (2)"), format!("{ann} (3); {}* (2)", r.names("i-")));
    assert_eq!(token(&r, "of Bob Example and li"), format!("of {} and {}", r.person("bob example"), r.person("li")));
    assert_eq!(token(&r, "annual channel Annex"), "annual channel Annex", "no part of a word is a name");
    let account = token(&r, "111122223333");
    assert_eq!(token(&r, "logs-111122223333-x"), format!("logs-{account}-x"));
    assert_eq!(token(&r, "1111-2222-3333").replace('-', ""), account);
    assert_eq!(r.event("3038ebd2-c98a-4c65-9b6e-e22506292313"), token(&r, "3038ebd2-c98a-4c65-9b6e-e22506292313"));
    let v4 = token(&r, "203.0.113.7");
    assert_eq!(token(&r, "ip-203-0-113-7.ec2.internal"), format!("ip-{}.ec2.internal", v4.replace('.', "-")));
    assert_eq!(token(&r, "from 203.0.113.7, 203.0.113.7/32"), format!("from {v4}, {v4}/32"));
}

#[test]
fn what_says_nothing_of_anybody_stays() {
    let r = redactor(&["admin", "s3", "x", "user"]);
    for text in [
        "s3:GetObject on arn:aws:s3:::b/k by an admin user at x", "0.0.0.0/0", "::/0", "AWS::Lambda::Function", "2026-11-01T10:20:30Z", "1792490400000",
        "AWSReservedSSO_Admin_0123456789abcdef", "eu-west-1", "ec2.amazonaws.com", "", "no-reply", "4,112 calls",
    ] {
        assert_eq!(token(&r, text), text);
    }
    for nobody in ["<root_account>", "root", "*", "ec2.amazonaws.com", "HIDDEN_DUE_TO_SECURITY_REASONS"] {
        assert_eq!(r.person(nobody), nobody);
    }
    // Where something says that it is a name, it is one.
    assert!(token(&r, "arn:aws:iam::111122223333:user/admin").contains(":user/person-"));
    assert_ne!(r.person("admin"), "admin");
}

#[test]
fn no_address_is_left_behind() {
    let r = redactor(&[]);
    for (text, gone) in [
        ("2001:db8:1:2:3:4:5:6 and fe80::1%eth0", &["2001:db8:1:2", "fe80::1"][..]),
        ("::ffff:203.0.113.7", &["203.0.113.7", "113.7"]),
        ("x:111122223333:y", &["111122223333"]),
        ("203.0.113.*", &["203.0.113"]),
        ("[2001:db8::5]:443", &["2001:db8::5"]),
        ("id=o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*", &["a1b2c3d4e5", "r-ab12", "11111111"]),
        ("sha256:0123456789abcdef", &["0123456789abcdef"]),
        ("9067742e6a-90ab12cd-1234-4abc-8def-0123456789ab", &["9067742e6a", "90ab12cd"]),
    ] {
        let token = token(&r, text);
        assert!(gone.iter().all(|g| !token.contains(g)), "{text} -> {token}");
    }
}

#[test]
fn another_key_gives_other_tokens_and_the_same_key_the_same() {
    let texts = ["111122223333", "203.0.113.7", "ann@example.com", "AKIAEXAMPLE0000000BB", "arn:aws:iam::111122223333:user/ann"];
    let other = Redactor::new(Key::of(b"another key of tests").unwrap(), [], []).unwrap();
    for text in texts {
        assert_eq!(token(&redactor(&[]), text), token(&redactor(&[]), text));
        assert_ne!(token(&redactor(&[]), text), token(&other, text));
    }
    assert_ne!(redactor(&[]).key_id(), other.key_id());
}

#[cfg(unix)]
#[test]
fn the_key_is_made_once_and_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = tempfile::tempdir().unwrap();
    let id = |key: Key| Redactor::new(key, [], []).unwrap().key_id();
    let made = id(Key::kept(state.path()).unwrap());
    let path = state.path().join(key::NAME);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(id(Key::kept(state.path()).unwrap()), made, "kept");
    assert_eq!(id(Key::load(&path).unwrap()), made, "given by name");
    let other = tempfile::tempdir().unwrap();
    assert_ne!(id(Key::kept(other.path()).unwrap()), made, "each state folder has its own");
    std::fs::write(&path, "short\n").unwrap();
    assert!(matches!(Key::kept(state.path()), Err(KeyError::Short { bytes: 5, .. })));
    assert!(matches!(Key::load(&other.path().join("none")), Err(KeyError::File { .. })));
}

proptest::proptest! {
    #[test]
    fn no_account_key_or_address_survives(before in "[ a-z:/\",.-]{0,12}", after in "[ a-z:/\",.-]{0,12}") {
        static REDACTOR: std::sync::LazyLock<Redactor> = std::sync::LazyLock::new(|| redactor(&[]));
        let r = &*REDACTOR;
        for value in ["111122223333", "AKIAEXAMPLE0000000BB", "203.0.113.7", "ann@example.com", "3038ebd2-c98a-4c65-9b6e-e22506292313"] {
            let text = format!("{before}{value}{after}");
            let token = token(r, &text);
            proptest::prop_assert!(!token.contains(value), "{} -> {}", text, token);
        }
    }
}
