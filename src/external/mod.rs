//! Who may enter roles from where, and who did: every principal entry of every trust policy beside the calls that took the
//! role up.
//!
//! Rust does what SQL cannot: it holds callers against entries, reads conditions and subjects of web identities, follows chains.
//! The judgement is SQL's (`queries/external_access.sql` and the controls beside it), over three flat tables: `trust_entries`,
//! `entry_uses`, `outside_accounts`. Source: reports-and-controls.md section 2; columns: `docs/external-access.md`.

pub mod accounts;
pub mod conditions;
pub mod deputy;
pub mod entries;
pub mod frames;
pub mod known;
pub mod matching;
pub mod network;
pub mod oidc;
pub mod origins;
#[cfg(test)]
mod origins_test;
pub mod outside;
pub mod uses;
#[cfg(test)]
mod uses_test;

pub use accounts::{Accounts, Class};
pub use entries::{Decided, TrustEntry, trust_entries};
pub use known::{KnownAccounts, KnownError};
pub use origins::{Origins, OriginsError};
pub use outside::{OutsideAccount, outside_accounts};
pub use uses::{EntryUse, entry_uses};
