//! Services that AWS documents to send `aws:SourceArn` and `aws:SourceAccount` when they take up a role.
//!
//! A trust policy that asks a service for keys which it never sends locks the service out. So the condition is advised only for
//! services of the table `data/deputy.toml`, each with the page that says so; for every other one the answer is "not supported".

use std::sync::LazyLock;

use serde::Deserialize;

/// A service of the table.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The service principal.
    pub principal: String,
    /// What the page says of role trust policies.
    pub says: String,
    /// The page of AWS's documentation.
    pub page: String,
    /// The day on which it was looked up.
    pub looked_up: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    service: Vec<Service>,
}

static TABLE: LazyLock<Vec<Service>> = LazyLock::new(|| toml::from_str::<File>(include_str!("data/deputy.toml")).map(|f| f.service).unwrap_or_default());

/// The row of a service principal.
#[must_use]
pub fn of(principal: &str) -> Option<&'static Service> {
    TABLE.iter().find(|s| s.principal.eq_ignore_ascii_case(principal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_page_and_ec2_has_none() {
        let file: File = toml::from_str(include_str!("data/deputy.toml")).unwrap();
        assert!(file.service.len() >= 7);
        for row in &file.service {
            assert!(row.principal.ends_with(".amazonaws.com") && row.page.starts_with("https://docs.aws.amazon.com/"), "{row:?}");
            assert!(row.looked_up.parse::<jiff::civil::Date>().is_ok() && !row.says.is_empty(), "{row:?}");
        }
        let mut names: Vec<&str> = file.service.iter().map(|s| s.principal.as_str()).collect();
        assert!(names.is_sorted());
        names.dedup();
        assert_eq!(names.len(), file.service.len());
        assert!(of("ec2.amazonaws.com").is_none(), "instance roles are taken up without these keys");
        assert!(of("Scheduler.amazonaws.com").is_some());
    }
}
