//! What only the page shows, as plain data: who there is and when they called, credentials, use of services, refused calls by
//! cause, suppressions, earlier nights. Empty or `None` means that nobody looked, and the page says so or leaves the part out.

use std::collections::BTreeMap;

/// Everything that only the page shows.
#[derive(Clone, Debug, Default)]
pub struct PageFacts {
    /// Users and roles, by ARN.
    pub principals: BTreeMap<String, PrincipalFacts>,
    /// What people and programs sign in with; `None` without credential reports and lists of keys.
    pub credentials: Option<Vec<CredentialFacts>>,
    /// Use by account and service.
    pub services: Vec<ServiceUse>,
    /// Data events by account, one number for each day of the window.
    pub data_events: BTreeMap<String, Vec<i64>>,
    /// Calls of root users; `None` where that was not asked.
    pub root_calls: Option<i64>,
    /// When people called in roles; `None` where that was not asked.
    pub human_hours: Option<HumanHours>,
    /// Earlier nights and this one, in order; the trend is drawn from two on.
    pub trend: Vec<TrendNight>,
    /// Refused calls by cause, the most first; `None` where they were not sorted by cause.
    pub denied: Option<Vec<DeniedCluster>>,
    /// Suppressions that are in force or expired; `None` where there is no file of them.
    pub suppressions: Option<Vec<SuppressionFacts>>,
}

/// When people called in roles.
#[derive(Clone, Debug, Default)]
pub struct HumanHours {
    /// Roles that people used in the window.
    pub roles: usize,
    /// Authorised calls by hour of the week, UTC, from Monday 00:00 on: 168 numbers.
    pub calls: Vec<i64>,
}

/// A user or role.
#[derive(Clone, Debug, Default)]
pub struct PrincipalFacts {
    /// Account id.
    pub account: String,
    /// `user`, `role` or `root`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Who answers for it, by its tags.
    pub owner: Option<String>,
    /// When it was made, epoch ms.
    pub created_ms: Option<i64>,
    /// Last authorised call in the logs, or IAM's own note of a role's last use, epoch ms.
    pub last_used_ms: Option<i64>,
    /// Whether a missing `last_used_ms` means that it was not used.
    pub last_used_known: bool,
    /// Authorised, denied and failed calls in the logs.
    pub calls: [i64; 3],
    /// Authorised calls by day of the window, oldest first; empty where the logs tell of none.
    pub days: Vec<i64>,
    /// Whether a service or Identity Center owns it.
    pub is_managed: bool,
}

/// A password, access key or other credential.
#[derive(Clone, Debug, Default)]
pub struct CredentialFacts {
    /// Account id.
    pub account: String,
    /// User; `<root_account>` is the root user.
    pub user: String,
    /// ARN of the user.
    pub user_arn: String,
    /// `password`, `access_key_1`, `access_key`, …
    pub slot: String,
    /// Id of an access key, where it is known.
    pub key_id: Option<String>,
    /// Whether it opens anything.
    pub active: Option<bool>,
    /// When it was made, or last switched on where only that is known, epoch ms.
    pub made_ms: Option<i64>,
    /// Last use, epoch ms.
    pub last_used_ms: Option<i64>,
    /// Whether a missing last use means that it was never used.
    pub last_used_known: bool,
    /// Service of the last use.
    pub last_used_service: Option<String>,
    /// Of an access key in the window: authorised calls, source addresses, services.
    pub seen: Option<[i64; 3]>,
    /// Whether its user has an MFA device.
    pub mfa: Option<bool>,
}

impl CredentialFacts {
    /// Whether it is an access key.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.slot.starts_with("access_key")
    }
}

/// Use of one service by one account.
#[derive(Clone, Debug, Default)]
pub struct ServiceUse {
    /// Account id.
    pub account: String,
    /// Prefix of the service's actions.
    pub service: String,
    /// Authorised calls in the window.
    pub calls: i64,
    /// Users and roles that made them.
    pub principals: usize,
}

/// One night.
#[derive(Clone, Debug, Default)]
pub struct TrendNight {
    /// As-of time, epoch ms.
    pub as_of_ms: i64,
    /// Failing findings by severity: CRITICAL, HIGH, MEDIUM, LOW and below.
    pub failing: [i64; 4],
    /// Granted actions, where they were counted.
    pub granted: Option<i64>,
}

/// Refused calls with one cause.
#[derive(Clone, Debug, Default)]
pub struct DeniedCluster {
    /// Account of the caller.
    pub account: String,
    /// The kind of policy that refused, or that it cannot be told.
    pub layer: String,
    /// How the layer is known: the message, a network event, or evaluation.
    pub known_by: String,
    /// The statement that refused, or what was missing.
    pub statement: String,
    /// Who called.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Calls.
    pub calls: i64,
    /// The last of them, epoch ms.
    pub last_seen_ms: Option<i64>,
    /// The least change that would allow it; or why that cannot be told.
    pub change: String,
    /// Whether it should be allowed, in a word, and why.
    pub advice: String,
}

/// A suppression.
#[derive(Clone, Debug, Default)]
pub struct SuppressionFacts {
    /// The control.
    pub rule: String,
    /// What it matches.
    pub matches: String,
    /// Who asked for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Its last day, `YYYY-MM-DD`.
    pub expires: String,
    /// Days until then; negative once it is over.
    pub days_left: i64,
    /// How many findings it suppresses.
    pub findings: usize,
}
