//! A document as it may be shown: with the hashes of ExternalIds in place of them. The files that are applied have the document itself.

use super::PolicyDocument;
use crate::aws::secret::{is_external_id, masked};

impl PolicyDocument {
    /// The document with hashes for ExternalIds.
    #[must_use]
    pub fn without_secrets(&self) -> PolicyDocument {
        let mut document = self.clone();
        for condition in document.statements.iter_mut().flat_map(|s| &mut s.conditions).filter(|c| is_external_id(&c.key)) {
            condition.values.iter_mut().for_each(|value| *value = masked(value));
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{parse_text, print};

    #[test]
    fn external_ids_are_not_shown() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:externalid":["agreed","other"],"aws:PrincipalOrgID":"o-1"}}}]}"#;
        let document = parse_text(text).unwrap();
        let shown = print::minified(&document.without_secrets());
        assert!(!shown.contains("agreed") && !shown.contains("other") && shown.contains("sha256:") && shown.contains("o-1"), "{shown}");
        assert_eq!(document.without_secrets().without_secrets(), document.without_secrets());
    }
}
