//! Whether two documents say the same, in whatever order: some exports sort every list, so that one policy comes in
//! several orders. Which statement decides a request does not depend on the order of statements, nor on that of the
//! alternatives in an element (IAM User Guide, "Policy evaluation logic").

use super::document::{ActionElement, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement};

fn sort(list: &mut Vec<String>) {
    list.sort();
    list.dedup();
}

fn sort_principals(set: &mut PrincipalSet) {
    for list in [&mut set.aws, &mut set.service, &mut set.federated, &mut set.canonical_user] {
        sort(list);
    }
}

impl PolicyDocument {
    /// The document with everything sorted whose order says nothing, and without repetitions.
    #[must_use]
    pub fn in_order(&self) -> PolicyDocument {
        let mut document = self.clone();
        for statement in &mut document.statements {
            match &mut statement.action {
                ActionElement::Action(list) | ActionElement::NotAction(list) => sort(list),
            }
            match &mut statement.resource {
                Some(ResourceElement::Resource(list) | ResourceElement::NotResource(list)) => sort(list),
                None => {}
            }
            match &mut statement.principal {
                Some(PrincipalElement::Principal(set) | PrincipalElement::NotPrincipal(set)) => sort_principals(set),
                None => {}
            }
            statement.conditions.iter_mut().for_each(|c| sort(&mut c.values));
            statement.conditions.sort();
        }
        document.statements.sort();
        document.statements.dedup();
        document
    }

    /// Whether both documents say the same, in whatever order.
    #[must_use]
    pub fn same_as(&self, other: &PolicyDocument) -> bool {
        self == other || (self.version == other.version && self.in_order() == other.in_order())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::policy::parse_document;

    #[test]
    fn order_says_nothing_and_everything_else_does() {
        let document = |a: &str, b: &str, swap: bool| {
            let one = json!({"Sid": "A", "Effect": "Allow", "Action": [a, b], "Resource": "*",
                             "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["x", "y"], "aws:PrincipalTag/unit": "z"}}});
            let two = json!({"Effect": "Deny", "Principal": {"AWS": [b, a]}, "NotAction": "s3:*", "Resource": ["r2", "r1"]});
            let statements = if swap { json!([two, one]) } else { json!([one, two]) };
            parse_document(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
        };
        let first = document("s3:GetObject", "s3:PutObject", false);
        assert!(first.same_as(&document("s3:PutObject", "s3:GetObject", true)));
        assert!(!first.same_as(&document("s3:PutObject", "s3:GetObjectAcl", true)));
        let mut older = first.clone();
        older.version = crate::policy::Version::V2008;
        assert!(!first.same_as(&older), "variables mean nothing in the old version");
        assert_ne!(first, document("s3:PutObject", "s3:GetObject", true), "equality stays that of the text");
    }
}
