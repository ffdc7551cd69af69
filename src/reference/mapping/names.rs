//! Parameter names in comparable form: every service writes them its own way (`dBInstanceIdentifier`,
//! `DBInstanceIdentifier`, `x-amz-copy-source`), so only their lower-case letters and digits count.

/// A name in comparable form, with a hash so that most comparisons are of one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameKey {
    hash: u64,
    text: String,
}

impl NameKey {
    /// The key of a name in any spelling.
    #[must_use]
    pub fn of(name: &str) -> NameKey {
        let text = normal(name);
        NameKey { hash: hash(&text), text }
    }

    /// The comparable form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Hash of the comparable form.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether a name, whose hash is given, has this comparable form.
    #[must_use]
    pub fn is(&self, name: &str, hash: u64) -> bool {
        self.hash == hash && letters(name).eq(self.text.bytes())
    }
}

fn letters(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
}

/// A name in comparable form: lower-case letters and digits.
#[must_use]
pub fn normal(name: &str) -> String {
    letters(name).map(char::from).collect()
}

/// Hash of the comparable form (FNV-1a). Equal hashes are no proof of equal names: [`NameKey::is`] compares both.
#[must_use]
pub fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| match COMPARABLE.get(usize::from(byte)) {
        Some(0) | None => hash,
        Some(letter) => (hash ^ u64::from(*letter)).wrapping_mul(0x0100_0000_01b3),
    })
}

/// What counts of each byte: its lower-case letter or digit, else 0.
const COMPARABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            #[allow(clippy::indexing_slicing, reason = "worked out when it is compiled")]
            {
                table[byte as usize] = byte.to_ascii_lowercase();
            }
        }
        byte += 1;
    }
    table
};

/// Words that name nothing by themselves: a parameter called so may be of any resource type.
const GENERIC: &[&str] = &[
    "id", "ids", "name", "names", "identifier", "identifiers", "arn", "arns", "resource", "resources", "resourceid", "resourceids",
    "resourceidentifier", "resourceidentifiers", "resourcename", "resourcenames", "resourcearn",
];

/// Whether a comparable name names nothing by itself.
#[must_use]
pub fn is_generic(name: &str) -> bool {
    GENERIC.contains(&name)
}

/// The parameter names that mean a variable of a resource type: itself, then its stem with endings of the same sense, and
/// for the last variable of a pattern (or one that starts with the type's word) the type's own word. An id is never a
/// name and a name never an id: AWS makes the one, people the other. Generic names are not among them.
#[must_use]
pub fn names_of(variable: &str, kind: &str, is_last: bool) -> Vec<NameKey> {
    let own = normal(variable);
    if own.is_empty() {
        return Vec::new();
    }
    let own = own.strip_suffix("withpath").unwrap_or(&own);
    let own = own.strip_suffix("withoutleadingslash").unwrap_or(own);
    let (stem, endings): (&str, &[&str]) = match own {
        o if o.ends_with("identifier") => (o.trim_end_matches("identifier"), &["identifier", "id", "identifiers", "ids", "s", ""]),
        o if o.ends_with("id") => (o.trim_end_matches("id"), &["id", "identifier", "ids", "identifiers", "s", ""]),
        o if o.ends_with("name") => (o.trim_end_matches("name"), &["name", "names", "identifier", "identifiers", "s", ""]),
        o => (o, &["id", "name", "identifier", "ids", "names", "identifiers", "s", ""]),
    };
    let mut names = vec![own.to_owned()];
    if stem.len() >= 3 {
        names.extend(endings.iter().map(|e| format!("{stem}{e}")));
    }
    let kind = normal(kind);
    if is_last || own.starts_with(&kind) {
        names.extend(endings.iter().filter(|e| **e != "s").map(|e| format!("{kind}{e}")));
    }
    let mut keys: Vec<NameKey> = Vec::new();
    for name in names.iter().filter(|n| n.len() >= 3 && !is_generic(n)) {
        if keys.iter().all(|k| k.as_str() != name) {
            keys.push(NameKey::of(name));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(variable: &str, kind: &str, is_last: bool) -> Vec<String> {
        names_of(variable, kind, is_last).iter().map(|k| k.as_str().to_owned()).collect()
    }

    #[test]
    fn ids_and_names_stay_apart() {
        assert_eq!(names("LaunchTemplateId", "launch-template", true)[..3], ["launchtemplateid", "launchtemplateidentifier", "launchtemplateids"]);
        assert!(!names("LaunchTemplateId", "launch-template", true).contains(&"launchtemplatename".to_owned()));
        assert!(!names("EnvironmentName", "environment", true).contains(&"environmentid".to_owned()));
        // Another variable than the last does not take the type's word.
        assert!(!names("ClusterName", "nodegroup", false).contains(&"nodegroupname".to_owned()));
        assert!(names("ResourceId", "maintenancewindow", true).iter().all(|n| n.starts_with("maintenancewindow")));
    }

    #[test]
    fn a_name_has_the_hash_of_its_comparable_form() {
        for name in ["DBInstanceIdentifier", "x-amz-copy-source", "é1_Z", ""] {
            assert_eq!(hash(name), letters(name).fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)), "{name}");
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        let key = NameKey::of("x-amz-copy-source");
        assert!(key.is("XAmzCopySource", hash("XAmzCopySource")) && !key.is("x-amz-copy", hash("x-amz-copy")));
    }
}
