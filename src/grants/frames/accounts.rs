//! Table `accounts`: what is known of each account that is ours.

use polars::prelude::{DataFrame, PolarsResult};

use super::super::organisation::{Organisation, OrganisationPolicyKind};
use super::super::{Account, CredentialSlot, Grants, Known};
use super::{Columns, count};

/// An account that the reports are about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRow {
    /// Account id.
    pub account: String,
    /// Its name, if the configuration or the organisation gives one.
    pub name: Option<String>,
    /// Whether it is ours.
    pub owned: bool,
    /// Whether its account authorization details were given.
    pub has_authorization_details: bool,
    /// Whether its credential report was given.
    pub has_credential_report: bool,
}

struct Row<'g> {
    of: &'g AccountRow,
    account: Option<&'g Account>,
    organisation: Option<&'g Organisation>,
}

const ROOT: &str = "<root_account>";

impl Row<'_> {
    /// The account's place as condition keys write it: `o-…/r-…/ou-…/`.
    fn path(&self) -> Option<String> {
        let organisation = self.organisation?;
        let mut up = Vec::new();
        let mut at = organisation.nodes.get(&self.of.account)?;
        while let Known::Present(parent) = &at.parent {
            at = organisation.nodes.get(parent)?;
            up.push(at.id.as_str());
            // A tree is never deeper than a root and five levels of units.
            if up.len() > 8 {
                return None;
            }
        }
        let is_whole = at.parent == Known::Absent && !up.is_empty();
        up.push(&organisation.id);
        up.reverse();
        is_whole.then(|| format!("{}/", up.join("/")))
    }

    fn summary(&self, field: &str) -> Option<i64> {
        self.account?.evidence.summary.present()?.get(field).copied()
    }

    fn root_mfa(&self) -> Option<bool> {
        let report = || self.account?.credential_report.as_ref()?.credentials.iter().find(|c| c.user == ROOT)?.mfa_active;
        self.summary("AccountMFAEnabled").map(|n| n > 0).or_else(report)
    }

    fn root_keys(&self) -> Option<i64> {
        let of_report = || {
            let report = self.account?.credential_report.as_ref()?;
            let keys = report.credentials.iter().filter(|c| c.user == ROOT && matches!(c.slot, CredentialSlot::AccessKey1 | CredentialSlot::AccessKey2));
            let active: Vec<bool> = keys.map(|c| c.active).collect();
            (!active.is_empty()).then(|| count(active.into_iter().filter(|a| *a).count()))?
        };
        self.summary("AccountAccessKeysPresent").or_else(of_report)
    }

    fn levels(&self, kind: OrganisationPolicyKind) -> Known<i64> {
        match self.organisation {
            None => Known::default(),
            Some(organisation) => match organisation.levels(&self.of.account, kind) {
                Known::Present(levels) => count(levels.len()).map_or(Known::default(), Known::Present),
                Known::Absent => Known::Absent,
                Known::Unknown(why) => Known::Unknown(why),
            },
        }
    }

    /// How many levels of policies bound the account: none is 0, not known is NULL.
    fn level_count(&self, kind: OrganisationPolicyKind) -> Option<i64> {
        match self.levels(kind) {
            Known::Present(levels) => Some(levels),
            Known::Absent => Some(0),
            Known::Unknown(_) => None,
        }
    }
}

/// Table `accounts`: one row per account of the list.
///
/// # Errors
/// When the engine refuses the columns.
pub fn accounts(grants: &Grants, list: &[AccountRow]) -> PolarsResult<DataFrame> {
    let rows: Vec<Row<'_>> = list
        .iter()
        .map(|of| Row {
            of,
            account: grants.accounts.get(&of.account),
            organisation: grants.organisations.values().find(|o| o.has(&of.account)),
        })
        .collect();
    Columns::of(&rows)
        .text("account", |r| Some(&r.of.account))
        .text("name", |r| r.of.name.as_deref())
        .bool("owned", |r| Some(r.of.owned))
        .bool("has_authorization_details", |r| Some(r.of.has_authorization_details))
        .bool("has_credential_report", |r| Some(r.of.has_credential_report))
        .bool("complete", |r| r.account.filter(|a| a.has_authorization_details).map(|a| a.complete))
        .int("captured_ms", |r| r.account?.captured_ms)
        .int("credential_report_ms", |r| r.account?.credential_report.as_ref()?.generated_ms)
        .text("alias", |r| r.account?.evidence.alias.as_deref())
        .text("organisation_id", |r| r.organisation.map(|o| o.id.as_str()))
        .made("ou_path", Row::path)
        .text("status", |r| r.organisation?.nodes.get(&r.of.account)?.status.as_deref())
        .bool("is_management_account", |r| r.organisation?.management_account.present().map(|m| *m == r.of.account))
        .int("scp_levels", |r| r.level_count(OrganisationPolicyKind::ServiceControl))
        .int("rcp_levels", |r| r.level_count(OrganisationPolicyKind::ResourceControl))
        .made("scp_untold", |r| r.levels(OrganisationPolicyKind::ServiceControl).why().map(str::to_owned))
        .made("rcp_untold", |r| r.levels(OrganisationPolicyKind::ResourceControl).why().map(str::to_owned))
        .bool("root_mfa_active", Row::root_mfa)
        .int("root_access_keys", Row::root_keys)
        .bool("has_password_policy", |r| match &r.account?.evidence.password_policy {
            Known::Present(_) => Some(true),
            Known::Absent => Some(false),
            Known::Unknown(_) => None,
        })
        .table()
}
