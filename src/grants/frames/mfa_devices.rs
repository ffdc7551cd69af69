//! Table `mfa_devices`: the listed MFA devices.

use polars::prelude::{DataFrame, PolarsResult};

use super::super::Grants;
use super::super::evidence::MfaDevice;
use super::Columns;
use crate::aws::Arn;

/// Whether a device is an app: the serial number of a virtual device is an ARN `…:mfa/…`; that of a FIDO key is `…:u2f/…`,
/// and that of a token no ARN. Source: IAM API reference, `MFADevice`; IAM user guide, "IAM identifiers".
fn is_virtual(device: &MfaDevice) -> bool {
    Arn::parse(&device.serial).is_some_and(|a| a.service == "iam" && a.resource.starts_with("mfa/"))
}

/// Table `mfa_devices`: one row per device. A root user's device that is not virtual is in no list.
///
/// # Errors
/// When the engine refuses the columns.
pub fn mfa_devices(grants: &Grants) -> PolarsResult<DataFrame> {
    let rows: Vec<(&str, &MfaDevice)> =
        grants.accounts.values().flat_map(|a| a.evidence.mfa_devices.values().map(|device| (a.id.as_str(), device))).collect();
    Columns::of(&rows)
        .text("account", |r| Some(r.0))
        .text("serial", |r| Some(&r.1.serial))
        .text("user_name", |r| r.1.user.as_deref())
        .bool("is_virtual", |r| Some(is_virtual(r.1)))
        .int("enabled_ms", |r| r.1.enabled_ms)
        .table()
}
