//! What role assumptions tell beside who and how often: days, names of sessions, networks, clients, chains.
//!
//! Everything here can be added up, because one caller's rows are put together in more than one way (by subject, by trust
//! entry). Lists are bounded: what an attacker chooses freely (names of sessions, user agents) must not grow without end.
//! Source: reports-and-controls.md section 2, items 5 to 8 and 11.

use std::collections::{BTreeMap, BTreeSet};

use super::chains::Chain;
use super::engine::{Row, UsageError};

/// How many different values of a kind are told apart; the rest is counted as [`Tally::more`].
const KEPT: usize = 2_000;

/// Values with the calls that carried them, up to a bound.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Calls by value.
    pub values: BTreeMap<String, i64>,
    /// Calls with values beyond the bound.
    pub more: i64,
}

impl Tally {
    /// Counts calls with a value.
    pub fn add(&mut self, value: &str, calls: i64) {
        if let Some(n) = self.values.get_mut(value) {
            *n += calls;
        } else if self.values.len() < KEPT {
            self.values.insert(value.to_owned(), calls);
        } else {
            self.more += calls;
        }
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Tally) {
        for (value, calls) in &other.values {
            self.add(value, *calls);
        }
        self.more += other.more;
    }

    /// Values with the most calls first.
    #[must_use]
    pub fn most_first(&self) -> Vec<(&str, i64)> {
        let mut list: Vec<(&str, i64)> = self.values.iter().map(|(v, n)| (v.as_str(), *n)).collect();
        list.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        list
    }
}

/// What a number of calls told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Details {
    /// Unique ids of the caller.
    pub keys: BTreeSet<String>,
    /// Calls by day (days since 1970, UTC).
    pub days: BTreeMap<i64, i64>,
    /// Names that the new sessions were given.
    pub sessions: Tally,
    /// Calls with a source identity, of the caller's session or set by the call.
    pub source_identity_calls: i64,
    /// Calls of which the log says that there was no MFA.
    pub without_mfa_calls: i64,
    /// Calls that passed a session policy.
    pub session_policy_calls: i64,
    /// Source addresses.
    pub addresses: Tally,
    /// Names of AWS services, and `AWS Internal`, in the place of an address.
    pub internal: Tally,
    /// Regions.
    pub regions: Tally,
    /// VPC endpoints.
    pub endpoints: Tally,
    /// User agents as logged.
    pub agents: Tally,
    /// Hashes of the ExternalIds that were sent.
    pub external_ids: Tally,
    /// Chains of sessions that led here, with their calls.
    pub chains: BTreeMap<Chain, i64>,
}

impl Details {
    /// Adds one call.
    ///
    /// # Errors
    /// [`UsageError::Answer`] when the answer has another shape.
    pub fn add(&mut self, row: &Row<'_>, context: &serde_json::Map<String, serde_json::Value>, at_ms: i64, chain: Option<Chain>) -> Result<(), UsageError> {
        let told = |key: &str| context.get(key).and_then(|v| v.as_str()).filter(|t| !t.is_empty());
        *self.days.entry(at_ms.div_euclid(86_400_000)).or_default() += 1;
        if let Some(key) = row.str("principal_key")? {
            self.keys.insert(key.to_owned());
        }
        if let Some(name) = told("sts:RoleSessionName") {
            self.sessions.add(name, 1);
        }
        self.source_identity_calls += i64::from(told("sts:SourceIdentity").is_some() || row.str("source_identity")?.is_some());
        self.without_mfa_calls += i64::from(told("aws:MultiFactorAuthPresent") == Some("false"));
        let arns = row.str("session_policy_arns")?.is_some_and(|list| list != "[]");
        self.session_policy_calls += i64::from(arns || row.str("session_policy")?.is_some());
        if let Some(from) = row.str("source_ip")? {
            let list = if from.parse::<std::net::IpAddr>().is_ok() { &mut self.addresses } else { &mut self.internal };
            list.add(from, 1);
        }
        for (column, list) in [("region", &mut self.regions), ("vpc_endpoint_id", &mut self.endpoints), ("user_agent", &mut self.agents)] {
            if let Some(value) = row.str(column)? {
                list.add(value, 1);
            }
        }
        if let Some(hash) = told("sts:ExternalId") {
            self.external_ids.add(hash, 1);
        }
        if let Some(chain) = chain
            && (self.chains.contains_key(&chain) || self.chains.len() < KEPT)
        {
            *self.chains.entry(chain).or_default() += 1;
        }
        Ok(())
    }

    /// Adds what other calls told.
    pub fn merge(&mut self, other: &Details) {
        self.keys.extend(other.keys.iter().cloned());
        for (day, calls) in &other.days {
            *self.days.entry(*day).or_default() += calls;
        }
        self.source_identity_calls += other.source_identity_calls;
        self.without_mfa_calls += other.without_mfa_calls;
        self.session_policy_calls += other.session_policy_calls;
        let pairs = [
            (&mut self.sessions, &other.sessions),
            (&mut self.addresses, &other.addresses),
            (&mut self.internal, &other.internal),
            (&mut self.regions, &other.regions),
            (&mut self.endpoints, &other.endpoints),
            (&mut self.agents, &other.agents),
            (&mut self.external_ids, &other.external_ids),
        ];
        for (mine, theirs) in pairs {
            mine.merge(theirs);
        }
        for (chain, calls) in &other.chains {
            if self.chains.contains_key(chain) || self.chains.len() < KEPT {
                *self.chains.entry(chain.clone()).or_default() += calls;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_are_bounded_and_add_up() {
        let mut tally = Tally::default();
        for n in 0..KEPT + 5 {
            tally.add(&format!("name-{n}"), 1);
        }
        tally.add("name-3", 2);
        assert_eq!((tally.values.len(), tally.more), (KEPT, 5));
        assert_eq!(tally.most_first()[0], ("name-3", 3));
        let mut other = Tally::default();
        other.add("name-3", 1);
        other.merge(&tally);
        assert_eq!((other.values["name-3"], other.more), (4, 5));
    }
}
