//! AWS's vocabulary: the small words every room speaks (ARN, account, partition, action, wildcard).
//!
//! This room knows nothing of files, policies or logs, so that every other room may use it. If a word is
//! wrong here (a glob that matches too much, an ARN split at the wrong colon), every verdict built on it is.

pub mod arn;
pub mod denial;
#[cfg(test)]
mod denial_test;
pub mod glob;
pub mod partition;
pub mod principal;
pub mod secret;
pub mod text;

pub use arn::{Arn, arn_covers, arn_intersects, arn_matches, in_six_parts};
pub use glob::{glob_covers, glob_intersects, glob_matches};
pub use partition::{is_account_id, partition_of_region};
pub use text::{Text, Texts};
